"""The commands that tell, from a person's keyboard to Home Assistant and back."""

import pytest

from telegram_bot.config import AccessConfig
from tests.telegram_bot import fake_market
from tests.telegram_bot.buttons import labels, tap
from tests.telegram_bot.conftest import OWNER, STRANGER, VIEWER, Json, Rig
from tests.telegram_bot.fake_desk import Refusal, make_order
from tests.telegram_bot.fake_home_assistant import execution


async def test_price_has_ways_on(rig: Rig) -> None:
    """From a price one tap leads to a fresh one, to the chart, the book and a watch."""
    message = await rig.ask("/price btcusd", "BTC-USD 60,500 USD")
    assert labels(message) == ["🔄 Refresh", "👁 Watch", "📊 Chart", "📖 Book"]
    prices = {"BTC-USD": {"pair": "BTC-USD", "last": "61000", "mid": "1"}}
    rig.home.services["get_ticker"] = lambda data: {"tickers": prices}
    await tap(rig, "Refresh", message)
    changed = await rig.wait_message("BTC-USD 61,000 USD")
    assert changed["message_id"] == message["message_id"]
    await tap(rig, "Book", changed)
    await rig.wait_message("BTC-USD order book")


async def test_book(rig: Rig) -> None:
    """Levels with sums, the best ones in the middle, the spread above."""
    message = await rig.ask("/book btc/usd", "BTC-USD order book")
    lines = message["text"].splitlines()
    assert lines[1] == "Spread 2 USD (0.003 %)"
    assert lines[2].split() == ["Price", "Amount", "Sum"]
    assert lines[3].split() == ["60,508", "1.08", "8.36"]
    assert [line.split() for line in lines[10:13]] == [
        ["60,501", "1.01", "1.01"],
        ["─" * 20],
        ["60,499", "0.01", "0.01"],
    ]
    assert lines[-1] == "Prices in USD, amounts in BTC"
    await tap(rig, "More levels", message)
    deeper = await rig.wait_message("60,524")
    assert "Fewer levels" in labels(deeper)
    rig.home.services["get_order_book"] = lambda data: {
        "order_book": {"pair": "BTC-USD", "bids": [], "asks": []}
    }
    await rig.ask("/book BTC-USD", "One side of the book is empty.")
    await rig.ask("/book", "Say one pair.")


async def test_mistyped_pair(rig: Rig) -> None:
    """The nearest pairs are buttons for the same command."""
    message = await rig.ask("/book BTCUSB", "I don't know the pair BTCUSB.")
    assert labels(message)[0] == "/book BTC-USD"
    await tap(rig, "/book BTC-USD", message)
    await rig.wait_message("BTC-USD order book")


async def test_mistyped_command(rig: Rig) -> None:
    """The nearest command is a button, with the words that followed."""
    message = await rig.ask("/bok BTC-USD", "I don't know /bok. Did you mean /book?")
    await tap(rig, "/book BTC-USD", message)
    await rig.wait_message("BTC-USD order book")
    message = await rig.ask("/alrt BTC-USD > 70000", "Did you mean /alert?")
    assert await rig.wait_answer(await tap(rig, "/alert", message)) == ""
    await rig.wait_message("Alert set")
    tapped = await tap(rig, "/alert", message)
    assert await rig.wait_answer(tapped) == "This was done already."
    assert rig.home.count("add_price_alert") == 1
    message = await rig.ask("/bok", "Did you mean /book?")
    assert await rig.wait_answer(await tap(rig, "/book", message)) == "Say one pair."


async def test_proposal_that_failed_can_be_tapped_again(rig: Rig) -> None:
    """What could not be done was not done already."""
    message = await rig.ask("/alrt BTC-USD > 70000", "Did you mean /alert?")
    rig.home.refusals["add_price_alert"] = Refusal("rate_limited", "Too many.")
    assert await rig.wait_answer(await tap(rig, "/alert", message)) == "Too many."
    del rig.home.refusals["add_price_alert"]
    assert await rig.wait_answer(await tap(rig, "/alert", message)) == ""
    await rig.wait_message("Alert set")
    tapped = await tap(rig, "/alert", message)
    assert await rig.wait_answer(tapped) == "This was done already."


