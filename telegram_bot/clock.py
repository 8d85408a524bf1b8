"""Time as the bot sees it: injected, so that tests turn the hands themselves."""

import asyncio
from collections.abc import Awaitable
import time
from typing import override


class Clock:
    """Tell the time and wait."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds of this clock."""
        await asyncio.sleep(seconds)

    async def within[T](self, awaitable: Awaitable[T], seconds: float) -> T:
        """Await something for at most some seconds of this clock.

        Raises:
            TimeoutError: it took longer; what was awaited has been cancelled.
        """
        work = asyncio.ensure_future(awaitable)
        # At once, so that the time begins now.
        limit = asyncio.create_task(self.sleep(seconds), eager_start=True)
        try:
            await asyncio.wait((work, limit), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise TimeoutError
        finally:
            for task in (work, limit):
                task.cancel()
            await asyncio.gather(work, limit, return_exceptions=True)


class SystemClock(Clock):
    """The hands of the machine."""

    @override
    async def within[T](self, awaitable: Awaitable[T], seconds: float) -> T:
        """Await something; as the loop keeps the time of this clock, no task has to."""
        async with asyncio.timeout(seconds):
            return await awaitable


SYSTEM_CLOCK = SystemClock()
