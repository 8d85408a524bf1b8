"""The market: a maker who quotes both sides of every book, and a seeded process that moves prices and trades.

The middle price of a pair wanders around its anchor (mean-reverting, so that it never runs away) on a seeded
path; the anchor is the listed price until somebody moves it. The maker quotes on a fixed price grid, so that a
small move changes only the ends of its ladder.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
import math
from random import Random

from simulators.exchange.clock import Clock
from simulators.exchange.engine.book import Book, Resting
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.money import ZERO, ceiling, floor, nearest, unit
from simulators.exchange.engine.orders import Side
from simulators.exchange.engine.reference import Pair

LEVELS = 25
# A tick of the market takes a second, done in slices so that no slice is long.
SLICES = 10
# Per tick: pull back towards the anchor, and the size of a step.
REVERSION = 0.01
STEP = 0.0004
# A trade of somebody happens in about one tick out of four.
TRADE_PROBABILITY = 0.25
# Resting value of a level, in USD, before chance and depth are applied.
LEVEL_USD = Decimal(12_000)


@dataclass(slots=True)
class _Quotes:
    """The maker's state in one pair."""

    pair: Pair
    random: Random
    anchor: Decimal
    mid: Decimal
    grid: Decimal
    deviation: float = 0.0
    absent: set[Side] = field(default_factory=set)
    ladder: dict[tuple[Side, Decimal], Resting] = field(default_factory=dict)


