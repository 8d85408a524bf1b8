"""What the accounts were worth, in long-term statistics: each day of the past, then each hour."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
import logging
import sqlite3

from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .background import Turns
from .conversion import Graph, Path
from .coordinator import AccountCoordinator, CexioConfigEntry, ReferenceCoordinator
from .database import Database
from .exchange import CexioError, Resolution, RestClient
from .long_term import HOUR, HourRow, Series, Statistics, hour_of
from .past_candles import PastCandles
from .portfolio import SAMPLE_INTERVAL, PortfolioCoordinator
from .profit import ProfitCoordinator

_LOGGER = logging.getLogger(__name__)

DAY = timedelta(days=1)
# So many questions a minute, each 1 point of the address.
QUESTIONS_A_TURN = 6
START_PAUSE = timedelta(minutes=2)
BUSY_PAUSE = timedelta(minutes=1)
IDLE_PAUSE = timedelta(hours=1)

# Balances and ledger tell of the same moment when nothing happened so long around it.
QUIET = timedelta(minutes=1)

# What is held of each currency, and that at the end of each day.
type Amounts = Mapping[str, Decimal]
type Days = Mapping[datetime, Amounts]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What all accounts held at a moment, from which is reckoned back."""

    time: datetime
    held: Amounts

    @property
    def today(self) -> datetime:
        """The beginning of that day: those before it are filled."""
        return day_of(self.time)


class PortfolioHistory:
    """Fills the days that lie before the newest of the statistics, then adds the hours.

    The wallet is left out: it has no history. What was held on a day is what is held
    now, less all that the ledger tells of since; it counts at that day's last prices.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        reference: ReferenceCoordinator,
        balances: AccountCoordinator,
        portfolio: PortfolioCoordinator,
        profit: ProfitCoordinator,
        database: Database,
    ) -> None:
        """Prepare; `async_start` begins."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._statistics = Statistics(hass)
        self._reference = reference
        self._balances = balances
        self._portfolio = portfolio
        self._profit = profit
        self._database = database
        self._candles: dict[str, PastCandles] = {}
        self._anchor: _Anchor | None = None
        # The series whose past is there, and the hours that wait until it is.
        self._filled: Series | None = None
        self._waiting: list[HourRow] = []
        self._samples: list[tuple[datetime, Decimal]] = []
        self._sampled: Series | None = None
        self._stop_sampling: CALLBACK_TYPE | None = None
        self.turns = Turns(hass, entry, "portfolio history", self._async_turn)

    def async_start(self) -> None:
        """Begin soon, if there is a recorder."""
        if self._statistics.is_kept:
            self.turns.async_plan(START_PAUSE)
            self._stop_sampling = async_track_time_interval(
                self._hass, self._async_sample, SAMPLE_INTERVAL, cancel_on_shutdown=True
            )

    async def async_stop(self) -> None:
        """Leave off; what is not complete is read anew."""
        if self._stop_sampling is not None:
            self._stop_sampling()
            self._stop_sampling = None
        await self.turns.async_stop()

    @property
    def _series(self) -> Series:
        """What is written, in the currency that is chosen at this moment."""
        currency = self._portfolio.currency
        return Series(
            key=f"portfolio {self._entry.entry_id} {currency}",
            name=f"{self._entry.title} portfolio without the wallet",
            unit=currency,
        )

    async def _async_turn(self) -> timedelta:
        """Do a bounded piece; return when to go on."""
        try:
            return IDLE_PAUSE if await self.async_work() else BUSY_PAUSE
        except (CexioError, sqlite3.Error) as err:
            _LOGGER.debug("The past of the portfolio is read on later: %s", err)
            return BUSY_PAUSE

    async def async_work(self) -> bool:
        """Read a bounded piece of the past; return whether all of it is written.

        Raises:
            CexioError: The exchange did not answer; what it told before is kept.
            sqlite3.Error: The ledger could not be read.
        """
        series = self._series
        if series == self._filled:
            return True
        if self._statistics.is_busy:
            return False
        if (anchor := self._anchor) is None:
            now = self._rest.clock.exchange_now()
            anchor = self._anchor = _Anchor(now, self._held())
            self._candles.clear()
        read_until = self._profit.read_until
        if read_until is None or read_until < anchor.time + QUIET:
            return False
        newest = await self._statistics.async_newest(series)
        days = await self._database.async_read(
            lambda connection: _days(connection, anchor, newest)
        )
        if days is None:
            self._anchor = None
            return False
        if days and not await self._async_read_prices(days):
            return False
        await self._statistics.async_write(series, self._rows(days))
        self._anchor = None
        self._candles.clear()
        self._filled = series
        return True

    def _held(self) -> dict[str, Decimal]:
        """Return what all accounts hold now."""
        held: dict[str, Decimal] = {}
        for balances in self._balances.data.values():
            for currency, balance in balances.items():
                held[currency] = held.get(currency, Decimal()) + balance.total
        return held

    async def _async_read_prices(self, days: Days) -> bool:
        """Ask for some of the prices that are needed; return whether all are there."""
        first, last = min(days), max(days)
        questions = 0
        for pair in sorted(self._pairs(days)):
            candles = self._candles.setdefault(
                pair,
                PastCandles(
                    self._rest,
                    pair,
                    Resolution.ONE_DAY,
                    after=first - DAY,
                    until=last,
                ),
            )
            while not candles.is_complete:
                if questions >= QUESTIONS_A_TURN:
                    return False
                questions += 1
                await candles.async_read()
        return True

    def _paths(self, days: Days) -> dict[str, Path]:
        """Return the shortest path of each currency that was held and has one."""
        graph = Graph(self._reference.data.pairs)
        currencies = {code for held in days.values() for code in held}
        paths = {
            code: next(graph.paths(code, self._portfolio.currency), None)
            for code in currencies
        }
        return {code: path for code, path in paths.items() if path is not None}

    def _pairs(self, days: Days) -> set[str]:
        """Return the pairs whose prices are needed."""
        graph = Graph(self._reference.data.pairs)
        paths = self._paths(days).values()
        return {graph.pair(*step) for path in paths for step in path}

    def _rows(self, days: Days) -> Iterator[HourRow]:
        """Yield the value at the end of each day, where all prices of the day are known.

        What has no price on any day is not counted, as in the portfolio's value.
        """
        graph = Graph(self._reference.data.pairs)
        closes: dict[datetime, dict[str, Decimal | None]] = {}
        for pair, candles in self._candles.items():
            for item in candles.candles:
                closes.setdefault(item.start, {})[pair] = item.close
        priced = {pair for prices in closes.values() for pair in prices}
        paths = {
            code: path
            for code, path in self._paths(days).items()
            if priced.issuperset(graph.pair(*step) for step in path)
        }
        for day, held in sorted(days.items()):
            prices = closes.get(day, {})
            worths = [
                graph.convert(amount, paths[code], prices.get)
                for code, amount in held.items()
                if code in paths
            ]
            known = [worth.value for worth in worths if worth is not None]
            if len(known) == len(worths):
                value = sum(known, Decimal())
                yield HourRow(start=day + DAY - HOUR, mean=value, low=value, high=value)

    async def _async_sample(self, now: datetime) -> None:
        """Look what the accounts are worth; write the hour when it is over."""
        hour, series = hour_of(now), self._series
        if series != self._sampled:
            self._sampled = series
            self._samples.clear()
            self._waiting.clear()
            self.turns.async_hurry(BUSY_PAUSE)
        if self._samples and self._samples[0][0] < hour:
            self._close_hour()
        if self._portfolio.last_update_success:
            worths = [
                self._portfolio.worth(amount, currency)
                for currency, amount in self._held().items()
                if amount
            ]
            value = sum((item.value for item in worths if item), Decimal())
            self._samples.append((hour, value))
        if self._waiting and series == self._filled:
            rows, self._waiting = self._waiting, []
            await self._statistics.async_write(series, rows)

    def _close_hour(self) -> None:
        """Make a row of what was seen within an hour."""
        values = [value for _, value in self._samples]
        self._waiting.append(
            HourRow(
                start=self._samples[0][0],
                mean=sum(values, Decimal()) / len(values),
                low=min(values),
                high=max(values),
            )
        )
        self._samples.clear()


