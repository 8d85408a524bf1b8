"""The points that the exchange grants per calendar minute, shared fairly."""

import asyncio
from bisect import insort
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import count

from .clock import SYSTEM_CLOCK, Clock
from .errors import RateLimitError

_MINUTE = 60
# A waiter that woke on the very boundary could still land in the old minute of the exchange.
_BOUNDARY_MARGIN = 0.2
# So many past minutes are remembered.
_REMEMBERED = 15
# Points that the exchange counts and this budget did not spend.
ELSEWHERE = "elsewhere"
# Somebody looks at the screen: longer than this a refusal that names the time is better.
_PATIENCE = 5.0


class Priority(IntEnum):
    """Who goes first when points are short; only ORDER may use the last quarter.

    A RECOVERY that a whole minute had no points for counts as an ORDER from the next one on.
    """

    ORDER = 0
    RECOVERY = 1
    INTERACTIVE = 2
    BACKGROUND = 3


@dataclass(slots=True)
class _Minute:
    """What one calendar minute was spent on, and whether somebody wanted more."""

    number: int
    spent: Counter[str] = field(default_factory=Counter)
    is_short: bool = False


@dataclass(slots=True, order=True)
class _Waiter:
    """A request in the queue, ordered by priority, then by arrival."""

    priority: Priority
    turn: int
    points: int = field(compare=False)
    what: str = field(compare=False)
    since: int = field(compare=False)
    granted: bool = field(compare=False, default=False)
    woken: asyncio.Event = field(compare=False, default_factory=asyncio.Event)


