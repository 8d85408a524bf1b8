"""Orders by chat: asked for, confirmed once, followed to the end."""

import asyncio
import sqlite3

import pytest

from telegram_bot.config import AccessConfig, OrdersConfig
from telegram_bot.desk.questions import Questions
from telegram_bot.records import Card, ConfirmationRow
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER, STRANGER, TRADER, VIEWER, Json, Rig
from tests.telegram_bot.fake_home_assistant import (
    Refusal,
    Service,
    execution,
    make_order,
)


async def preview(rig: Rig, command: str = "/buy 0.01 BTC-USD 60000") -> Json:
    """Ask for an order; return its card."""
    return await rig.ask(command, "Holds until")


def confirm_data(card: Json) -> str:
    """Return what the Confirm button of a card carries."""
    return str(card["buttons"][0][0]["callback_data"])


async def wait_card(rig: Rig, card: Json, words: str, user: int = OWNER) -> Json:
    """Wait until a card shows some words."""

    def found(chat: Json) -> list[Json]:
        return [
            message
            for message in chat["messages"]
            if message["message_id"] == card["message_id"] and words in message["text"]
        ]

    return found(await rig.chat(user, lambda chat: bool(found(chat))))[0]


async def test_preview_shows_what_will_happen(rig: Rig) -> None:
    """The card names everything that a person decides on."""
    card = await preview(rig, "/buy 0.01 btc/usd 60000")
    assert card["text"].splitlines()[:-1] == [
        "Buy 0.01 BTC at 60,000 USD?",
        "BTC-USD · Limit · good till cancelled · account trading",
        "Amount 0.01 BTC",
        "Price 60,000 USD (-0.83 % from the market at 60,500 USD)",
        "Cost 600 USD",
        "Fee 1.5 USD (0.25 %)",
        "Total with fee 601.5 USD",
        "Balance BTC 1.5 → 1.51",
        "Balance USD 50,000 → 49,398.5",
        "Asked by Ada",
    ]
    assert [[button["text"] for button in line] for line in card["buttons"]] == [
        ["Confirm", "Discard"]
    ]
    assert [button["style"] for button in card["buttons"][0]] == ["success", "danger"]
    data = card["buttons"][0][0]["callback_data"]
    assert len(data) == len("o:") + 26 + len(":y")
    assert rig.home.count("place_order") == 0


async def test_confirm_places_once_and_follows_the_order(rig: Rig) -> None:
    """From the tap over a partial fill to the end: edits, and one new message."""
    card = await preview(rig)
    tap = await rig.tap("Confirm", card)
    assert await rig.wait_answer(tap) == "Placing the order…"
    placed = await rig.home.wait_called("place_order")
    assert placed == {
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "price": "60000",
        "amount": "0.01",
        "account_id": "trading",
        "client_order_id": "tg-" + confirm_data(card).split(":")[1],
        "comment": f"telegram {OWNER}",
    }
    shown = await wait_card(rig, card, "🟢 Accepted: Buy 0.01 BTC at 60,000 USD")
    assert shown["buttons"] == []
    rig.clock.advance(30)
    order = rig.home.orders[placed["client_order_id"]]
    partly = order | {
        "status": "partially_filled",
        "executed_amount": "0.004",
        "executed_quote_amount": "240",
    }
    await rig.home.publish(execution("partially_filled", partly))
    await wait_card(rig, card, "🟡 Partly filled")
    assert "Filled 0.004 of 0.01 BTC (40 %) for 240 USD" in (await rig.texts())[-1]
    rig.clock.advance(30)
    done = order | {
        "status": "filled",
        "executed_amount": "0.01",
        "executed_quote_amount": "600",
        "average_price": "60000",
        "fee_amount": "1.5",
        "fee_currency": "USD",
    }
    await rig.home.publish(execution("filled", done))
    message = await rig.wait_message("✅ Filled: Buy 0.01 BTC at 60,000 USD", count=2)
    assert message["reply_to"] == card["message_id"]
    assert "Fee 1.5 USD" in message["text"]
    await wait_card(rig, card, "✅ Filled")
    assert rig.home.count("place_order") == 1


