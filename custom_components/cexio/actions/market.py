"""Actions that tell of markets: prices, books, candles, trades, conditions."""

from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse

from custom_components.cexio.const import CONF_PAIR, CONF_PAIRS
from custom_components.cexio.errors import refusal
from custom_components.cexio.exchange import PriceSource, Resolution, Side, Ticker
from custom_components.cexio.market import middle
from custom_components.cexio.representation import (
    conditions_as_dict,
    iso,
    plain,
    plain_or_none,
)
from custom_components.cexio.schema import vol

from .common import (
    ATTR_END,
    ATTR_LIMIT,
    ATTR_SIDE,
    ATTR_START,
    ENTRY,
    PAIRS,
    SPAN,
    Action,
    check_pairs,
    check_span,
    pair_name,
    runtime_of,
)

ATTR_DEPTH = "depth"
ATTR_RESOLUTION = "resolution"
ATTR_SOURCE = "source"

SERVICE_GET_CANDLES = "get_candles"
SERVICE_GET_ORDER_BOOK = "get_order_book"
SERVICE_GET_TICKER = "get_ticker"
SERVICE_GET_TRADES = "get_trades"
SERVICE_GET_TRADING_CONDITIONS = "get_trading_conditions"

DEFAULT_DEPTH = 20
DEEPEST = 1000
DEFAULT_COUNT = 100
LARGEST_COUNT = 1000

SOURCES = {"ask": PriceSource.BEST_ASK, "bid": PriceSource.BEST_BID}
RESOLUTIONS = [item.value for item in Resolution if item is not Resolution.UNKNOWN]
_COUNT = vol.All(vol.Coerce(int), vol.Range(min=1, max=LARGEST_COUNT))


async def _async_get_ticker(call: ServiceCall) -> ServiceResponse:
    """Answer what some pairs are worth now."""
    runtime = runtime_of(call)
    pairs: list[str] = list(dict.fromkeys(call.data[CONF_PAIRS]))
    check_pairs(runtime, pairs)
    await runtime.markets.tickers.async_want(pairs)
    tickers: dict[str, Any] = {}
    for pair in pairs:
        book = await runtime.markets.async_book(pair)
        ticker = runtime.markets.tickers.data.get(pair) or Ticker(pair=pair)
        tickers[pair] = {
            "pair": pair,
            "bid": plain_or_none(book.bid),
            "ask": plain_or_none(book.ask),
            "mid": plain_or_none(middle(book.bid, book.ask)),
            "last": plain_or_none(ticker.last_trade_price),
            "high": plain_or_none(ticker.high),
            "low": plain_or_none(ticker.low),
            "volume": plain_or_none(ticker.volume),
            "change_percentage": plain_or_none(ticker.price_change_percentage),
        }
    return {"tickers": tickers}


async def _async_get_trading_conditions(call: ServiceCall) -> ServiceResponse:
    """Answer under which conditions pairs are traded."""
    runtime = runtime_of(call)
    known = runtime.reference.data.pairs
    pairs: list[str] = call.data.get(CONF_PAIRS) or sorted(known)
    check_pairs(runtime, pairs)
    return {"pairs": {pair: conditions_as_dict(known[pair]) for pair in pairs}}


async def _async_get_order_book(call: ServiceCall) -> ServiceResponse:
    """Answer the levels of a book, as the exchange shows them now."""
    runtime = runtime_of(call)
    pair: str = call.data[CONF_PAIR]
    check_pairs(runtime, [pair])
    depth: int = call.data[ATTR_DEPTH]
    book = await runtime.rest.get_order_book(pair)
    sides: dict[str, Any] = {
        name: [
            {"price": plain(level.price), "amount": plain(level.amount)}
            for level in levels[:depth]
        ]
        for name, levels in (("bids", book.bids), ("asks", book.asks))
    }
    return {"order_book": {"pair": pair, "timestamp": iso(book.timestamp), **sides}}


async def _async_get_candles(call: ServiceCall) -> ServiceResponse:
    """Answer candles, oldest first; the one that is not over yet says so."""
    runtime = runtime_of(call)
    data = call.data
    pair: str = data[CONF_PAIR]
    check_pairs(runtime, [pair])
    check_span(call)
    start, end = data.get(ATTR_START), data.get(ATTR_END)
    if start is not None and end is not None:
        if ATTR_LIMIT in data:
            raise refusal("limit_not_allowed")
        limit = None
    else:
        limit = data.get(ATTR_LIMIT, DEFAULT_COUNT)
        if start is None and end is None:
            end = runtime.rest.clock.exchange_now()
    candles = await runtime.rest.get_candles(
        pair,
        resolution=Resolution(data[ATTR_RESOLUTION]),
        source=SOURCES[data[ATTR_SOURCE]],
        start=start,
        end=end,
        limit=limit,
    )
    return {
        "candles": [
            {
                "start": iso(candle.start),
                "open": plain_or_none(candle.open),
                "high": plain_or_none(candle.high),
                "low": plain_or_none(candle.low),
                "close": plain_or_none(candle.close),
                "volume": plain_or_none(candle.volume),
                "closed": candle.is_closed,
            }
            for candle in candles
        ]
    }


async def _async_get_trades(call: ServiceCall) -> ServiceResponse:
    """Answer what others traded, oldest first."""
    runtime = runtime_of(call)
    data = call.data
    pair: str = data[CONF_PAIR]
    check_pairs(runtime, [pair])
    check_span(call)
    start, end = data.get(ATTR_START), data.get(ATTR_END)
    if end is not None and start is None:
        raise refusal("start_required")
    side: Any = data.get(ATTR_SIDE)
    trades = await runtime.rest.get_trade_history(
        pair,
        side=None if side is None else Side[side.upper()],
        start=start,
        end=end,
        page_size=data[ATTR_LIMIT],
    )
    return {
        "trades": [
            {
                "trade_id": trade.trade_id,
                "time": iso(trade.time),
                "side": trade.side.name.lower(),
                "price": plain(trade.price),
                "amount": plain(trade.amount),
            }
            for trade in trades
        ]
    }


MARKET_ACTIONS: dict[str, Action] = {
    SERVICE_GET_TICKER: Action(
        _async_get_ticker,
        {**ENTRY, vol.Required(CONF_PAIRS): PAIRS},
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_TRADING_CONDITIONS: Action(
        _async_get_trading_conditions,
        {**ENTRY, vol.Optional(CONF_PAIRS): PAIRS},
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_ORDER_BOOK: Action(
        _async_get_order_book,
        {
            **ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Optional(ATTR_DEPTH, default=DEFAULT_DEPTH): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=DEEPEST)
            ),
        },
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_CANDLES: Action(
        _async_get_candles,
        {
            **ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Optional(ATTR_RESOLUTION, default="1h"): vol.In(RESOLUTIONS),
            vol.Optional(ATTR_SOURCE, default="bid"): vol.In(list(SOURCES)),
            **SPAN,
            vol.Optional(ATTR_LIMIT): _COUNT,
        },
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_TRADES: Action(
        _async_get_trades,
        {
            **ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Optional(ATTR_SIDE): vol.In(["buy", "sell"]),
            **SPAN,
            vol.Optional(ATTR_LIMIT, default=DEFAULT_COUNT): _COUNT,
        },
        SupportsResponse.ONLY,
    ),
}
