"""Market data: books pushed by the public stream, the rest asked for slowly."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import logging
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import CONF_PRICE_INTERVAL, DEFAULT_PRICE_INTERVAL, DOMAIN, TICKER_INTERVAL
from .coordinator import CexioConfigEntry, CexioCoordinator, ReferenceCoordinator
from .exchange import (
    BestPrices,
    BookLevel,
    Call,
    CexioError,
    Disconnected,
    OrderBook,
    Priority,
    RestClient,
    Stream,
    StreamEvent,
    Ticker,
)
from .exchange.models.fields import received
from .listeners import Listeners

_LOGGER = logging.getLogger(__name__)

# Pairs that somebody asked for, beyond the followed ones, are asked along.
LARGEST_EXTRA_PAIRS = 20
# News that come a little early for the next write do not wait: they come once a second, more or less.
WRITE_TOLERANCE = 0.1
# An action may ask ahead of time, still within what the live service answers.
TICKER_PAUSE = timedelta(seconds=30)

type PriceListener = Callable[[str, Decimal], None]


@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The levels of a book at one moment, best first."""

    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    @property
    def bid(self) -> Decimal | None:
        """The best price somebody buys at."""
        return self.bids[0].price if self.bids else None

    @property
    def ask(self) -> Decimal | None:
        """The best price somebody sells at."""
        return self.asks[0].price if self.asks else None


@received
class MarketData:
    """What is known of a market."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    ticker: Ticker | None = None

    @property
    def mid(self) -> Decimal | None:
        """The middle between the best bid and the best ask."""
        return middle(self.bid, self.ask)

    @property
    def spread(self) -> Decimal | None:
        """What the best ask is above the best bid."""
        return None if self.bid is None or self.ask is None else self.ask - self.bid


def middle(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """Return the middle of two prices where both are known."""
    return None if bid is None or ask is None else (bid + ask) / 2


class Market(DataUpdateCoordinator[MarketData]):
    """One pair: written as rarely as the options say, however fast it moves.

    The recorder keeps what is written; alerts, triggers and conditions see every price.
    """

    config_entry: CexioConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, pair: str, stream: Stream
    ) -> None:
        """Prepare the market of a pair, whose book the stream keeps."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {pair}")
        self.pair = pair
        self.data = MarketData()
        # Nothing is known yet; the first news makes it available.
        self.last_update_success = False
        # Whether the prices are those of the live book.
        self.is_live = False
        self._stream = stream
        self._next: MarketData | None = None
        # When the next write may be, by the loop's clock, and what does it if it is to come.
        self._rests_until = 0.0
        self._write: asyncio.TimerHandle | None = None

    @property
    def newest(self) -> MarketData:
        """The newest data, written already or not."""
        return self._next or self.data

    @property
    def book(self) -> OrderBook | None:
        """The live book, None while there is none."""
        return self._stream.order_book(self.pair) if self.is_live else None

    @callback
    def async_set_book(self, bid: Decimal | None, ask: Decimal | None) -> None:
        """Take in the best prices of the live book."""
        self.is_live = True
        newest = self.newest
        if bid != newest.bid or ask != newest.ask or not self.last_update_success:
            self._async_set(MarketData(bid, ask, newest.ticker))

    @callback
    def async_set_ticker(self, ticker: Ticker) -> None:
        """Take in a ticker; its bid and ask count only while there is no live book."""
        if not self.is_live:
            self._async_set(MarketData(ticker.best_bid, ticker.best_ask, ticker))
        else:
            self._async_set(replace(self.newest, ticker=ticker))

    @callback
    def _async_set(self, data: MarketData) -> None:
        """Write now, or when the pause since the last write is over."""
        if data == self.data and self._next is None and self.last_update_success:
            return
        self._next = data
        now = self.hass.loop.time()
        # What is back is not kept waiting.
        if now >= self._rests_until or not self.last_update_success:
            self._async_write()
        elif self._write is None:
            self._write = self.hass.loop.call_at(self._rests_until, self._async_write)

    @callback
    def _async_write(self) -> None:
        """Write what is newest and begin a pause."""
        self._async_cancel_write()
        if self._next is None:
            return
        data, self._next = self._next, None
        pause = self.config_entry.options.get(
            CONF_PRICE_INTERVAL, DEFAULT_PRICE_INTERVAL
        )
        self._rests_until = self.hass.loop.time() + pause - WRITE_TOLERANCE
        # Not async_set_updated_data(): nothing is ever asked for here that it would put off.
        self.data = data
        self.last_update_success = True
        self.async_update_listeners()

    @callback
    def _async_cancel_write(self) -> None:
        """Write at no later moment."""
        if self._write is not None:
            self._write.cancel()
            self._write = None

    @callback
    def async_lose(self) -> None:
        """Become unavailable; why is said once for all markets, by who noticed it."""
        self.is_live = False
        # What still waits to be written would make it available again.
        self._async_cancel_write()
        self.data, self._next = self.newest, None
        if self.last_update_success:
            self.last_update_success = False
            self.async_update_listeners()

    @override
    async def async_shutdown(self) -> None:
        """Write no more."""
        self._async_cancel_write()
        await super().async_shutdown()


