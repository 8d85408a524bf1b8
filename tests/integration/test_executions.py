"""The ledger: whatever comes in which order, each fact is told once and sums are right."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from unittest.mock import patch

import pytest

from custom_components.cexio.database import Database
from custom_components.cexio.exchange import ExecutionType, OrderStatus
from custom_components.cexio.executions import PATIENCE, Ledger
from custom_components.cexio.feed import FeedEntry
from custom_components.cexio.order_changes import merge
from custom_components.cexio.representation import order_from_stored, order_to_stored
from tests.integration.ledgers import LIFE, reopened, report, state, told, trade

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    """Return an empty ledger that knows where it began."""
    return await reopened(database)


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_any_order_and_twice(ledger: Ledger, order: tuple[int, ...]) -> None:
    """However reports are shuffled and doubled, the fills add up and nothing is twice."""
    for number in order + order:
        await ledger.async_apply_reports(report(LIFE[number], number))
    entries = await told(ledger)
    ids = [entry["id"] for entry in entries]
    assert len(ids) == len(set(ids))
    fills = [entry["data"]["fill"] for entry in entries if entry["data"]["fill"]]
    assert sum(Decimal(fill["amount"]) for fill in fills) == Decimal("0.03")
    assert sum(Decimal(fill["quote_amount"]) for fill in fills) == 1800
    assert sum(Decimal(fill["fee_amount"]) for fill in fills) == Decimal("4.5")
    assert {Decimal(fill["price"]) for fill in fills} == {60000}
    known = ledger.get(order_id="7")
    assert known is not None
    assert known.status is OrderStatus.FILLED
    assert ledger.open_orders == []


async def test_report_and_question_make_the_same_ids(database: Database) -> None:
    """A fill has the same id from the stream and from asking."""
    first = await reopened(database)
    await first.async_apply_reports(report(LIFE[1], 1))
    ids = [entry["id"] for entry in await told(first)]
    assert ids == ["fill:7:0.01"]
    padded = replace(LIFE[1], executed_amount=Decimal("0.01000000"))
    await first.async_apply_orders([padded], live_since=None)
    assert [entry["id"] for entry in await told(first)] == ids


class Clock:
    """A clock that a test drives."""

    def __init__(self) -> None:
        """Begin at nought."""
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
async def live(database: Database, clock: Clock) -> Ledger:
    """Return a ledger that expects reports."""
    ledger = await reopened(database, clock)
    ledger.live_since = NOW
    return ledger


async def fills(ledger: Ledger) -> list[tuple[str, str]]:
    """Return amount and fee of each fill that the journal tells."""
    return [
        (fill["amount"], fill["fee_amount"])
        for entry in await told(ledger)
        if (fill := entry["data"]["fill"])
    ]


SINGLE_FILLS = [("0.01", "1.50")] * 3


async def test_reply_waits_for_its_reports(live: Ledger, clock: Clock) -> None:
    """A reply that shows executions does not swallow the single fills."""
    await live.async_apply_reply(LIFE[3])
    assert [entry["id"] for entry in await told(live)] == ["status:7:new"]
    known = live.get(client_order_id="mine")
    assert known is not None
    assert known.status is OrderStatus.FILLED
    assert known.executed_amount == Decimal("0.03")
    for number in (1, 2, 3):
        await live.async_apply_reports(trade(number))
    assert await fills(live) == SINGLE_FILLS
    assert live.next_release is None
    clock.now += PATIENCE
    await live.async_release()
    assert await fills(live) == SINGLE_FILLS


async def test_reply_whose_reports_never_come(live: Ledger, clock: Clock) -> None:
    """What waits is taken as it is after a bounded time, and not before."""
    await live.async_apply_reply(LIFE[3])
    await live.async_apply_reports(trade(1))
    clock.now += PATIENCE - 0.1
    await live.async_release()
    assert await fills(live) == SINGLE_FILLS[:1]
    clock.now += 0.1
    await live.async_release()
    assert await fills(live) == [("0.01", "1.50"), ("0.02", "3.00")]
    assert live.open_orders == []


async def test_wait_begins_anew_after_an_absence(live: Ledger, clock: Clock) -> None:
    """While reports are in the queue behind a recovery, nothing is taken as it is."""
    await live.async_apply_orders([LIFE[3]], live_since=NOW)
    clock.now += PATIENCE
    live.postpone()
    await live.async_release()
    assert await fills(live) == []
    await live.async_release(everything=True)
    assert await fills(live) == [("0.03", "4.50")]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_reports_in_any_order(live: Ledger, order: tuple[int, ...]) -> None:
    """A report waits for those before it, so that each fill is told as it was."""
    for number in order:
        await live.async_apply_reports(trade(number))
    assert await fills(live) == SINGLE_FILLS


async def test_cancel_waits_for_the_fill_before_it(live: Ledger) -> None:
    """An end that shows more than was told of comes after the fill that it shows."""
    cancelled = state(OrderStatus.CANCELLED, "0.01")
    await live.async_apply_reports(
        replace(report(cancelled, 2), execution_type=ExecutionType.CANCELED)
    )
    await live.async_apply_reports(trade(1))
    assert [entry["id"] for entry in await told(live)] == [
        "status:7:new",
        "fill:7:0.01",
        "status:7:cancelled",
    ]


async def test_what_waits_survives_a_crash(database: Database, live: Ledger) -> None:
    """An order whose executions wait is on disk as open, and thus asked for."""
    await live.async_apply_reply(LIFE[3])
    again = await reopened(database)
    (order,) = again.open_orders
    assert order.executed_amount == 0
    await again.async_apply_orders([LIFE[3]], live_since=None)
    assert await fills(again) == [("0.03", "4.50")]


async def test_late_answers_do_not_wait(live: Ledger) -> None:
    """What happened before the connection is told at once: no report will come."""
    old = replace(LIFE[3], updated=NOW - timedelta(seconds=1))
    assert len(await live.async_apply_orders([old], live_since=NOW)) == 1
    assert await fills(live) == [("0.03", "4.50")]


async def test_cancelled_caller(live: Ledger) -> None:
    """A state is kept and told even if who brought it is cancelled meanwhile."""
    heard: list[FeedEntry] = []
    live._feed.async_listen(heard.append)
    task = asyncio.ensure_future(live.async_apply_reports(trade(1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await live.async_release()
    assert [entry.id for entry in heard] == ["fill:7:0.01"]
    assert live.get(order_id="7") is not None


async def test_known_while_what_waited_is_told(live: Ledger) -> None:
    """An order never goes back to what it was before the state that waited."""
    await live.async_apply_reply(LIFE[3])
    known: list[OrderStatus] = []

    def look(_entry: FeedEntry) -> None:
        """Look at the order while it is told of."""
        order = live.get(order_id="7")
        assert order is not None
        known.append(order.status)

    live._feed.async_listen(look)
    await live.async_release(everything=True)
    assert known == [OrderStatus.FILLED]


async def test_cancelled_release(live: Ledger) -> None:
    """What waited is known and told even if who released it is cancelled meanwhile."""
    await live.async_apply_reply(LIFE[3])
    task = asyncio.ensure_future(live.async_release(everything=True))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await live.async_release()
    assert await fills(live) == [("0.03", "4.50")]
    assert live.open_orders == []
    assert live.next_release is None


async def test_release_that_fails(live: Ledger) -> None:
    """It does not come up again and again; asking tells of it."""
    await live.async_apply_reply(LIFE[3])
    with (
        patch(
            "custom_components.cexio.executions.order_to_stored",
            side_effect=ValueError("no database takes it"),
        ),
        pytest.raises(ValueError, match="no database"),
    ):
        await live.async_release(everything=True)
    assert live.next_release is None
    assert await fills(live) == []
    await live.async_apply_orders([LIFE[3]], live_since=None)
    assert await fills(live) == [("0.03", "4.50")]


async def test_final_orders_stay_final(ledger: Ledger) -> None:
    """A late report adds what was executed but never opens an order again."""
    cancelled = state(OrderStatus.CANCELLED, "0.01")
    await ledger.async_apply_reports(report(cancelled, 1))
    await ledger.async_apply_reports(report(LIFE[2], 2))
    await ledger.async_apply_reports(report(LIFE[0], 3))
    known = ledger.get(client_order_id="mine")
    assert known is not None
    assert known.status is OrderStatus.CANCELLED
    assert known.executed_amount == Decimal("0.02")
    assert [(entry["id"], entry["data"]["event"]) for entry in await told(ledger)] == [
        ("fill:7:0.01", "partially_filled"),
        ("status:7:cancelled", "cancelled"),
        ("fill:7:0.02", "partially_filled"),
    ]


async def test_refused_order_without_an_id(ledger: Ledger) -> None:
    """An order that never was is known by the client's id."""
    rejected = state(
        OrderStatus.REJECTED, order_id=None, reject_code=414, reject_reason="too small"
    )
    await ledger.async_apply_reply(rejected)
    await ledger.async_apply_reply(rejected)
    (entry,) = await told(ledger)
    assert entry["id"] == "status:client:mine:rejected"
    assert entry["data"]["order"]["reject_reason"] == "too small"