async def test_slow_answer(rig: Rig) -> None:
    """An order that takes its time loses its buttons meanwhile."""
    card = await preview(rig)
    hold = rig.home.holds["place_order"] = asyncio.Event()
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")
    rig.clock.advance(1)
    shown = await wait_card(rig, card, "⏳ Being placed …")
    assert shown["buttons"] == []
    hold.set()
    await wait_card(rig, card, "🟢 Accepted")


async def test_filled_at_once(rig: Rig) -> None:
    """A report that overtakes the answer is not taken back by it."""
    card = await preview(rig)
    hold = rig.home.holds["place_order"] = asyncio.Event()
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    done = make_order(
        client_order_id=placed["client_order_id"],
        status="filled",
        executed_amount="0.01",
        executed_quote_amount="600",
    )
    await rig.home.publish(execution("filled", done))
    await rig.wait_message("✅ Filled", count=2)
    hold.set()
    rig.clock.advance(30)
    await rig.ask("/help", "may do everything")
    assert "🟢 Accepted" not in "\n".join(await rig.texts())


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (
            "/buy 0.01 BTC-USD market",
            {"side": "buy", "order_type": "market", "amount": "0.01"},
        ),
        (
            "/buy 100 USD BTC-USD market",
            {"side": "buy", "order_type": "market", "quote_amount": "100"},
        ),
        (
            "/SELL 0.5 btc btc-usd 70000.50",
            {
                "side": "sell",
                "order_type": "limit",
                "amount": "0.5",
                "price": "70000.50",
            },
        ),
        (
            "/sell .5 BTCUSD MARKET",
            {"side": "sell", "order_type": "market", "amount": "0.5"},
        ),
        (
            "/buy 0.01 BTC-USD 60000 stop 59000 on savings",
            {
                "side": "buy",
                "order_type": "stop_limit",
                "amount": "0.01",
                "price": "60000",
                "stop_price": "59000",
                "account_id": "savings",
            },
        ),
        (
            "/buy BTC-USD 0.01 60000 IOC",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "ioc",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 1d2h",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-01-16T10:00:30+00:00",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 2027-02-01",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-02-01T23:59:59+00:00",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 2027-02-01T18:00+02:00",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-02-01T16:00:00+00:00",
            },
        ),
    ],
)
async def test_spellings(rig: Rig, command: str, fields: Json) -> None:
    """Every spelling comes to the same fields."""
    await preview(rig, command)
    assert await rig.home.wait_called("preview_order") == {"pair": "BTC-USD", **fields}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "/buy 0,01 BTC-USD 60000",
            "Write the amount with a decimal point and without separators: 0.01.",
        ),
        ("/buy 0.01 BTC-USD 60,000.00", "Write the price with a decimal point"),
        ("/buy 1e3 BTC-USD 60000", "“1e3” is not an amount; write plain digits."),
        ("/buy -1 BTC-USD 60000", "“-1” is not an amount"),
        ("/buy ٣ BTC-USD 60000", "is not an amount"),
        ("/buy 0 BTC-USD 60000", "The amount must be more than zero."),
        ("/buy 101% BTC-USD market", "More than 100 % is not there."),
        ("/buy 50% USD BTC-USD market", "needs no currency; leave it out"),
        ("/buy 0.01 BTC-USD 60000 stop", "Something is missing after “stop”."),
        ("/buy 0.01 BTC-USD 60000 stop x", "“x” is not a price"),
        ("/buy 0.01 BTC-USD 60000 ioc ioc", "“ioc” is there twice."),
        ("/buy 0.01 BTC-USD 60000 until noon", "“noon” is no time; write 2h"),
        ("/buy 0.01 BTC-USD 60000 until 2026-12-01", "is over already."),
        ("/buy 0.01 BTC-USD 60000 until 0h", "“0h” is over already."),
        ("/buy 0.01 BTC-USD 60000 until 2h ioc", "Choose one: until a time, or ioc."),
        (
            "/buy 0.01 BTC-USD market until 2h",
            "A market order is executed at once: it takes no stop and no until.",
        ),
        ("/buy 0.01 BTC-USD 60000 now please", "I don't understand “now please”."),
        ("/buy 0.01 BTC-USD soon", "“soon” is not a price"),
        (
            "/buy 100 EUR BTC-USD market",
            "An amount for BTC-USD is in BTC or USD, not in EUR.",
        ),
        (
            "/buy 100 USD BTC-USD 60000",
            "An amount in USD works with market orders only; write the amount in BTC.",
        ),
    ],
)
async def test_malformed(rig: Rig, command: str, words: str) -> None:
    """What is wrong is said, with an example that works; nothing is asked of the exchange."""
    message = await rig.ask(command, words)
    assert "Example: /buy 0.01 BTC-USD 60000" in message["text"]
    assert rig.home.count("preview_order") == 0


