"""Orders of which no answer told what became: found out by looking, and told."""

import asyncio
import sqlite3

import pytest

from telegram_bot.desk.questions import Questions
from telegram_bot.records import Card, ConfirmationRow
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import Json, Rig
from tests.telegram_bot.fake_desk import Refusal, Service, make_order
from tests.telegram_bot.fake_home_assistant import execution
from tests.telegram_bot.orders_by_chat import preview, wait_card


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


@pytest.mark.parametrize(
    "odd",
    [{}, {"order_id": 7}, make_order(status=None), make_order(executed_amount="?")],
)
async def test_odd_answers(
    rig: Rig, caplog: pytest.LogCaptureFixture, odd: Json
) -> None:
    """An order that can't be read leaves the outcome open, and so does every look until one can be read."""
    card = await preview(rig)
    place, look = rig.home.services["place_order"], rig.home.services["get_orders"]
    looks: list[Json] = []

    def place_oddly(data: Json) -> Json:
        """Place the order, and tell of it what nobody understands."""
        place(data)
        return {"order": odd}

    def look_oddly(data: Json) -> Json:
        """Tell nothing that can be read, in one way and in another."""
        looks.append(data)
        return {} if len(looks) == 1 else {"orders": [{**odd, **data}]}

    rig.home.services["place_order"] = place_oddly
    rig.home.services["get_orders"] = look_oddly
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: len(looks) >= 3)
    assert "An answer of Home Assistant can't be read" in caplog.text
    rig.home.services["get_orders"] = look
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") > len(looks))
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


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


@pytest.mark.parametrize(
    ("seconds", "looks"), [(600.0, 1), (0.0, 5)], ids=["long ago", "just now"]
)
async def test_restart_long_after(rig: Rig, seconds: float, looks: int) -> None:
    """What was sent long before a restart is looked for once: it can't arrive any more."""
    card = await preview(rig)
    rig.home.silent.add("place_order")
    await rig.tap("Confirm", card)
    await rig.home.wait_for(lambda: rig.home.count("place_order") > 0)
    await rig.stop()
    rig.home.orders.clear()
    rig.clock.advance(seconds)
    await rig.start()
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("get_orders") >= looks)
    await wait_card(rig, card, "❌ Not placed: the exchange does not know this order.")
    assert rig.home.count("get_orders") == looks
