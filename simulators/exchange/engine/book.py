"""The order book of one pair: price-time priority, best first."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.money import ZERO
from simulators.exchange.engine.orders import Order, Side


@dataclass(slots=True, eq=False)
class Resting:
    """An order in the book: the client's when `order` is set, else somebody's."""

    number: int
    side: Side
    price: Decimal
    remaining: Decimal
    order: Order | None = None


class BookSide:
    """One side: levels by price, entries in a level by arrival."""

    def __init__(self, side: Side) -> None:
        """Start empty."""
        self.side = side
        self._prices: list[Decimal] = []
        self._levels: dict[Decimal, dict[int, Resting]] = {}
        self._totals: dict[Decimal, Decimal] = {}

    def best(self) -> Decimal | None:
        """Return the best price."""
        if not self._prices:
            return None
        return self._prices[-1] if self.side is Side.BUY else self._prices[0]

    def amount(self, price: Decimal) -> Decimal:
        """Return the total amount at `price`."""
        return self._totals.get(price, ZERO)

    def add(self, resting: Resting) -> None:
        """Queue behind everything at the same price."""
        level = self._levels.get(resting.price)
        if level is None:
            level = self._levels[resting.price] = {}
            self._totals[resting.price] = ZERO
            insort(self._prices, resting.price)
        level[resting.number] = resting
        self._totals[resting.price] += resting.remaining

    def remove(self, resting: Resting) -> None:
        """Take an entry out."""
        level = self._levels[resting.price]
        del level[resting.number]
        if level:
            self._totals[resting.price] -= resting.remaining
            return
        del self._levels[resting.price], self._totals[resting.price]
        del self._prices[bisect_left(self._prices, resting.price)]

    def reduce(self, resting: Resting, amount: Decimal) -> None:
        """Take `amount` off an entry, which leaves when nothing remains."""
        if amount == resting.remaining:
            self.remove(resting)
            resting.remaining = ZERO
            return
        resting.remaining -= amount
        self._totals[resting.price] -= amount

    def prices(self) -> Iterator[Decimal]:
        """Go through the prices, best first."""
        return reversed(self._prices) if self.side is Side.BUY else iter(self._prices)

    def entries(self) -> Iterator[Resting]:
        """Go through the entries in the order in which they trade."""
        for price in self.prices():
            yield from self._levels[price].values()

    def top(self, count: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best `count` levels as (price, amount)."""
        prices = (
            self._prices[-count:][::-1]
            if self.side is Side.BUY
            else self._prices[:count]
        )
        return [(price, self._totals[price]) for price in prices]


class Book:
    """Both sides of a pair."""

    def __init__(self) -> None:
        """Start empty."""
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def side(self, side: Side) -> BookSide:
        """Return the side where orders of `side` rest."""
        return self.bids if side is Side.BUY else self.asks

    def opposite(self, side: Side) -> BookSide:
        """Return the side against which orders of `side` trade."""
        return self.asks if side is Side.BUY else self.bids
