"""What the companion bot asks for: the feed after a cursor and then live, the status."""

import asyncio
import sqlite3
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.components.websocket_api.messages import event_message
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .actions.common import default_entry
from .const import DOMAIN, FEED_SIGNAL
from .coordinator import CexioConfigEntry
from .feed import Feed
from .schema import vol
from .status import status

# Entries in one message: enough to catch up fast, few enough to let others speak.
BATCH = 100
# Seconds between two messages to one subscriber. Home Assistant drops a connection
# with 1024 messages waiting for some seconds, and closes one that answers no ping after
# 83 s: at this pace a subscriber that stalls never has that many.
PACE = 0.1


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands."""
    websocket_api.async_register_command(hass, websocket_feed_subscribe)
    websocket_api.async_register_command(hass, websocket_status)


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/feed/subscribe",
        vol.Optional("config_entry_id"): str,
        vol.Optional("since"): vol.Any(None, vol.All(int, vol.Range(min=0))),
    }
)
@callback
def websocket_feed_subscribe(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer where the feed stands, then send what comes after the cursor."""
    if (entry := _loaded_entry(hass, connection, msg)) is None:
        return
    feed = entry.runtime_data.feed
    since: int | None = msg.get("since")
    cursor = feed.newest if since is None else since
    subscription = _Subscription(hass, connection, msg["id"], entry, cursor)
    connection.send_result(
        msg["id"],
        {
            "feed_id": feed.feed_id,
            "oldest": feed.oldest,
            "newest": feed.newest,
            "too_old": since is not None and since < feed.oldest - 1,
        },
    )
    connection.subscriptions[msg["id"]] = subscription.async_start()


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/status",
        vol.Optional("config_entry_id"): str,
    }
)
@callback
def websocket_status(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer how an entry is doing."""
    if (entry := _loaded_entry(hass, connection, msg)) is not None:
        connection.send_result(msg["id"], status(hass, entry))


@callback
def _loaded_entry(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> CexioConfigEntry | None:
    """Return the loaded entry that a message means; without one it is answered."""
    entry: CexioConfigEntry | None
    if (entry_id := msg.get("config_entry_id")) is not None:
        entry = hass.config_entries.async_get_entry(entry_id)
    else:
        try:
            entry = default_entry(hass)
        except HomeAssistantError as err:
            connection.send_error(msg["id"], "several_entries", str(err))
            return None
    if (
        entry is None
        or entry.domain != DOMAIN
        or entry.state is not ConfigEntryState.LOADED
    ):
        connection.send_error(
            msg["id"], "entry_not_loaded", "The CEX.IO entry is not loaded"
        )
        return None
    return entry


class _Subscription:
    """One subscriber; it outlives a reload of the entry, and its cursor with it."""

    def __init__(
        self,
        hass: HomeAssistant,
        connection: ActiveConnection,
        message_id: int,
        entry: CexioConfigEntry,
        cursor: int,
    ) -> None:
        """Prepare; `async_start` makes it live."""
        self._hass = hass
        self._connection = connection
        self._message_id = message_id
        self._entry = entry
        self._cursor = cursor
        self._grown = asyncio.Event()

    @callback
    def async_start(self) -> Any:
        """Begin, and return what ends it."""
        self._grown.set()
        remove = async_dispatcher_connect(
            self._hass, FEED_SIGNAL.format(self._entry.entry_id), self._async_wake
        )
        task = self._hass.async_create_background_task(
            self._async_send(), f"{DOMAIN} feed subscription"
        )

        @callback
        def stop() -> None:
            """Stop sending."""
            remove()
            task.cancel()

        return stop

    @callback
    def _async_wake(self) -> None:
        """Look for new entries; a plain function would be called in another thread."""
        self._grown.set()

    async def _async_send(self) -> None:
        """Send one batch after the other, no faster than a slow subscriber bears."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            while (feed := self._feed) is not None:
                try:
                    entries = await feed.async_read(self._cursor, BATCH)
                except sqlite3.ProgrammingError:
                    # The entry is being unloaded; its return is signalled.
                    break
                if not entries:
                    break
                self._cursor = entries[-1].seq
                self._connection.send_message(
                    event_message(
                        self._message_id,
                        {"entries": [entry.as_dict() for entry in entries]},
                    )
                )
                # What comes meanwhile goes into the next message.
                await asyncio.sleep(PACE)

    @property
    def _feed(self) -> Feed | None:
        """The feed while the entry is loaded."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return None
        return self._entry.runtime_data.feed
