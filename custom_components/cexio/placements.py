"""What was asked for under which client order id, kept before it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
import sqlite3

from homeassistant.util import dt as dt_util

from .database import Database
from .representation import plain_or_none

# The exchange refuses an order whose timestamp is older than 30 s: after this many
# seconds an order that it does not know will never come to be.
LOST_AFTER = 60.0
# Seconds that a settled request is remembered: as long as its order in the ledger.
KEEP_SETTLED = 30 * 24 * 3600.0


class Outcome(StrEnum):
    """What became of a request to place an order."""

    PLACED = "placed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Placement:
    """A request to place an order; without an outcome it is not known what became of it."""

    client_order_id: str
    fields: str
    sent: float
    outcome: str | None

    @property
    def is_lost(self) -> bool:
        """Whether the exchange will never take it any more if it has not by now."""
        return dt_util.utcnow().timestamp() - self.sent > LOST_AFTER


class Placements:
    """The requests to place orders, on disk."""

    def __init__(self, database: Database) -> None:
        """Keep the file; `async_load` makes it ready."""
        self._database = database
        # Whatever is in the file, so that a new request costs no question.
        self._known: set[str] = set()

    async def async_load(self) -> None:
        """Read under which client order ids something was asked for."""

        def read(connection: sqlite3.Connection) -> set[str]:
            rows = connection.execute("SELECT client_order_id FROM placements")
            return {client_order_id for (client_order_id,) in rows}

        self._known = await self._database.async_read(read)

    async def async_get(self, client_order_id: str) -> Placement | None:
        """Read what was asked for under a client order id."""
        if client_order_id not in self._known:
            return None

        def read(connection: sqlite3.Connection) -> Placement | None:
            row = connection.execute(
                "SELECT client_order_id, fields, sent, outcome FROM placements"
                " WHERE client_order_id = ?",
                (client_order_id,),
            ).fetchone()
            return None if row is None else Placement(*row)

        return await self._database.async_read(read)

    async def async_open(self) -> list[Placement]:
        """Read the requests whose outcome is not known, oldest first."""

        def read(connection: sqlite3.Connection) -> list[Placement]:
            return [
                Placement(*row)
                for row in connection.execute(
                    "SELECT client_order_id, fields, sent, outcome FROM placements"
                    " WHERE outcome IS NULL ORDER BY sent"
                )
            ]

        return await self._database.async_read(read)

    async def async_worth(self, since: datetime, *, but: str = "") -> Decimal:
        """Return what the orders sent since are worth together, one of them left out.

        Orders that were surely not placed do not count; unknown outcomes do.
        """
        return await self._database.async_read(
            lambda connection: _worth(connection, since.timestamp(), but)
        )

    async def async_keep(
        self,
        client_order_id: str,
        fields: str,
        value: Decimal | None,
        *,
        day: datetime | None = None,
        limit: Decimal | None = None,
        also: Callable[[sqlite3.Connection], None] | None = None,
    ) -> bool:
        """Write down a request before it is sent, unless it takes its day over a limit.

        Looked up and written in one transaction, so that two requests at once cannot
        both use what is left of the day. `also` writes what belongs to it.
        """
        sent = dt_util.utcnow().timestamp()

        def write(connection: sqlite3.Connection) -> set[str] | None:
            if limit is not None and day is not None:
                worth = _worth(connection, day.timestamp(), client_order_id)
                if value is None or worth + value > limit:
                    return None
            rows = connection.execute(
                "DELETE FROM placements WHERE outcome IS NOT NULL AND sent < ?"
                " RETURNING client_order_id",
                (sent - KEEP_SETTLED,),
            )
            forgotten = {row[0] for row in rows}
            connection.execute(
                "INSERT OR REPLACE INTO placements"
                " (client_order_id, fields, sent, outcome, value)"
                " VALUES (?, ?, ?, NULL, ?)",
                (client_order_id, fields, sent, plain_or_none(value)),
            )
            if also is not None:
                also(connection)
            return forgotten

        # Before it is written: whoever asks meanwhile has to look.
        self._known.add(client_order_id)
        forgotten = await self._database.async_run(write)
        if forgotten is None:
            return False
        self._known -= forgotten - {client_order_id}
        return True

    async def async_note(self, client_order_id: str, outcome: Outcome) -> None:
        """Write down what became of a request."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE placements SET outcome = ? WHERE client_order_id = ?",
                (outcome.value, client_order_id),
            )

        await self._database.async_run(write)


def _worth(connection: sqlite3.Connection, since: float, but: str) -> Decimal:
    """Add up the worth of orders (in the database's thread)."""
    rows = connection.execute(
        "SELECT value FROM placements WHERE sent >= ? AND client_order_id != ?"
        " AND value IS NOT NULL AND (outcome IS NULL OR outcome != ?)",
        (since, but, Outcome.REFUSED.value),
    )
    return sum((Decimal(value) for (value,) in rows), Decimal())
