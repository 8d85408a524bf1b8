"""The ledger of orders: what the exchange said of each, told on exactly once."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import logging
import sqlite3
from time import monotonic
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util
import orjson

from .database import Database, set_meta
from .exchange import ExecutionReport, ExecutionType, Order
from .feed import Feed, FeedKind, NewEntry
from .listeners import Listeners
from .order_changes import Change, before_fills, changes_between, merge, order_key, rank
from .representation import order_as_dict, order_from_stored, order_to_stored

_LOGGER = logging.getLogger(__name__)

# Final orders are remembered this long, to know a late report of theirs.
KEEP_FINAL = timedelta(days=30)
SEEN_COUNT = 10_000
# Seconds that a state waits for the reports of the fills that it is the sum of.
PATIENCE = 2.0
META_BASELINE = "orders_baseline"
META_CONTACT = "orders_contact"

type OrderListener = Callable[[Order], None]


@dataclass(slots=True)
class _Held:
    """A state of an order, and what had been executed before the event that it tells of.

    Without `before` it is an answer: the sum of whatever happened.
    """

    order: Order
    before: Decimal | None
    time: datetime | None
    late: bool = False
    due: float = 0.0


class Ledger:
    """The state of every order of the account.

    While reports are expected, a state that shows more executed than they have told of
    so far waits for them, because it cannot say which single fills it is the sum of.
    It waits for PATIENCE seconds at most and is then taken as it is.
    """

    def __init__(
        self,
        database: Database,
        feed: Feed,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Prepare a ledger; `async_load` makes it ready."""
        self._database = database
        self._feed = feed
        self._clock = clock
        self._lock = asyncio.Lock()
        self._orders: dict[str, Order] = {}
        self._held: dict[str, list[_Held]] = {}
        self._seen: dict[tuple[str, str], None] = {}
        self._listeners = Listeners[Order]()
        self.something_held = asyncio.Event()
        self.has_baseline = False
        self.contact: datetime | None = None
        # Since when reports tell of everything; None while there are none.
        self.live_since: datetime | None = None

    async def async_load(self) -> None:
        """Read the orders that were known before the last end."""
        meta, orders = await self._database.async_run(_load)
        self._orders = {order_key(order): order for order in orders}
        self.has_baseline = META_BASELINE in meta
        if contact := meta.get(META_CONTACT):
            self.contact = datetime.fromisoformat(contact)

    @property
    def open_orders(self) -> list[Order]:
        """The orders that may still be executed, as far as is known."""
        return [order for order in self._orders.values() if not order.status.is_final]

    def get(
        self, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        """Return what is known of an order, untold executions included."""
        if order_id is not None:
            return self._newest(self._orders.get(order_id))
        for order in reversed(self._orders.values()):
            if order.client_order_id == client_order_id:
                return self._newest(order)
        return None

    @callback
    def async_listen(self, listener: OrderListener) -> CALLBACK_TYPE:
        """Call the listener with each order that changed."""
        return self._listeners.async_add(listener)

    async def async_apply_report(self, report: ExecutionReport) -> None:
        """Take in an execution report of the private stream."""
        seen = (order_key(report.order), report.execution_id or "")
        if report.execution_id and seen in self._seen:
            return
        time = report.transaction_time
        await self._async_take(_Held(report.order, _executed_before(report), time))
        self._seen[seen] = None
        if len(self._seen) > SEEN_COUNT:
            del self._seen[next(iter(self._seen))]

    async def async_apply_orders(
        self, orders: Iterable[Order], *, live_since: datetime | None
    ) -> list[Change]:
        """Take in states that were asked for; return the changes they told of.

        What happened before `live_since` is late: no report could have told of it.
        None means that all of it is told as late.
        """
        changes: list[Change] = []
        for order in orders:
            time = order.updated
            late = live_since is None or (time is not None and time < live_since)
            changes += await self._async_take(_Held(order, None, time, late))
        return changes

    async def async_apply_reply(self, order: Order) -> None:
        """Take in the answer to a request that was just made."""
        await self._async_take(_Held(order, None, None))

    @property
    def next_release(self) -> float | None:
        """When the first state that waits has waited long enough, by the clock."""
        return min(
            (item.due for held in self._held.values() for item in held), default=None
        )

    def postpone(self) -> None:
        """Begin the wait anew: the reports that came meanwhile were not looked at yet."""
        for held in self._held.values():
            for item in held:
                item.due = self._clock() + PATIENCE

    async def async_release(self, *, everything: bool = False) -> None:
        """Take what waited long enough for its reports as it is."""
        async with self._lock:
            for key, held in tuple(self._held.items()):
                if everything or min(item.due for item in held) <= self._clock():
                    del self._held[key]
                    for item in sorted(held, key=_progress):
                        await self._async_apply(item)

    async def async_adopt(self, open_orders: Iterable[Order]) -> None:
        """Take the orders that were open before this ledger began as given."""
        async with self._lock:
            adopted = [
                order for order in open_orders if order_key(order) not in self._orders
            ]

            def write(connection: sqlite3.Connection) -> None:
                for order in adopted:
                    _keep(connection, order)
                set_meta(connection, META_BASELINE, dt_util.utcnow().isoformat())

            await self._database.async_run(write)
            self._orders.update((order_key(order), order) for order in adopted)
            self.has_baseline = True

    async def async_note_contact(self, time: datetime) -> None:
        """Remember until when nothing was missed, if the disk allows."""
        if self._feed.has_unwritten:
            # What is only in memory would not be asked for after a crash.
            return
        self.contact = time
        try:
            await self._database.async_set_meta(META_CONTACT, time.isoformat())
        except sqlite3.Error as err:
            _LOGGER.debug("The last contact could not be kept: %s", err)

    async def _async_take(self, item: _Held) -> list[Change]:
        """Apply a state or let it wait; carried through even if the caller is cancelled."""
        return await asyncio.shield(asyncio.ensure_future(self._async_sort_in(item)))

    async def _async_sort_in(self, item: _Held) -> list[Change]:
        """Apply a state and those that waited for it, or let it wait."""
        async with self._lock:
            key = order_key(item.order)
            if self._is_ahead(key, item) and self.live_since is not None:
                if not item.late:
                    return await self._async_hold(key, item)
            changes = await self._async_apply(item)
            while ready := self._take_ready(key):
                changes += await self._async_apply(ready)
            return changes

    async def _async_hold(self, key: str, item: _Held) -> list[Change]:
        """Let a state wait for the reports of what led to it."""
        changes: list[Change] = []
        if key not in self._orders:
            # On disk from now on, so that it is asked for after a crash.
            accepted = replace(item, order=before_fills(item.order))
            changes = await self._async_apply(accepted)
        item.due = self._clock() + PATIENCE
        self._held.setdefault(key, []).append(item)
        self.something_held.set()
        return changes

    def _is_ahead(self, key: str, item: _Held) -> bool:
        """Tell whether something was executed before this state that was not told of."""
        known = self._orders.get(key)
        told = known.executed_amount if known else Decimal()
        before = item.order.executed_amount if item.before is None else item.before
        return before > told

    def _take_ready(self, key: str) -> _Held | None:
        """Return a state that need not wait any more."""
        held = self._held.get(key, [])
        ready = [item for item in held if not self._is_ahead(key, item)]
        if not ready:
            return None
        first = min(ready, key=_progress)
        held.remove(first)
        if not held:
            del self._held[key]
        return first

    def _newest(self, order: Order | None) -> Order | None:
        """Return an order with what waits for its reports."""
        if order is not None:
            for item in sorted(self._held.get(order_key(order), ()), key=_progress):
                order = merge(order, item.order)
        return order

    async def _async_apply(self, item: _Held) -> list[Change]:
        """Keep the new state and tell what happened, both or neither."""
        key = order_key(item.order)
        known = self._orders.get(key)
        merged = merge(known, item.order)
        if merged == known:
            return []
        changes = changes_between(known, merged)
        happened = item.time or dt_util.utcnow()
        await self._feed.async_append(
            [_entry(change, happened, item.late) for change in changes],
            lambda connection: _keep(connection, merged),
        )
        self._orders[key] = merged
        self._listeners.async_tell(merged)
        return changes


def _executed_before(report: ExecutionReport) -> Decimal | None:
    """Return what had been executed before a report, None when it does not say."""
    executed = report.order.executed_amount
    if report.execution_type is not ExecutionType.TRADE:
        return executed
    return None if report.last_amount is None else executed - report.last_amount


def _progress(item: _Held) -> tuple[Decimal, int]:
    """Return how far an order had come."""
    return item.order.executed_amount, rank(item.order)


def _entry(change: Change, time: datetime, late: bool) -> NewEntry:
    """Make the feed entry of a change."""
    data: dict[str, Any] = {
        "event": change.event,
        "order": order_as_dict(change.order),
        "fill": change.fill,
    }
    return NewEntry(
        id=change.id, kind=FeedKind.EXECUTION, time=time, late=late, data=data
    )


def _load(connection: sqlite3.Connection) -> tuple[dict[str, str], list[Order]]:
    """Read meta and orders, and forget old final ones (in the database's thread)."""
    connection.execute(
        "DELETE FROM orders WHERE final AND updated < ?",
        ((dt_util.utcnow() - KEEP_FINAL).timestamp(),),
    )
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    rows = connection.execute("SELECT data FROM orders ORDER BY rowid").fetchall()
    return meta, [order_from_stored(orjson.loads(row[0])) for row in rows]


def _keep(connection: sqlite3.Connection, order: Order) -> None:
    """Write the state of an order (in the database's thread)."""
    connection.execute(
        "INSERT INTO orders (order_id, client_order_id, final, updated, data)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET"
        " final = excluded.final, updated = excluded.updated, data = excluded.data",
        (
            order_key(order),
            order.client_order_id,
            order.status.is_final,
            dt_util.utcnow().timestamp(),
            orjson.dumps(order_to_stored(order)).decode(),
        ),
    )