async def test_settings_of_orders(stopped_rig: Rig) -> None:
    """The sub-account of the settings is used, and their time to decide."""
    rig = stopped_rig
    rig.orders = OrdersConfig(30, "savings")
    await rig.start()
    card = await preview(rig)
    assert "account savings" in card["text"]
    assert (await rig.home.wait_called("preview_order"))["account_id"] == "savings"
    rig.clock.advance(30)
    await wait_card(rig, card, "⌛ Expired")


async def test_unknown_pair_gets_a_proposal(rig: Rig) -> None:
    """The nearest pair is named."""
    message = await rig.ask("/buy 0.01 BTC-USB 60000", "I don't know the pair BTC-USB.")
    assert "Did you mean BTC-USD" in message["text"]


async def test_preview_refused(rig: Rig) -> None:
    """The integration's reason is shown, without Home Assistant's prefix."""
    rig.home.refusals["preview_order"] = Refusal(
        "amount_below_minimum", "At least 0.0001 BTC <b>is</b> needed."
    )
    await rig.ask("/buy 0.00001 BTC-USD 60000", "At least 0.0001 BTC <b>is</b> needed.")
    assert "Validation error" not in "\n".join(await rig.texts())


async def test_discard(rig: Rig) -> None:
    """Discard closes the card; a later Confirm does nothing."""
    card = await preview(rig)
    assert await rig.wait_answer(await rig.tap("Discard", card)) == "Discarded."
    await wait_card(rig, card, "🗑 Discarded. Nothing was done.")
    late = await rig.tap_data(confirm_data(card), card)
    assert await rig.wait_answer(late) == "This was discarded before. Nothing was done."
    assert rig.home.count("place_order") == 0


async def test_double_tap_places_once(rig: Rig) -> None:
    """Two taps in the same moment make one order."""
    card = await preview(rig)
    rig.home.holds["place_order"] = asyncio.Event()
    taps = [await rig.tap_data(confirm_data(card), card) for _ in range(2)]
    answers = [await rig.wait_answer(tap) for tap in taps]
    assert sorted(answers) == [
        "Already on its way. It is sent once only.",
        "Placing the order…",
    ]
    rig.home.holds["place_order"].set()
    await wait_card(rig, card, "🟢 Accepted")
    again = await rig.tap_data(confirm_data(card), card)
    assert (
        await rig.wait_answer(again)
        == "This was decided before. Nothing more was done."
    )
    assert rig.home.count("place_order") == 1


async def test_late_tap(rig: Rig) -> None:
    """After the deadline the card is closed and a tap does nothing."""
    card = await preview(rig)
    rig.clock.advance(120)
    await wait_card(rig, card, "⌛ Expired: nobody decided in time. Nothing was done.")
    tap = await rig.tap_data(confirm_data(card), card)
    assert "Too late" in await rig.wait_answer(tap)
    assert rig.home.count("place_order") == 0