async def test_question_that_is_wanted_again(rig: Rig) -> None:
    """A hasty finger is asked once; later the same button asks anew, such as for all orders after /stop."""
    rig.home.orders["1"] = make_order()
    message = await rig.ask("/stop", "Trading is off.")
    await rig.wait_answer(await tap(rig, "/cancelall", message))
    card = await rig.wait_message("Cancel 1 open order?")
    hasty = await rig.wait_answer(await tap(rig, "/cancelall", message))
    assert hasty == "This was done already."
    await rig.wait_answer(await tap(rig, "Discard", card))
    rig.clock.advance(31)
    assert await rig.wait_answer(await tap(rig, "/cancelall", message)) == ""
    await rig.wait_message("Cancel 1 open order?")


async def test_viewer_taps_a_trader_s_proposal(stopped_rig: Rig) -> None:
    """A proposal is carried out with the rights of the person who taps."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    message = await rig.ask("/alrt BTC-USD > 70000", "Did you mean /alert?")
    data = message["buttons"][0][0]["callback_data"]
    tapped = await rig.tap_data(data, message, VIEWER)
    assert "You may look, but not trade here" in await rig.wait_answer(tapped)
    assert rig.home.count("add_price_alert") == 0


async def test_conditions(rig: Rig) -> None:
    """The smallest and the largest order, and the steps between."""
    message = await rig.ask("/conditions btcusd", "Trading conditions of BTC-USD")
    assert message["text"].splitlines()[1:] == [
        "Amount: 0.0001 to 100 BTC",
        "In steps of 0.00000001 BTC",
        "Worth: 1 to 1,000,000 USD",
        "Price: 0.01 to 1,000,000 USD",
        "In steps of 0.01 USD",
    ]


async def test_balance_of_one_account(rig: Rig) -> None:
    """An account by its name in any case; a mistyped one is proposed."""
    message = await rig.ask("/balance TRADING", "trading")
    assert "Main account" not in message["text"]
    message = await rig.ask("/balance main", "Main account")
    assert "BTC" not in message["text"]
    message = await rig.ask("/balance tradng", "There is nothing on an account tradng.")
    assert labels(message) == ["/balance trading"]
    message = await rig.ask("/balance <b>", "There is nothing on an account <b>.")
    assert labels(message) == ["/balance main", "/balance trading"]


async def test_orders_in_pages(stopped_rig: Rig) -> None:
    """A long list has pages; a viewer may look at each order, not cancel it."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    await rig.ask("/orders", "No open orders.")
    for number in range(10):
        rig.home.orders[str(number)] = make_order(order_id=str(100 + number))
    message = await rig.ask("/orders", "10 open orders")
    assert len(message["buttons"]) == 9
    assert labels(message)[-3:] == [
        "8. Details",
        "Cancel 8",
        "More ▶",
    ]
    await tap(rig, "More", message)
    second = await rig.wait_message("9. Buy 0.01 BTC at 60,000 USD")
    assert labels(second)[-1] == "◀ Back"
    for number in range(5):
        rig.home.orders[str(number)]["status"] = "cancelled"
    await tap(rig, "Back", second)
    await rig.wait_message("5 open orders")
    shown = await rig.ask("/orders", "5 open orders", VIEWER)
    assert not any("Cancel" in label for label in labels(shown))
    data = message["buttons"][0][1]["callback_data"]
    tapped = await rig.tap_data(data, message, VIEWER)
    assert "You may look, but not trade here" in await rig.wait_answer(tapped)


