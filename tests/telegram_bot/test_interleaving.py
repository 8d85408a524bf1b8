"""An order that ends while its card is being sent: at every moment at which the two can meet."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from telegram_bot.digest import digest
from telegram_bot.records import Line
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution

# Looking, taking, settling, looking for more: a fifth never comes, and the test would wait for it in vain.
MOMENTS = 4
FILLED = make_order(
    status="filled", executed_amount="0.01", executed_quote_amount="600"
)


class Meeting:
    """Lets something happen before one of the outbox's transactions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rig: Rig, moment: int) -> None:
        """Count from now on."""
        self.passed = 0
        real = Store.run

        async def run(store: Store, work: Any) -> Any:
            """Let it happen in time; only the outbox is counted."""
            task = asyncio.current_task()
            if task and task.get_name().startswith("outbox-"):
                self.passed += 1
                if self.passed == moment:
                    await rig.home.publish(execution("filled", FILLED))
                    await rig.until_kept()
            return await real(store, work)

        monkeypatch.setattr(Store, "run", run)


@pytest.mark.parametrize("moment", range(1, MOMENTS + 1))
async def test_the_end_rings(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """The end comes as a new message, once: an edit rings nobody."""
    meeting = Meeting(monkeypatch, rig, moment)
    await rig.home.publish(execution("accepted", make_order()))
    await rig.clock.pass_until(lambda: meeting.passed >= moment, step=0.1)
    card = await rig.wait_message("Order 777")
    if "✅ Filled" not in card["text"]:
        card = await rig.wait_message("• 0.01 BTC at")
    await rig.ask("/help", "You own this bot")
    shown = (await rig.control("chats/1001"))["messages"]
    rings = [
        message
        for message in shown
        if message["text"].startswith("✅ Filled") and not message["edited"]
    ]
    assert len(rings) == 1, shown


async def test_newer_state_follows_a_card_in_doubt(tmp_path: Path) -> None:
    """A digest tells of the newer state, and leaves it waiting: the older one will be in the chat."""
    store = Store(tmp_path / "bot.sqlite")
    await store.open()

    def meet(transaction: Transaction) -> list[tuple[str, str]]:
        """Let a state come while an older one is under way, which stays in doubt; then make a digest."""
        card = transaction.add_card(OWNER, 0.0, client_order_id="1").id
        for event_id, kind, card_id in (
            ("old", "card", card),
            ("new", "card", card),
            ("new", "execution", card),
            *((f"alert-{number}", "price_alert", None) for number in range(6)),
        ):
            transaction.enqueue(
                event_id=event_id,
                chat_id=OWNER,
                kind=kind,
                text=event_id,
                lines=(Line(event_id, "fill", event_id),),
                card_id=card_id,
                occurred=0.0,
            )
            transaction.mark([1], "sending")
        transaction.mark([1], "waiting", doubt=True)
        assert digest(transaction, OWNER, 100.0)
        return [(row.event_id, row.kind) for row in transaction.waiting(OWNER)]

    *cards, told = await store.run(meet)
    assert cards == [("old", "card"), ("new", "card")]
    assert told[1] == "digest"
    await store.close()
