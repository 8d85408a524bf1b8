"""The ledger of orders: what the exchange said of each, told on exactly once."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import logging
import sqlite3
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util
import orjson

from .database import Database, set_meta
from .exchange import ExecutionReport, Order, OrderStatus
from .feed import Feed, FeedKind, NewEntry
from .representation import (
    canonical,
    order_as_dict,
    order_from_stored,
    order_to_stored,
    plain,
)

_LOGGER = logging.getLogger(__name__)

# Final orders are remembered this long, to know a late report of theirs.
KEEP_FINAL = timedelta(days=30)
SEEN_COUNT = 10_000
# Decimals of the most finely priced pairs, with some to spare.
LONGEST_PRICE = 12

META_BASELINE = "orders_baseline"
META_CONTACT = "orders_contact"

# A status never goes back to one of a lower rank (websocket.md 4.8).
_RANK = {
    OrderStatus.PENDING_NEW: 1,
    OrderStatus.NEW: 2,
    OrderStatus.PARTIALLY_FILLED: 3,
    OrderStatus.PENDING_CANCEL: 4,
    OrderStatus.FILLED: 5,
    OrderStatus.CANCELLED: 5,
    OrderStatus.EXPIRED: 5,
    OrderStatus.REJECTED: 5,
}
_STATUS_EVENTS = {
    OrderStatus.NEW: "accepted",
    OrderStatus.PENDING_CANCEL: "cancel_pending",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "rejected",
}
EXECUTION_EVENTS = [
    "accepted",
    "partially_filled",
    "filled",
    "cancel_pending",
    "cancelled",
    "rejected",
    "expired",
]

type OrderListener = Callable[[Order], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an order."""

    event: str
    order: Order
    fill: dict[str, str | None] | None

    @property
    def id(self) -> str:
        """The id that this fact has on every path."""
        key = order_key(self.order)
        if self.fill is not None:
            return f"fill:{key}:{canonical(self.order.executed_amount)}"
        return f"status:{key}:{self.order.status.name.lower()}"


def order_key(order: Order) -> str:
    """Return what the ledger knows an order by; a refused one may have no order id."""
    return order.order_id or f"client:{order.client_order_id}"


def merge(known: Order | None, new: Order) -> Order:
    """Return the order after some news, which may be older than what is known."""
    if known is None:
        return new
    progressed = new.executed_amount >= known.executed_amount
    latest, other = (new, known) if progressed else (known, new)
    status = new.status if _rank(new) > _rank(known) else known.status
    return replace(
        latest,
        status=status,
        status_text=status.value,
        is_final=status.is_final,
        client_order_id=known.client_order_id or new.client_order_id,
        price=_either(known.price, new.price),
        stop_price=_either(known.stop_price, new.stop_price),
        time_in_force=_either(known.time_in_force, new.time_in_force),
        requested_amount=_either(known.requested_amount, new.requested_amount),
        requested_quote_amount=_either(
            known.requested_quote_amount, new.requested_quote_amount
        ),
        average_price=_either(latest.average_price, other.average_price),
        fee_amount=max(known.fee_amount, new.fee_amount),
        fee_currency=_either(latest.fee_currency, other.fee_currency),
        comment=_either(known.comment, new.comment),
        reject_code=_either(known.reject_code, new.reject_code),
        reject_reason=_either(known.reject_reason, new.reject_reason),
        created=_either(known.created, new.created),
        updated=max(filter(None, (known.updated, new.updated)), default=None),
        expire_time=_either(known.expire_time, new.expire_time),
    )


def changes_between(known: Order | None, merged: Order) -> list[Change]:
    """Return what happened between two states of an order, in order."""
    changes: list[Change] = []
    executed = known.executed_amount if known else Decimal()
    if (amount := merged.executed_amount - executed) > 0:
        is_last = merged.status is OrderStatus.FILLED
        changes.append(
            Change(
                "filled" if is_last else "partially_filled",
                merged
                if is_last
                else replace(merged, status=OrderStatus.PARTIALLY_FILLED),
                _fill(known, merged, amount),
            )
        )
    has_new_status = known is None or known.status is not merged.status
    if has_new_status and (event := _STATUS_EVENTS.get(merged.status)):
        if not (merged.status is OrderStatus.FILLED and changes):
            changes.append(Change(event, merged, None))
    return changes


