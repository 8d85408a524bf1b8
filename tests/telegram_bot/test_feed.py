"""From the feed to the chats: once each, whatever dies in between."""

import asyncio
from pathlib import Path
import threading

import pytest

from telegram_bot.access import Access
from telegram_bot.config import AccessConfig
from telegram_bot.feed import FeedCursor
from telegram_bot.notices import FeedKeeper, newer
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER, TRADER, VIEWER, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert
from tests.telegram_bot.post import Post


async def test_price_alert(rig: Rig) -> None:
    """An alert is a message of its own."""
    await rig.home.publish(price_alert(1))
    message = await rig.wait_message("BTC-USD is at 70,001 USD")
    assert (
        message["text"] == "📈 BTC-USD is at 70,001 USD\nYour alert: BTC-USD > 70,000"
    )
    falling = price_alert(2)
    falling["late"] = True
    falling["data"] |= {"direction": "down"}
    await rig.home.publish(falling)
    await rig.until_kept()
    rig.clock.advance(2)
    await rig.wait_message("It happened at Jan 15, 2027, 08:00 UTC")


async def test_order_placed_elsewhere(rig: Rig) -> None:
    """One card, edited for each fill, and one message at the end."""
    order = make_order(order_id="42")
    await rig.home.publish(execution("accepted", order))
    card = await rig.wait_message("🟢 Accepted: Buy 0.01 BTC at 60,000 USD")
    assert "Order 42" in card["text"]
    first = order | {
        "status": "partially_filled",
        "executed_amount": "0.004",
        "executed_quote_amount": "240",
    }
    await rig.home.publish(execution("partially_filled", first))
    await rig.wait_message("🟡 Partly filled")
    await rig.home.publish(
        execution("cancel_pending", first | {"status": "pending_cancel"})
    )
    last = order | {
        "status": "cancelled",
        "executed_amount": "0.004",
        "executed_quote_amount": "240",
    }
    await rig.home.publish(execution("cancelled", last))
    end = await rig.wait_message("🚫 Cancelled", count=2)
    assert end["reply_to"] == card["message_id"]
    shown = await rig.wait_message("• 0.004 BTC at 60,000 = 240 USD, fee 1.5 USD")
    assert shown["message_id"] == card["message_id"]
    assert len([text for text in await rig.texts() if "BTC at" in text]) == 2


async def test_end_without_beginning_is_one_message(rig: Rig) -> None:
    """An order that is first heard of when it is over makes one message."""
    rejected = make_order(status="rejected", reject_reason="Not enough <money>")
    await rig.home.publish(execution("rejected", rejected))
    message = await rig.wait_message("❌ Rejected: Buy 0.01 BTC at 60,000 USD")
    assert "Reason: Not enough <money>" in message["text"]
    await rig.ask("/help", "You own this bot")
    assert sum("Rejected" in text for text in await rig.texts()) == 1


async def test_replayed_entry_makes_one_message(rig: Rig) -> None:
    """The same entry again, in the same journal or in a new one, changes nothing."""
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001")
    await rig.home.send_entries(rig.home.journal)
    rig.home.feed_id = "feed-2"
    await rig.home.cut()
    await rig.clock.pass_until(lambda: len(rig.home.subscriptions) >= 3)
    await rig.home.publish(price_alert(2))
    await rig.wait_message("70,002")
    assert sum("70,001" in text for text in await rig.texts()) == 1


