"""What of price alerts is on disk: what they have seen, and what was promised of them."""

from collections.abc import Mapping
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.config_entries import STORAGE_KEY
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import orjson

from .alert_conditions import AlertState
from .database import Database
from .feed import Also

# A file that was written so much later than a change surely holds it.
CERTAIN_AFTER = 0.5
# Changes are kept no longer than this many seconds: by then all of them are written.
KEEP_CHANGES = 24 * 3600.0


class AlertJournal:
    """Changes of alerts, on disk before they are promised.

    Home Assistant writes its config entries a second after they change. Whoever was
    told that an alert is set must find it after a kill in that second, too.
    """

    def __init__(self, hass: HomeAssistant, database: Database) -> None:
        """Keep the file."""
        self._hass = hass
        self._database = database

    async def async_note(
        self, alert_id: str, data: Mapping[str, Any] | None, also: Also | None = None
    ) -> None:
        """Keep what an alert is from now on, None when it is removed.

        `also` runs in the same transaction.

        Raises:
            sqlite3.Error: It cannot be kept, and should not be promised.
        """
        now = dt_util.utcnow().timestamp()
        text = None if data is None else orjson.dumps(dict(data)).decode()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM alert_changes WHERE time < ?", (now - KEEP_CHANGES,)
            )
            connection.execute(
                "INSERT OR REPLACE INTO alert_changes (alert_id, data, time)"
                " VALUES (?, ?, ?)",
                (alert_id, text, now),
            )
            if also is not None:
                also(connection)

        await self._database.async_run(write)

    async def async_unwritten(self) -> dict[str, dict[str, Any] | None]:
        """Return the changes that Home Assistant's file does not surely hold."""
        path = Path(self._hass.config.path(".storage", STORAGE_KEY))
        written = await self._hass.async_add_executor_job(_written, path)

        def read(connection: sqlite3.Connection) -> dict[str, dict[str, Any] | None]:
            rows = connection.execute(
                "SELECT alert_id, data FROM alert_changes WHERE time > ? ORDER BY time",
                (written - CERTAIN_AFTER,),
            )
            return {
                alert_id: None if text is None else orjson.loads(text)
                for alert_id, text in rows
            }

        return await self._database.async_read(read)

    async def async_states(self) -> dict[str, AlertState]:
        """Return what the alerts had seen."""

        def read(connection: sqlite3.Connection) -> dict[str, AlertState]:
            rows = connection.execute("SELECT alert_id, data FROM alert_states")
            return {
                alert_id: AlertState.from_stored(orjson.loads(data))
                for alert_id, data in rows
            }

        return await self._database.async_read(read)


def keep_states(states: Mapping[str, AlertState]) -> Also:
    """Return what keeps states within a transaction."""
    rows = [
        (alert_id, orjson.dumps(state.to_stored()).decode())
        for alert_id, state in states.items()
    ]

    def keep(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO alert_states (alert_id, data) VALUES (?, ?)", rows
        )

    return keep


def forget_state(alert_id: str) -> Also:
    """Return what forgets a state within a transaction."""

    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM alert_states WHERE alert_id = ?", (alert_id,))

    return forget


def _written(path: Path) -> float:
    """Return when a file was last written."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
