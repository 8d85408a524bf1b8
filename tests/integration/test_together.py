"""What came while something else was written is written together: all of it or nothing, in order."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.database import ROWS_AT_ONCE, Database, database_path
from custom_components.cexio.exchange import (
    AccountUpdate,
    ExecutionReport,
    OrderStatus,
    Unreadable,
)
from custom_components.cexio.executions import LARGEST_BATCH, Ledger
from custom_components.cexio.feed import Feed, FeedEntry
from tests.integration.harness import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from tests.integration.helpers import until
from tests.integration.ledgers import LIFE, reopened, report, told, trade


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    """Return an empty ledger that expects reports."""
    ledger = await reopened(database)
    ledger.live_since = dt_util.utcnow()
    return ledger


def life(order_id: str) -> list[ExecutionReport]:
    """Return the reports of an order from its beginning to its last fill."""
    return [
        replace(item, order=replace(item.order, order_id=order_id))
        for item in (report(LIFE[0], 0), trade(1), trade(2), trade(3))
    ]


def mixed() -> list[ExecutionReport]:
    """Return the reports of two orders, out of order and one of them twice."""
    first, second = life("7"), life("8")
    return [
        *(first[0], second[2], first[1], second[0], first[3], second[1]),
        *(first[2], first[1], second[3]),
    ]


def without_seq(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries without what depends on the moment."""
    return [entry | {"time": None} for entry in entries]


async def test_together_as_one_by_one(
    hass: HomeAssistant, database: Database, ledger: Ledger
) -> None:
    """The journal tells the same, in the same order, however many are written at once."""
    await ledger.async_apply_reports(*mixed())
    other = Database(database_path(hass, "other"))
    await other.async_open()
    single = await reopened(other)
    single.live_since = ledger.live_since
    for item in mixed():
        await single.async_apply_reports(item)
    entries = await told(ledger)
    assert without_seq(entries) == without_seq(await told(single))
    assert len(entries) == 8
    assert ledger.open_orders == single.open_orders == []
    assert ledger.next_release is None
    again = await reopened(database)
    assert again.get(order_id="8") == ledger.get(order_id="8") is not None
    await other.async_close()


async def test_more_than_one_statement_takes(
    database: Database, ledger: Ledger
) -> None:
    """Any number is written in one transaction, numbered in order, known ones left out."""
    count = 2 * ROWS_AT_ONCE + 7
    news = [
        report(replace(LIFE[0], order_id=str(number)), number)
        for number in range(count)
    ]
    await ledger.async_apply_reports(*news[::2])
    heard: list[FeedEntry] = []
    ledger._feed.async_listen(heard.append)
    # As after a crash that came before the states were known in memory.
    again = Ledger(database, ledger._feed)
    await again.async_apply_reports(*news)
    assert [entry.id for entry in heard] == [
        f"status:{number}:new" for number in range(1, count, 2)
    ]
    seqs = [entry["seq"] for entry in await told(ledger)]
    assert seqs == list(range(1, count + 1))
    assert [entry.seq for entry in heard] == seqs[-len(heard) :]


async def test_nothing_told_before_all_of_it_is_on_disk(
    database: Database, ledger: Ledger
) -> None:
    """When the first one is told of, the last one can be read by anybody."""
    kept: list[tuple[int, str]] = []

    def look(_entry: FeedEntry) -> None:
        """Look into the file over a connection of its own."""
        with closing(sqlite3.connect(database.path)) as other:
            entries = other.execute("SELECT count(*) FROM feed").fetchone()
            states = other.execute("SELECT data ->> 'status' FROM orders").fetchone()
            kept.append((*entries, *states))

    ledger._feed.async_listen(look)
    await ledger.async_apply_reports(*life("7"))
    assert kept == [(4, "filled")] * 4


async def test_failing_write_fails_all_in_it(ledger: Ledger) -> None:
    """Nothing of it is told or known, and all of it can come again."""
    waits, *rest = (life("8")[2], *life("7"))
    await ledger.async_apply_reports(waits)
    heard: list[FeedEntry] = []
    ledger._feed.async_listen(heard.append)
    before = await told(ledger)
    with (
        patch(
            "custom_components.cexio.executions.order_to_stored",
            side_effect=ValueError("no database takes it"),
        ),
        pytest.raises(ValueError, match="no database"),
    ):
        await ledger.async_apply_reports(*rest, life("8")[1])
    assert heard == []
    assert await told(ledger) == before
    assert ledger.get(order_id="7") is None
    assert not ledger._feed.has_unwritten
    assert ledger.next_release is not None
    await ledger.async_apply_reports(*rest, life("8")[1])
    assert [entry.id for entry in heard] == [
        "status:7:new",
        *(f"fill:7:{amount}" for amount in ("0.01", "0.02", "0.03")),
        *(f"fill:8:{amount}" for amount in ("0.01", "0.02")),
    ]
    assert ledger.next_release is None


async def test_killed_between_write_and_telling(
    database: Database, ledger: Ledger
) -> None:
    """After a restart all that was written together is told, in order, and once."""
    with (
        patch.object(ledger._feed, "_async_publish", side_effect=SystemError("killed")),
        pytest.raises(SystemError),
    ):
        await ledger.async_apply_reports(*life("7"))
    again = Feed(database)
    await again.async_load()
    heard: list[FeedEntry] = []
    again.async_listen(heard.append)
    await again.async_publish_pending()
    assert [entry.seq for entry in heard] == [1, 2, 3, 4]
    (order,) = [(await reopened(database)).get(order_id="7")]
    assert order is not None
    assert order.status is OrderStatus.FILLED
    third = Feed(database)
    await third.async_load()
    third.async_listen(heard.append)
    await third.async_publish_pending()
    assert len(heard) == 4


