"""Work that is done in turns in the background, for as long as an entry lives."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN
from .coordinator import CexioConfigEntry

_LOGGER = logging.getLogger(__name__)

# After a turn that failed in a way that nobody thought of.
FAILED_PAUSE = timedelta(minutes=10)

# Does a bounded piece of work; returns how long to pause until the next one.
type Turn = Callable[[], Awaitable[timedelta]]


class Turns:
    """Does one turn after the other, never two at a time."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, name: str, turn: Turn
    ) -> None:
        """Prepare; `async_plan` begins."""
        self._hass = hass
        self._entry = entry
        self._name = f"{DOMAIN} {name}"
        self._turn = turn
        self._task: asyncio.Task[None] | None = None
        self._cancel: CALLBACK_TYPE | None = None
        self._due = 0.0
        # What was asked for in the middle of a turn.
        self._hurries: list[timedelta] = []

    @property
    def is_waiting(self) -> bool:
        """Whether a turn is planned and none is under way."""
        return self._cancel is not None

    @callback
    def async_plan(self, pause: timedelta) -> None:
        """Do the next turn after a pause."""
        if self._cancel is not None:
            self._cancel()
        self._due = self._hass.loop.time() + pause.total_seconds()
        self._cancel = async_call_later(self._hass, pause, self._async_begin)

    @callback
    def async_hurry(self, pause: timedelta = timedelta()) -> None:
        """Do the next turn after this pause if it is planned for later."""
        if self._cancel is None:
            self._hurries.append(pause)
        elif self._hass.loop.time() + pause.total_seconds() < self._due:
            self.async_plan(pause)

    async def async_stop(self) -> None:
        """Leave off, in the middle of a turn if need be."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    @callback
    def _async_begin(self, _now: datetime) -> None:
        """Begin a turn."""
        self._cancel = None
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_turn(), self._name
        )

    async def _async_turn(self) -> None:
        """Do a turn, then plan the next."""
        self._hurries = []
        try:
            pause = await self._turn()
        except Exception:
            _LOGGER.exception("A turn of %s failed", self._name)
            pause = FAILED_PAUSE
        self.async_plan(min([pause, *self._hurries]))