async def test_market_offer_holds_a_minute(rig: Rig) -> None:
    """A market price is not held for as long as a limit."""
    card = await preview(rig, "/buy 0.01 BTC-USD market")
    rig.clock.advance(60)
    await wait_card(rig, card, "⌛ Expired")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (TRADER, "Only the person who asked can decide this. Nothing was done."),
        (
            VIEWER,
            "You may look, but not trade here. The owner of this bot can change that.",
        ),
        (STRANGER, "This button is not for you."),
    ],
)
async def test_tap_by_somebody_else(stopped_rig: Rig, user: int, words: str) -> None:
    """Only the person who asked decides; a stranger's tap is reported."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,))
    await rig.start()
    card = await preview(rig)
    assert (
        await rig.wait_answer(await rig.tap_data(confirm_data(card), card, user))
        == words
    )
    if user == STRANGER:
        await rig.wait_message(f"id {STRANGER}")
    await rig.wait_answer(await rig.tap("Confirm", card))
    await rig.home.wait_called("place_order")
    assert rig.home.count("place_order") == 1


async def test_viewer_cannot_trade(stopped_rig: Rig) -> None:
    """A viewer gets a kind refusal and no preview."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    for command in ("/buy 0.01 BTC-USD 60000", "/sell 1 BTC-USD market", "/cancel 1"):
        await rig.ask(command, "You may look, but not trade here.", VIEWER)
    await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD", VIEWER)
    assert rig.home.count("preview_order") == 0


async def test_rejected_order(rig: Rig) -> None:
    """The exchange's reason reaches the card."""
    card = await preview(rig)
    rig.home.refusals["place_order"] = Refusal(
        "order_rejected",
        "The exchange rejected the order: Insufficient funds",
        code="home_assistant_error",
        reason="x",
    )
    await rig.tap("Confirm", card)
    await wait_card(
        rig, card, "❌ Not placed: The exchange rejected the order: Insufficient funds"
    )


async def test_home_assistant_gone_between_preview_and_tap(rig: Rig) -> None:
    """What surely was not sent is said to be so, and stays so."""
    card = await preview(rig)
    await rig.home.vanish()
    await rig.home.wait_for(lambda: not rig.home._sockets)
    await rig.tap("Confirm", card)
    await wait_card(
        rig,
        card,
        "❌ Not placed: Home Assistant could not be reached. Nothing was sent",
    )
    await rig.home.listen()
    rig.clock.advance(5)
    await rig.home.wait_subscribed(2)
    rig.clock.advance(60)
    assert rig.home.count("place_order") == 0


@pytest.mark.parametrize("how", ["cut", "timeout", "unknown_error", "outcome_unknown"])
async def test_outcome_unknown_then_found(rig: Rig, how: str) -> None:
    """An order whose answer was lost is looked for, never sent again."""
    card = await preview(rig)
    rig.home.silent.add("place_order")
    if how in ("unknown_error", "outcome_unknown"):
        rig.home.services["place_order"] = _placed_but(rig, how)
    await rig.tap("Confirm", card)
    await rig.home.wait_for(lambda: bool(rig.home.orders))
    if how == "cut":
        await rig.home.cut()
    elif how == "timeout":
        rig.clock.advance(46)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    # Pings of the manual clock's jump may have cut the session: both ways it comes back.
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") > 0)
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


@pytest.mark.parametrize(
    ("finds_one", "words"),
    [
        (True, "❌ Not placed: the exchange does not know this order."),
        (False, "❓ Not found: it is not among the open orders"),
    ],
)
async def test_outcome_unknown_and_not_found(
    rig: Rig, words: str, *, finds_one: bool
) -> None:
    """An order that never arrived is said to be missing, and still not sent again."""
    rig.home.finds_one = finds_one
    card = await preview(rig)
    rig.home.refusals["place_order"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    asked = 5 if finds_one else 10
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= asked)
    await wait_card(rig, card, words)
    assert rig.home.count("place_order") == 1


