"""The stand-in's clock: the machine's own, or one that a test turns by hand."""

import asyncio
import contextlib
import time
from typing import override


class Clock:
    """Tell the time and wait, as the machine does."""

    def time(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for an event, at most a number of seconds; return whether it came."""
        if event.is_set() or seconds <= 0:
            return event.is_set()
        waiter = asyncio.ensure_future(event.wait())
        sleeper = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait((waiter, sleeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiter, sleeper):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        return event.is_set()


class ManualClock(Clock):
    """Stand still until told to go on."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        """Begin at a moment given in seconds since 1970."""
        self._now = now
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._waited = asyncio.Event()

    @override
    def time(self) -> float:
        return self._now

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        sleeper = (self._now + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        self._waited.set()
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)
            if not self._sleepers:
                self._waited.clear()

    async def somebody_waits(self) -> None:
        """Wait until somebody waits for a later moment."""
        await self._waited.wait()

    def advance(self, seconds: float) -> None:
        """Go on by a number of seconds and wake whoever waited for that moment."""
        self._now += seconds
        for due, event in self._sleepers:
            if due <= self._now:
                event.set()


class Signal:
    """Wake everybody who waits for the next change."""

    def __init__(self) -> None:
        """Begin without a change."""
        self._next = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Return the event that the next change sets."""
        return self._next

    def fire(self) -> None:
        """Tell of a change."""
        self._next.set()
        self._next = asyncio.Event()
