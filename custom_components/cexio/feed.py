"""The journal: everything that happened, in order, kept before it is published."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
import logging
import sqlite3
from typing import Any
from uuid import uuid4

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import create_eager_task
import orjson

from .database import Database, insert_rows, is_trouble, set_meta
from .listeners import Listeners

_LOGGER = logging.getLogger(__name__)

LARGEST_COUNT = 10_000
LARGEST_AGE = timedelta(days=30)
# The journal is cut to its bounds after this many entries.
PRUNE_EVERY = 500
# So many of the newest entries are answered without the file.
RECENT_COUNT = 1_000
# Seconds of telling at a stretch; then others get their turn.
LONGEST_TELLING = 0.005

META_FEED_ID = "feed_id"
META_PUBLISHED = "published"


class FeedKind(StrEnum):
    """What an entry tells of."""

    EXECUTION = "execution"
    FUNDING = "funding"
    PRICE_ALERT = "price_alert"
    STREAM = "stream"
    TROUBLE = "trouble"


# What somebody may choose not to be told of; what was executed is always told.
OPTIONAL_KINDS = (FeedKind.FUNDING, FeedKind.STREAM, FeedKind.TROUBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something that happened and is not in the journal yet.

    The id is made from what the exchange says, so that the same fact has the same id
    on whatever path it came.
    """

    id: str
    kind: FeedKind
    time: datetime
    late: bool
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry(NewEntry):
    """An entry of the journal."""

    seq: int

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as subscribers see it."""
        return {
            "seq": self.seq,
            "id": self.id,
            "time": self.time.isoformat(),
            "kind": self.kind.value,
            "late": self.late,
            "data": self.data,
        }


type FeedListener = Callable[[FeedEntry], None]
type Also = Callable[[sqlite3.Connection], None]
# Called with the first error of a disk that refuses, and with None when it works again.
type TroubleListener = Callable[[sqlite3.Error | None], None]


class Feed:
    """An ordered journal on disk, with listeners.

    What the disk refuses is kept in memory, in order, and told once it is written.
    """

    def __init__(
        self,
        database: Database,
        on_trouble: TroubleListener | None = None,
        is_wanted: Callable[[FeedKind], bool] = lambda _kind: True,
    ) -> None:
        """Prepare a feed; `async_load` makes it ready."""
        self._database = database
        self._on_trouble = on_trouble
        self._is_wanted = is_wanted
        self._unwritten: deque[tuple[Sequence[NewEntry], Also | None]] = deque()
        self._lock = asyncio.Lock()
        self._listeners = Listeners[FeedEntry]()
        self._recent: deque[FeedEntry] = deque(maxlen=RECENT_COUNT)
        self._published = 0
        self._noting: asyncio.Task[None] | None = None
        self._since_prune = 0
        self.trouble: sqlite3.Error | None = None
        self.feed_id = ""
        self.oldest = 1
        self.newest = 0

    async def async_load(self) -> None:
        """Read where the journal stands, and cut it to its bounds."""
        await self._database.async_run(self._load)

    @property
    def has_unwritten(self) -> bool:
        """Whether something is in memory that the disk refused."""
        return bool(self._unwritten)

    async def async_append(
        self, entries: Sequence[NewEntry], also: Also | None = None
    ) -> list[FeedEntry]:
        """Write the entries, then tell the listeners; known ids are left out.

        Likewise what nobody wants to be told of. `also` runs in the same transaction, so
        that a state and the entry that tells of it are kept together or not at all.
        Returns what was written and told.
        """
        wanted = [entry for entry in entries if self._is_wanted(entry.kind)]
        self._unwritten.append((wanted, also))
        return await self.async_write()

    async def async_write(self) -> list[FeedEntry]:
        """Write and tell whatever is not written yet, in order, as far as it goes.

        Carried through even if the caller is cancelled: what is written is told.
        """
        return await asyncio.shield(create_eager_task(self._async_write()))

    async def _async_write(self) -> list[FeedEntry]:
        """Write one transaction after the other."""
        written: list[FeedEntry] = []
        async with self._lock:
            if self._noting is not None:
                await self._noting
            while self._unwritten:
                entries, also = self._unwritten[0]
                try:
                    added = await self._database.async_run(
                        partial(self._append, entries=entries, also=also)
                    )
                except sqlite3.Error as err:
                    if not is_trouble(err):
                        self._unwritten.popleft()
                        raise
                    self._note_trouble(err)
                    break
                except Exception:
                    # What can never be written must not stand in the way of the rest.
                    self._unwritten.popleft()
                    raise
                self._unwritten.popleft()
                self._note_trouble(None)
                written += added
                await self._async_take_in(added)
        return written

    async def _async_take_in(self, added: Sequence[FeedEntry]) -> None:
        """Tell what was written, and cut the journal now and then."""
        self._recent.extend(added)
        if added:
            self.newest = added[-1].seq
            await self._async_publish(added)
        self._since_prune += len(added)
        if self._since_prune >= PRUNE_EVERY:
            self._since_prune = 0
            try:
                await self._database.async_run(self._prune)
            except sqlite3.Error as err:
                _LOGGER.debug("The journal could not be cut: %s", err)
            while self._recent and self._recent[0].seq < self.oldest:
                self._recent.popleft()

    def _note_trouble(self, error: sqlite3.Error | None) -> None:
        """Say once that the disk refuses, and once that it works again."""
        if (error is None) == (self.trouble is None):
            return
        self.trouble = error
        if error is None:
            _LOGGER.info("The journal %s can be written again", self._database.path)
        else:
            _LOGGER.error(
                "The journal %s cannot be written: %s; what happens is kept in memory",
                self._database.path,
                error,
            )
        if self._on_trouble is not None:
            self._on_trouble(error)

    async def async_publish_pending(self) -> None:
        """Tell the listeners what was written but not published before the last end."""
        async with self._lock:
            pending = await self._database.async_run(
                lambda connection: _select(connection, self._published, LARGEST_COUNT)
            )
            if pending:
                await self._async_publish(pending)

    async def async_read(self, since: int, limit: int) -> list[FeedEntry]:
        """Return up to limit entries with a seq above since, in order."""
        if since >= self.newest:
            return []
        if self._recent and self._recent[0].seq <= since + 1:
            return [entry for entry in self._recent if entry.seq > since][:limit]
        return await self._database.async_read(
            lambda connection: _select(connection, since, limit)
        )

    async def async_last(self, kind: FeedKind) -> FeedEntry | None:
        """Return the newest entry of a kind."""

        def read(connection: sqlite3.Connection) -> FeedEntry | None:
            row = connection.execute(
                "SELECT seq, id, time, kind, late, data FROM feed"
                " WHERE kind = ? ORDER BY seq DESC LIMIT 1",
                (kind.value,),
            ).fetchone()
            return None if row is None else _entry(row)

        return await self._database.async_read(read)

    @callback
    def async_listen(self, listener: FeedListener) -> CALLBACK_TYPE:
        """Call the listener with each entry that is published from now on."""
        return self._listeners.async_add(listener)

    async def _async_publish(self, entries: Sequence[FeedEntry]) -> None:
        """Tell all listeners, then begin to note that it was done."""
        time = asyncio.get_running_loop().time
        since = time()
        for entry in entries:
            self._listeners.async_tell(entry)
            if time() - since >= LONGEST_TELLING:
                await asyncio.sleep(0)
                since = time()
        self._published = entries[-1].seq
        # Begun at once, but nobody waits for it but the next to write, and the end.
        self._noting = create_eager_task(self._async_note(self._published))

    async def _async_note(self, published: int) -> None:
        """Note what was told, so that it is not told again after a crash."""
        try:
            await self._database.async_set_meta(META_PUBLISHED, str(published))
        except sqlite3.Error as err:
            # The next entry notes it too; until then a crash would tell it once more.
            _LOGGER.debug("It could not be noted what was told: %s", err)

    def _load(self, connection: sqlite3.Connection) -> None:
        """Read the state of the journal (in the database's thread)."""
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        if META_FEED_ID not in meta:
            meta[META_FEED_ID] = uuid4().hex
            set_meta(connection, META_FEED_ID, meta[META_FEED_ID])
        self.feed_id = meta[META_FEED_ID]
        self._published = int(meta.get(META_PUBLISHED, 0))
        row = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'feed'"
        ).fetchone()
        self.newest = 0 if row is None else row[0]
        self._prune(connection)
        self._recent.extend(
            _select(connection, self.newest - RECENT_COUNT, RECENT_COUNT)
        )

    def _append(
        self,
        connection: sqlite3.Connection,
        entries: Sequence[NewEntry],
        also: Also | None,
    ) -> list[FeedEntry]:
        """Insert what is new (in the database's thread)."""
        added = _insert(connection, entries) if entries else []
        if also is not None:
            also(connection)
        return added

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Delete what is beyond the bounds (in the database's thread)."""
        connection.execute(
            "DELETE FROM feed WHERE seq <= ? OR time < ?",
            (
                self.newest - LARGEST_COUNT,
                (dt_util.utcnow() - LARGEST_AGE).isoformat(),
            ),
        )
        row = connection.execute("SELECT min(seq) FROM feed").fetchone()
        self.oldest = self.newest + 1 if row[0] is None else row[0]


def _insert(
    connection: sqlite3.Connection, entries: Sequence[NewEntry]
) -> list[FeedEntry]:
    """Insert entries whose ids are not known (in the database's thread)."""
    # A conflict would leave a number out.
    new = {entry.id: entry for entry in reversed(entries)}
    (known,) = connection.execute(
        "SELECT json_group_array(id) FROM feed"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (orjson.dumps([*new]).decode(),),
    ).fetchone()
    for entry_id in orjson.loads(known):
        del new[entry_id]
    added = [entry for entry in entries if new.get(entry.id) is entry]
    rows = [
        (
            entry.id,
            entry.time.isoformat(),
            entry.kind.value,
            entry.late,
            orjson.dumps(entry.data).decode(),
        )
        for entry in added
    ]
    last = insert_rows(connection, "feed (id, time, kind, late, data)", rows)
    return [_kept(entry, seq) for seq, entry in enumerate(added, last - len(added) + 1)]


def _kept(entry: NewEntry, seq: int) -> FeedEntry:
    """Make an entry of the journal."""
    return FeedEntry(
        seq=seq,
        id=entry.id,
        kind=entry.kind,
        time=entry.time,
        late=entry.late,
        data=entry.data,
    )


def _select(connection: sqlite3.Connection, since: int, limit: int) -> list[FeedEntry]:
    """Read entries in order (in the database's thread)."""
    return [
        _entry(row)
        for row in connection.execute(
            "SELECT seq, id, time, kind, late, data FROM feed"
            " WHERE seq > ? ORDER BY seq LIMIT ?",
            (since, limit),
        )
    ]


def _entry(row: Sequence[Any]) -> FeedEntry:
    """Make an entry of its row."""
    seq, entry_id, time, kind, late, data = row
    return FeedEntry(
        seq=seq,
        id=entry_id,
        time=datetime.fromisoformat(time),
        kind=FeedKind(kind),
        late=bool(late),
        data=orjson.loads(data),
    )