async def test_unknown_status_changes_nothing(ledger: Ledger) -> None:
    """A status that nobody documented never replaces a known one."""
    await ledger.async_apply_reports(report(LIFE[1], 1))
    await ledger.async_apply_reports(report(state(OrderStatus.UNKNOWN, "0.02"), 2))
    known = ledger.get(order_id="7")
    assert known is not None
    assert known.status is OrderStatus.PARTIALLY_FILLED
    assert known.executed_amount == Decimal("0.02")


async def test_late_is_what_happened_before_the_connection(ledger: Ledger) -> None:
    """What is asked for is late only if no report could have told of it."""
    old = state(OrderStatus.NEW, updated=NOW - timedelta(hours=1))
    new = state(OrderStatus.NEW, order_id="8", updated=NOW + timedelta(seconds=1))
    await ledger.async_apply_orders([old, new], live_since=NOW)
    entries = await told(ledger)
    assert [entry["late"] for entry in entries] == [True, False]
    assert entries[0]["time"] == old.updated.isoformat() if old.updated else None


async def test_orders_from_before_are_adopted_silently(ledger: Ledger) -> None:
    """Orders that were open before the ledger began are not told as new."""
    await ledger.async_adopt([LIFE[1]])
    assert ledger.has_baseline
    assert await told(ledger) == []
    await ledger.async_apply_reports(report(LIFE[3], 3))
    (entry,) = await told(ledger)
    assert entry["data"]["fill"]["amount"] == "0.02"


