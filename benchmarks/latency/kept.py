"""One durable row, as the floor keeps it: SQLite in a thread of its own; needs nothing but Python."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import sqlite3


class Kept:
    """A table of ids; what was added is on disk, whatever dies."""

    def __init__(self, path: Path) -> None:
        """Prepare a file of its own."""
        self._path = path
        self._thread = ThreadPoolExecutor(1)
        self._connection: sqlite3.Connection | None = None

    async def add(self, name: str) -> None:
        """Write a row."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._add, name)

    def _add(self, name: str) -> None:
        """Write a row in the thread."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY)")
        self._connection.execute("INSERT INTO kept VALUES (?)", (name,))