def day_of(moment: datetime) -> datetime:
    """Return the beginning of the day of a moment, in UTC as the exchange's candles."""
    return hour_of(dt_util.as_utc(moment)).replace(hour=0)


def _days(
    connection: sqlite3.Connection, anchor: _Anchor, newest: datetime | None
) -> Days | None:
    """Reckon back what was held at the end of each day (in the database's thread).

    None when something happened so close to the anchor that it may not be in it.
    """
    rows = [
        (dt_util.utc_from_timestamp(time), currency, Decimal(amount))
        for time, currency, amount in connection.execute(
            "SELECT time, currency, amount FROM transactions ORDER BY time DESC"
        )
    ]
    if any(abs(time - anchor.time) <= QUIET for time, _, _ in rows):
        return None
    first = _first_day(rows[-1][0] if rows else None, newest, anchor.today)
    amounts = dict(anchor.held)
    days: dict[datetime, Amounts] = {}
    end = anchor.today
    for time, currency, amount in rows:
        if time > anchor.time:
            continue
        while end > max(first, time):
            end -= DAY
            days[end] = _positive(amounts)
        amounts[currency] = amounts.get(currency, Decimal()) - amount
    while end > first:
        end -= DAY
        days[end] = _positive(amounts)
    return days


def _first_day(
    oldest: datetime | None, newest: datetime | None, today: datetime
) -> datetime:
    """Return the first day to be filled: that of the oldest row, or after what is kept."""
    if newest is not None:
        return day_of(newest + HOUR)
    return today if oldest is None else day_of(oldest)


def _positive(amounts: Amounts) -> Amounts:
    """Return what was held; what the ledger never saw coming cannot be less than nothing."""
    return {code: amount for code, amount in amounts.items() if amount > 0}
