"""The ledger of orders: what the exchange said of each, told on exactly once."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import batched
import logging
import sqlite3
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import create_eager_task
import orjson

from .database import Database, insert_rows, set_meta
from .exchange import ExecutionReport, ExecutionType, Order
from .feed import Feed
from .ledger_draft import Draft, Held, progress
from .listeners import Listeners
from .order_changes import Change, merge, order_key
from .representation import order_from_stored, order_to_stored

_LOGGER = logging.getLogger(__name__)

# Final orders are remembered this long, to know a late report of theirs.
KEEP_FINAL = timedelta(days=30)
SEEN_COUNT = 10_000
# So many states are worked out and written at once; more would hold the loop up.
LARGEST_BATCH = 50
# Seconds that a state waits for the reports of the fills that it is the sum of.
PATIENCE = 2.0
META_BASELINE = "orders_baseline"
META_CONTACT = "orders_contact"

type OrderListener = Callable[[Order], None]


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
        self._open: dict[str, Order] = {}
        # By client order id, the key of the newest order that has it.
        self._keys: dict[str, str] = {}
        self._held: dict[str, list[Held]] = {}
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
        for order in orders:
            self._remember(order_key(order), order)
        self.has_baseline = META_BASELINE in meta
        if contact := meta.get(META_CONTACT):
            self.contact = datetime.fromisoformat(contact)

    @property
    def open_orders(self) -> list[Order]:
        """The orders that may still be executed, as far as is known."""
        return list(self._open.values())

    def get(
        self, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        """Return what is known of an order, untold executions included."""
        key = order_id
        if key is None and client_order_id is not None:
            key = self._keys.get(client_order_id)
        return None if key is None else self._newest(self._orders.get(key))

    @callback
    def async_listen(self, listener: OrderListener) -> CALLBACK_TYPE:
        """Call the listener with each order that changed."""
        return self._listeners.async_add(listener)

    async def async_apply_reports(self, *reports: ExecutionReport) -> None:
        """Take in execution reports in their order: all are kept and told, or none of them."""
        seen: dict[tuple[str, str], None] = {}
        items: list[Held] = []
        for report in reports:
            if report.execution_id:
                name = order_key(report.order), report.execution_id
                if name in self._seen or name in seen:
                    continue
                seen[name] = None
            before = _executed_before(report)
            items.append(Held(report.order, before, report.transaction_time))
        await self._async_take(items)
        self._seen |= seen
        while len(self._seen) > SEEN_COUNT:
            del self._seen[next(iter(self._seen))]

    async def async_apply_orders(
        self, orders: Iterable[Order], *, live_since: datetime | None
    ) -> list[Change]:
        """Take in states that were asked for; return the changes they told of.

        What happened before `live_since` is late: no report could have told of it.
        None means that all of it is told as late.
        """

        def is_late(time: datetime | None) -> bool:
            """Tell whether no report could have told of what happened then."""
            return live_since is None or (time is not None and time < live_since)

        changes: list[Change] = []
        for some in batched(orders, LARGEST_BATCH, strict=False):
            changes += await self._async_take(
                Held(order, None, order.updated, is_late(order.updated))
                for order in some
            )
        return changes

    async def async_apply_reply(self, order: Order) -> None:
        """Take in the answer to a request that was just made."""
        await self._async_take([Held(order, None, None)])

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
        """Take what waited long enough as it is; carried through even if the caller is cancelled."""
        await asyncio.shield(
            create_eager_task(self._async_release(everything=everything))
        )

    async def _async_release(self, *, everything: bool) -> None:
        """Apply what waited long enough for its reports."""
        async with self._lock:
            now = self._clock()
            keys = [
                key
                for key, held in self._held.items()
                if everything or min(item.due for item in held) <= now
            ]
            for some in batched(keys, LARGEST_BATCH, strict=False):
                draft = Draft(self._orders, self._held)
                for key in some:
                    draft.release(key)
                try:
                    await self._async_keep(draft)
                except Exception:
                    # What cannot be kept must not come up again and again: it is asked for.
                    for key in some:
                        self._held.pop(key, None)
                    raise

    async def async_adopt(self, open_orders: Iterable[Order]) -> None:
        """Take the orders that were open before this ledger began as given."""
        async with self._lock:
            adopted = [
                order for order in open_orders if order_key(order) not in self._orders
            ]

            def write(connection: sqlite3.Connection) -> None:
                _keep(connection, {order_key(order): order for order in adopted})
                set_meta(connection, META_BASELINE, dt_util.utcnow().isoformat())

            await self._database.async_run(write)
            for order in adopted:
                self._remember(order_key(order), order)
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

    async def _async_take(self, items: Iterable[Held]) -> list[Change]:
        """Apply states or let them wait; carried through even if the caller is cancelled."""
        return await asyncio.shield(create_eager_task(self._async_sort_in(items)))

    async def _async_sort_in(self, items: Iterable[Held]) -> list[Change]:
        """Apply states, and those that waited for them, or let them wait."""
        async with self._lock:
            draft = Draft(self._orders, self._held)
            is_live = self.live_since is not None
            due = self._clock() + PATIENCE if is_live else None
            for item in items:
                draft.take(item, due=due)
            await self._async_keep(draft)
            return draft.changes

    def _newest(self, order: Order | None) -> Order | None:
        """Return an order with what waits for its reports."""
        if order is not None:
            for item in sorted(self._held.get(order_key(order), ()), key=progress):
                order = merge(order, item.order)
        return order

    async def _async_keep(self, draft: Draft) -> None:
        """Keep the new states and tell what happened, both or neither."""
        if orders := draft.orders:
            await self._feed.async_append(
                draft.entries, lambda connection: _keep(connection, orders)
            )
        for key, order in orders.items():
            self._remember(key, order)
        for key, held in draft.held.items():
            if held:
                self._held[key] = held
                self.something_held.set()
            else:
                self._held.pop(key, None)
        for order in orders.values():
            self._listeners.async_tell(order)

    def _remember(self, key: str, order: Order) -> None:
        """Take an order as known, so that it is found by any of its ids."""
        if key in self._orders:
            self._keys.setdefault(order.client_order_id, key)
        else:
            self._keys[order.client_order_id] = key
        self._orders[key] = order
        if order.status.is_final:
            self._open.pop(key, None)
        else:
            self._open[key] = order


def _executed_before(report: ExecutionReport) -> Decimal | None:
    """Return what had been executed before a report, None when it does not say."""
    executed = report.order.executed_amount
    if report.execution_type is not ExecutionType.TRADE:
        return executed
    return None if report.last_amount is None else executed - report.last_amount


def _load(connection: sqlite3.Connection) -> tuple[dict[str, str], list[Order]]:
    """Read meta and orders, and forget old final ones (in the database's thread)."""
    connection.execute(
        "DELETE FROM orders WHERE final AND updated < ?",
        ((dt_util.utcnow() - KEEP_FINAL).timestamp(),),
    )
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    rows = connection.execute("SELECT data FROM orders ORDER BY rowid").fetchall()
    return meta, [order_from_stored(orjson.loads(row[0])) for row in rows]


def _keep(connection: sqlite3.Connection, orders: Mapping[str, Order]) -> None:
    """Write the states of orders (in the database's thread)."""
    now = dt_util.utcnow().timestamp()
    rows = [
        (
            key,
            order.client_order_id,
            order.status.is_final,
            now,
            orjson.dumps(order_to_stored(order)).decode(),
        )
        for key, order in orders.items()
    ]
    insert_rows(
        connection,
        "orders (order_id, client_order_id, final, updated, data)",
        rows,
        "ON CONFLICT (order_id) DO UPDATE SET final = excluded.final,"
        " updated = excluded.updated, data = excluded.data",
    )
