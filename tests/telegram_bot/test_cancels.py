"""Cancelling by chat: by button, by id, and when it cannot be."""

import pytest

from tests.telegram_bot.conftest import Json, Rig
from tests.telegram_bot.fake_desk import Refusal, make_order
from tests.telegram_bot.fake_home_assistant import execution
from tests.telegram_bot.orders_by_chat import wait_card


async def test_cancel_that_is_pending(rig: Rig) -> None:
    """A cancel that was accepted but is not done yet says so, until the report comes."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    rig.home.services["cancel_order"] = lambda data: {"order": make_order()}
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "⏳ Being cancelled")
    await rig.home.publish(execution("cancelled", make_order(status="cancelled")))
    await wait_card(rig, question, "🚫 Cancelled")


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
