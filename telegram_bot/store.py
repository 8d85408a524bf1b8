"""The bot's memory: one SQLite file, every change on disk before anything is said."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import contextlib
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
import logging
from pathlib import Path
import sqlite3

from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

_VERSION = 4
_SCHEMA = """
CREATE TABLE feed (one INTEGER PRIMARY KEY CHECK (one = 1), feed_id TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE events (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, chat_id INTEGER NOT NULL, kind TEXT NOT NULL,
    text TEXT NOT NULL, line TEXT NOT NULL, buttons TEXT NOT NULL, card_id INTEGER,
    occurred REAL NOT NULL, state TEXT NOT NULL, doubts INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER, silent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (event_id, chat_id, kind)
);
CREATE INDEX outbox_waiting ON outbox (chat_id, id) WHERE state IN ('waiting', 'sending');
CREATE TABLE cards (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL, message_id INTEGER, client_order_id TEXT, order_id TEXT,
    confirmation_id TEXT, order_state TEXT, fills TEXT NOT NULL DEFAULT '[]', at REAL NOT NULL
);
CREATE INDEX cards_client ON cards (client_order_id);
CREATE INDEX cards_order ON cards (order_id);
CREATE TABLE confirmations (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id INTEGER NOT NULL, chat_id INTEGER NOT NULL,
    request TEXT NOT NULL, preview TEXT NOT NULL, expires REAL NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE buttons (
    id TEXT PRIMARY KEY, chat_id INTEGER NOT NULL, action TEXT NOT NULL, data TEXT NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
# What somebody chose, who was let in, and the messages whose prices follow the market.
_SINCE_3 = """
CREATE TABLE settings (chat_id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE people (user_id INTEGER PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE invitations (
    code TEXT PRIMARY KEY, role TEXT NOT NULL, expires REAL NOT NULL, used_by INTEGER
) WITHOUT ROWID;
CREATE TABLE watches (
    chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, pairs TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (chat_id, message_id)
) WITHOUT ROWID;
"""
# By what a tap looks for its question's card: there is one for each order of months.
_SINCE_4 = "CREATE INDEX cards_confirmation ON cards (confirmation_id);"
# What makes the next version of each older one.
_MIGRATIONS = {
    1: "UPDATE outbox SET line = iif(line = '', '[]', json_array(json_array(event_id, kind, line)))",
    2: f"ALTER TABLE outbox ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;{_SINCE_3}",
    3: _SINCE_4,
}
_OWN_TABLES = frozenset({"feed", "events", "outbox", "cards", "confirmations"})
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DISK = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
)
# How long to wait before something that has happened is written down again, in seconds.
_INSIST_EVERY = 1.0


class StoreError(Exception):
    """The bot's database can't be used; the text says what to do."""


class Store:
    """The database, in a thread of its own."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock = SYSTEM_CLOCK,
        on_trouble: Callable[[sqlite3.Error | None], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            path: the file.
            clock: for pauses, and for the name of a damaged file.
            on_trouble: called in the loop when the disk begins to refuse, and with None when it takes something again.
        """
        self._path = path
        self._clock = clock
        self._on_trouble = on_trouble
        self._troubled = False
        # Grows with each change of what a chat has chosen.
        self.settings_version = 0
        self._thread = ThreadPoolExecutor(1, "store")
        self._db: sqlite3.Connection | None = None

    @property
    def troubled(self) -> bool:
        """Return whether the disk refuses what is written."""
        return self._troubled

    async def open(
        self, on_damaged: Callable[[Transaction, Path], None] = lambda *_: None
    ) -> None:
        """Open the file, or make it; a damaged one is kept beside a new one.

        Args:
            on_damaged: what to write first into a new file, told the name under which the damaged one is kept.

        Raises:
            StoreError: it can't be used; the text says what to do.
        """
        await asyncio.get_running_loop().run_in_executor(
            self._thread, self._open, on_damaged
        )

    async def close(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def run[T](self, work: Callable[[Transaction], T]) -> T:
        """Do some work as one transaction: all of it is on disk, or nothing.

        Once begun it is carried through even when the caller is cancelled.

        Raises:
            sqlite3.Error: the disk refuses; nothing was done.
        """
        loop = asyncio.get_running_loop()
        try:
            result, written = await asyncio.shield(
                # With the context goes the language that is spoken.
                loop.run_in_executor(
                    self._thread, partial(copy_context().run, self._work, work)
                )
            )
        except sqlite3.DatabaseError as err:
            if _is_disk(err) and not self._troubled:
                self._troubled = True
                self._on_trouble(err)
            raise
        if written and self._troubled:
            self._troubled = False
            self._on_trouble(None)
        return result

    async def insist[T](self, work: Callable[[Transaction], T]) -> T:
        """Write down what has happened already: again and again, until the disk takes it."""
        while True:
            try:
                return await self.run(work)
            except sqlite3.DatabaseError as err:
                if not _is_disk(err):
                    raise
                await self._clock.sleep(_INSIST_EVERY)

    def _open(self, on_damaged: Callable[[Transaction, Path], None]) -> None:
        """Open the file in the store's thread."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = self._connect()
            except sqlite3.DatabaseError as err:
                if not is_damage(err):
                    raise
                kept = self._set_aside()
                _LOGGER.error(
                    "%s was damaged (%s); a copy is kept as %s, and a new one is begun",
                    self._path,
                    err,
                    kept.name,
                )
                self._db = self._connect(lambda store: on_damaged(store, kept))
        except (OSError, sqlite3.Error) as err:
            raise StoreError(
                f"{self._path}: the bot's database can't be used: {err}. Make room, or let the bot's user write there, or set store.path to another file."
            ) from err

    def _connect(
        self, fill: Callable[[Transaction], None] = lambda _: None
    ) -> sqlite3.Connection:
        """Connect to the file, and make sure that it is whole, ours, and can be written."""
        self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            self._check(db)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            for statement in self._missing(db):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")
            transaction = Transaction(db)
            fill(transaction)
            # A disk that takes nothing shall be found out now, not by the first order.
            transaction.set_note("opened", self._clock.time())
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse what is not ours, and notice what is damaged."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = _tables(db)
        if version > _VERSION:
            raise StoreError(
                f"{self._path}: it belongs to a newer version of this bot. Install that one, or choose another file in store.path."
            )
        if tables and (version == 0 or not tables >= _OWN_TABLES):
            raise StoreError(
                f"{self._path}: it belongs to another program. Choose another file in store.path."
            )
        (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            damage = sqlite3.DatabaseError(str(found).splitlines()[-1])
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage

    def _missing(self, db: sqlite3.Connection) -> list[str]:
        """Return the statements that bring a file to this version."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            return (_SCHEMA + _SINCE_3 + _SINCE_4).split(";")
        return [
            statement
            for old in range(version, _VERSION)
            for statement in _MIGRATIONS[old].split(";")
        ]

    def _set_aside(self) -> Path:
        """Keep a damaged file under another name; return that."""
        moment = datetime.fromtimestamp(self._clock.time(), UTC)
        kept = self._path.with_name(
            f"{self._path.name}.damaged-{moment:%Y%m%dT%H%M%SZ}"
        )
        # The log first: beside a new file it would be taken for that one's.
        for end in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self._path}{end}").rename(f"{kept}{end}")
        return kept

    def _close(self) -> None:
        """Close the file in the store's thread."""
        if self._db:
            self._db.close()
            self._db = None

    def _work[T](self, work: Callable[[Transaction], T]) -> tuple[T, bool]:
        """Do the work in the store's thread; return also whether something was written."""
        if self._db is None:
            raise StoreError("the bot's database is closed")
        before = self._db.total_changes
        self._db.execute("BEGIN IMMEDIATE")
        try:
            transaction = Transaction(self._db)
            result = work(transaction)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        # Here, as whoever waits for the result may be cancelled.
        self.settings_version += transaction.has_settings
        return result, self._db.total_changes > before


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file itself is broken."""
    return _code(error) in _DAMAGE


def _is_disk(error: sqlite3.Error) -> bool:
    """Return whether the disk or the file refuses, not the work itself."""
    return _code(error) in _DISK | _DAMAGE


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _tables(db: sqlite3.Connection) -> set[str]:
    """Return the names of the tables."""
    return {
        name
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
