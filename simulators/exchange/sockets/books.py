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
from simulators.exchange.faults import FaultKind, Faults
from simulators.exchange.sockets import frames
from simulators.exchange.sockets.hub import Listener

type Levels = dict[Decimal, Decimal]

# Every feed works in slices of this many seconds, so that pairs have phases of their own.
SLICE = 0.1
PUBLIC_PACE = 1.0
# How far a sequence falls back at a simulated restart.
RESET_BY = 1000


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

    def __init__(
        self, engine: Engine, clock: Clock, faults: Faults, *, channel: str
    ) -> None:
        """Serve the sockets of a channel: `public` once a second, `private` faster."""
        self._engine = engine
        self._clock = clock
        self._faults = faults
        self._channel = channel
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

    def unsubscribe(self, pair: str, listener: Listener) -> bool:
        """Remove a listener; False when it did not listen."""
        held = listener in self._feeds[pair].listeners
        self._feeds[pair].listeners.discard(listener)
        return held

    def forget(self, listener: Listener) -> None:
        """Remove a listener from all pairs."""
        for feed in self._feeds.values():
            feed.listeners.discard(listener)

    async def _run(self) -> None:
        """Publish for ever."""
        names = list(self._feeds)
        due, part = self._clock.time(), 0
        while True:
            due += SLICE
            await self._clock.sleep(due - self._clock.time())
            self.late = self._clock.time() - due
            if abs(self.late) > 1:
                # Time was moved, or the machine slept: no use in making up for it.
                due = self._clock.time()
            slices = self._slices()
            self.publish(names[part % slices :: slices])
            part += 1

    def _slices(self) -> int:
        """Return in how many slices all pairs are published once."""
        pace = (
            PUBLIC_PACE
            if self._channel == "public"
            else self._faults.switches.private_book_pace
        )
        return max(1, round(pace / SLICE))

    def publish(self, names: list[str]) -> None:
        """Send the increments of some pairs, where somebody listens and something changed."""
        for name in names:
            feed = self._feeds[name]
            if not feed.listeners or (increment := self._increment(feed)) is None:
                continue
            if (
                self._faults.take(
                    FaultKind.GAP, "order_book_increment", self._channel, name
                )
                is not None
            ):
                continue
            frame = frames.event("order_book_increment", increment)
            for listener in list(feed.listeners):
                listener.send(frame, "order_book_increment", name)
                if self._faults.switches.duplicate_increments:
                    listener.send(frame, "order_book_increment", name)

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
        if (
            self._faults.take(
                FaultKind.RESET, "order_book_increment", self._channel, feed.pair.name
            )
            is not None
        ):
            feed.sequence = max(0, feed.sequence - RESET_BY)
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
