"""The bot's memory: one SQLite file, every change on disk before anything is said."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import sqlite3

from telegram_bot.transaction import Transaction

_VERSION = 1
_SCHEMA = """
CREATE TABLE feed (one INTEGER PRIMARY KEY CHECK (one = 1), feed_id TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE events (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, chat_id INTEGER NOT NULL, kind TEXT NOT NULL,
    text TEXT NOT NULL, line TEXT NOT NULL, buttons TEXT NOT NULL, card_id INTEGER,
    occurred REAL NOT NULL, state TEXT NOT NULL, doubts INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER,
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


class StoreError(Exception):
    """The bot's database can't be used; the text says what to do."""


class Store:
    """The database, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Prepare; nothing is opened yet."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, "store")
        self._db: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file, or make it.

        Raises:
            StoreError: it can't be used; the text says what to do.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def run[T](self, work: Callable[[Transaction], T]) -> T:
        """Do some work as one transaction: all of it is on disk, or nothing.

        Once begun it is carried through even when the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await asyncio.shield(
            loop.run_in_executor(self._thread, self._work, work)
        )

    def _open(self) -> None:
        """Open the file in the store's thread."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            db = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False
            )
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            (version,) = db.execute("PRAGMA user_version").fetchone()
        except (OSError, sqlite3.Error) as err:
            raise StoreError(
                f"{self._path}: the bot's database can't be used: {err}. Move it away, or set store.path to another file."
            ) from err
        if version > _VERSION:
            raise StoreError(
                f"{self._path}: it belongs to a newer version of this bot. Install that one, or choose another file in store.path."
            )
        if version == 0:
            db.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        self._db = db

    def _close(self) -> None:
        """Close the file in the store's thread."""
        if self._db:
            self._db.close()
            self._db = None

    def _work[T](self, work: Callable[[Transaction], T]) -> T:
        """Do the work in the store's thread."""
        if self._db is None:
            raise StoreError("the bot's database is closed")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work(Transaction(self._db))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return result
