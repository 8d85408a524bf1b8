"""The account's stream in the feed: that it is lost, once that has lasted, and that it is back."""

from datetime import datetime, timedelta
import logging
import sqlite3

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .account_stream import AccountStream
from .const import DOMAIN
from .coordinator import CexioConfigEntry
from .feed import Feed, FeedKind, NewEntry

_LOGGER = logging.getLogger(__name__)

# A connection that is made anew at once is nobody's concern: nothing is missed.
GRACE = timedelta(minutes=1)


class StreamReports:
    """Tell each loss once, and its end if the loss was told, also after a restart."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        stream: AccountStream,
        feed: Feed,
    ) -> None:
        """Prepare; nothing is told before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._stream = stream
        self._feed = feed
        self._is_told_lost = False
        self._stop_waiting: CALLBACK_TYPE | None = None

    async def async_start(self) -> None:
        """Follow the stream until the entry is unloaded."""
        last = await self._feed.async_last(FeedKind.STREAM)
        self._is_told_lost = last is not None and not last.data["connected"]
        self._entry.async_on_unload(self._stream.async_listen(self._async_look))
        self._entry.async_on_unload(self._async_stop_waiting)
        self._async_look()

    @callback
    def _async_look(self) -> None:
        """Begin to count when the stream is lost; tell its return at once."""
        if self._stream.connected:
            self._async_stop_waiting()
            if self._is_told_lost:
                self._async_tell(dt_util.utcnow())
        elif self._stop_waiting is None and not self._is_told_lost:
            self._stop_waiting = async_call_later(self._hass, GRACE, self._async_lost)

    @callback
    def _async_lost(self, now: datetime) -> None:
        """Tell a loss that has lasted."""
        self._stop_waiting = None
        self._async_tell(now)

    @callback
    def _async_stop_waiting(self) -> None:
        """Stop counting."""
        if self._stop_waiting is not None:
            self._stop_waiting()
            self._stop_waiting = None

    @callback
    def _async_tell(self, now: datetime) -> None:
        """Put how the stream stands into the feed."""
        connected = self._stream.connected
        self._is_told_lost = not connected
        entry = NewEntry(
            id=f"{FeedKind.STREAM}:{now.isoformat()}:{str(connected).lower()}",
            kind=FeedKind.STREAM,
            time=now,
            late=False,
            data={"connected": connected},
        )
        self._entry.async_create_task(
            self._hass, self._async_write(entry), f"{DOMAIN} stream"
        )

    async def _async_write(self, entry: NewEntry) -> None:
        """Write it; what the disk refuses is written when it takes something again."""
        try:
            await self._feed.async_append([entry])
        except sqlite3.Error as err:
            _LOGGER.debug("The stream's state could not be told yet: %s", err)
