"""Orders step by step, and parts of a balance as exact amounts."""

import pytest

from telegram_bot.config import AccessConfig
from tests.telegram_bot.buttons import labels
from tests.telegram_bot.conftest import OWNER, TRADER, VIEWER, Json, Rig
from tests.telegram_bot.fake_desk import PAIRS, Refusal
from tests.telegram_bot.orders_by_chat import preview, wait_card


async def test_by_buttons(rig: Rig) -> None:
    """Pair, amount and price by taps alone; the questions are one message, which ends as the command."""
    asked = await rig.ask("/sell", "Sell what?")
    assert labels(asked) == ["BTC-USD", "ETH-USD", "BTC-EUR"]
    await rig.tap("BTC-USD", asked)
    shown = await wait_card(rig, asked, "How much BTC to sell?")
    assert "trading: 1 BTC available" in shown["text"]
    assert labels(shown) == ["25 %", "50 %", "100 %"]
    await rig.tap("50 %", shown)
    shown = await wait_card(rig, asked, "At which price?")
    assert "BTC-USD: bid 60,500, ask 60,500 USD" in shown["text"]
    await rig.tap("Market price", shown)
    card = await rig.wait_message("Holds until")
    assert "50 % of 1.5 BTC available, in whole lots" in card["text"]
    assert "Sell 0.75 BTC at the market price?" in card["text"]
    await wait_card(rig, asked, "/sell 50% BTC-USD market")
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    assert (placed["amount"], placed["account_id"]) == ("0.75000000", "trading")


async def test_in_words(rig: Rig) -> None:
    """Each answer may be written, the last one with what follows the price."""
    await rig.ask("/buy on trading", "Buy what?")
    await rig.ask("btc/usd", "How much BTC to buy?")
    await rig.ask("0.01", "At which price?")
    card = await rig.ask("60000 stop 59000 until 2h", "Holds until")
    assert "BTC-USD · Stop-limit · stop 59,000 · good till date" in card["text"]
    assert "Becomes active when the market reaches 59,000 USD" in card["text"]
    assert "Ends by itself at" in card["text"]
    await rig.ask("0.01", "I understand commands only")
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    assert placed["order_type"] == "stop_limit"
    assert placed["expire_time"] == "2027-01-15T10:00:30+00:00"


async def test_what_is_known_is_not_asked(rig: Rig) -> None:
    """A currency narrows the pairs; an amount in the quote currency takes the market's price."""
    asked = await rig.ask("/buy 100 EUR", "Buy what?")
    assert labels(asked) == ["BTC-EUR"]
    await rig.tap("BTC-EUR", asked)
    shown = await wait_card(rig, asked, "Buy at the market price?")
    await rig.ask("55000", "An amount in EUR works with market orders only")
    await rig.tap("Market price", shown)
    card = await rig.wait_message("Holds until")
    assert "Buy BTC for 100 EUR at the market price?" in card["text"]


async def test_wrong_answers(rig: Rig) -> None:
    """What can't be understood is said, and may be tried again; a better question forgets the old one."""
    await rig.ask("/buy", "Buy what?")
    await rig.ask("BTC-USB", "I don't know the pair BTC-USB.")
    await rig.ask("BTC-USD much", "“much” is not an amount")
    await rig.ask("BTC-USD 0.01 60000 please", "I don't understand “please”.")
    rig.clock.advance(10)
    await rig.ask("ETH-USD", "How much ETH to buy?")
    await rig.ask("1,5", "Write the amount with a decimal point")
    rig.clock.advance(601)
    await rig.ask("1", "I understand commands only")
    assert rig.home.count("preview_order") == 0


async def test_only_who_asked(stopped_rig: Rig) -> None:
    """Nobody else's tap or word goes on with an order."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,))
    await rig.start()
    asked = await rig.ask("/buy", "Buy what?")
    data = asked["buttons"][0][0]["callback_data"]
    tap = await rig.tap_data(data, asked, TRADER)
    assert "Only the person who asked" in await rig.wait_answer(tap)
    tap = await rig.tap_data(data, asked, VIEWER)
    assert "You may look, but not trade here." in await rig.wait_answer(tap)
    await rig.ask("BTC-USD", "I understand commands only", TRADER)


async def test_double_tap(rig: Rig) -> None:
    """A hasty finger gets one card; after a refusal the same button works again."""
    asked = await rig.ask("/buy 0.01 BTC-USD", "At which price?")
    data = asked["buttons"][0][0]["callback_data"]
    rig.home.refusals["preview_order"] = Refusal("trading_off", "Trading is off.")
    refused = await rig.tap_data(data, asked)
    assert await rig.wait_answer(refused) == "Trading is off."
    del rig.home.refusals["preview_order"]
    taps = [await rig.tap_data(data, asked) for _finger in range(3)]
    answers = sorted([await rig.wait_answer(tap) for tap in taps])
    assert answers == ["", "This was done already.", "This was done already."]
    assert rig.home.count("preview_order") == 2


async def test_refused_at_the_end(rig: Rig) -> None:
    """A refusal of the preview is said to the tap, or as an answer."""
    asked = await rig.ask("/buy 0.01 BTC-USD", "At which price?")
    rig.home.refusals["preview_order"] = Refusal("trading_off", "Trading is off.")
    assert await rig.wait_answer(await rig.tap("Market price", asked)) == (
        "Trading is off."
    )
    await rig.ask("60000", "Trading is off.")
    rig.home.refusals["get_balances"] = Refusal("trading_off", "No.")
    rig.home.refusals["get_ticker"] = Refusal("trading_off", "No.")
    await rig.ask("/sell BTC-USD", "How much BTC to sell?")
    shown = await rig.ask("1", "At which price?")
    assert "bid" not in shown["text"]


@pytest.mark.parametrize(
    ("command", "fields", "told"),
    [
        (
            "/sell all BTC-USD market",
            {"amount": "1.50000000"},
            "100 % of 1.5 BTC available",
        ),
        (
            "/sell 33.3% BTC-USD 70000",
            {"amount": "0.49950000", "price": "70000"},
            "33.3 % of 1.5 BTC",
        ),
        (
            # 50000 / 1.0025, in cents.
            "/buy all BTC-USD market",
            {"quote_amount": "49875.31"},
            "100 % of 50,000 USD",
        ),
        (
            # 25000 / 1.0025 / 60000, in lots.
            "/buy 50 % BTC-USD 60000",
            {"amount": "0.41562759", "price": "60000"},
            "50 % of 50,000 USD",
        ),
    ],
)
async def test_parts(rig: Rig, command: str, fields: Json, told: str) -> None:
    """A part of what is available is an exact amount in whole lots, with room for the fee."""
    card = await preview(rig, command)
    assert told in card["text"]
    _, asked = [data for name, data in rig.home.calls if name == "preview_order"]
    assert {name: asked.get(name) for name in fields} == fields
    assert ("amount" in asked) != ("quote_amount" in asked)


async def test_a_part_that_is_too_small(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less than a lot is refused; a pair that names no lot has the exchange's finest one."""
    monkeypatch.setitem(PAIRS, "BTC-USD", PAIRS["BTC-USD"] | {"base_lot_size": "1"})
    await rig.ask("/sell 10% BTC-USD market", "is less than the smallest lot.")
    monkeypatch.setitem(PAIRS, "ETH-USD", PAIRS["ETH-USD"] | {"base_lot_size": "0"})
    await preview(rig, "/sell 33.33333333% ETH-USD market")
    last = [data for name, data in rig.home.calls if name == "preview_order"][-1]
    assert last["amount"] == "0.49999999"
