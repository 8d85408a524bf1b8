"""The file in which one entry keeps its journal, orders and alert states."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import batched
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN

# A database and what SQLite keeps beside it.
FILE_SUFFIXES = ("", "-wal", "-shm")

# What makes a file of each version one of the next: never change one, add one.
MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE feed (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        late INTEGER NOT NULL,
        data TEXT NOT NULL
    );
    CREATE TABLE orders (
        order_id TEXT PRIMARY KEY,
        client_order_id TEXT NOT NULL,
        final INTEGER NOT NULL,
        updated REAL NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX orders_by_client_order_id ON orders (client_order_id);
    CREATE TABLE placements (
        client_order_id TEXT PRIMARY KEY,
        fields TEXT NOT NULL,
        sent REAL NOT NULL,
        outcome TEXT
    );
    CREATE TABLE alert_states (
        alert_id TEXT PRIMARY KEY,
        data TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE placements ADD COLUMN value TEXT;
    CREATE INDEX placements_by_sent ON placements (sent);
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time REAL NOT NULL,
        action TEXT NOT NULL,
        user_id TEXT,
        user_name TEXT,
        origin TEXT,
        comment TEXT,
        client_order_id TEXT,
        request TEXT NOT NULL,
        outcome TEXT
    );
    """,
    """
    CREATE TABLE alert_changes (
        alert_id TEXT PRIMARY KEY,
        data TEXT,
        time REAL NOT NULL
    );
    """,
)
SCHEMA_VERSION = len(MIGRATIONS)
ROWS_AT_ONCE = 50


class NewerSchemaError(Exception):
    """The file was written by a later version of this integration."""


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
        # Where a file that could not be read was put when this one was begun.
        self.set_aside: Path | None = None

    async def async_open(self) -> None:
        """Open the file and bring it up to date; set it aside when it is corrupt.

        Raises:
            NewerSchemaError: A later version wrote it; it was not touched.
            sqlite3.Error: It cannot be used.
        """
        loop = asyncio.get_running_loop()
        # The first work starts the thread and waits for it, which is nothing for the loop.
        opening = await loop.run_in_executor(None, self._executor.submit, self._open)
        await asyncio.shield(asyncio.wrap_future(opening))

    async def async_run[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in one transaction, committed and on disk when this returns."""
        return await self._async_in_thread(self._run, work)

    async def async_read[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work that only reads; it also works on a disk that cannot be written."""
        return await self._async_in_thread(self._run, work, "BEGIN")

    async def async_get_meta(self, key: str) -> str | None:
        """Return a single kept value."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT value FROM meta WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else str(row[0])

        return await self.async_read(read)

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
        done: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            """Do it, and hand over what came of it; shorter than by a future of the thread's."""
            try:
                result = function(*args)
            except BaseException as err:  # noqa: BLE001 - whoever waits gets it
                loop.call_soon_threadsafe(_fail, done, err)
            else:
                loop.call_soon_threadsafe(_finish, done, result)

        self._executor.submit(work)
        return await done

    def _open(self) -> None:
        """Open the connection (in the thread)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _connect(self.path)
        except sqlite3.DatabaseError as err:
            if not is_corrupt(err):
                raise
            self.set_aside = _put_aside(self.path)
            self._connection = _connect(self.path)

    def _run[T](
        self, work: Callable[[sqlite3.Connection], T], begin: str = "BEGIN IMMEDIATE"
    ) -> T:
        """Wrap the work in a transaction (in the thread)."""
        if (connection := self._connection) is None:
            raise sqlite3.ProgrammingError("The database is closed")
        connection.execute(begin)
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _close(self) -> None:
        """Close the connection (in the thread)."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _finish[T](done: asyncio.Future[T], result: T) -> None:
    """Hand over a result, if somebody still waits for it."""
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: BaseException) -> None:
    """Hand over a failure, if somebody still waits for it."""
    if not done.done():
        done.set_exception(error)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell whether a file is no database any more, rather than out of reach."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_trouble(error: sqlite3.Error) -> bool:
    """Tell whether an error is the disk's, not of what was to be written."""
    return isinstance(error, sqlite3.OperationalError) or is_corrupt(error)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file, look through it, and bring it up to date."""
    if path.exists() and _version(path) > SCHEMA_VERSION:
        raise NewerSchemaError
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            error = sqlite3.DatabaseError(verdict)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;"
            )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _version(path: Path) -> int:
    """Return the version of a file without touching it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _put_aside(path: Path) -> Path:
    """Keep a file that cannot be read under another name, and return that."""
    time = dt_util.now().strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{time}")
    for suffix in FILE_SUFFIXES:
        kept = path.with_name(path.name + suffix)
        if kept.exists():
            kept.rename(aside.with_name(aside.name + suffix))
    return aside


def insert_rows(
    connection: sqlite3.Connection,
    into: str,
    rows: Sequence[Sequence[Any]],
    then: str = "",
) -> int:
    """Insert rows, many with one statement; return the row id of the last one.

    At each statement the thread may have to wait for the loop's, so that few are faster.

    Args:
        connection: Within a transaction (in the database's thread).
        into: The table and its columns.
        rows: As many values each as there are columns.
        then: What is to be done about a conflict, where there may be one.
    """
    last = 0
    for some in batched(rows, ROWS_AT_ONCE, strict=False):
        places = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(some))
        cursor = connection.execute(
            f"INSERT INTO {into} VALUES {places} {then}",  # noqa: S608 - of words of this integration alone
            [value for row in some for value in row],
        )
        last = cursor.lastrowid or last
    return last


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
    for suffix in FILE_SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
