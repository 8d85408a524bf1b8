"""A book kept from a snapshot and increments."""

from decimal import Decimal
from enum import Enum, auto

from .models import BookLevel, OrderBook, OrderBookIncrement, OrderBookSnapshot

# So many increments older than a repeated snapshot may be under way when it arrives; more of them
# mean that the exchange began to count anew.
_STALE_TOLERATED = 2


class Applied(Enum):
    """What an increment did to the book."""

    CHANGED = auto()
    IGNORED = auto()
    LOST = auto()


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
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def apply_snapshot(self, snapshot: OrderBookSnapshot) -> None:
        """Replace the whole book."""
        self._bids = {price: amount for price, amount in snapshot.bids if amount}
        self._asks = {price: amount for price, amount in snapshot.asks if amount}
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
        _change(self._bids, increment.bids)
        _change(self._asks, increment.asks)
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
            self.pair, self._sequence, self._bids.copy(), self._asks.copy()
        )

    def _out_of_order(self, sequence: int) -> Applied:
        """Decide on an increment that does not follow the last one."""
        if self._fresh and sequence < self._sequence and self._stale < _STALE_TOLERATED:
            self._stale += 1
            return Applied.IGNORED
        self.losses += 1
        self.lose()
        return Applied.LOST


def _change(side: dict[Decimal, Decimal], levels: tuple[BookLevel, ...]) -> None:
    """Set the amounts at some prices; zero deletes."""
    for price, amount in levels:
        if amount:
            side[price] = amount
        else:
            side.pop(price, None)
