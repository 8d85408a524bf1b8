"""What was asked for under which client order id, kept before it is sent."""

from dataclasses import dataclass
from enum import StrEnum
import sqlite3

from homeassistant.util import dt as dt_util

from .database import Database

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
        """Keep the file."""
        self._database = database

    async def async_get(self, client_order_id: str) -> Placement | None:
        """Read what was asked for under a client order id."""

        def read(connection: sqlite3.Connection) -> Placement | None:
            row = connection.execute(
                "SELECT client_order_id, fields, sent, outcome FROM placements"
                " WHERE client_order_id = ?",
                (client_order_id,),
            ).fetchone()
            return None if row is None else Placement(*row)

        return await self._database.async_run(read)

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

        return await self._database.async_run(read)

    async def async_keep(self, client_order_id: str, fields: str) -> None:
        """Write down a request before it is sent."""
        sent = dt_util.utcnow().timestamp()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM placements WHERE outcome IS NOT NULL AND sent < ?",
                (sent - KEEP_SETTLED,),
            )
            connection.execute(
                "INSERT OR REPLACE INTO placements"
                " (client_order_id, fields, sent, outcome) VALUES (?, ?, ?, NULL)",
                (client_order_id, fields, sent),
            )

        await self._database.async_run(write)

    async def async_note(self, client_order_id: str, outcome: Outcome) -> None:
        """Write down what became of a request."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE placements SET outcome = ? WHERE client_order_id = ?",
                (outcome.value, client_order_id),
            )

        await self._database.async_run(write)
