"""The prices of watched markets in long-term statistics, from before they were watched."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
import logging

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .background import Turns
from .const import CONF_PAIR, MARKET_SIGNAL
from .coordinator import CexioConfigEntry, ReferenceCoordinator
from .entity import market_subentries
from .exchange import Candle, CexioError, PriceSource, Priority, Resolution, RestClient
from .long_term import HOUR, HourRow, Series, Statistics, hour_of
from .past_candles import PastCandles, closed

_LOGGER = logging.getLogger(__name__)

# How far back a market is filled that was never watched before.
DEPTH = timedelta(days=365)
# So many questions a minute, each 1 point of the address.
QUESTIONS_A_TURN = 8
START_PAUSE = timedelta(minutes=1)
BUSY_PAUSE = timedelta(minutes=1)
# An hour's candle is asked for when it has surely been closed.
CLOSED_AFTER = timedelta(minutes=2)


@dataclass(slots=True)
class _Market:
    """How far the statistics of one pair are."""

    series: Series
    # The newest hour that is kept, and the newest that was asked for.
    kept: datetime
    asked: datetime
    gap: PastCandles | None = None


class PriceHistory:
    """Fills what is missing, then adds each hour when it is over.

    The recorder says how far the statistics are. A gap is read backwards and written
    at once when it is complete: whatever interrupts that leaves the gap as it was.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        reference: ReferenceCoordinator,
    ) -> None:
        """Prepare; `async_start` begins."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._statistics = Statistics(hass)
        self._reference = reference
        self._markets: dict[str, _Market] = {}
        self.turns = Turns(hass, entry, "price history", self._async_turn)

    def async_start(self) -> None:
        """Begin soon, if there is a recorder."""
        if self._statistics.is_kept:
            self.turns.async_plan(START_PAUSE)
            self._entry.async_on_unload(
                async_dispatcher_connect(
                    self._hass,
                    MARKET_SIGNAL.format(self._entry.entry_id),
                    self._async_take_up,
                )
            )

    @callback
    def _async_take_up(self, _subentry: ConfigSubentry) -> None:
        """Fill a market soon that is watched from now on."""
        self.turns.async_hurry(START_PAUSE)

    async def async_stop(self) -> None:
        """Leave off; what is not complete is read anew."""
        await self.turns.async_stop()

    async def _async_turn(self) -> timedelta:
        """Ask some questions; return when to ask on."""
        try:
            is_complete = await self.async_work()
        except CexioError as err:
            _LOGGER.debug("Past prices are read on later: %s", err)
            is_complete = False
        if not is_complete:
            return BUSY_PAUSE
        now = self._rest.clock.exchange_now()
        return hour_of(now) + HOUR + CLOSED_AFTER - now

    async def async_work(self) -> bool:
        """Read a bounded piece; return whether all hours that are over were asked for.

        Raises:
            CexioError: The exchange did not answer; what it told before is kept.
        """
        if self._statistics.is_busy:
            return False
        last = hour_of(self._rest.clock.exchange_now()) - HOUR
        behind = {
            pair: market
            for pair, market in (await self._async_markets(last)).items()
            if market.asked < last
        }
        questions = 0
        fresh = [pair for pair, item in behind.items() if item.kept == last - HOUR]
        if fresh:
            questions += 1
            await self._async_ask_hour(fresh, last)
        for pair, market in behind.items():
            while market.asked < last:
                if questions >= QUESTIONS_A_TURN:
                    return False
                questions += 1
                await self._async_read_gap(pair, market, last)
        return True

    async def _async_markets(self, last: datetime) -> dict[str, _Market]:
        """Return the watched markets that the exchange trades, and how far they are."""
        pairs = [item.data[CONF_PAIR] for item in market_subentries(self._entry)]
        found: dict[str, _Market] = {}
        for pair in pairs:
            if (conditions := self._reference.data.pairs.get(pair)) is None:
                continue
            if (market := self._markets.get(pair)) is None:
                series = Series(
                    key=f"{pair} price", name=f"{pair} price", unit=conditions.quote
                )
                newest = await self._statistics.async_newest(series) or last - DEPTH
                market = self._markets[pair] = _Market(series, newest, newest)
            found[pair] = market
        return found

    async def _async_ask_hour(self, pairs: list[str], last: datetime) -> None:
        """Ask for the last hour of many pairs at once; what has no answer is asked alone."""
        candles = await self._rest.get_last_candles(
            pairs,
            resolution=Resolution.ONE_HOUR,
            source=PriceSource.BEST_BID,
            at=last,
            priority=Priority.BACKGROUND,
        )
        for pair in pairs:
            candle = candles.get(pair)
            if not isinstance(candle, Candle) or candle.start != last:
                continue
            if found := closed([candle]):
                await self._async_keep(self._markets[pair], found, last)

    async def _async_read_gap(self, pair: str, market: _Market, last: datetime) -> None:
        """Read the next part of what is missing; write it when all of it is there."""
        if (gap := market.gap) is None:
            gap = market.gap = PastCandles(
                self._rest,
                pair,
                Resolution.ONE_HOUR,
                after=market.kept,
                until=last,
            )
        await gap.async_read()
        if gap.is_complete:
            await self._async_keep(market, gap.candles, gap.until)

    async def _async_keep(
        self, market: _Market, candles: list[Candle], until: datetime
    ) -> None:
        """Write candles that follow what is kept."""
        await self._statistics.async_write(market.series, _rows(candles))
        if candles:
            market.kept = candles[-1].start
        market.asked = until
        market.gap = None


def _rows(candles: Iterable[Candle]) -> Iterator[HourRow]:
    """Yield what statistics keep of candles of one hour."""
    for candle in candles:
        told = (candle.open, candle.high, candle.low, candle.close)
        if prices := [price for price in told if price is not None]:
            yield HourRow(
                start=candle.start,
                mean=sum(prices, Decimal()) / len(prices),
                low=min(prices),
                high=max(prices),
            )
