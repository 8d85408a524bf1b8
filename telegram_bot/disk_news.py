"""What the owner hears of a disk that takes nothing: that it does so, and when it is over."""

import asyncio
import sqlite3

from telegram_bot.access import Access
from telegram_bot.clock import Clock
from telegram_bot.languages import N_, _, speaking
from telegram_bot.markup import Message, e
from telegram_bot.outbox import Outbox

_REFUSES = N_(
    "💾 <b>My disk takes nothing</b>: {error}. I take no orders, and reports wait in Home Assistant until I can write again."
)
_BACK = N_("💾 I can write again. What was missed follows.")
# A disk that is nearly full takes one thing and refuses the next.
_QUIET = 3600.0


class DiskNews:
    """Told as answers are, since nothing can be kept."""

    def __init__(self, access: Access, clock: Clock) -> None:
        """Prepare; before `start` nobody is told."""
        self._access = access
        self._clock = clock
        self._outbox: Outbox | None = None
        self._told = False
        self._quiet_until = 0.0
        self._tasks: set[asyncio.Task[int | None]] = set()

    def start(self, outbox: Outbox) -> None:
        """Tell the owner from now on."""
        self._outbox = outbox

    async def stop(self) -> None:
        """Stop what is still being told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def refused(self, error: sqlite3.Error) -> None:
        """Tell that the disk takes nothing, once an hour at most."""
        now = self._clock.monotonic()
        if now >= self._quiet_until:
            self._told = True
            self._quiet_until = now + _QUIET
            self._tell(_REFUSES, error=e(error))

    def took(self) -> None:
        """Tell that the disk takes something again, to whom it was told that it did not."""
        if self._told:
            self._told = False
            self._tell(_BACK)

    def _tell(self, text: str, **values: object) -> None:
        """Tell the owner something that can't be kept over a restart."""
        if self._outbox:
            with speaking(self._access.owner_language):
                message = Message(_(text, **values))
            task = asyncio.create_task(self._outbox.say(self._access.owner, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