async def test_order(rig: Rig) -> None:
    """The card of an order in any state, with its fills, its id to copy and a way to cancel it."""
    filled = make_order(
        order_id="17062",
        status="partially_filled",
        executed_amount="0.004",
        executed_quote_amount="240",
    )
    rig.home.orders["a"] = filled
    rig.home.journal.append(execution("partially_filled", dict(filled)))
    message = await rig.ask("/order 17062", "Partly filled: Buy 0.01 BTC")
    assert "• 0.004 BTC at 60,000 = 240 USD" in message["text"]
    assert labels(message) == ["🔄 Refresh", "📋 Copy id", "Cancel"]
    assert message["buttons"][0][1]["copy_text"] == "17062"
    filled["status"] = "filled"
    await tap(rig, "Refresh", message)
    message = await rig.wait_message("✅ Filled: Buy 0.01 BTC")
    assert "Cancel" not in labels(message)
    await rig.ask("/order elsewhere-1", "Order 17062")
    await rig.ask("/order 5", "The exchange knows no such order.")
    await rig.ask("/order", "Say the id of one order")


async def test_fills(rig: Rig) -> None:
    """Fills of all pairs or of one, newest first, ten a page."""
    await rig.ask("/fills", "Nothing was bought or sold within 30 days.")
    for number in range(12):
        order = make_order(
            order_id=str(number),
            side="sell" if number % 2 else "buy",
            pair="ETH-USD" if number == 3 else "BTC-USD",
            status="filled",
            executed_amount="0.01",
            executed_quote_amount=str(600 + number),
        )
        rig.home.journal.append(execution("filled", order))
        rig.home.journal.append(execution("new", order | {"status": "new"}))
    message = await rig.ask("/fills", "611 USD")
    lines = message["text"].splitlines()
    assert lines[:3] == [
        "Fills",
        "🔴 Sold 0.01 BTC at 60,000 = 611 USD, fee 1.5 USD",
        "Jan 15, 2027, 08:00 UTC",
    ]
    assert len(lines) == 21
    await tap(rig, "More", message)
    message = await rig.wait_message("600 USD")
    assert len(message["text"].splitlines()) == 5
    message = await rig.ask("/fills ETH-USD", "Fills of ETH-USD")
    assert "BTC" not in message["text"]
    await rig.ask("/fills BTC-USD ETH-USD", "Say one pair, or none")


async def test_history(rig: Rig) -> None:
    """The ledger by pages and kinds; deposits with their state."""
    message = await rig.ask("/history", "All")
    lines = message["text"].splitlines()
    assert lines[1] == "🔁 Trade -600 USD"
    assert lines[3] == "↔️ Transfer +0.01 BTC · trading"
    assert labels(message)[:3] == ["More ▶", "All", "Trades"]
    await tap(rig, "More", message)
    await rig.wait_message("Jan 9, 2027, 08:00 UTC")
    await tap(rig, "Transfers", message)
    await rig.wait_message("Transfers\n↔️ Transfer")
    await tap(rig, "Deposits", message)
    message = await rig.wait_message("📥 0.5 BTC · pending")
    assert "📥 0.5 BTC · done · fee 0.0001 · trading" in message["text"]
    assert "📥 0.5 BTC · odd" in message["text"]
    rig.clock.advance(30)
    await rig.ask("/history withdrawals", "Nothing here.")
    await rig.ask("/history nonsense", "Say one of all, trades, transfers")


