"""The book feeds: what changed in the best 20 levels, at a steady pace, numbered per pair."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulators.exchange import wire
from simulators.exchange.clock import Clock
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.money import ZERO
from simulators.exchange.engine.reference import Pair
from simulators.exchange.sockets import frames
from simulators.exchange.sockets.hub import Listener

type Levels = dict[Decimal, Decimal]

# Every feed works in slices of this many seconds, so that pairs have phases of their own.
SLICE = 0.1


@dataclass(slots=True)
class _Feed:
    """What the subscribers of a pair were last told."""

    pair: Pair
    sequence: int
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    listeners: set[Listener] = field(default_factory=set)


class BookFeeds:
    """All pairs' feeds of one kind of socket."""

    def __init__(self, engine: Engine, clock: Clock, *, slices: int) -> None:
        """Publish every pair once in `slices` slices."""
        self._engine = engine
        self._clock = clock
        self._slices = slices
        # Sequences begin somewhere, not at zero.
        self._feeds = {
            name: _Feed(pair, 4_000_000 + 1_000 * number)
            for number, (name, pair) in enumerate(engine.listing.pairs.items())
        }
        self._task: asyncio.Task[None] | None = None
        self.late = 0.0

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.create_task(self._run(), name="book feeds")

    async def stop(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, pair: str, listener: Listener) -> dict[str, Any]:
        """Add a listener and return the snapshot that its increments follow."""
        feed = self._feeds[pair]
        if not feed.listeners:
            feed.bids, feed.asks = self._current(pair)
        feed.listeners.add(listener)
        return {
            "seqId": feed.sequence,
            "pair": pair,
            "bids": wire.levels(list(feed.bids.items()), feed.pair, trimmed=True),
            "asks": wire.levels(list(feed.asks.items()), feed.pair, trimmed=True),
        }

    def unsubscribe(self, pair: str, listener: Listener) -> None:
        """Remove a listener."""
        self._feeds[pair].listeners.discard(listener)

    def forget(self, listener: Listener) -> None:
        """Remove a listener from all pairs."""
        for feed in self._feeds.values():
            feed.listeners.discard(listener)

    async def _run(self) -> None:
        """Publish for ever."""
        names = list(self._feeds)
        due = self._clock.time()
        while True:
            for part in range(self._slices):
                due += SLICE
                await self._clock.sleep(due - self._clock.time())
                self.late = self._clock.time() - due
                if self.late > 1:
                    due = self._clock.time()
                self.publish(names[part :: self._slices])

    def publish(self, names: list[str]) -> None:
        """Send the increments of some pairs, where somebody listens and something changed."""
        for name in names:
            feed = self._feeds[name]
            if feed.listeners and (increment := self._increment(feed)) is not None:
                frame = frames.event("order_book_increment", increment)
                for listener in list(feed.listeners):
                    listener.send(frame)

    def _current(self, pair: str) -> tuple[Levels, Levels]:
        """Return the best levels of both sides."""
        book = self._engine.books[pair]
        return dict(book.bids.top(wire.BOOK_DEPTH)), dict(
            book.asks.top(wire.BOOK_DEPTH)
        )

    def _increment(self, feed: _Feed) -> dict[str, Any] | None:
        """Return what changed since the last time, levels in no particular order."""
        bids, asks = self._current(feed.pair.name)
        changed_bids, changed_asks = (
            _changes(feed.bids, bids),
            _changes(feed.asks, asks),
        )
        if not changed_bids and not changed_asks:
            return None
        feed.sequence += 1
        feed.bids, feed.asks = bids, asks
        return {
            "seqId": feed.sequence,
            "pair": feed.pair.name,
            "bids": wire.levels(changed_bids, feed.pair, trimmed=True),
            "asks": wire.levels(changed_asks, feed.pair, trimmed=True),
        }


def _changes(before: Levels, after: Levels) -> list[tuple[Decimal, Decimal]]:
    """Return new amounts by price; zero for a level that left."""
    changed = [
        (price, amount)
        for price, amount in after.items()
        if before.get(price) != amount
    ]
    changed.extend((price, ZERO) for price in before if price not in after)
    return changed