class TickerCoordinator(CexioCoordinator[Mapping[str, Ticker]]):
    """Asks for the tickers of all pairs in one call, rarely."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        rest: RestClient,
        reference: ReferenceCoordinator,
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(hass, entry, rest, "tickers", TICKER_INTERVAL)
        self._reference = reference
        self.data = {}
        self.pairs: set[str] = set()
        # What others want to be asked along for, by who wants it.
        self.wanted: dict[str, frozenset[str]] = {}
        # What the last question was about, and when it was answered.
        self.asked_pairs: frozenset[str] = frozenset()
        self.answered: datetime | None = None
        self._extra: OrderedDict[str, None] = OrderedDict()
        self._asked: datetime | None = None

    @override
    async def _async_fetch(self) -> Mapping[str, Ticker]:
        """Ask for all pairs that somebody wants to know of."""
        every = self.pairs.union(self._extra, *self.wanted.values())
        # One pair that is no longer listed would spoil the answer for all others.
        wanted = sorted(pair for pair in every if pair in self._reference.data.pairs)
        if not wanted:
            return {}
        self._asked = dt_util.utcnow()
        tickers = await self.rest.get_ticker(wanted, priority=Priority.BACKGROUND)
        self.asked_pairs = frozenset(wanted)
        self.answered = dt_util.utcnow()
        return tickers

    @callback
    def async_keep(self, traded: Container[str]) -> None:
        """Forget the tickers of pairs that are no longer traded."""
        self.data = {
            pair: ticker for pair, ticker in self.data.items() if pair in traded
        }

    async def async_want(self, pairs: Sequence[str]) -> None:
        """Ask along for some pairs, at once if the exchange would answer."""
        for pair in pairs:
            if pair not in self.pairs:
                self._extra[pair] = None
                self._extra.move_to_end(pair)
        while len(self._extra) > LARGEST_EXTRA_PAIRS:
            self._extra.popitem(last=False)
        if all(pair in self.data for pair in pairs):
            return
        if self._asked is None or dt_util.utcnow() - self._asked >= TICKER_PAUSE:
            await self.async_refresh()


class MarketHub:
    """All markets of an entry and the stream that feeds them."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        rest: RestClient,
        stream: Stream,
        reference: ReferenceCoordinator,
    ) -> None:
        """Prepare the hub; `async_start` makes it live."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._reference = reference
        self.stream = stream
        self.tickers = TickerCoordinator(hass, entry, rest, reference)
        self.markets: dict[str, Market] = {}
        self._reasons: dict[str, set[str]] = {}
        self._listeners = Listeners[str, Decimal]()
        self._calls: Call[StreamEvent] | None = None

    async def async_start(self) -> None:
        """Ask for the tickers once, then follow the stream."""
        for coordinator, listener in (
            (self.tickers, self._async_tickers_changed),
            (self._reference, self._async_pairs_changed),
        ):
            self._entry.async_on_unload(coordinator.async_add_listener(listener))
        await self.tickers.async_refresh()
        self._calls = self.stream.call(self._async_take, BestPrices, Disconnected)
        await self.stream.start()

    async def async_stop(self) -> None:
        """Leave the stream."""
        if self._calls is not None:
            self._calls.close()
        await self.stream.stop()
        for market in self.markets.values():
            await market.async_shutdown()

    async def async_follow(self, pair: str, reason: str) -> Market:
        """Keep the book of a pair for a reason."""
        reasons = self._reasons.setdefault(pair, set())
        is_new = not reasons
        reasons.add(reason)
        if is_new:
            self.markets[pair] = Market(self._hass, self._entry, pair, self.stream)
            self.tickers.pairs.add(pair)
            if (ticker := self.tickers.data.get(pair)) is not None:
                self.markets[pair].async_set_ticker(ticker)
            await self._async_subscribe(pair)
        return self.markets[pair]

    async def _async_subscribe(self, pair: str) -> None:
        """Follow a book; without it the ticker stands in."""
        try:
            await self.stream.subscribe_order_book(pair)
        except CexioError as err:
            # The stream asks again with its next session, unless there is no such pair.
            _LOGGER.debug("The book of %s is not followed: %s", pair, err)

    async def async_unfollow(self, pair: str, reason: str) -> None:
        """Let a pair go when the last reason is gone."""
        reasons = self._reasons.get(pair, set())
        reasons.discard(reason)
        if reasons or pair not in self.markets:
            return
        self._reasons.pop(pair, None)
        self.tickers.pairs.discard(pair)
        await self.markets.pop(pair).async_shutdown()
        try:
            await self.stream.unsubscribe_order_book(pair)
        except CexioError as err:
            _LOGGER.debug("The book of %s is still followed: %s", pair, err)

    async def async_book(
        self, pair: str, priority: Priority = Priority.INTERACTIVE
    ) -> TopOfBook:
        """Return the live book of a pair, or ask for one."""
        market = self.markets.get(pair)
        if market is not None and (book := market.book) is not None:
            return TopOfBook(book.bids, book.asks)
        snapshot = await self._rest.get_order_book(pair, priority=priority)
        return TopOfBook(tuple(snapshot.bids), tuple(snapshot.asks))

    def price(self, pair: str) -> Decimal | None:
        """Return the middle price of a pair: of its live book, else of its ticker."""
        market = self.markets.get(pair)
        if market is not None and market.is_live:
            return market.newest.mid
        if (ticker := self.tickers.data.get(pair)) is None:
            return None
        mid = middle(ticker.best_bid, ticker.best_ask)
        return ticker.last_trade_price if mid is None else mid

    @callback
    def async_listen_prices(self, listener: PriceListener) -> CALLBACK_TYPE:
        """Call the listener with each change of the middle price of a followed pair."""
        return self._listeners.async_add(listener)

    @callback
    def _async_take(self, event: StreamEvent) -> None:
        """Take in one event."""
        match event:
            case BestPrices(pair) if (market := self.markets.get(pair)) is not None:
                market.async_set_book(event.bid, event.ask)
                self._async_tell(pair, market.newest.mid)
            case Disconnected():
                for market in self.markets.values():
                    market.is_live = False
                self._async_check_availability()

    @callback
    def _async_tell(self, pair: str, price: Decimal | None) -> None:
        """Tell the listeners a price."""
        if price is not None:
            self._listeners.async_tell(pair, price)

    @callback
    def _async_tickers_changed(self) -> None:
        """Hand the tickers to their markets."""
        # Whoever is told a price may let its market go.
        for pair, market in tuple(self.markets.items()):
            ticker = self.tickers.data.get(pair)
            if ticker is not None and pair in self.markets:
                market.async_set_ticker(ticker)
                self._async_tell(pair, market.newest.mid)
        self._async_check_availability()

    @callback
    def _async_pairs_changed(self) -> None:
        """Let go of pairs that are no longer traded, and take up those that are again."""
        traded = self._reference.data.pairs
        self.tickers.async_keep(traded)
        for pair, market in tuple(self.markets.items()):
            if pair not in traded:
                market.async_lose()
                market.data = MarketData()
            elif not market.is_live:
                self._entry.async_create_background_task(
                    self._hass, self._async_subscribe(pair), f"{DOMAIN} {pair}"
                )

    @callback
    def _async_check_availability(self) -> None:
        """Make markets unavailable that nothing is known of any more."""
        if self.tickers.last_update_success:
            return
        for market in tuple(self.markets.values()):
            if not market.is_live:
                market.async_lose()