async def test_fees(rig: Rig) -> None:
    """The fees of the pairs named, the volume, and the steps with the one in force marked."""
    message = await rig.ask("/fees btcusd", "Fees in force")
    assert message["text"].splitlines() == [
        "Fees in force",
        "BTC-USD 0.2 %",
        "Volume of 30d: 12,500.5 USD",
        "By volume",
        "up to 10,000 USD: 0.25 %",
        "▸ up to 100,000 USD: 0.2 %",
        "up to 1,000,000 USD: 0.1 %",
        "Saturdays and Sundays (UTC)",
        "up to 10,000 USD: 0.25 %",
        "▸ up to 100,000 USD: 0.2 %",
        "up to 1,000,000 USD: 0.1 %",
    ]
    in_euros = fake_market.get_fees({"pairs": ["BTC-EUR"]})
    in_euros["volume"]["currency"] = "EUR"
    rig.home.services["get_fees"] = lambda data: in_euros
    message = await rig.ask("/fees BTC-EUR", "up to 10,000 EUR: 0.25 %")
    assert "USD" not in message["text"]
    flat = {"week": {"default": [{"percent": "0.1", "up_to_volume": "0"}]}}
    rig.home.services["get_fees"] = lambda data: {
        "fees": {"BTC-USD": "0.1"},
        "volume": {"period": "30d", "volume": None, "currency": "USD"},
        "strategy": flat | {"weekend": None},
    }
    message = await rig.ask("/fees", "Volume of 30d: ? USD")
    assert "up to" not in message["text"]
    await rig.ask("/fees " + "BTC-USD " * 11, "At most 10 pairs at once, please.")


async def test_deposit(rig: Rig) -> None:
    """The address as text, to copy and as a picture; what can lose money stands out."""
    message = await rig.ask("/deposit btc", "Deposit BTC over btc")
    assert message["photo"]
    assert "At least 0.0005 BTC: less is lost." in message["caption"]
    address = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
    assert address in message["caption"]
    assert message["buttons"] == [[{"text": "📋 Copy address", "copy_text": address}]]
    message = await rig.ask("/deposit XRP", "Deposit XRP")
    assert message["caption"].splitlines()[1:4] == [
        "⚠️ This memo (tag) is needed as well. Without it the money is lost.",
        "104382",
        "Address",
    ]
    assert labels(message) == ["📋 Copy address", "📋 Copy memo"]
    await rig.ask("/deposit", "Say a currency")


async def test_deposit_with_a_choice(rig: Rig) -> None:
    """Several networks are offered as buttons, as are the nearest currencies."""
    rig.home.refusals["get_deposit_address"] = Refusal(
        "blockchain_required",
        "This currency has several networks.",
        blockchains="ethereum, tron",
    )
    message = await rig.ask("/deposit USDT", "over another one it is lost")
    assert labels(message) == ["/deposit USDT ethereum", "/deposit USDT tron"]
    del rig.home.refusals["get_deposit_address"]
    await tap(rig, "tron", message)
    await rig.wait_message("Deposit USDT over tron")
    rig.home.refusals["get_deposit_address"] = Refusal(
        "unknown_currency", "The exchange does not have it.", currency="BTX"
    )
    message = await rig.ask("/deposit BTX", "I don't know the currency BTX.")
    assert labels(message) == ["/deposit BTC"]
    rig.home.refusals["get_deposit_address"] = Refusal(
        "no_deposits", "BTC cannot be deposited."
    )
    await rig.ask("/deposit BTC", "BTC cannot be deposited.")


async def test_status(rig: Rig) -> None:
    """The most important line first: whether all is well."""
    message = await rig.ask("/status", "All is well")
    lines = message["text"].splitlines()
    assert lines[:4] == [
        "🟢 All is well",
        "▶️ Trading is on",
        "Stream of the exchange: connected, 42 ms behind",
        "Points of this minute: 12 of 300 for this key, 40 of 1,200 for this address",
    ]
    assert "Last recovery Jan 10, 2027, 00:00 UTC: 2 missed fills" in lines
    assert "Home Assistant 2026.11.0 · integration 1.0.0" in lines
    rig.home.status |= {
        "troubles": [{"trouble": "key_rejected", "text": "The key is refused <b>."}],
        "stream_connected": False,
        "maintenance": ["trading"],
        "trading_enabled": False,
        "points": {"key": None, "address": {"used": 1, "limit": 2}},
        "last_recovery": None,
        "watched_pairs": [],
    }
    await tap(rig, "Refresh", message)
    message = await rig.wait_message("Something needs you")
    assert message["text"].splitlines()[1:6] == [
        "⏸ Trading is off",
        "⚠️ The key is refused <b>.",
        "🛠 The exchange maintains: trading",
        "Stream of the exchange: lost, asked for regularly",
        "Points of this minute: 1 of 2 for this address",
    ]
    rig.home.status |= {"troubles": [], "stream_delay_ms": None}
    await rig.ask("/status", "Reports may come late")
    rig.home.status |= {"stream_connected": True}
    message = await rig.ask("/status", "Stream of the exchange: connected\n")


