"""The past before the simulator was started: a seeded price path, so that charts and statistics are not empty.

The path is a sum of slow waves through the listed price at the start moment, taken at five-minute knots with
straight lines between them, so that candles of all resolutions agree with each other.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
import math
from random import Random
from typing import override

from simulators.exchange.engine.money import floor, unit
from simulators.exchange.engine.reference import Pair

KNOT_MS = 300_000
DAY_MS = 86_400_000
# How far back there is a past.
DAYS = 400
# Periods of the waves in hours, with the size of each (as a fraction of the price).
_WAVES = (
    (0.9, 0.0008),
    (3.1, 0.002),
    (11.0, 0.005),
    (29.0, 0.01),
    (170.0, 0.03),
    (1900.0, 0.10),
)
TRADES_WITHIN_MS = 3_600_000
_KNOTS_KEPT = 200_000


@dataclass(frozen=True)
class Past:
    """The past of one pair, seen from the start moment (Unix ms)."""

    pair: Pair
    seed: int
    start: int

    @override
    def __hash__(self) -> int:
        """Hash by what makes the path."""
        return hash((self.pair.name, self.seed, self.start))

    def price(self, time: int) -> float:
        """Return the price at a moment."""
        knot = time // KNOT_MS
        left, right = _knot(self, knot), _knot(self, knot + 1)
        return left + (right - left) * (time % KNOT_MS) / KNOT_MS

    def bar(self, start: int, end: int) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Return open, high, low and close of a span."""
        prices = [self.price(start)]
        prices.extend(
            _knot(self, knot)
            for knot in range(start // KNOT_MS + 1, (end - 1) // KNOT_MS + 1)
        )
        prices.append(self.price(end))
        return (
            self._tick(prices[0]),
            self._tick(max(prices)),
            self._tick(min(prices)),
            self._tick(prices[-1]),
        )

    def volume(self, start: int, end: int) -> Decimal:
        """Return the base amount traded in a span, some 5 million USD a day for a coin of any price."""
        daily = Decimal(5_000_000) / self.pair.usd
        if end - start < 2 * 3_600_000:
            # Short spans differ from each other, days hardly.
            daily *= (
                Decimal(
                    Random(f"{self.seed}:{self.pair.name}:{start}").randint(40, 160)
                )
                / 100
            )
        return floor(daily * (end - start) / DAY_MS, self.pair.base_precision)

    def trades(self, count: int) -> list[tuple[int, bool, Decimal, Decimal]]:
        """Return the last trades before the start as (time, bought, price, amount), oldest first."""
        random = Random(f"trades:{self.seed}:{self.pair.name}")
        times = sorted(
            self.start - random.randrange(1, TRADES_WITHIN_MS) for _ in range(count)
        )
        lot = self.pair.base_min
        return [
            (
                time,
                random.random() < 0.5,
                self._tick(self.price(time)),
                lot * random.randint(1, 40),
            )
            for time in times
        ]

    def _tick(self, price: float) -> Decimal:
        """Round to the pair's price precision."""
        precision = self.pair.price_precision
        return max(Decimal(f"{price:.{precision}f}"), unit(precision))


@lru_cache(maxsize=512)
def _waves(past: Past) -> tuple[tuple[float, float, float], ...]:
    """Return (angular speed per ms, size, phase) of the waves."""
    random = Random(f"past:{past.seed}:{past.pair.name}")
    return tuple(
        (2 * math.pi / (hours * 3_600_000), size, random.uniform(0, 2 * math.pi))
        for hours, size in _WAVES
    )


def _log(past: Past, time: int) -> float:
    """Return the logarithm of the path, up to a constant."""
    return sum(
        size * math.sin(speed * (time - past.start) + phase)
        for speed, size, phase in _waves(past)
    )


@lru_cache(maxsize=_KNOTS_KEPT)
def _knot(past: Past, knot: int) -> float:
    """Return the price at a knot; it goes through the listed price at the start."""
    return float(past.pair.price) * math.exp(
        _log(past, knot * KNOT_MS) - _log(past, past.start)
    )
