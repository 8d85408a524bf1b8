"""What a chart shows, read from what the actions of the integration told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from telegram_bot.feed import Json

INTERVALS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Candle:
    """What a price did in a span of time."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Fill:
    """Something that was bought or sold."""

    at: datetime
    price: Decimal
    buys: bool


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that waits for its price."""

    price: Decimal
    amount: Decimal | None
    buys: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows.

    Attributes:
        title: the pair.
        interval: the length of a candle in words.
        span: the length of a candle.
        candles: oldest first, at least one, at most about 200 fit.
        fills: those outside of the candles' time are left out.
        orders: those far outside of the candles' prices are left out.
    """

    title: str
    interval: str
    span: timedelta
    candles: Sequence[Candle]
    fills: Sequence[Fill] = ()
    orders: Sequence[OpenOrder] = ()


def read_chart(
    pair: str,
    interval: str,
    candles: Sequence[Json],
    fills: Sequence[Json],
    orders: Sequence[Json],
) -> Chart:
    """Return a chart.

    Args:
        pair: such as "BTC-USD".
        interval: one of INTERVALS.
        candles: of `get_candles`, those with a price.
        fills: entries of `get_executions`, those that filled something.
        orders: open ones of this pair, with a price.
    """
    return Chart(
        title=pair,
        interval=interval,
        span=INTERVALS[interval],
        candles=[_candle(row) for row in candles],
        fills=[
            Fill(
                datetime.fromisoformat(row["time"]),
                Decimal(row["data"]["fill"]["price"]),
                row["data"]["order"]["side"] == "buy",
            )
            for row in fills
        ],
        orders=[
            OpenOrder(
                Decimal(order["price"]),
                None if order["amount"] is None else Decimal(order["amount"]),
                order["side"] == "buy",
            )
            for order in orders
        ],
    )


def _candle(row: Json) -> Candle:
    """Read a candle; where nothing was traded it stays at its price."""
    opened, high, low, close = (
        Decimal(row[name] or row["close"]) for name in ("open", "high", "low", "close")
    )
    start = datetime.fromisoformat(row["start"])
    return Candle(start, opened, high, low, close, Decimal(row["volume"] or 0))
