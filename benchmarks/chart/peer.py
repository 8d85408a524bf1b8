"""The same chart by matplotlib, on its fastest canvas; runs in an environment of its own."""

from datetime import datetime
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, date2num
from matplotlib.figure import Figure

from benchmarks.chart.rows import CANDLES, FILLS, INTERVAL, ORDERS, PAIR

_DPI = 100
_UP, _DOWN, _BUY, _SELL = "#12976f", "#df4550", "#2f6fed", "#d97a06"
_FAINT = "#7b8794"
_WIDTH = 0.7 / 24


def draw() -> bytes:
    """Read and draw everything anew: as many collections as needed, none for each candle."""
    figure = Figure(figsize=(9, 6.8), dpi=_DPI)
    canvas = FigureCanvasAgg(figure)
    prices, volumes = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    _draw_candles(prices, volumes)
    _draw_marks(prices)
    prices.set_title(f"{PAIR}  {INTERVAL}", loc="left", fontsize=18)
    first, last = float(CANDLES[0]["open"]), float(CANDLES[-1]["close"])
    change = f"{(last - first) * 100 / first:+.2f} %"
    prices.set_title(change, loc="right", fontsize=18, color=_UP)
    for axes in (prices, volumes):
        axes.grid(color="#e9edf1")
        axes.yaxis.tick_right()
    volumes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    picture = BytesIO()
    canvas.print_png(picture, pil_kwargs={"compress_level": 1})
    return picture.getvalue()


def _draw_candles(prices: Any, volumes: Any) -> None:
    """Draw bodies, wicks and volumes."""
    for rises, colour in ((True, _UP), (False, _DOWN)):
        rows = [
            (
                date2num(datetime.fromisoformat(row["start"])),
                *(
                    float(row[name])
                    for name in ("open", "high", "low", "close", "volume")
                ),
            )
            for row in CANDLES
            if (float(row["close"]) >= float(row["open"])) is rises
        ]
        starts, opens, highs, lows, closes, traded = zip(*rows, strict=True)
        heights = [close - opened for opened, close in zip(opens, closes, strict=True)]
        prices.vlines(starts, lows, highs, colors=colour, linewidth=1)
        prices.bar(starts, heights, _WIDTH, opens, color=colour)
        volumes.bar(starts, traded, _WIDTH, color=colour, alpha=0.4)


def _draw_marks(prices: Any) -> None:
    """Draw open orders, own fills and the last price."""
    for order in ORDERS:
        colour = _BUY if order["side"] == "buy" else _SELL
        prices.axhline(float(order["price"]), color=colour, linestyle="--")
        _tag(prices, float(order["price"]), colour)
    for fill in FILLS:
        buys = fill["data"]["order"]["side"] == "buy"
        prices.plot(
            date2num(datetime.fromisoformat(fill["time"])),
            float(fill["data"]["fill"]["price"]),
            "^" if buys else "v",
            color=_BUY if buys else _SELL,
            markersize=10,
        )
    last = float(CANDLES[-1]["close"])
    prices.axhline(last, color=_FAINT, linestyle=":")
    _tag(prices, last, _FAINT)


def _tag(prices: Any, price: float, colour: str) -> None:
    """Write a price on a colour beside the chart."""
    prices.text(
        1.01,
        price,
        f"{price:,.1f}",
        transform=prices.get_yaxis_transform(),
        color="white",
        backgroundcolor=colour,
        verticalalignment="center",
    )
