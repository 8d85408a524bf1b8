"""Points per calendar minute (rest.md 1.5): inclusive limit, new points at hh:mm:00.000."""

from collections.abc import Callable
from dataclasses import dataclass

MINUTE_MS = 60_000
PUBLIC_LIMIT = 100
PRIVATE_LIMIT = 200


@dataclass(slots=True)
class _Spent:
    """What one key or address has spent in a minute."""

    minute: int
    points: int


class Budgets:
    """Counters of one kind, by key or by address. A refused call costs nothing."""

    def __init__(self, limit: int, now: Callable[[], int]) -> None:
        """Allow `limit` points a minute to each."""
        self.limit = limit
        self._now = now
        self._spent: dict[str, _Spent] = {}

    def spend(self, who: str, points: int) -> bool:
        """Take points, or return False when they would exceed the limit."""
        minute = self._now() // MINUTE_MS
        spent = self._spent.get(who)
        if spent is None or spent.minute != minute:
            spent = self._spent[who] = _Spent(minute, 0)
        if spent.points + points > self.limit:
            return False
        spent.points += points
        return True

    def used(self, who: str) -> int:
        """Return what was spent in this minute."""
        spent = self._spent.get(who)
        return (
            spent.points
            if spent is not None and spent.minute == self._now() // MINUTE_MS
            else 0
        )

    def left(self, who: str) -> int:
        """Return what may still be spent in this minute."""
        return self.limit - self.used(who)

    def exhaust(self, who: str) -> None:
        """Leave nothing for this minute."""
        self._spent[who] = _Spent(self._now() // MINUTE_MS, self.limit)
