"""A book kept from a snapshot and increments."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum, auto

from .models import (
    BestPrices,
    BookLevel,
    OrderBook,
    OrderBookIncrement,
    OrderBookSnapshot,
)

# So many increments older than a repeated snapshot may be under way when it arrives; more of them
# mean that the exchange began to count anew.
_STALE_TOLERATED = 2


class Applied(Enum):
    """What an increment did to the book."""

    CHANGED = auto()
    IGNORED = auto()
    LOST = auto()


class _Side:
    """Amounts by price on one side of a book, and its best price."""

    def __init__(self, best_of: Callable[[Iterable[Decimal]], Decimal]) -> None:
        """Start empty; the best price is what max() or min() makes of them."""
        self.levels: dict[Decimal, Decimal] = {}
        self.best: Decimal | None = None
        self._best_of = best_of

    def replace(self, levels: tuple[BookLevel, ...]) -> None:
        """Forget what was there."""
        self.levels.clear()
        self.change(levels)

    def change(self, changed: tuple[BookLevel, ...]) -> None:
        """Set the amounts at some prices; zero deletes."""
        levels = self.levels
        news: list[Decimal] = []
        for price, amount in changed:
            if amount:
                levels[price] = amount
                news.append(price)
            else:
                levels.pop(price, None)
        if self.best in levels:
            # The many others need no look.
            news.append(self.best)
            self.best = self._best_of(news)
        else:
            self.best = self._best_of(levels) if levels else None


class OrderBookKeeper:
    """One pair's book by the sequence rules of websocket.md 4.6.

    An increment must follow the last one by exactly 1. Equal numbers are duplicates and ignored;
    a gap, or a lower number, means that the book is lost until the next snapshot.
    """

    def __init__(self, pair: str) -> None:
        """Start without a snapshot."""
        self.pair = pair
        self.synchronised = False
        self.losses = 0
        self._sequence = 0
        self._stale = 0
        self._fresh = False
        self._flowing = False
        self._bids = _Side(max)
        self._asks = _Side(min)

    def apply_snapshot(self, snapshot: OrderBookSnapshot) -> None:
        """Replace the whole book."""
        self._bids.replace(snapshot.bids)
        self._asks.replace(snapshot.asks)
        self._sequence = snapshot.sequence or 0
        self._stale = 0
        self._fresh, self._flowing = self._flowing, True
        self.synchronised = True

    def apply_increment(self, increment: OrderBookIncrement) -> Applied:
        """Change the levels that an increment names, if it is the next one."""
        if not self.synchronised or increment.sequence == self._sequence:
            return Applied.IGNORED
        if increment.sequence != self._sequence + 1:
            return self._out_of_order(increment.sequence)
        if not self._fresh:
            self.losses = 0
        self._sequence = increment.sequence
        self._fresh = False
        self._bids.change(increment.bids)
        self._asks.change(increment.asks)
        return Applied.CHANGED

    def lose(self) -> None:
        """Forget that the book is right; it takes a new snapshot."""
        self.synchronised = False

    def restart(self) -> None:
        """Expect the first snapshot of a new session, before which no increments flow."""
        self.lose()
        self._flowing = False

    def book(self) -> OrderBook:
        """Return the book as it is now."""
        return OrderBook(
            self.pair,
            self._sequence,
            self._bids.levels.copy(),
            self._asks.levels.copy(),
        )

    def best_prices(self) -> BestPrices:
        """Return the best prices as they are now."""
        return BestPrices(self.pair, self._bids.best, self._asks.best)

    def _out_of_order(self, sequence: int) -> Applied:
        """Decide on an increment that does not follow the last one."""
        if self._fresh and sequence < self._sequence and self._stale < _STALE_TOLERATED:
            self._stale += 1
            return Applied.IGNORED
        self.losses += 1
        self.lose()
        return Applied.LOST
