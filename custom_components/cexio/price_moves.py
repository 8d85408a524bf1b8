"""How far a price has moved within a span of time."""

from collections import deque
from decimal import Decimal

from .price_alerts import Direction


class PriceWindow:
    """The lowest and the highest price of a sliding span of time.

    A price counts until the next one replaces it, so that a market that rested longer
    than the span still has a price to move from. What is kept is bounded by the turns
    of the price, not by its changes.
    """

    def __init__(self, span: float) -> None:
        """Keep the span in seconds."""
        self._span = span
        self._last: Decimal | None = None
        # Until when a price was in force; lows rise and highs fall towards the present.
        self._lows: deque[tuple[float, Decimal]] = deque()
        self._highs: deque[tuple[float, Decimal]] = deque()

    def add(self, now: float, price: Decimal) -> None:
        """Take in a price at a time in seconds."""
        if (last := self._last) is not None:
            while self._lows and self._lows[-1][1] >= last:
                self._lows.pop()
            while self._highs and self._highs[-1][1] <= last:
                self._highs.pop()
            self._lows.append((now, last))
            self._highs.append((now, last))
        self._last = price
        for extremes in (self._lows, self._highs):
            while extremes and extremes[0][0] < now - self._span:
                extremes.popleft()

    def move(self, direction: Direction, percentage: Decimal) -> Decimal | None:
        """Return from which price it has moved by the percentage, None if it has not."""
        if self._last is None or not self._lows:
            return None
        if direction is Direction.UP:
            start = self._lows[0][1]
            distance = self._last - start
        else:
            start = self._highs[0][1]
            distance = start - self._last
        return start if distance * 100 >= percentage * start else None

    def restart(self) -> None:
        """Forget everything but the present price."""
        self._lows.clear()
        self._highs.clear()