class Market:
    """The maker and the moves of all pairs."""

    def __init__(
        self, engine: Engine, clock: Clock, *, seed: int, publish: Callable[[], None]
    ) -> None:
        """Quote every pair; `publish` is called whenever the engine may have something to tell."""
        self.moving = True
        self._engine = engine
        self._clock = clock
        self._publish = publish
        self._quotes = {
            name: _quotes(pair, seed) for name, pair in engine.listing.pairs.items()
        }
        self._task: asyncio.Task[None] | None = None
        self._late = 0.0
        for quotes in self._quotes.values():
            self._requote(quotes)

    @property
    def late(self) -> float:
        """Return by how many seconds the last tick ended too late."""
        return self._late

    def start(self) -> None:
        """Begin to tick."""
        self._task = asyncio.create_task(self._run(), name="market")

    async def stop(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def mid(self, pair: str) -> Decimal:
        """Return the middle price."""
        return self._quotes[pair].mid

    def mids(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return anchor and middle price of every pair, for keeping."""
        return {
            name: (quotes.anchor, quotes.mid) for name, quotes in self._quotes.items()
        }

    def restore(self, pair: str, anchor: Decimal, mid: Decimal) -> None:
        """Take up a kept price."""
        if (quotes := self._quotes.get(pair)) is not None:
            quotes.anchor, quotes.mid = anchor, mid
            quotes.deviation = math.log(float(mid / anchor))
            self._requote(quotes)

    def move(self, pair: str, price: Decimal) -> None:
        """Bring the market of `pair` to `price`: resting orders of the client at or beyond it fill, and it stays there."""
        quotes = self._quotes[pair]
        quotes.anchor = quotes.mid = price
        quotes.deviation = 0.0
        quotes.absent.clear()
        self._withdraw(quotes)
        self._engine.sweep(quotes.pair, price)
        self._engine.print_trade(quotes.pair, Side.BUY, price, quotes.pair.base_min)
        self._requote(quotes)

    def refill(self, pair: str) -> None:
        """Let the maker be back with its whole ladder."""
        quotes = self._quotes[pair]
        quotes.absent.clear()
        self._requote(quotes)

    def leave(self, pair: str, side: Side | None) -> None:
        """Let the maker leave a side, or both, until a refill."""
        quotes = self._quotes[pair]
        quotes.absent.update(Side if side is None else (side,))
        self._requote(quotes)

    async def _run(self) -> None:
        """Tick for ever: every second each pair once, in slices."""
        names = list(self._quotes)
        due = self._clock.time()
        while True:
            for part in range(SLICES):
                due += 1 / SLICES
                await self._clock.sleep(due - self._clock.time())
                self._late = self._clock.time() - due
                if abs(self._late) > 1:
                    # Time was moved, or the machine slept: no use in making up for it.
                    due = self._clock.time()
                self.tick(names[part::SLICES])

    def tick(self, names: list[str]) -> None:
        """Move and requote some pairs; end what has expired."""
        for name in names:
            quotes = self._quotes[name]
            if self.moving:
                self._wander(quotes)
            self._requote(quotes)
            if self.moving and quotes.random.random() < TRADE_PROBABILITY:
                self._trade(quotes)
        self._engine.expire()
        self._publish()

    def _wander(self, quotes: _Quotes) -> None:
        """Take one step of the seeded path."""
        quotes.deviation += -REVERSION * quotes.deviation + STEP * quotes.random.gauss()
        factor = Decimal(f"{math.exp(quotes.deviation):.9f}")
        quotes.mid = max(
            nearest(quotes.anchor * factor, quotes.pair.price_precision),
            unit(quotes.pair.price_precision) * 2,
        )

    def _trade(self, quotes: _Quotes) -> None:
        """Let somebody trade a little with the best level."""
        side = quotes.random.choice((Side.BUY, Side.SELL))
        pair = quotes.pair
        amount = floor(
            pair.base_min * Decimal(quotes.random.randint(1, 40)), pair.base_precision
        )
        best = self._engine.books[pair.name].opposite(side).best()
        self._engine.others_take(pair, side, amount, best)

    def _withdraw(self, quotes: _Quotes) -> None:
        """Take all quotes out of the book."""
        book = self._engine.books[quotes.pair.name]
        for resting in quotes.ladder.values():
            if resting.remaining:
                book.side(resting.side).remove(resting)
        quotes.ladder.clear()

    def _requote(self, quotes: _Quotes) -> None:
        """Bring the ladder to where the middle price is: the client's orders that it meets are filled."""
        pair, engine = quotes.pair, self._engine
        book = engine.books[pair.name]
        wanted = dict.fromkeys(
            key for key in _ladder(quotes) if key[0] not in quotes.absent
        )
        for key, resting in list(quotes.ladder.items()):
            if not resting.remaining:
                del quotes.ladder[key]
            elif key not in wanted:
                book.side(resting.side).remove(resting)
                del quotes.ladder[key]
        for depth, (side, price) in enumerate(wanted):
            if (side, price) in quotes.ladder:
                continue
            self._clear(quotes, side, price, book)
            amount = _size(quotes, depth // 2)
            quotes.ladder[side, price] = engine.rest(pair, side, price, amount)
        self._breathe(quotes, book)
        engine.check_stops(pair)
        engine.tapes[pair.name].quote(engine.now(), book.bids.best(), book.asks.best())

    def _clear(self, quotes: _Quotes, side: Side, price: Decimal, book: Book) -> None:
        """Trade away what stands in the way of a quote, so that the book never crosses."""
        opposite = book.opposite(side)
        best = opposite.best()
        while best is not None and (
            best >= price if side is Side.SELL else best <= price
        ):
            self._engine.others_take(quotes.pair, side, opposite.amount(best), price)
            best = opposite.best()

    def _breathe(self, quotes: _Quotes, book: Book) -> None:
        """Change the size of one quote, as makers do all the time."""
        if not self.moving or not quotes.ladder:
            return
        key = quotes.random.choice(list(quotes.ladder))
        resting = quotes.ladder.pop(key)
        if resting.remaining:
            book.side(resting.side).remove(resting)
        quotes.ladder[key] = self._engine.rest(
            quotes.pair, *key, _size(quotes, quotes.random.randrange(LEVELS))
        )


def _quotes(pair: Pair, seed: int) -> _Quotes:
    """Begin a pair; its path depends on the seed and its name alone."""
    grid = max(
        unit(pair.price_precision), floor(pair.price / 10_000, pair.price_precision)
    )
    return _Quotes(pair, Random(f"{seed}:{pair.name}"), pair.price, pair.price, grid)


def _ladder(quotes: _Quotes) -> list[tuple[Side, Decimal]]:
    """List the quotes around the middle price, best first, sides in turn."""
    grid, mid = quotes.grid, quotes.mid
    below = (ceiling(mid / grid, 0) - 1) * grid
    above = (floor(mid / grid, 0) + 1) * grid
    ladder = []
    for depth in range(LEVELS):
        if (bid := below - depth * grid) > ZERO:
            ladder.append((Side.BUY, bid))
        ladder.append((Side.SELL, above + depth * grid))
    return ladder


def _size(quotes: _Quotes, depth: int) -> Decimal:
    """Draw the size of a level: larger further out."""
    pair = quotes.pair
    usd = LEVEL_USD * Decimal(
        f"{quotes.random.uniform(0.6, 1.4) * (1 + depth / 8):.4f}"
    )
    amount = floor(usd / pair.usd, pair.base_precision)
    return max(amount, pair.base_lot_size)