async def test_outcome_unknown_and_over(rig: Rig) -> None:
    """An order that was filled before anybody asked is found as well."""
    card = await preview(rig)
    rig.home.placed_status = "filled"
    rig.home.services["place_order"] = _placed_but(rig, "outcome_unknown")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") > 0)
    await wait_card(rig, card, "✅ Filled")


async def test_answer_that_says_nothing(rig: Rig) -> None:
    """An answer without an order leaves the outcome open, and it is found out."""
    card = await preview(rig)
    rig.home.services["place_order"] = lambda data: {}
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= 5)
    await wait_card(rig, card, "❌ Not placed: the exchange does not know this order.")


async def test_disk_full_after_the_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outcome that can't be written down is shown when the disk has room again."""
    card = await preview(rig)
    real = Transaction.save_card
    failures = [1, 1]

    def save_card(tx: Transaction, card: Card) -> None:
        """Fail as a full disk does, twice."""
        if failures:
            failures.pop()
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        real(tx, card)

    monkeypatch.setattr(Transaction, "save_card", save_card)
    await rig.tap("Confirm", card)
    await rig.wait_message("My disk takes nothing")
    await rig.clock.pass_until(lambda: not failures)
    await rig.clock.pass_until(lambda: rig.clock.monotonic() > 60)
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_patience_never_hides_the_outcome(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of patience that comes late does not take the place of the outcome."""
    card = await preview(rig)
    real = Questions.show
    written = asyncio.Event()

    async def show(
        questions: Questions,
        row: ConfirmationRow,
        stage: str,
        head: str,
        *,
        done: bool = False,
    ) -> None:
        """Let the outcome be on its way first."""
        if stage == "sending":
            await written.wait()
        work = asyncio.create_task(real(questions, row, stage, head, done=done))
        await asyncio.sleep(0)
        if stage == "outcome":
            written.set()
            await asyncio.sleep(0)
        await work

    monkeypatch.setattr(Questions, "show", show)
    hold = rig.home.holds["place_order"] = asyncio.Event()
    rig.home.refusals["place_order"] = Refusal("trading_off", "Trading is off.")
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")
    rig.clock.advance(1)
    hold.set()
    await wait_card(rig, card, "❌ Not placed: Trading is off.")
    rig.clock.advance(30)
    await rig.ask("/help", "You own this bot")
    await wait_card(rig, card, "❌ Not placed: Trading is off.")


async def test_tap_on_the_first_of_two_copies(rig: Rig) -> None:
    """When a question is there twice, the copy that was tapped shows the outcome."""
    await rig.fault("bad_gateway", method="sendMessage", delivered=True)
    first = await preview(rig)
    await rig.tap("Confirm", first)
    await rig.home.wait_called("place_order")
    rig.clock.advance(5)
    await rig.wait_message("it may repeat an earlier one")
    rig.clock.advance(5)
    await wait_card(rig, first, "🟢 Accepted")
    assert rig.home.count("place_order") == 1
    done = rig.home.orders[only_order(rig)] | {
        "status": "filled",
        "executed_amount": "0.01",
    }
    await rig.home.publish(execution("filled", done))
    rig.clock.advance(5)
    await wait_card(rig, first, "✅ Filled")


def only_order(rig: Rig) -> str:
    """Return the client order id of the only order."""
    (client_order_id,) = rig.home.orders
    return client_order_id


async def test_void_question_that_was_sent_in_the_last_moment(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question whose message was never noted loses its buttons with the first tap."""

    def forget(*_: object) -> None:
        """Note nothing, as a bot that is killed now."""

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "find_card_message", forget)
        card = await preview(rig)
        await rig.stop()
    await rig.start()
    assert "Too late" in await rig.wait_answer(await rig.tap("Confirm", card))
    shown = await wait_card(rig, card, "⌛ Expired")
    assert shown["buttons"] == []
    assert rig.home.count("place_order") == 0


