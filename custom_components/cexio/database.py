"""The file in which one entry keeps its journal, orders and alert states."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import sqlite3

from homeassistant.core import HomeAssistant

from .const import DOMAIN

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    kind TEXT NOT NULL,
    late INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY,
    client_order_id TEXT NOT NULL,
    final INTEGER NOT NULL,
    updated REAL NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_by_client_order_id ON orders (client_order_id);
CREATE TABLE IF NOT EXISTS placements (
    client_order_id TEXT PRIMARY KEY,
    fields TEXT NOT NULL,
    sent REAL NOT NULL,
    outcome TEXT
);
CREATE TABLE IF NOT EXISTS alert_states (
    alert_id TEXT PRIMARY KEY,
    data TEXT NOT NULL
);
"""


class Database:
    """One SQLite file, touched by one thread of its own and by nothing else.

    The connection is opened durable: a finished transaction survives the loss of
    the process and of the power.
    """

    def __init__(self, path: Path) -> None:
        """Prepare the thread; nothing is opened yet."""
        self.path = path
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"{DOMAIN}_database")
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    async def async_open(self) -> None:
        """Open the file, and create its tables when it is new."""
        await self._async_in_thread(self._open)

    async def async_run[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in one transaction, committed and on disk when this returns."""
        return await self._async_in_thread(self._run, work)

    async def async_get_meta(self, key: str) -> str | None:
        """Return a single kept value."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT value FROM meta WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else str(row[0])

        return await self.async_run(read)

    async def async_set_meta(self, key: str, value: str) -> None:
        """Keep a single value."""
        await self.async_run(lambda connection: set_meta(connection, key, value))

    async def async_close(self) -> None:
        """Close the file and end the thread; whatever was begun is finished first."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._async_in_thread(self._close)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._executor.shutdown)

    async def _async_in_thread[*Ts, T](
        self, function: Callable[[*Ts], T], *args: *Ts
    ) -> T:
        """Run in the thread; a cancelled caller leaves the work to finish."""
        if self._is_closed and function != self._close:
            raise sqlite3.ProgrammingError("The database is closed")
        loop = asyncio.get_running_loop()
        return await asyncio.shield(
            loop.run_in_executor(self._executor, function, *args)
        )

    def _open(self) -> None:
        """Open the connection (in the thread)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection

    def _run[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Wrap the work in a transaction (in the thread)."""
        if (connection := self._connection) is None:
            raise sqlite3.ProgrammingError("The database is closed")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def _close(self) -> None:
        """Close the connection (in the thread)."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Keep a single value within a transaction."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def database_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Return where the file of an entry is kept."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry_id}.sqlite"))


def remove_database(path: Path) -> None:
    """Delete the file of an entry and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
