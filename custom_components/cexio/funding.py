"""Deposits and withdrawals: found by asking, each told once for each of its states."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
import logging
import sqlite3

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .background import Turns
from .const import DOMAIN
from .coordinator import CexioConfigEntry, has_quiet_minute
from .database import Database, set_meta
from .exchange import (
    AccountUpdate,
    CexioError,
    Connected,
    Direction,
    Funding,
    Priority,
    RestClient,
    Stream,
    StreamEvent,
)
from .executions import Ledger
from .feed import Feed, FeedKind, NewEntry
from .following import async_follow
from .representation import plain

_LOGGER = logging.getLogger(__name__)

PAGE_SIZE = 100
PAGE_POINTS = 5
# Whatever a start has to find out about orders goes first.
START_PAUSE = timedelta(seconds=20)
INTERVAL = timedelta(minutes=10)
# A busy minute puts the question off, though not for ever.
POSTPONED = timedelta(minutes=1)
LONGEST_POSTPONEMENT = timedelta(minutes=30)
# After the stream told of a move: until its row is there, at most so many times.
SETTLE = timedelta(seconds=2)
AGAIN = timedelta(seconds=20)
MOST_QUESTIONS = 4
# Rows may be written this much later than they are dated.
OVERLAP = timedelta(days=1)

# What the stream says of moves that are in the history (websocket.md 4.5).
MOVES = frozenset({"deposit", "withdraw", "withdrawRollback"})
WORDS = {Direction.DEPOSIT: "deposit", Direction.WITHDRAW: "withdrawal"}

META_SINCE = "funding_since"

_TABLE = """
CREATE TABLE IF NOT EXISTS fundings (
    transaction_id TEXT NOT NULL,
    status TEXT NOT NULL,
    updated REAL NOT NULL,
    PRIMARY KEY (transaction_id, status)
)
"""

# A transaction and the state that it got into.
type Fact = tuple[str, str]


class FundingWatch:
    """Compares the exchange's history with what was told, from set-up on."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        stream: Stream,
        database: Database,
        feed: Feed,
        ledger: Ledger,
    ) -> None:
        """Prepare; `async_start` makes it live."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._stream = stream
        self._database = database
        self._feed = feed
        self._ledger = ledger
        self._told: dict[Fact, datetime] = {}
        # What was dated before this is history, or was told.
        self._since = datetime.max.replace(tzinfo=dt_util.UTC)
        # Moves that the stream told of, and how often is still asked for their rows.
        self._awaited: dict[str, int] = {}
        self._asked = dt_util.utcnow()
        self._follower: asyncio.Task[None] | None = None
        self.turns = Turns(hass, entry, "funding", self._async_turn)

    async def async_start(self) -> None:
        """Read what was told, then ask now and then; what lies before set-up is left alone."""
        now = self._rest.clock.exchange_now()
        self._since, self._told = await self._database.async_run(
            lambda connection: _load(connection, now)
        )
        self._follower = self._entry.async_create_background_task(
            self._hass,
            async_follow(
                self._stream,
                (AccountUpdate, Connected),
                self._async_take,
                self._async_catch_up,
            ),
            f"{DOMAIN} moves of funds",
        )
        self.turns.async_plan(START_PAUSE)

    async def async_stop(self) -> None:
        """Leave off; what was told is kept."""
        await self.turns.async_stop()
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None

    async def _async_catch_up(self, missed: CexioError) -> None:
        """Ask soon: the stream may have told of a move meanwhile."""
        _LOGGER.debug("Moves of funds were missed: %s", missed)
        self.turns.async_hurry(SETTLE)

    async def _async_take(self, event: StreamEvent) -> None:
        """Ask soon where there may be news."""
        match event:
            case Connected():
                self.turns.async_hurry(START_PAUSE)
            case AccountUpdate(action=action, possible_resend=False) if action in MOVES:
                self._awaited[event.operation_id] = MOST_QUESTIONS
                self.turns.async_hurry(SETTLE)

    async def _async_turn(self) -> timedelta:
        """Ask if there is room; return when to ask again."""
        if self._may_wait():
            return POSTPONED
        self._asked = dt_util.utcnow()
        try:
            await self.async_ask()
        except (CexioError, sqlite3.Error) as err:
            _LOGGER.debug("Deposits and withdrawals are asked for later: %s", err)
        self._awaited = {
            operation: left - 1 for operation, left in self._awaited.items() if left > 1
        }
        return AGAIN if self._awaited else INTERVAL

    def _may_wait(self) -> bool:
        """Tell whether nobody waits for an answer while others need this minute."""
        if self._awaited or dt_util.utcnow() - self._asked > LONGEST_POSTPONEMENT:
            return False
        return not has_quiet_minute(self._entry, PAGE_POINTS)

    async def async_ask(self) -> None:
        """Ask for what is not known, and tell it.

        Raises:
            CexioError: The exchange did not answer; nothing is told.
            sqlite3.Error: It could not be kept; it is told another time.
        """
        asked = self._rest.clock.exchange_now()
        rows = await self._async_read()
        new = {
            fact: row
            for row in rows
            if row.updated >= self._since and (fact := _fact(row)) not in self._told
        }
        since = max(self._since, asked - OVERLAP)

        def also(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO fundings (transaction_id, status, updated)"
                " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(*fact, row.updated.timestamp()) for fact, row in new.items()],
            )
            connection.execute(
                "DELETE FROM fundings WHERE updated < ?", (since.timestamp(),)
            )
            set_meta(connection, META_SINCE, since.isoformat())

        await self._feed.async_append(self._entries(new.values()), also)
        told = self._told | {fact: row.updated for fact, row in new.items()}
        self._told = {
            fact: updated for fact, updated in told.items() if updated >= since
        }
        self._since = since
        for row in new.values():
            self._awaited.pop(row.transaction_id, None)

    async def _async_read(self) -> list[Funding]:
        """Return the rows since then, oldest first (rest.md 4.B.16)."""
        found: dict[Fact, Funding] = {}
        page = 1
        while True:
            rows = await self._rest.get_my_funding_history(
                page=page, page_size=PAGE_SIZE, priority=Priority.BACKGROUND
            )
            # A row that shifted to the next page meanwhile comes twice.
            found |= {_fact(row): row for row in rows}
            if len(rows) < PAGE_SIZE or rows[-1].updated < self._since:
                return sorted(found.values(), key=lambda row: row.updated)
            page += 1

    def _entries(self, rows: Iterable[Funding]) -> list[NewEntry]:
        """Return what the journal is told of rows."""
        live_since = self._ledger.live_since
        return [
            NewEntry(
                id=f"{FeedKind.FUNDING}:{row.transaction_id}:{_status(row)}",
                kind=FeedKind.FUNDING,
                time=row.updated,
                late=live_since is None or row.updated < live_since,
                data={
                    "direction": WORDS.get(row.direction, "unknown"),
                    "currency": row.currency,
                    "amount": plain(row.amount),
                    "status": _status(row),
                    "account_id": row.account_id,
                    "transaction_id": row.transaction_id,
                },
            )
            for row in rows
        ]


def _status(row: Funding) -> str:
    """Return the word for the state of a move."""
    return row.status.name.lower()


def _fact(row: Funding) -> Fact:
    """Return what is told once."""
    return row.transaction_id, _status(row)


def _load(
    connection: sqlite3.Connection, now: datetime
) -> tuple[datetime, dict[Fact, datetime]]:
    """Read since when is told what, from now on if never before (in the database's thread)."""
    connection.execute(_TABLE)
    row = connection.execute(
        "SELECT value FROM meta WHERE key = ?", (META_SINCE,)
    ).fetchone()
    if row is None:
        set_meta(connection, META_SINCE, now.isoformat())
        return now, {}
    told = {
        (transaction_id, status): dt_util.utc_from_timestamp(updated)
        for transaction_id, status, updated in connection.execute(
            "SELECT transaction_id, status, updated FROM fundings"
        )
    }
    return datetime.fromisoformat(row[0]), told