async def test_outcome_unknown_told_by_the_feed(rig: Rig) -> None:
    """A report settles the question."""
    card = await preview(rig)
    rig.home.refusals["place_order"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    done = make_order(
        client_order_id=placed["client_order_id"],
        status="filled",
        executed_amount="0.01",
        executed_quote_amount="600",
    )
    await rig.home.publish(execution("filled", done))
    await wait_card(rig, card, "✅ Filled")
    rig.clock.advance(1)
    await rig.ask("/orders", "No open orders.")
    assert rig.home.count("get_orders") == 1


def _placed_but(rig: Rig, how: str) -> Service:
    """Return a service that places the order, then fails."""
    place = rig.home.services["place_order"]

    def service(data: Json) -> Json:
        """Place and fail."""
        place(data)
        if how == "outcome_unknown":
            raise Refusal(
                "outcome_unknown",
                "The outcome is not known.",
                code="home_assistant_error",
            )
        raise Refusal(None, "KeyError", code="unknown_error")

    return service


async def test_looking_goes_on_after_a_failure(rig: Rig) -> None:
    """A question that can't be asked does not count as an answer."""
    card = await preview(rig)
    rig.home.services["place_order"] = _placed_but(rig, "outcome_unknown")
    rig.home.refusals["get_orders"] = Refusal(
        "not_connected", "Not now.", code="home_assistant_error"
    )
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= 6)
    del rig.home.refusals["get_orders"]
    count = rig.home.count("get_orders")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") > count)
    await wait_card(rig, card, "🟢 Accepted")


async def test_cancel_that_is_pending(rig: Rig) -> None:
    """A cancel that was accepted but is not done yet says so, until the report comes."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    rig.home.services["cancel_order"] = lambda data: {"order": make_order()}
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "⏳ Being cancelled")
    await rig.home.publish(execution("cancelled", make_order(status="cancelled")))
    await wait_card(rig, question, "🚫 Cancelled")


async def test_partial_fill_leaves_the_question_alone(rig: Rig) -> None:
    """A report during the question does not take its buttons away."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    partly = make_order(
        status="partially_filled", executed_amount="0.004", executed_quote_amount="240"
    )
    await rig.home.publish(execution("partially_filled", partly))
    await rig.wait_message("🟡 Partly filled")
    shown = await wait_card(rig, question, "Cancel this order?")
    assert [button["text"] for button in shown["buttons"][0]] == ["Confirm", "Discard"]
    rig.home.refusals["cancel_order"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "❓ Sent, but no answer came.")
    await rig.home.publish(execution("cancelled", partly | {"status": "cancelled"}))
    await wait_card(rig, question, "🚫 Cancelled")
    rig.clock.advance(9)
    await rig.ask("/help", "You own this bot")
    assert rig.home.count("cancel_order") == 1


async def test_late_end_tells_when(rig: Rig) -> None:
    """A fill during an absence carries its time."""
    card = await preview(rig)
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    await wait_card(rig, card, "🟢 Accepted")
    done = make_order(
        client_order_id=placed["client_order_id"],
        status="filled",
        executed_amount="0.01",
    )
    await rig.home.publish(execution("filled", done, late=True))
    await rig.until_kept()
    rig.clock.advance(2)
    message = await rig.wait_message("It happened at Jan 15, 2027, 08:00 UTC")
    assert message["reply_to"] == card["message_id"]


