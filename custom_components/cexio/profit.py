"""The ledger of an account, read once and then followed, and the profit it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
import logging
import sqlite3

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .average_cost import Book, Holding, Row
from .background import Turns
from .const import DOMAIN
from .conversion import Graph, Path, graph_of
from .coordinator import CexioConfigEntry, ReferenceCoordinator, has_quiet_minute
from .database import Database, set_meta
from .exchange import (
    CexioError,
    PriceSource,
    Priority,
    Resolution,
    RestClient,
    Transaction,
    TransactionType,
    UnsupportedPairError,
)
from .portfolio import PortfolioCoordinator

_LOGGER = logging.getLogger(__name__)

# A page costs 5 points of the key, a past price 1 point of the address.
PAGE_SIZE = 100
PAGE_POINTS = 5
PAGES_A_TURN = 2
PRICES_A_TURN = 6
# Whatever a start has to find out about orders goes first.
START_PAUSE = timedelta(seconds=15)
# While there is more to read, and when there is not.
BUSY_PAUSE = timedelta(minutes=1)
IDLE_PAUSE = timedelta(minutes=10)
# The rows of one order come within moments; younger ones may not be complete.
HORIZON = timedelta(seconds=30)
# Rows may be written a little later than they are dated.
OVERLAP = timedelta(minutes=1)

META_READ_UNTIL = "transactions_until"

_TABLES = """
CREATE TABLE IF NOT EXISTS transactions (
    transaction_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    time REAL NOT NULL,
    type TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS past_prices (
    pair TEXT NOT NULL,
    hour REAL NOT NULL,
    price TEXT,
    PRIMARY KEY (pair, hour)
)
"""

# A pair and the hour in which its price is wanted.
type Moment = tuple[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """What is held, what it cost and what was gained, in one currency."""

    currency: str
    holdings: Mapping[str, Holding]
    unpriced: frozenset[str]


class ProfitCoordinator(DataUpdateCoordinator[Profit | None]):
    """Reads the ledger page by page, slowly, and reckons; the data is None until it is read."""

    config_entry: CexioConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        reference: ReferenceCoordinator,
        portfolio: PortfolioCoordinator,
        database: Database,
    ) -> None:
        """Prepare the coordinator; `async_start` makes it live."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} profit")
        self.data = None
        self.portfolio = portfolio
        self._rest = rest
        self._reference = reference
        self._database = database
        self._graph: Graph | None = None
        self._start: datetime | None = None
        self._page = 1
        self._is_read = False
        # Until when all rows are known.
        self.read_until: datetime | None = None
        # Rows that no reckoning counts yet.
        self._has_new = False
        self._stop_listening: CALLBACK_TYPE | None = None
        self.turns = Turns(hass, entry, "profit", self._async_turn)

    async def async_start(self) -> None:
        """Begin soon to read in the background, from where it was left."""
        until = await self._database.async_run(_prepare)
        self._start = None if until is None else until - OVERLAP
        self._stop_listening = self.portfolio.async_add_listener(self._check_currency)
        self.turns.async_plan(START_PAUSE)

    async def async_stop(self) -> None:
        """Leave off; what was read is kept."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        await self.turns.async_stop()
        await self.async_shutdown()

    @property
    def holdings(self) -> Mapping[str, Holding]:
        """What is held, reckoned in the portfolio's currency; empty until that is done."""
        if self.data is None or self.data.currency != self._currency:
            return {}
        return self.data.holdings

    def unrealised(self, currency: str) -> Decimal | None:
        """Return what selling a holding now would gain, before fees."""
        if (holding := self.holdings.get(currency)) is None:
            return None
        worth = self.portfolio.worth(holding.amount, currency)
        return None if worth is None else worth.value - holding.cost

    @callback
    def _check_currency(self) -> None:
        """Reckon anew when the currency of the portfolio was changed."""
        if self.data is not None and self.data.currency != self._currency:
            self.turns.async_hurry()

    @property
    def _currency(self) -> str:
        """The currency of the portfolio."""
        return self.portfolio.currency

    async def _async_turn(self) -> timedelta:
        """Read a little, reckon, and come back sooner while there is more."""
        try:
            is_done = not self._may_wait() and await self.async_work()
        except CexioError as err:
            _LOGGER.debug("The ledger is read on later: %s", err)
            return IDLE_PAUSE
        return IDLE_PAUSE if is_done else BUSY_PAUSE

    def _may_wait(self) -> bool:
        """Tell whether nobody is without an answer while others need this minute."""
        has_answer = self.data is not None and self.data.currency == self._currency
        return has_answer and not has_quiet_minute(self.config_entry, PAGE_POINTS)

    async def async_work(self) -> bool:
        """Read some pages and past prices; return whether everything is known."""
        has_new = await self._async_read()
        if not self._is_read:
            return False
        is_other = self.data is None or self.data.currency != self._currency
        if not has_new and not is_other:
            return True
        profit, wanted = await self._async_reckon()
        if wanted:
            for moment in sorted(wanted)[:PRICES_A_TURN]:
                await self._async_ask_price(*moment)
            profit, wanted = await self._async_reckon()
        if wanted:
            return False
        self._has_new = False
        self.async_set_updated_data(profit)
        return True

    async def _async_read(self) -> bool:
        """Read the next pages of the ledger; return whether there were new rows."""
        self._is_read = False
        end = self._rest.clock.exchange_now() - HORIZON
        for _ in range(PAGES_A_TURN):
            if self._start is not None and self._start >= end:
                self._is_read = True
                break
            rows = await self._rest.get_my_transaction_history(
                start=self._start,
                end=end,
                oldest_first=True,
                page=self._page,
                page_size=PAGE_SIZE,
                priority=Priority.BACKGROUND,
            )
            if await self._async_keep(rows):
                self._has_new = True
            last = rows[-1].timestamp if rows else None
            if len(rows) < PAGE_SIZE:
                self._page = 1
                self._start = last - OVERLAP if last is not None else self._start
                self._is_read = True
                break
            if last == self._start:
                self._page += 1
            else:
                self._start, self._page = last, 1
        if self._is_read:
            self.read_until = end
        return self._has_new

    async def _async_keep(self, rows: list[Transaction]) -> bool:
        """Keep rows; return whether one of them is new."""
        if not rows:
            return False

        def write(connection: sqlite3.Connection) -> bool:
            before = connection.total_changes
            connection.executemany(
                "INSERT INTO transactions"
                " (transaction_id, account_id, time, type, amount, currency)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    (
                        row.transaction_id,
                        row.account_id,
                        row.timestamp.timestamp(),
                        row.type.value,
                        format(row.amount, "f"),
                        row.currency,
                    )
                    for row in rows
                ],
            )
            has_new = connection.total_changes > before
            set_meta(connection, META_READ_UNTIL, rows[-1].timestamp.isoformat())
            return has_new

        return await self._database.async_run(write)

    async def _async_reckon(self) -> tuple[Profit, set[Moment]]:
        """Reckon with all rows in the database's thread; return also the prices it lacks."""
        currency = self._currency
        self._graph = graph = graph_of(self._graph, self._reference.data.pairs)
        fiat = frozenset(
            code for code, item in self._reference.data.currencies.items() if item.fiat
        )
        return await self._database.async_run(
            lambda connection: _reckon(connection, currency, fiat, graph)
        )

    async def _async_ask_price(self, pair: str, hour: datetime) -> None:
        """Ask what a pair was worth within an hour, and keep it, known or not."""
        try:
            candles = await self._rest.get_candles(
                pair,
                resolution=Resolution.ONE_HOUR,
                source=PriceSource.BEST_BID,
                end=hour,
                limit=1,
                priority=Priority.BACKGROUND,
            )
        except UnsupportedPairError:
            candles = []
        price = candles[-1].close if candles else None
        text = None if price is None else format(price, "f")
        await self._database.async_run(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO past_prices (pair, hour, price)"
                " VALUES (?, ?, ?)",
                (pair, hour.timestamp(), text),
            )
        )


