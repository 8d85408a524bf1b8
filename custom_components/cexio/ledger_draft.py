"""What some news make of the ledger: worked out first, then kept and told, all of it or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from homeassistant.util import dt as dt_util

from .exchange import Order
from .feed import FeedKind, NewEntry
from .order_changes import Change, before_fills, changes_between, merge, order_key, rank
from .representation import order_as_dict


@dataclass(slots=True)
class Held:
    """A state of an order, and what had been executed before the event that it tells of.

    Without `before` it is an answer: the sum of whatever happened.
    """

    order: Order
    before: Decimal | None
    time: datetime | None
    late: bool = False
    due: float = 0.0


type HeldStates = Mapping[str, list[Held]]


class Draft:
    """The orders and what waits for reports, as they will be."""

    def __init__(self, orders: Mapping[str, Order], held: HeldStates) -> None:
        """Begin with what is kept; it is not changed."""
        self._orders = orders
        self._held = held
        # What differs from what is kept, by order; an empty list means that nothing waits.
        self.orders: dict[str, Order] = {}
        self.held: dict[str, list[Held]] = {}
        self.changes: list[Change] = []
        self.entries: list[NewEntry] = []

    def take(self, item: Held, *, due: float | None) -> None:
        """Apply a state and those that waited for it.

        Args:
            item: The state.
            due: Until when it waits for the reports of what it is the sum of; None: there are none.
        """
        key = order_key(item.order)
        if due is not None and not item.late and self._is_ahead(key, item):
            item.due = due
            self._hold(key, item)
            return
        self.apply(item)
        while ready := self._take_ready(key):
            self.apply(ready)

    def release(self, key: str) -> None:
        """Apply whatever waits of an order."""
        for item in sorted(self._waiting(key), key=progress):
            self.apply(item)
        self.held[key] = []

    def apply(self, item: Held) -> None:
        """Take a state as it is."""
        key = order_key(item.order)
        known = self._known(key)
        merged = merge(known, item.order)
        if merged == known:
            return
        changes = changes_between(known, merged)
        happened = item.time or dt_util.utcnow()
        self.changes += changes
        self.entries += (_entry(change, happened, item.late) for change in changes)
        self.orders[key] = merged

    def _known(self, key: str) -> Order | None:
        """Return an order as it will be."""
        return self.orders.get(key) or self._orders.get(key)

    def _waiting(self, key: str) -> list[Held]:
        """Return what will wait of an order."""
        found = self.held.get(key)
        return self._held.get(key, []) if found is None else found

    def _hold(self, key: str, item: Held) -> None:
        """Let a state wait for the reports of what led to it."""
        if self._known(key) is None:
            # On disk from now on, so that it is asked for after a crash.
            self.apply(replace(item, order=before_fills(item.order)))
        self.held[key] = [*self._waiting(key), item]

    def _is_ahead(self, key: str, item: Held) -> bool:
        """Tell whether something was executed before this state that was not told of."""
        known = self._known(key)
        told = known.executed_amount if known else Decimal()
        before = item.order.executed_amount if item.before is None else item.before
        return before > told

    def _take_ready(self, key: str) -> Held | None:
        """Return a state that need not wait any more."""
        waiting = self._waiting(key)
        ready = [item for item in waiting if not self._is_ahead(key, item)]
        if not ready:
            return None
        first = min(ready, key=progress)
        self.held[key] = [item for item in waiting if item is not first]
        return first


def progress(item: Held) -> tuple[Decimal, int]:
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
