"""The audit trail: who asked to place or cancel what, and what became of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
import logging
import sqlite3
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import orjson

from .database import Database
from .exchange import CexioError, OutcomeUnknownError

_LOGGER = logging.getLogger(__name__)

LARGEST_COUNT = 2_000
# Domains whose entities act in a context of their own.
ACTORS = ("automation", "script")
REFUSED = "refused"
FAILED = "failed"
UNKNOWN = "unknown"
DONE = "done"
# What may leave the house: no amounts, no accounts, no people.
SHOWN = ("pair", "side", "order_type")


@dataclass(frozen=True, slots=True)
class Record:
    """A request as it was asked for, and what became of it."""

    time: float
    action: str
    user_id: str | None
    user_name: str | None
    origin: str | None
    comment: str | None
    client_order_id: str | None
    request: dict[str, Any]
    outcome: str | None

    def as_shown(self) -> dict[str, Any]:
        """Return the record without people, accounts and amounts."""
        return {
            "time": dt_util.utc_from_timestamp(self.time).isoformat(),
            "action": self.action,
            "by": self.origin or ("user" if self.user_id else "automation"),
            "commented": bool(self.comment),
            **{name: self.request.get(name) for name in SHOWN},
            "outcome": self.outcome,
        }


COLUMNS = tuple(item.name for item in fields(Record))
_NAMES = ", ".join(COLUMNS)


@dataclass(slots=True)
class Request:
    """A request that is under way; whoever handles it says what came of it."""

    asked: tuple[Any, ...]
    outcome: str = DONE
    number: int | None = None

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert the record, without an outcome (in the database's thread)."""
        self._insert(connection, None)

    def settle(self, connection: sqlite3.Connection) -> None:
        """Add the outcome to the record, or insert both (in the database's thread)."""
        # The time tells whether the record is there: what wrote it may have been undone.
        updated = connection.execute(
            "UPDATE audit SET outcome = ? WHERE id = ? AND time = ?",
            (self.outcome, self.number, self.asked[0]),
        )
        if not updated.rowcount:
            self._insert(connection, self.outcome)

    def _insert(self, connection: sqlite3.Connection, outcome: str | None) -> None:
        """Insert a record, and forget what is beyond the bound."""
        values = (*self.asked, outcome)
        cursor = connection.execute(
            f"INSERT INTO audit ({_NAMES}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608 - the names are ours
            values,
        )
        self.number = cursor.lastrowid
        connection.execute(
            "DELETE FROM audit WHERE id <= ?", ((self.number or 0) - LARGEST_COUNT,)
        )


class AuditTrail:
    """The records, on disk and bounded."""

    def __init__(self, hass: HomeAssistant, database: Database) -> None:
        """Keep the file."""
        self._hass = hass
        self._database = database
        self._under_way = 0
        # Set while no request is under way.
        self.idle = asyncio.Event()
        self.idle.set()

    @asynccontextmanager
    async def async_record(
        self,
        action: str,
        context: Context,
        asked: Mapping[str, Any],
        *,
        client_order_id: str | None = None,
        comment: str | None = None,
        is_kept: bool = False,
    ) -> AsyncIterator[Request]:
        """Write down a request before it is handled, and afterwards what came of it.

        With `is_kept` whoever handles it lets it `write` itself together with what has to
        be on disk before it is carried out: one transaction for both.
        """
        self._under_way += 1
        self.idle.clear()
        try:
            request = Request(
                await self._async_asked(
                    action, context, asked, client_order_id, comment
                )
            )
            if not is_kept:
                await self._async_write(request.write)
            try:
                yield request
            except BaseException as err:
                is_begun = not is_kept or request.number is not None
                request.outcome = _outcome(err, is_begun=is_begun)
                raise
            finally:
                await self._async_write(request.settle)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()

    async def async_settle(self, client_order_id: str, outcome: str) -> None:
        """Write down what was found out later about a request whose outcome was unknown."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE audit SET outcome = ? WHERE client_order_id = ?"
                " AND (outcome IS NULL OR outcome LIKE ?)",
                (outcome, client_order_id, f"{UNKNOWN}%"),
            )

        await self._async_write(write)

    async def async_last(self, count: int) -> list[Record]:
        """Return the newest records, newest first."""

        def read(connection: sqlite3.Connection) -> list[Record]:
            rows = connection.execute(
                f"SELECT {_NAMES} FROM audit ORDER BY id DESC LIMIT ?",  # noqa: S608 - the names are ours
                (count,),
            )
            return [_record(row) for row in rows]

        return await self._database.async_read(read)

    async def _async_asked(
        self,
        action: str,
        context: Context,
        asked: Mapping[str, Any],
        client_order_id: str | None,
        comment: str | None,
    ) -> tuple[Any, ...]:
        """Return the columns of a request but its outcome."""
        user = None
        if context.user_id is not None:
            user = await self._hass.auth.async_get_user(context.user_id)
        return (
            dt_util.utcnow().timestamp(),
            action,
            context.user_id,
            user and user.name,
            self._origin(context),
            comment,
            client_order_id,
            orjson.dumps(asked).decode(),
        )

    async def _async_write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Write; a disk that refuses must not keep anybody from cancelling."""
        try:
            await self._database.async_run(work)
        except sqlite3.Error as err:
            _LOGGER.warning("The audit trail could not be written: %s", err)

    def _origin(self, context: Context) -> str | None:
        """Return the automation or script that acts in a context."""
        contexts = {context.id, context.parent_id} - {None}
        return next(
            (
                state.entity_id
                for state in self._hass.states.async_all(ACTORS)
                if state.context.id in contexts
            ),
            None,
        )


def _record(row: Sequence[Any]) -> Record:
    """Make a record of its row."""
    values = dict(zip(COLUMNS, row, strict=True))
    return Record(**values | {"request": orjson.loads(values["request"])})


def _outcome(err: BaseException, *, is_begun: bool) -> str:
    """Return what an error says about a request, without words of the user.

    What has not begun was not sent, and nobody will ever ask what became of it.
    """
    if isinstance(err, OutcomeUnknownError):
        return UNKNOWN
    if isinstance(err, HomeAssistantError):
        if isinstance(err.__cause__, OutcomeUnknownError):
            return UNKNOWN
        return f"{REFUSED}: {err.translation_key}"
    if isinstance(err, CexioError) or not is_begun:
        return f"{FAILED}: {type(err).__name__}"
    # Cancelled or broken: it is not known how far it came.
    return f"{UNKNOWN}: {type(err).__name__}"
