"""The exchange's clock: the machine's own time, which a test may move, stop and step."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
import heapq
from itertools import count
import time

# Enough turns of the loop for a woken task to do its work and sleep again.
SETTLE_TURNS = 12


@dataclass(order=True, slots=True)
class _Sleeper:
    """A task that waits for a moment."""

    deadline: float
    number: int
    future: asyncio.Future[None] = field(compare=False)


class Clock:
    """Unix time and sleeping, real by default, driven by hand when frozen.

    While it runs, `time` follows the machine's monotonic clock from its start value. While it is
    frozen, time stands still and `sleep` ends only through `advance` or `jump`.
    """

    def __init__(self, start: float | None = None, *, frozen: bool = False) -> None:
        """Start at Unix time `start` in seconds (default: now)."""
        self._base = time.time() if start is None else start
        self._mark = time.monotonic()
        self.frozen = frozen
        self._sleepers: list[_Sleeper] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    def time(self) -> float:
        """Return Unix time in seconds."""
        return self._base if self.frozen else self._base + time.monotonic() - self._mark

    def now_ms(self) -> int:
        """Return Unix time in whole milliseconds."""
        return int(round(self.time() * 1000, 3))

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` of this clock have passed."""
        future = asyncio.get_running_loop().create_future()
        sleeper = _Sleeper(self.time() + max(seconds, 0.0), next(self._numbers), future)
        heapq.heappush(self._sleepers, sleeper)
        self._arm()
        try:
            await future
        except asyncio.CancelledError:
            # No timer for somebody who gave up.
            future.cancel()
            self._arm()
            raise

    def freeze(self) -> None:
        """Stop time."""
        self._set(self.time())
        self.frozen = True
        self._arm()

    def run(self) -> None:
        """Let time run on from where it stands."""
        self._set(self.time())
        self.frozen = False
        self._arm()

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, stopping at every moment that somebody waits for."""
        target = self.time() + seconds
        while (sleeper := self._next()) is not None and sleeper.deadline <= target:
            self._set(max(sleeper.deadline, self.time()))
            self._wake_due()
            await self._settle()
        self._set(max(target, self.time()))
        self._wake_due()
        await self._settle()

    async def jump(self, seconds: float) -> None:
        """Move by `seconds` in one leap: whoever is due wakes once; back in time, all wait as long as before."""
        if seconds < 0:
            for sleeper in self._sleepers:
                sleeper.deadline += seconds
        self._set(self.time() + seconds)
        self._wake_due()
        await self._settle()

    def _set(self, moment: float) -> None:
        """Make `moment` the present."""
        self._base = moment
        self._mark = time.monotonic()

    def _next(self) -> _Sleeper | None:
        """Return who wakes first, forgetting those who gave up."""
        while self._sleepers and self._sleepers[0].future.done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0] if self._sleepers else None

    def _wake_due(self) -> None:
        """Wake everybody whose moment has come."""
        now = self.time()
        while (sleeper := self._next()) is not None and sleeper.deadline <= now:
            heapq.heappop(self._sleepers)
            sleeper.future.set_result(None)
        self._arm()

    def _arm(self) -> None:
        """Set the real timer for the next sleeper, or none while frozen."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.frozen or (sleeper := self._next()) is None:
            return
        delay = max(sleeper.deadline - self.time(), 0.0)
        self._timer = asyncio.get_running_loop().call_later(delay, self._wake_due)

    @staticmethod
    async def _settle() -> None:
        """Let woken tasks run."""
        for _ in range(SETTLE_TURNS):
            await asyncio.sleep(0)


def iso(milliseconds: int) -> str:
    """Return `YYYY-MM-DDTHH:mm:ss.SSSZ` for Unix milliseconds."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def parse_iso(text: str) -> int:
    """Return Unix milliseconds of an ISO moment; ValueError when it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