async def test_status_without_home_assistant(rig: Rig) -> None:
    """The bot tells what it knows by itself."""
    await rig.home.vanish()
    message = await rig.ask("/status", "Home Assistant does not answer")
    assert "Reports of Home Assistant: not read at the moment" in message["text"]


@pytest.mark.parametrize(
    ("typed", "pairs"),
    [
        ("", ["BTC-USD", "ETH-USD", "BTC-EUR"]),
        ("btc", ["BTC-USD", "BTC-EUR", "ETH-BTC"]),
        ("eth/b", ["ETH-BTC"]),
        ("nothing", []),
    ],
)
async def test_inline(rig: Rig, typed: str, pairs: list[str]) -> None:
    """In any chat the prices of the pairs that fit what was typed."""
    _, results = await inline(rig, typed)
    assert [result["id"] for result in results] == pairs
    if typed == "btc":
        assert results[0]["title"] == "BTC-USD 60,500"
        content = results[0]["input_message_content"]
        assert "<b>BTC-USD 60,500 USD</b>" in content["message_text"]


async def test_inline_without_one_of_the_prices(rig: Rig) -> None:
    """A pair without a price does not take the others with it."""
    whole = rig.home.services["get_ticker"]({"pairs": ["BTC-USD"]})
    rig.home.services["get_ticker"] = lambda data: whole
    _, results = await inline(rig, "")
    assert [result["id"] for result in results] == ["BTC-USD"]


async def test_a_chosen_price_is_no_question(rig: Rig) -> None:
    """What somebody sends with the bot's help is not answered as if it had been typed."""
    query_id, _ = await inline(rig, "btc")
    await rig.control(f"inline/{query_id}", {"user_id": OWNER, "result": "BTC-USD"})
    await rig.ask("/help", "You own this bot")
    assert not any("commands only" in text for text in await rig.texts())


async def test_inline_of_a_stranger(rig: Rig) -> None:
    """A stranger gets nothing, and Home Assistant is not asked."""
    query = await rig.control("inline", {"user_id": STRANGER, "query": "btc"})
    await rig.ask("/help", "You own this bot")
    assert await rig.calls("answerInlineQuery") == []
    shown = await rig.control(f"inline/{query['inline_query_id']}")
    assert shown["results"] is None
    assert rig.home.count("get_ticker") == 0


async def test_inline_without_home_assistant(rig: Rig) -> None:
    """Without prices there is no answer, and nothing breaks."""
    await rig.home.vanish()
    await rig.control("inline", {"user_id": OWNER, "query": "btc"})
    await rig.ask("/balance", "Home Assistant can't be reached right now.")
    assert await rig.calls("answerInlineQuery") == []


async def inline(rig: Rig, typed: str) -> tuple[str, list[Json]]:
    """Type behind the bot's name; return the id of the query and what is offered."""
    asked = await rig.control("inline", {"user_id": OWNER, "query": typed})
    found: list[Json] = []

    def answered() -> bool:
        world = rig.telegram.world
        queries = next(iter(world.bots.values())).inline_queries
        results = queries[asked["inline_query_id"]].results
        found[:] = results or []
        return results is not None

    await rig.clock.pass_until(answered, step=0)
    return asked["inline_query_id"], found