class Ledger:
    """The state of every order of the account."""

    def __init__(self, database: Database, feed: Feed) -> None:
        """Prepare a ledger; `async_load` makes it ready."""
        self._database = database
        self._feed = feed
        self._lock = asyncio.Lock()
        self._orders: dict[str, Order] = {}
        self._seen: dict[tuple[str, str], None] = {}
        self._listeners: list[OrderListener] = []
        self.has_baseline = False
        self.contact: datetime | None = None

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
        """Return what is known of an order."""
        if order_id is not None:
            return self._orders.get(order_id)
        for order in reversed(self._orders.values()):
            if order.client_order_id == client_order_id:
                return order
        return None

    @callback
    def async_listen(self, listener: OrderListener) -> CALLBACK_TYPE:
        """Call the listener with each order that changed."""
        self._listeners.append(listener)

        @callback
        def remove() -> None:
            """Stop listening."""
            self._listeners.remove(listener)

        return remove

    async def async_apply_report(self, report: ExecutionReport) -> None:
        """Take in an execution report of the private stream."""
        seen = (order_key(report.order), report.execution_id or "")
        if report.execution_id and seen in self._seen:
            return
        async with self._lock:
            await self._async_apply(
                report.order, late=False, time=report.transaction_time
            )
        self._seen[seen] = None
        if len(self._seen) > SEEN_COUNT:
            del self._seen[next(iter(self._seen))]

    async def async_apply_orders(
        self, orders: Iterable[Order], *, live_since: datetime | None
    ) -> None:
        """Take in states that were asked for.

        What happened before `live_since` is late: no report could have told of it.
        None means that all of it is told as late.
        """
        async with self._lock:
            for order in orders:
                updated = order.updated
                late = live_since is None or (
                    updated is not None and updated < live_since
                )
                await self._async_apply(order, late=late, time=updated)

    async def async_apply_reply(self, order: Order) -> None:
        """Take in the answer to a request that was just made."""
        async with self._lock:
            await self._async_apply(order, late=False, time=None)

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
        """Remember until when nothing was missed."""
        self.contact = time
        await self._database.async_set_meta(META_CONTACT, time.isoformat())

    async def _async_apply(
        self, order: Order, *, late: bool, time: datetime | None
    ) -> None:
        """Keep the new state and tell what happened, both or neither."""
        key = order_key(order)
        known = self._orders.get(key)
        merged = merge(known, order)
        if merged == known:
            return
        changes = changes_between(known, merged)
        happened = time or dt_util.utcnow()
        await self._feed.async_append(
            [_entry(change, happened, late) for change in changes],
            lambda connection: _keep(connection, merged),
        )
        self._orders[key] = merged
        for listener in tuple(self._listeners):
            listener(merged)


def _rank(order: Order) -> int:
    """Return how far an order has come; an unknown status never replaces a known one."""
    return _RANK.get(order.status, 0)


def _either[T](first: T | None, second: T | None) -> T | None:
    """Return the first that is known."""
    return second if first is None else first


def _fill(known: Order | None, merged: Order, amount: Decimal) -> dict[str, str | None]:
    """Describe what was executed between two states; fees are cumulative too."""
    quote_amount = merged.executed_quote_amount - (
        known.executed_quote_amount if known else Decimal()
    )
    fee = merged.fee_amount - (known.fee_amount if known else Decimal())
    return {
        "amount": plain(amount),
        "quote_amount": plain(quote_amount),
        "price": plain(_price(quote_amount, amount)),
        "fee_amount": plain(fee),
        "fee_currency": merged.fee_currency,
    }


def _price(quote_amount: Decimal, amount: Decimal) -> Decimal:
    """Return the shortest price that yields the quote amount.

    No report says the price of a fill, and the quote amount was cut to the
    precision of its currency, so that a plain division shows digits that never were.
    """
    exact = quote_amount / amount
    last_digit = Decimal((0, (1,), min(int(quote_amount.as_tuple().exponent), -8)))
    for decimals in range(LONGEST_PRICE):
        price = exact.quantize(Decimal((0, (1,), -decimals)))
        if abs(price * amount - quote_amount) < last_digit:
            return price
    return exact.quantize(Decimal((0, (1,), -LONGEST_PRICE)))


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
