"""Time: the wall clock, the timers, and how far the exchange's clock is from ours."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
import time


class Clock:
    """The time source of the whole client; tests inject one that they drive.

    Attributes:
        offset: Seconds that the exchange's clock is ahead of ours (negative: behind).
    """

    def __init__(self) -> None:
        """Start without a measured offset."""
        self.offset = 0.0

    def time(self) -> float:
        """Return this machine's Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a context that raises TimeoutError after a number of seconds."""
        return asyncio.timeout(seconds)

    def exchange_time(self) -> float:
        """Return the Unix time of the exchange in seconds, as far as it was measured."""
        return self.time() + self.offset

    def exchange_now(self) -> datetime:
        """Return the exchange's present moment in UTC."""
        return datetime.fromtimestamp(self.exchange_time(), UTC)


SYSTEM_CLOCK = Clock()