class Budget:
    """Points per calendar minute of the exchange's clock (rest.md 1.5, websocket.md 1.6).

    One object per API key (200 points) and one per address (100 points), shared by REST and
    WebSocket. Spending waits for the next minute when needed, in order of priority, then arrival.
    """

    def __init__(self, limit: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Start with an unspent minute.

        Args:
            limit: Points per calendar minute.
            clock: The time source.
        """
        self.limit = limit
        self._clock = clock
        self._minute = _Minute(self._now_minute())
        self._past: deque[_Minute] = deque(maxlen=_REMEMBERED)
        self._waiters: list[_Waiter] = []
        self._turns = count()

    @property
    def used(self) -> int:
        """Points spent in the present minute."""
        self._roll()
        return self._minute.spent.total()

    @property
    def short_minutes(self) -> int:
        """How many minutes in a row, up to the present one, had too few points."""
        self._roll()
        minutes = 0
        for minute in reversed(self._past):
            if (
                not minute.is_short
                or self._minute.number - minute.number != minutes + 1
            ):
                break
            minutes += 1
        return minutes + self._minute.is_short

    @property
    def uses(self) -> Counter[str]:
        """What took points in the remembered minutes, by method or ELSEWHERE."""
        self._roll()
        return sum((minute.spent for minute in self._past), Counter(self._minute.spent))

    @property
    def next_minute(self) -> datetime:
        """The moment (UTC, the exchange's clock) when all points are back."""
        return datetime.fromtimestamp((self._now_minute() + 1) * _MINUTE, UTC)

    async def spend(self, points: int, priority: Priority, what: str = "") -> None:
        """Take points, waiting for a later minute when this one has too few left.

        Fair: nobody overtakes an earlier request of the same or a higher priority. Cancelling the
        wait gives the place, and points granted meanwhile, to those behind. INTERACTIVE waits no
        longer than 5 s: when it would have to, it is refused at once.

        Args:
            points: How many.
            priority: Who goes first when they are short.
            what: What they are for.

        Raises:
            RateLimitError: Somebody who looks on would have to wait for too long.
            ValueError: More points than this priority could ever have.
        """
        if points > self._ceiling(priority):
            raise ValueError(f"{points} points can never be granted at {priority.name}")
        if priority is not Priority.INTERACTIVE:
            await self._wait(points, priority, what)
            return
        if self.delay(points, priority).total_seconds() > _PATIENCE:
            raise self._refusal(points)
        try:
            # What is more urgent may still have come in between.
            async with self._clock.timeout(_PATIENCE):
                await self._wait(points, priority, what)
        except TimeoutError:
            raise self._refusal(points) from None

    async def _wait(self, points: int, priority: Priority, what: str) -> None:
        """Queue for points until they are granted."""
        self._wake_head()
        waiter = _Waiter(priority, next(self._turns), points, what, self._now_minute())
        insort(self._waiters, waiter)
        self._grant()
        try:
            while not waiter.granted:
                self._minute.is_short = True
                await self._next_change(waiter)
                self._grant()
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def delay(self, points: int, priority: Priority) -> timedelta:
        """Return how long spend() would wait if it were called now."""
        used, minutes = self.used, 0
        ahead = [
            (w.points, w.priority) for w in self._waiters if w.priority <= priority
        ]
        for wanted, rank in [*ahead, (points, priority)]:
            if used + wanted > self._ceiling(rank):
                used, minutes = 0, minutes + 1
            used += wanted
        if not minutes:
            return timedelta()
        return timedelta(seconds=self._until_next_minute() + (minutes - 1) * _MINUTE)

    def exhaust(self) -> None:
        """Empty this minute for everybody: the exchange refused for lack of points."""
        missing = self.limit - self.used
        if missing:
            self._minute.spent[ELSEWHERE] += missing
        self._minute.is_short = True

    def _refusal(self, points: int) -> RateLimitError:
        """Return the refusal of somebody who looks on, with the time to come back."""
        wait = self.delay(points, Priority.INTERACTIVE)
        self._minute.is_short = True
        return RateLimitError(retry_at=self._clock.exchange_now() + wait)

    def _ceiling(self, priority: Priority) -> int:
        """Return how far the minute may be spent by a priority."""
        return self.limit if priority is Priority.ORDER else self.limit * 3 // 4

    def _now_minute(self) -> int:
        """Return the number of the present calendar minute."""
        return int(self._clock.exchange_time() // _MINUTE)

    def _until_next_minute(self) -> float:
        """Return the seconds until points are back, a little late rather than early."""
        return _MINUTE - self._clock.exchange_time() % _MINUTE + _BOUNDARY_MARGIN

    def _roll(self) -> None:
        """Begin a new minute when the old one is over."""
        if (number := self._now_minute()) != self._minute.number:
            self._past.append(self._minute)
            self._minute = _Minute(number)
            self._promote()

    def _promote(self) -> None:
        """Let recoveries that waited for a whole minute go before later orders, which must not starve them."""
        last = self._past[-1].number
        for waiter in self._waiters:
            if waiter.priority is Priority.RECOVERY and waiter.since < last:
                waiter.priority = Priority.ORDER
        self._waiters.sort()

    def _grant(self) -> None:
        """Serve the queue from its head for as long as the points last."""
        self._roll()
        served = False
        while self._waiters:
            head = self._waiters[0]
            if self.used + head.points > self._ceiling(head.priority):
                break
            self._minute.spent[head.what] += head.points
            self._waiters.remove(head)
            head.granted = served = True
            head.woken.set()
        if served:
            self._wake_head()

    def _wake_head(self) -> None:
        """Let the head of the queue look again whether it is the one who watches the time."""
        if self._waiters:
            self._waiters[0].woken.set()

    async def _next_change(self, waiter: _Waiter) -> None:
        """Wait until this request is served, or the queue has moved.

        Only the head watches the time: it serves all others, and so goes first itself.
        """
        waiter.woken.clear()
        if waiter is not self._waiters[0]:
            await waiter.woken.wait()
            return
        with suppress(TimeoutError):
            async with self._clock.timeout(self._until_next_minute()):
                await waiter.woken.wait()

    def _give_up(self, waiter: _Waiter) -> None:
        """Leave the queue, or hand back what was granted in the same moment."""
        if waiter.granted:
            self._roll()
            # Nothing is left to hand back when a new minute has begun meanwhile.
            left = self._minute.spent[waiter.what] - waiter.points
            self._minute.spent[waiter.what] = max(0, left)
        else:
            self._waiters.remove(waiter)
        self._grant()
        self._wake_head()
