"""A clock whose hands a test turns."""

import asyncio
from collections.abc import Callable
from typing import override

from telegram_bot.clock import Clock
from tests.patience import PATIENCE

START = 1_800_000_000.0


class ManualClock(Clock):
    """Time that passes only when `advance` says so."""

    def __init__(self) -> None:
        """Start at a round moment."""
        self._passed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @override
    def time(self) -> float:
        """Return the moment that the test is at."""
        return START + self._passed

    @override
    def monotonic(self) -> float:
        """Return the seconds since the start of the test."""
        return self._passed

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved on far enough."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._passed + seconds, waiting))
        await waiting

    def awaited(self) -> list[float]:
        """Return in how many seconds each who waits wants to go on."""
        return [
            due - self._passed for due, waiting in self._sleepers if not waiting.done()
        ]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
        due = [
            sleeper for sleeper in self._sleepers if sleeper[0] <= self._passed + 1e-9
        ]
        self._sleepers = [
            sleeper
            for sleeper in self._sleepers
            if sleeper not in due and not sleeper[1].done()
        ]
        for _, waiting in sorted(due, key=lambda sleeper: sleeper[0]):
            if not waiting.done():
                waiting.set_result(None)

    async def pass_until(
        self, condition: Callable[[], bool], step: float | None = 1.0
    ) -> None:
        """Let time pass in steps, each with a moment for everybody else, until something is so.

        Without a step it passes from one moment that is waited for to the next: none is lost while the only one who
        waits has something to do, however long that takes.
        """
        async with asyncio.timeout(PATIENCE):
            while not condition():
                due = min(self.awaited(), default=0.0)
                self.advance(due if step is None else step)
                await asyncio.sleep(0.001)

    async def until_awaited(self) -> None:
        """Let nothing pass until somebody waits for time to."""
        await self.pass_until(lambda: bool(self.awaited()), step=0)
