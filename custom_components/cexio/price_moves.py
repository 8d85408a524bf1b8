"""How far a price has moved within a span of time."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

SHORTEST_WINDOW = timedelta(seconds=1)
LONGEST_WINDOW = timedelta(days=1)
# A span is cut into so many parts, of which each one keeps its extreme price at most.
RESOLUTION = 1_000


class Direction(StrEnum):
    """Which way the price went."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Move:
    """How a price has moved."""

    direction: Direction
    start: Decimal
    # Of the start, with two decimals; negative for a fall.
    percentage: Decimal


class PriceWindow:
    """The lowest and the highest price of a sliding span of time.

    A price counts until the next one replaces it, so that a market that rested longer
    than the span still has a price to move from. However often the price changes, no
    more is kept than the resolution: a price may be forgotten that part of the span
    too early, never too late.
    """

    def __init__(self, span: float) -> None:
        """Keep the span in seconds."""
        self._span = span
        self._part = span / RESOLUTION
        self._last: Decimal | None = None
        # Until when a price was in force; lows rise and highs fall towards the present.
        self._lows: deque[tuple[float, Decimal]] = deque()
        self._highs: deque[tuple[float, Decimal]] = deque()

    def add(self, now: float, price: Decimal) -> None:
        """Take in a price at a time in seconds, by a clock that never goes back."""
        if (last := self._last) is not None:
            while self._lows and self._lows[-1][1] >= last:
                self._lows.pop()
            while self._highs and self._highs[-1][1] <= last:
                self._highs.pop()
            for extremes in (self._lows, self._highs):
                # What comes this soon is behind a better one for as long as it counts.
                if not extremes or now - extremes[-1][0] >= self._part:
                    extremes.append((now, last))
        self._last = price
        for extremes in (self._lows, self._highs):
            while extremes and extremes[0][0] < now - self._span:
                extremes.popleft()

    def move(self, direction: Direction, percentage: Decimal) -> Decimal | None:
        """Return from which price it has moved by the percentage, None if it has not."""
        extremes = self._lows if direction is Direction.UP else self._highs
        if self._last is None or not extremes:
            return None
        start = extremes[0][1]
        risen = self._last - start
        distance = risen if direction is Direction.UP else -risen
        return start if distance * 100 >= percentage * start else None

    def find(self, percentage: Decimal, directions: Iterable[Direction]) -> Move | None:
        """Return how it has moved by the percentage in one of the directions."""
        for direction in directions:
            start = self.move(direction, percentage)
            if start is not None and self._last is not None:
                moved = (self._last - start) * 100 / start
                return Move(direction, start, moved.quantize(Decimal("0.01")))
        return None

    def restart(self) -> None:
        """Forget everything but the present price."""
        self._lows.clear()
        self._highs.clear()