async def test_everybody_hears(stopped_rig: Rig) -> None:
    """Fills and alerts go to all who have access."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,))
    await rig.start()
    for user in (OWNER, TRADER, VIEWER):
        await rig.ask("/help", "/price", user)
    await rig.home.publish(price_alert(1))
    for user in (OWNER, TRADER, VIEWER):
        await rig.wait_message("70,001", user)


async def test_unreadable_entries_hold_nothing_up(rig: Rig) -> None:
    """Unknown kinds are passed over; of a broken entry the chat hears at least that there was one."""
    broken = {
        "id": "x:1",
        "time": "2027-01-15T08:00:00+00:00",
        "kind": "price_alert",
        "late": False,
        "data": {},
    }
    stream = broken | {"id": "x:2", "kind": "stream"}
    no_time = price_alert(8) | {"time": "yesterday"}
    await rig.home.publish(broken, stream, no_time, price_alert(1))
    await rig.wait_message("70,001")
    await rig.wait_message("Something happened that I can't show (x:1)")
    await rig.wait_message("Something happened that I can't show (alert:8)")


async def test_offline_then_digest(rig: Rig) -> None:
    """After an absence one message tells what many would have told."""
    await rig.stop()
    entries = [
        price_alert(number, time="2027-01-15T07:00:00+00:00") for number in range(1, 5)
    ]
    for number in range(3):
        order = make_order(
            order_id=str(number),
            client_order_id=f"web-{number}",
            status="filled",
            executed_amount="0.01",
            executed_quote_amount="600",
        )
        entries.append(
            execution("filled", order, time="2027-01-15T07:00:00+00:00", late=True)
        )
    await rig.home.publish(*entries)
    before = len(await rig.texts())
    await rig.start()
    message = await rig.wait_message("While we were apart: 3 fills, 4 price alerts")
    assert (
        "3 × ✅ Bought 0.01 BTC at 60,000 = 600 USD, fee 1.5 USD · Jan 15, 2027, 07:00 UTC"
        in message["text"].splitlines()
    )
    assert message["text"].count("BTC-USD > 70,000: 70,00") == 4
    assert "<blockquote expandable>" in message["html"]
    await rig.ask("/help", "You own this bot")
    assert len(await rig.texts()) == before + 2
    # A card that was never shown is shown with its next report.
    await rig.home.publish(
        execution(
            "filled", make_order(order_id="9", client_order_id="web-9", status="filled")
        )
    )
    await rig.wait_message("Order 9")


async def test_missed_entries_wait_for_each_other(rig: Rig) -> None:
    """What comes in parts after an absence is told in one digest; what was shown as edits is told as well."""
    rig.home.batch = 3
    order = make_order(order_id="42")
    await rig.home.publish(execution("accepted", order))
    await rig.wait_message("🟢 Accepted")
    await rig.stop()
    old = "2027-01-15T07:00:00+00:00"
    entries = [price_alert(number, time=old) for number in range(1, 6)]
    for executed, event in (("0.004", "partially_filled"), ("0.01", "filled")):
        state = order | {
            "status": event,
            "executed_amount": executed,
            "executed_quote_amount": "240",
        }
        entries.append(execution(event, state, time=old, late=True))
    for number in range(2):
        gone = make_order(
            order_id=f"5{number}", client_order_id=f"web-{number}", status="cancelled"
        )
        entries.append(execution("cancelled", gone, time=old, late=True))
    await rig.home.publish(*entries)
    before = len(await rig.texts())
    await rig.start()
    message = await rig.wait_message(
        "While we were apart: 2 fills, 2 cancels, 5 price alerts"
    )
    assert message["text"].count("🟡 Bought 0.004 BTC at 60,000 = 240 USD") == 1
    assert message["text"].count("✅ Bought 0.01 BTC at 60,000 = 240 USD") == 1
    await rig.wait_message("✅ Filled: Buy 0.01 BTC")
    await rig.ask("/help", "You own this bot")
    assert len(await rig.texts()) == before + 2


async def test_late_entries_wait_for_each_other(rig: Rig) -> None:
    """What Home Assistant finds out after its own absence comes one by one and is told at once."""
    for number in range(8):
        gone = make_order(
            order_id=f"5{number}", client_order_id=f"web-{number}", status="cancelled"
        )
        late = execution("cancelled", gone, time="2027-01-15T07:00:00+00:00", late=True)
        await rig.home.publish(late)
        await rig.until_kept()
    await rig.ask("/help", "You own this bot")
    assert "Cancelled" not in "\n".join(await rig.texts())
    rig.clock.advance(2)
    await rig.wait_message("While we were apart: 8 cancels")


async def test_journal_that_brings_nothing_holds_nothing_up(rig: Rig) -> None:
    """When what was missed is gone from the journal, other messages are held for a moment only."""
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001")
    await rig.stop()
    await rig.home.publish(price_alert(2))
    rig.home.journal[:] = [rig.home.journal[-1] | {"seq": 2}]
    rig.home.services["x"] = lambda data: {}
    entry = rig.home.journal.pop()
    rig.home.oldest = entry["seq"] + 1
    await rig.start()
    await rig.clock.pass_until(lambda: rig.clock.monotonic() > 60)
    await rig.home.publish(price_alert(3))
    await rig.wait_message("70,003")


async def test_digest_tells_every_fill_once(rig: Rig) -> None:
    """Fills of one order that nobody saw are all told, and its end is not told twice."""
    await rig.stop()
    old = "2027-01-15T07:00:00+00:00"
    entries = []
    for number in range(1, 4):
        order = make_order(order_id=f"1{number}", client_order_id=f"web-{number}")
        entries.append(execution("accepted", order, time=old, late=True))
        for part, (event, status) in enumerate(
            [("partially_filled",) * 2, ("filled",) * 2], 1
        ):
            done = order | {
                "status": status,
                "executed_amount": f"0.00{part}",
                "executed_quote_amount": "60",
            }
            entries.append(execution(event, done, time=old, late=True))
    entries += [price_alert(number, time=old) for number in range(3)]
    before = len(await rig.texts())
    await rig.home.publish(*entries)
    await rig.start()
    message = await rig.wait_message(
        "While we were apart: 6 fills, 3 price alerts, 3 new orders"
    )
    for line in ("🟢 Accepted", "🟡 Bought 0.001 BTC", "✅ Bought 0.002 BTC"):
        assert message["text"].count(f"3 × {line}") == 1
    await rig.ask("/help", "You own this bot")
    assert len(await rig.texts()) == before + 2


async def test_quick_order_elsewhere_is_one_message(rig: Rig) -> None:
    """An order that is over before its card was shown is told in one message."""
    order = make_order(
        status="filled", executed_amount="0.01", executed_quote_amount="600"
    )
    await rig.home.publish(
        execution("accepted", make_order()), execution("filled", order)
    )
    await rig.wait_message("✅ Filled")
    await rig.ask("/help", "You own this bot")
    assert sum("BTC at" in text for text in await rig.texts()) == 1


async def test_long_absence_is_few_messages(rig: Rig) -> None:
    """Two hundred events fit in five messages, none lost."""
    await rig.stop()
    await rig.home.publish(
        *[
            execution(
                "filled",
                make_order(
                    order_id=f"{number}",
                    client_order_id=f"web-{number}",
                    status="filled",
                    executed_amount=f"0.{number:03}",
                    executed_quote_amount="600",
                ),
                time="2027-01-15T07:00:00+00:00",
                late=True,
            )
            for number in range(1, 201)
        ]
    )
    before = len(await rig.texts())
    await rig.start()
    await rig.wait_message("… and on", count=3)
    await rig.wait_message("Bought 0.2 BTC")
    texts = (await rig.texts())[before:]
    assert len(texts) <= 5
    joined = "\n".join(texts)
    assert all(
        f"✅ Bought {f'0.{number:03}'.rstrip('0')} BTC at" in joined
        for number in range(1, 201)
    )


async def test_gap_is_told(rig: Rig) -> None:
    """The owner hears when the journal has been cut too early."""
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001")
    await rig.stop()
    rig.home.journal.clear()
    rig.home.oldest = 50
    await rig.home.publish(price_alert(2))
    await rig.start()
    await rig.wait_message("Some reports are lost")
    await rig.wait_message("70,002")


async def test_row_and_cursor_are_one_transaction(tmp_path: Path) -> None:
    """A failure in the middle leaves neither."""
    store = Store(tmp_path / "bot.sqlite")
    await store.open()

    def half(transaction: Transaction) -> None:
        """Do half of the work, then fail."""
        transaction.enqueue(
            event_id="1", chat_id=1, kind="notice", text="x", occurred=0
        )
        transaction.set_cursor(FeedCursor("f", 1))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        await store.run(half)
    assert await store.run(Transaction.cursor) is None
    assert await store.run(Transaction.waiting_chats) == []
    await store.close()


@pytest.mark.parametrize("is_held", [True, False])
async def test_line_cut_while_an_entry_is_written(post: Post, *, is_held: bool) -> None:
    """It is written all the same, so it is told, without waiting for the next one."""
    access = Access(AccessConfig(OWNER, (), ()))
    keeper = FeedKeeper(post.store, post.outbox, access, post.clock)
    await post.enqueue("before")
    await post.until_shown("before")
    if is_held:
        post.outbox.hold(5)
    disk = threading.Event()
    slow = asyncio.create_task(post.store.run(lambda _: disk.wait(10)))
    await asyncio.sleep(0)
    session = asyncio.create_task(keeper.entries("f", [{"seq": 1, **price_alert(1)}]))
    await asyncio.sleep(0)
    session.cancel()
    await asyncio.gather(session, return_exceptions=True)
    disk.set()
    assert await slow
    await post.clock.pass_until(lambda: len(post.shown()) == 2, step=0.1)
    await post.until_quiet()
    assert await post.states() == ["sent", "sent"]
    assert await post.store.run(Transaction.cursor) == FeedCursor("f", 1)


def test_later_state_wins() -> None:
    """A late report never takes an order back."""
    new = make_order()
    partly = make_order(status="partially_filled", executed_amount="0.005")
    more = make_order(status="partially_filled", executed_amount="0.006")
    done = make_order(status="filled", executed_amount="0.01")
    assert newer(None, new) is new
    assert newer(new, partly) is partly
    assert newer(more, partly) is more
    assert newer(done, more) is done
    assert newer(partly, make_order()) is partly


def test_roles() -> None:
    """Everybody has one role, strangers none."""
    access = Access(AccessConfig(1, (2,), (3,)))
    assert [access.role(user) for user in (1, 2, 3, 4)] == [3, 2, 1, None]