async def test_full_disk_at_the_tap(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be noted is not carried out."""
    card = await preview(rig)

    def fail(*_: object) -> None:
        """Fail as a full disk does."""
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("telegram_bot.transaction.Transaction.compare_and_set", fail)
        assert "Nothing was ordered" in await rig.wait_answer(
            await rig.tap("Confirm", card)
        )
    assert rig.home.count("place_order") == 0
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")


async def test_answer_to_a_tap_fails(rig: Rig) -> None:
    """Telegram may find the tap too old; the order is placed all the same."""
    card = await preview(rig)
    await rig.fault("bad_gateway", method="answerCallbackQuery")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_restart_voids_what_was_pending(rig: Rig) -> None:
    """After a restart a question is void and says so."""
    card = await preview(rig)
    await rig.stop()
    await rig.start()
    await wait_card(
        rig, card, "⌛ Void: I was restarted before you decided. Nothing was done."
    )
    tap = await rig.tap_data(confirm_data(card), card)
    assert "Too late" in await rig.wait_answer(tap)
    assert rig.home.count("place_order") == 0


async def test_restart_finds_out_what_was_executing(rig: Rig) -> None:
    """An order under way at the crash is looked for, not placed again."""
    card = await preview(rig)
    rig.home.silent.add("place_order")
    await rig.tap("Confirm", card)
    await rig.home.wait_for(lambda: bool(rig.home.orders))
    await rig.stop()
    await rig.start()
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") > 0)
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_cancel_by_button(rig: Rig) -> None:
    """/orders shows a Cancel button; a tap asks first, then cancels."""
    rig.home.orders["elsewhere-1"] = make_order()
    shown = await rig.ask("/orders", "1 open order")
    assert "1. Buy 0.01 BTC at 60,000 USD · Nothing filled yet · 777" in shown["text"]
    assert shown["buttons"][0][1]["style"] == "danger"
    await rig.tap("Cancel 1", shown)
    question = await rig.wait_message("Cancel this order?")
    assert rig.home.count("cancel_order") == 0
    assert (
        await rig.wait_answer(await rig.tap("Confirm", question))
        == "Cancelling the order…"
    )
    assert await rig.home.wait_called("cancel_order") == {"order_id": "777"}
    await wait_card(rig, question, "🚫 Cancelled: Buy 0.01 BTC at 60,000 USD")
    await rig.home.publish(execution("cancelled", make_order(status="cancelled")))
    rig.clock.advance(10)
    message = await rig.wait_message("🚫 Cancelled", count=2)
    assert message["reply_to"] == question["message_id"]


async def test_cancel_by_id(rig: Rig) -> None:
    """/cancel asks as well; an unknown id and a missing one are answered."""
    rig.home.orders["elsewhere-1"] = make_order()
    await rig.ask("/cancel", "Say the id of one open order")
    await rig.ask("/cancel 999<", "There is no open order 999<.")
    question = await rig.ask("/cancel 777", "Cancel this order?")
    await rig.tap("Discard", question)
    await wait_card(rig, question, "🗑 Discarded")
    assert rig.home.count("cancel_order") == 0


async def test_cancel_fails(rig: Rig) -> None:
    """A refused cancel says why."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    rig.home.refusals["cancel_order"] = Refusal(
        "unknown_order", "The order is not open any more."
    )
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "❌ Not cancelled: The order is not open any more.")
    rig.home.orders.clear()
    tap = await rig.tap("Cancel 1", await _with_cancel_button(rig))
    assert await rig.wait_answer(tap) == "This order is not open any more."


async def _with_cancel_button(rig: Rig) -> Json:
    """Return a list with a button whose order is gone by now."""
    rig.home.orders["elsewhere-1"] = make_order()
    shown = await rig.ask("/orders", "1 open order")
    rig.home.orders.clear()
    return shown


async def test_cancel_unknown_outcome(rig: Rig) -> None:
    """A cancel that never arrived is said to have not; the order is still open."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    rig.home.refusals["cancel_order"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= 6)
    await wait_card(rig, question, "❗ The order is still open")


@pytest.mark.parametrize(
    ("finds_one", "words"),
    [
        (True, "❓ The exchange does not know this order any more"),
        (False, "❓ The order is not open any more; its last report tells"),
    ],
)
async def test_cancel_of_an_order_that_is_gone(
    rig: Rig, words: str, *, finds_one: bool
) -> None:
    """A cancel in doubt whose order is nowhere to be found says just that."""
    rig.home.orders["elsewhere-1"] = make_order()
    rig.home.finds_one = finds_one
    question = await rig.ask("/cancel 777", "Cancel this order?")
    rig.home.orders.clear()
    rig.home.services["cancel_order"] = lambda data: {}
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "❓ Sent, but no answer came.")
    asked = rig.home.count("get_orders") + (5 if finds_one else 10)
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= asked)
    await wait_card(rig, question, words)
