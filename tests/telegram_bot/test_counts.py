"""What does not vary from run to run: how many messages an event makes."""

from tests.telegram_bot.conftest import Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert

FIRST = {
    "status": "partially_filled",
    "executed_amount": "0.004",
    "executed_quote_amount": "240",
}
LAST = {
    "status": "filled",
    "executed_amount": "0.01",
    "executed_quote_amount": "600",
}


async def counts(rig: Rig) -> tuple[int, int]:
    """Return how many messages were sent and edited so far."""
    sent, edited = [
        len(await rig.calls(method)) for method in ("sendMessage", "editMessageText")
    ]
    return sent, edited


async def test_messages_of_an_event(rig: Rig) -> None:
    """An order is one message that is edited, and one more when it is over; an alert is one."""
    order = make_order(order_id="42")
    steps = [
        (execution("accepted", order), "🟢 Accepted", (1, 0)),
        (execution("partially_filled", order | FIRST), "🟡 Partly filled", (0, 1)),
        (execution("filled", order | LAST), "✅ Filled", (1, 1)),
        (price_alert(1), "BTC-USD is at 70,001 USD", (1, 0)),
    ]
    for entry, words, (more_sent, more_edited) in steps:
        sent, edited = await counts(rig)
        await rig.home.publish(entry)
        await rig.wait_message(words)
        await rig.until_kept()
        rig.clock.advance(30)
        await rig.ask("/help", "You own this bot")
        assert await counts(rig) == (sent + more_sent + 1, edited + more_edited), words
