"""Market data: pairs, currencies, tickers, books, trades, candles, networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, Self

from .fields import (
    StreamEvent,
    Wire,
    WireEnum,
    Words,
    decimal,
    decimals,
    identifier,
    mapping,
    moment,
    numbers,
    optional_decimal,
    optional_moment,
    optional_whole,
    readable,
    received,
    rows,
    text,
    whole,
)


class Side(WireEnum):
    """What the order or the taker of a trade does with the base currency."""

    BUY = "BUY"
    SELL = "SELL"
    UNKNOWN = "UNKNOWN"


SIDES = Words(Side)
# So many levels a side are told of a maintained book.
BOOK_DEPTH = 20


class PriceSource(WireEnum):
    """The price series that candles are made of."""

    BEST_ASK = "bestAsk"
    BEST_BID = "bestBid"
    UNKNOWN = "UNKNOWN"


class Resolution(WireEnum):
    """The length of a candle."""

    ONE_MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    THIRTY_MINUTES = "30m"
    ONE_HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    ONE_DAY = "1d"
    UNKNOWN = "UNKNOWN"


# As the last fields of a ticker, which they fill.
_TICKER_NUMBERS = numbers(
    optional_decimal,
    *("bestBid", "bestAsk", "bestBidChange", "bestBidChangePercentage"),
    *("bestAskChange", "bestAskChangePercentage", "last", "lastTradePrice"),
    *("lastTradeVolume", "low", "high", "volume", "quoteVolume", "volume30d"),
    *("volumeUSD", "priceChange", "priceChangePercentage"),
)


@received
class Ticker:
    """A pair's market over 24 hours (rest.md 4.A.4); None = the exchange left it out.

    Prices and changes in quote, volume in base, quote_volume in quote, percentages in percent,
    last is the indicative price, last_trade_price that of the last trade.
    """

    pair: str
    last_trade_time: datetime | None = None
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    best_bid_change: Decimal | None = None
    best_bid_change_percentage: Decimal | None = None
    best_ask_change: Decimal | None = None
    best_ask_change_percentage: Decimal | None = None
    last: Decimal | None = None
    last_trade_price: Decimal | None = None
    last_trade_volume: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    volume: Decimal | None = None
    quote_volume: Decimal | None = None
    volume_30d: Decimal | None = None
    volume_usd: Decimal | None = None
    price_change: Decimal | None = None
    price_change_percentage: Decimal | None = None

    @classmethod
    @readable
    def from_wire(cls, data: Wire, pair: str) -> Self:
        """Read a value of get_ticker."""
        return cls(
            pair,
            optional_moment(data.get("lastTradeDateISO")),
            *_TICKER_NUMBERS(data),
        )


class BookLevel(NamedTuple):
    """A price in quote and the base amount on offer at it."""

    price: Decimal
    amount: Decimal


# As BookLevel._make, in half the time.
_level: Callable[[tuple[Decimal, Decimal]], BookLevel] = partial(
    tuple.__new__, BookLevel
)


def book_levels(data: Any) -> tuple[BookLevel, ...]:
    """Read one side of a book: a list of [price, amount]; for parsers that are readable()."""
    levels = rows(data)
    if not levels:
        return ()
    prices, amounts = zip(*levels, strict=True)
    numbers, count = decimals(prices + amounts), len(levels)
    return tuple(map(_level, zip(numbers[:count], numbers[count:], strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBookSnapshot:
    """A book at one moment (rest.md 4.A.1, websocket.md 3.2), best prices first.

    REST gives a timestamp and no sequence, a subscription a sequence and no timestamp.
    """

    pair: str
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    timestamp: datetime | None = None
    sequence: int | None = None

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of get_order_book or order_book_subscribe."""
        name = data.get("pair")
        return cls(
            pair=text(name)
            if name is not None
            else f"{data['currency1']}-{data['currency2']}",
            bids=book_levels(data["bids"]),
            asks=book_levels(data["asks"]),
            timestamp=optional_moment(data.get("timestamp")),
            sequence=optional_whole(data.get("seqId")),
        )