async def test_restart(database: Database) -> None:
    """Orders and the moment of the last contact survive a restart."""
    first = await reopened(database)
    await first.async_adopt([])
    await first.async_note_contact(NOW)
    await first.async_apply_reports(report(LIFE[2], 2))
    again = await reopened(database)
    assert again.has_baseline
    assert again.contact == NOW
    (order,) = again.open_orders
    assert order == first.get(order_id="7")
    await again.async_apply_orders([LIFE[3]], live_since=None)
    assert (await told(again))[-1]["data"]["fill"]["amount"] == "0.01"


async def test_price_is_the_shortest_that_fits(ledger: Ledger) -> None:
    """A quote amount that was cut by the exchange does not make a price of 28 digits."""
    fill = state(
        OrderStatus.FILLED,
        "0.00033333",
        executed_quote_amount=Decimal("20.03346633"),
        fee_amount=Decimal("0.05"),
    )
    await ledger.async_apply_reports(report(fill, 1))
    (entry,) = await told(ledger)
    assert entry["data"]["fill"]["price"] == "60101"


async def test_price_of_a_crumb(ledger: Ledger) -> None:
    """Where many prices yield a tiny quote amount, it is the limit price."""
    crumb = state(
        OrderStatus.FILLED,
        "0.00000003",
        price=Decimal("59939.8"),
        executed_quote_amount=Decimal("0.00179819"),
    )
    await ledger.async_apply_reports(report(crumb, 1))
    (entry,) = await told(ledger)
    assert entry["data"]["fill"]["price"] == "59939.8"


def test_merge_keeps_what_one_side_leaves_out() -> None:
    """REST knows when an order was made, reports know the fill: both are kept."""
    made = state(OrderStatus.NEW, created=NOW, updated=NOW, stop_price=Decimal(1))
    merged = merge(made, replace(LIFE[1], stop_price=None, fee_currency=None))
    assert merged.created == NOW
    assert merged.stop_price == 1
    assert merged.fee_currency == "USD"
    assert merged.executed_amount == Decimal("0.01")


def test_stored_and_read_back() -> None:
    """An order comes back from disk as it was, expiry and nothing included."""
    order = state(
        OrderStatus.EXPIRED,
        "0.01",
        created=NOW,
        expire_time=NOW,
    )
    assert order_from_stored(order_to_stored(order)) == order