async def test_others_get_their_turn_while_much_is_told(ledger: Ledger) -> None:
    """The loop goes on between the entries of one transaction."""
    turns: list[str] = []
    loop = asyncio.get_running_loop()

    def listen(entry: FeedEntry) -> None:
        """Ask for a turn of the loop."""
        turns.append(entry.id)
        loop.call_soon(turns.append, "turn")

    ledger._feed.async_listen(listen)
    with patch("custom_components.cexio.feed.LONGEST_TELLING", 0):
        await ledger.async_apply_reports(*life("7"))
    assert turns[1::2] == ["turn"] * 4


async def test_many_held_states_are_released(ledger: Ledger) -> None:
    """More than one batch of states that waited is told when no reports will come."""
    count = LARGEST_BATCH + 3
    for number in range(count):
        await ledger.async_apply_reply(replace(LIFE[3], order_id=str(number)))
    await ledger.async_release(everything=True)
    fills = [entry for entry in await told(ledger) if entry["data"]["fill"]]
    assert [entry["data"]["order"]["order_id"] for entry in fills] == [
        str(number) for number in range(count)
    ]
    assert ledger.next_release is None


async def test_found_by_the_newest_order_of_a_name(ledger: Ledger) -> None:
    """An order that gets its client order id later does not hide a newer one of the same."""
    nameless = replace(LIFE[0], order_id="1", client_order_id="")
    await ledger.async_apply_reports(report(nameless, 1))
    await ledger.async_apply_reports(report(replace(LIFE[0], order_id="2"), 2))
    await ledger.async_apply_reports(report(replace(LIFE[1], order_id="1"), 3))
    known = ledger.get(client_order_id="mine")
    assert known is not None
    assert known.order_id == "2"
    assert ledger.get(client_order_id="other") is None
    assert [order.order_id for order in ledger.open_orders] == ["1", "2"]


def tell(entry: MockConfigEntry, *events: Any) -> None:
    """Let the stream of an account tell of something."""
    for event in events:
        entry.runtime_data.account.stream._stream._hub.publish(event)


def balance() -> AccountUpdate:
    """Return a balance that changed."""
    return AccountUpdate(
        account_id="trading",
        currency="USD",
        available=Decimal(7),
        on_hold=Decimal(),
        timestamp=dt_util.utcnow(),
        action="order",
        operation_id="1",
    )


async def test_stream_hands_over_what_waits(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Reports that are there at once are one transaction, also with balances between them."""
    events = async_capture_events(hass, "cexio_execution")
    account = entry.runtime_data.account
    ledger = account.ledger
    first, second, third = life("7"), life("8"), life("9")
    known: list[Decimal] = []
    hass.bus.async_listen(
        "cexio_execution",
        lambda _event: known.append(account.balances.data["trading"]["USD"].total),
    )
    with (
        patch.object(
            ledger, "async_apply_reports", wraps=ledger.async_apply_reports
        ) as taken,
        patch.object(account.stream, "async_catch_up") as asked,
    ):
        # What has to be found out first keeps its place.
        missed = Unreadable("executionReport")
        tell(entry, *first, balance(), *second, missed, *third)
        await until(lambda: len(events) == 12)
    assert [len(call.args) for call in taken.call_args_list] == [8, 4]
    assert asked.call_count == 1
    assert [event.data["seq"] for event in events] == list(range(1, 13))
    assert known == [Decimal(7)] * 12


async def test_report_that_fails_takes_no_other_along(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are told at once; what could not be kept is asked for."""
    events = async_capture_events(hass, "cexio_execution")
    account = entry.runtime_data.account
    real = account.ledger.async_apply_reports
    bad = life("8")[0]

    async def refuse(*reports: ExecutionReport) -> None:
        """Refuse whatever has the one report in it."""
        if bad in reports:
            raise ValueError("bad")
        await real(*reports)

    with patch.object(account.ledger, "async_apply_reports", refuse):
        tell(entry, life("7")[0], bad, life("9")[0])
        await until(lambda: len(events) == 2)
    assert [event.data["order_id"] for event in events] == ["7", "9"]
    assert not account.stream.has_caught_up
    assert caplog.text.count("A report could not be taken in") == 1


async def test_nothing_is_shown_after_the_end(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What was about to be shown or told when an entry is unloaded is not any more."""
    account = entry.runtime_data.account
    account.balances.async_push(balance())
    account.ledger._listeners.async_tell(LIFE[0])
    await hass.config_entries.async_unload(entry.entry_id)
    shown = async_capture_events(hass, "state_changed")
    await asyncio.sleep(0)
    assert not shown
    assert account.balances._cancel_telling is None
    assert "Error" not in caplog.text


async def test_report_goes_before_the_balances_it_changed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Balances are known at once, told after the report, and once of all that came together."""
    account = entry.runtime_data.account
    order: list[str] = []
    account.balances.async_add_listener(lambda: order.append("balances"))
    hass.bus.async_listen("cexio_execution", lambda _event: order.append("execution"))
    with patch("custom_components.cexio.coordinator.PUSH_PAUSE", 60):
        tell(entry, balance(), replace(balance(), currency="BTC"), life("7")[0])
        await until(lambda: order)
    assert order == ["execution"]
    assert account.balances.available("trading", "USD") == 7
    assert account.balances.available("trading", "BTC") == 7
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=61))
    assert order == ["execution", "balances"]