@received
class OrderBookIncrement:
    """A change of a book: absolute new amounts, zero deletes the level (websocket.md 4.6)."""

    pair: str
    sequence: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an order_book_increment."""
        return cls(
            text(data["pair"]),
            whole(data["seqId"]),
            book_levels(data["bids"]),
            book_levels(data["asks"]),
        )


@received
class BestPrices(StreamEvent):
    """The best prices of a maintained book after a change of it; None where a side is empty."""

    pair: str
    bid: Decimal | None
    ask: Decimal | None


class OrderBook(StreamEvent):
    """A maintained book after a change: its top, best prices first, put in order when somebody looks.

    Attributes:
        pair: Base and quote.
        sequence: The number of the change.
    """

    __slots__ = ("_asks", "_bids", "pair", "sequence")

    def __init__(
        self,
        pair: str,
        sequence: int,
        bids: Mapping[Decimal, Decimal],
        asks: Mapping[Decimal, Decimal],
    ) -> None:
        """Keep amounts by price, in any order; nobody changes them any more."""
        self.pair = pair
        self.sequence = sequence
        self._bids = bids
        self._asks = asks

    @property
    def bids(self) -> tuple[BookLevel, ...]:
        """The levels that somebody buys at."""
        levels = sorted(self._bids.items(), reverse=True)[:BOOK_DEPTH]
        return tuple(map(_level, levels))

    @property
    def asks(self) -> tuple[BookLevel, ...]:
        """The levels that somebody sells at."""
        return tuple(map(_level, sorted(self._asks.items())[:BOOK_DEPTH]))

    @property
    def best_bid(self) -> Decimal | None:
        """The highest price that somebody pays, None when nobody bids."""
        return max(self._bids, default=None)

    @property
    def best_ask(self) -> Decimal | None:
        """The lowest price that somebody asks, None when nobody sells."""
        return min(self._asks, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(StreamEvent):
    """A public trade (rest.md 4.A.3, websocket.md 4.7): price in quote, amount in base."""

    pair: str
    trade_id: str
    time: datetime
    side: Side
    price: Decimal
    amount: Decimal

    @property
    def position(self) -> tuple[int, int]:
        """The trade's place on the tape: milliseconds, then the number within them."""
        return trade_position(self.trade_id)

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, pair: str) -> Self:
        """Read a trade of get_trade_history, tradeHistorySnapshot or tradeUpdate."""
        trade_id = identifier(data["tradeId"])
        trade_position(trade_id)
        return cls(
            pair=pair,
            trade_id=trade_id,
            time=moment(data["dateISO"]),
            side=SIDES[data["side"]],
            price=decimal(data["price"]),
            amount=decimal(data["amount"]),
        )


def trade_position(trade_id: str) -> tuple[int, int]:
    """Return both parts of "<ms>-<n>" as numbers: as texts "-10" would come before "-2"."""
    milliseconds, _, number = trade_id.partition("-")
    return int(milliseconds), int(number or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeHistory(StreamEvent):
    """The trades of a tradeHistorySnapshot that were not seen before, oldest first."""

    pair: str
    trades: tuple[Trade, ...]

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a tradeHistorySnapshot."""
        pair = text(data["pair"])
        return cls(
            pair=pair,
            trades=tuple(
                Trade.from_wire(mapping(row), pair=pair) for row in rows(data["trades"])
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """A candle (rest.md 4.A.2): prices in quote, volume in base, all None when it is empty."""

    start: datetime
    resolution: Resolution
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    volume: Decimal | None
    is_closed: bool

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a candle of get_candles."""
        return cls(
            start=moment(data["timestamp"]),
            resolution=Resolution(data["resolution"]),
            open=optional_decimal(data.get("open")),
            high=optional_decimal(data.get("high")),
            low=optional_decimal(data.get("low")),
            close=optional_decimal(data.get("close")),
            volume=optional_decimal(data.get("volume")),
            is_closed=data.get("isClosed") is True,
        )