def _prepare(connection: sqlite3.Connection) -> datetime | None:
    """Make the tables; return until when the ledger was read."""
    for table in _TABLES.split(";"):
        connection.execute(table)
    row = connection.execute(
        "SELECT value FROM meta WHERE key = ?", (META_READ_UNTIL,)
    ).fetchone()
    return None if row is None else datetime.fromisoformat(row[0])


def _reckon(
    connection: sqlite3.Connection, currency: str, fiat: frozenset[str], graph: Graph
) -> tuple[Profit, set[Moment]]:
    """Reckon with all rows, and note which past prices are missing."""
    known: dict[tuple[str, float], Decimal | None] = {
        (pair, hour): None if price is None else Decimal(price)
        for pair, hour, price in connection.execute(
            "SELECT pair, hour, price FROM past_prices"
        )
    }
    wanted: set[Moment] = set()
    paths: dict[str, Path | None] = {}

    def past_price(code: str, time: datetime) -> Decimal | None:
        """Return the price of a currency within the hour, by the shortest path."""
        if code not in paths:
            paths[code] = next(graph.paths(code, currency), None)
        if (path := paths[code]) is None:
            return None
        hour = time.replace(minute=0, second=0, microsecond=0)
        moments = [(graph.pair(*step), hour) for step in path]
        missing = [
            moment for moment in moments if (moment[0], hour.timestamp()) not in known
        ]
        wanted.update(missing)
        if missing:
            return None
        worth = graph.convert(
            Decimal(1), path, lambda pair: known[pair, hour.timestamp()]
        )
        return None if worth is None else worth.value

    book = Book(currency, past_price, fiat)
    book.apply(
        Row(
            transaction_id=transaction_id,
            time=dt_util.utc_from_timestamp(time),
            type=TransactionType(kind),
            amount=Decimal(amount),
            currency=code,
        )
        for transaction_id, time, kind, amount, code in connection.execute(
            "SELECT transaction_id, time, type, amount, currency FROM transactions"
            " ORDER BY time, rowid"
        )
    )
    profit = Profit(
        currency=currency, holdings=book.holdings, unpriced=frozenset(book.unpriced)
    )
    return profit, wanted
