"""Candles as a picture for a phone: volume below, own fills and open orders marked.

Money stays Decimal up to the place in the picture, which is a number of pixels.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from babel.dates import format_skeleton

from telegram_bot.canvas import Canvas, Ink, text_width
from telegram_bot.chart_data import Chart
from telegram_bot.languages import current_language, number
from telegram_bot.settings import ChartTheme

WIDTH = 900
HEIGHT = 680
_HEAD = 84
_PRICES_BOTTOM = 520
_VOLUMES_TOP = 540
_VOLUMES_BOTTOM = 630
_TIMES = 656
_LEFT = 16
# Between the newest candle and the prices beside it.
_AIR = 18
_MARGIN = 12
_WIDEST_CANDLE = 40
_LABEL = 24
_TITLE = 34
_MARK = 20
_PRICE_LINES = 6
_TIME_LINES = 5
# An open order this far outside (as a share of the candles' range) would flatten them.
_FAR = Decimal("0.6")
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_TIME_STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
)
_DAYS = (1, 2, 5, 7, 14, 30, 60, 91, 182, 365)


def draw(chart: Chart, theme: ChartTheme) -> bytes:
    """Return a chart as a PNG of 900 by 680 pixels."""
    return _Drawing(chart, theme).png()


class _Drawing:
    """One chart that is being drawn."""

    def __init__(self, chart: Chart, theme: ChartTheme) -> None:
        """Work out what goes where."""
        self._chart = chart
        self._canvas = Canvas(WIDTH, HEIGHT, theme)
        self._low, self._high = _range(chart)
        self._lines = _price_lines(self._low, self._high)
        self._last = chart.candles[-1].close
        labels = [number(price) for price in (*self._lines, self._last)]
        labels += [number(order.price) for order in chart.orders]
        self._right = (
            WIDTH
            - 2 * _MARGIN
            - max(text_width(label, _LABEL) for label in sorted(set(labels)))
        )
        count = len(chart.candles)
        room = self._right - _AIR - _LEFT
        self._step = max(3, min(_WIDEST_CANDLE, room // count))
        self._first = self._right - _AIR - self._step * count
        self._body = max(1, self._step * 7 // 10)
        self._scale = float(_PRICES_BOTTOM - _HEAD) / float(self._high - self._low)

    def png(self) -> bytes:
        """Draw everything, the background first."""
        self._draw_head()
        self._draw_grid()
        self._draw_candles()
        self._draw_orders()
        self._draw_fills()
        self._draw_last()
        return self._canvas.png()

    def _y(self, price: Decimal) -> int:
        """Return the height of a price."""
        return round(_PRICES_BOTTOM - float(price - self._low) * self._scale)

    def _x(self, index: int) -> int:
        """Return the left edge of a candle."""
        return self._first + index * self._step

    def _draw_head(self) -> None:
        """Write what it is, and how much it changed."""
        canvas, chart = self._canvas, self._chart
        width = canvas.text((_LEFT, 36), chart.title, _TITLE, Ink.TEXT, strong=True)
        canvas.text((_LEFT + width + 14, 37), chart.interval, _LABEL + 2, Ink.FAINT)
        first = chart.candles[0].open
        change = (self._last - first) * 100 / first if first else Decimal(0)
        rounded = round(change, 2)
        sign = "+" if rounded > 0 else ""
        canvas.text(
            (WIDTH - _MARGIN, 36),
            f"{sign}{number(rounded)} %",
            _TITLE,
            Ink.DOWN if change < 0 else Ink.UP,
            anchor=1.0,
            strong=True,
        )

    def _draw_grid(self) -> None:
        """Draw lines at round prices and round times."""
        canvas = self._canvas
        for price in self._lines:
            y = self._y(price)
            canvas.rectangle((_LEFT, y, self._right, y + 1), Ink.GRID)
            self._write_price(y, price)
        last_end = 0.0
        for index, words in _time_lines(self._chart):
            x = self._x(index) + self._body // 2
            canvas.rectangle((x, _HEAD, x + 1, _VOLUMES_BOTTOM), Ink.GRID)
            half = text_width(words, _LABEL) / 2
            if x - half > last_end and x - half >= _LEFT and x + half < self._right:
                canvas.text((x, _TIMES), words, _LABEL, Ink.FAINT, anchor=0.5)
                last_end = x + half + _LABEL
        canvas.text((WIDTH - _MARGIN, _TIMES), "UTC", _LABEL - 4, Ink.FAINT, anchor=1.0)

    def _write_price(self, y: int, price: Decimal) -> None:
        """Write a price beside its line, unless one on colour stands there."""
        badges = [self._last, *(order.price for order in self._chart.orders)]
        if all(abs(y - self._y(badge)) > _LABEL + 4 for badge in badges):
            x = self._right + _MARGIN
            self._canvas.text((x, y), number(price), _LABEL, Ink.FAINT)

    def _draw_candles(self) -> None:
        """Draw bodies, wicks and volumes."""
        canvas, body = self._canvas, self._body
        most = max(candle.volume for candle in self._chart.candles) or Decimal(1)
        tallest = Decimal(_VOLUMES_BOTTOM - _VOLUMES_TOP)
        wick = 2 if body >= 4 and body % 2 == 0 else min(body, 1 + body // 5)
        inset = (body - wick) // 2
        for index, candle in enumerate(self._chart.candles):
            x = self._x(index)
            rises = candle.close >= candle.open
            ink = Ink.UP if rises else Ink.DOWN
            height = int(candle.volume / most * tallest)
            canvas.rectangle(
                (x, _VOLUMES_BOTTOM - height, x + body - 1, _VOLUMES_BOTTOM),
                Ink.UP_VOLUME if rises else Ink.DOWN_VOLUME,
            )
            canvas.rectangle(
                (
                    x + inset,
                    self._y(candle.high),
                    x + inset + wick - 1,
                    self._y(candle.low),
                ),
                ink,
            )
            top = self._y(max(candle.open, candle.close))
            bottom = self._y(min(candle.open, candle.close))
            canvas.rectangle((x, top, x + body - 1, max(bottom, top + 1)), ink)

    def _draw_orders(self) -> None:
        """Draw a line at the price of each open order that is near, with what it wants."""
        canvas = self._canvas
        for order in sorted(self._chart.orders, key=lambda order: order.price):
            if not self._low <= order.price <= self._high:
                continue
            ink = Ink.BUY if order.buys else Ink.SELL
            y = self._y(order.price)
            canvas.dashes(_LEFT, self._right, y, ink, 6)
            self._draw_badge(y, order.price, ink)
            if order.amount is not None:
                self._draw_tag(y, number(order.amount), ink, upward=order.buys)

    def _draw_tag(self, y: int, words: str, ink: Ink, *, upward: bool) -> None:
        """Write how much an order wants at the start of its line."""
        width = text_width(words, _LABEL - 4) + _MARK + 22
        box = (_LEFT, y - 15, _LEFT + width, y + 16)
        self._canvas.rounded(box, 8, Ink.PAPER)
        tip = y - _MARK // 2 if upward else y + _MARK // 2
        self._canvas.triangle((_LEFT + 14, tip), _MARK - 4, ink, upward=upward)
        self._canvas.text((_LEFT + _MARK + 10, y), words, _LABEL - 4, ink)

    def _draw_badge(self, y: int, price: Decimal, ink: Ink) -> None:
        """Write a price on its colour beside the candles."""
        box = (self._right + 2, y - 17, WIDTH - 2, y + 18)
        self._canvas.rounded(box, 8, ink)
        self._canvas.text(
            (self._right + _MARGIN, y),
            number(price),
            _LABEL,
            Ink.ON_COLOUR,
            on=ink,
        )

    def _draw_fills(self) -> None:
        """Put a triangle where something was bought (from below) or sold (from above)."""
        start, span = self._chart.candles[0].start, self._chart.span
        for fill in self._chart.fills:
            index = (fill.at - start) // span
            if not 0 <= index < len(self._chart.candles):
                continue
            x = self._x(index) + self._body / 2
            y = min(max(self._y(fill.price), _HEAD), _PRICES_BOTTOM)
            ink = Ink.BUY if fill.buys else Ink.SELL
            self._canvas.triangle((x, y), _MARK, ink, upward=fill.buys)

    def _draw_last(self) -> None:
        """Draw a line at the last price."""
        candle = self._chart.candles[-1]
        ink = Ink.UP if candle.close >= candle.open else Ink.DOWN
        y = self._y(self._last)
        self._canvas.dashes(_LEFT, self._right, y, ink, 3)
        self._draw_badge(y, self._last, ink)


def _range(chart: Chart) -> tuple[Decimal, Decimal]:
    """Return the lowest and the highest price to show."""
    low = min(candle.low for candle in chart.candles)
    high = max(candle.high for candle in chart.candles)
    far = (high - low) * _FAR
    near = [
        order.price for order in chart.orders if low - far <= order.price <= high + far
    ]
    low, high = min([low, *near]), max([high, *near])
    # A price that never moved still needs a height.
    room = (high - low) / 20 or abs(high) / 100 or Decimal(1)
    return low - room, high + room


def _price_lines(low: Decimal, high: Decimal) -> list[Decimal]:
    """Return round prices within a range."""
    rough = (high - low) / _PRICE_LINES
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * nice for nice in _STEPS if power * nice >= rough)
    first = (low / step).to_integral_value() * step
    lines = [first + step * count for count in range(_PRICE_LINES + 2)]
    return [line for line in lines if low < line < high]


def _time_lines(chart: Chart) -> list[tuple[int, str]]:
    """Return the candles at which a round time begins, each with its words."""
    whole = chart.span * len(chart.candles)
    step = next((step for step in _TIME_STEPS if whole / step <= _TIME_LINES), None)
    days = next((days for days in _DAYS if whole.days / days <= _TIME_LINES), _DAYS[-1])

    def part(moment: datetime) -> int:
        """Return which stretch between two lines a moment belongs to."""
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return since // step if step else since.days // days

    def words(before: datetime, moment: datetime) -> str:
        """Return the hour, or the day where a new one begins."""
        moment = moment.astimezone(UTC)
        new_day = moment.date() != before.astimezone(UTC).date()
        skeleton = "Md" if step is None or new_day else "Hm"
        return format_skeleton(skeleton, moment, locale=current_language())

    starts = [candle.start for candle in chart.candles]
    return [
        (index, words(before, moment))
        for index, (before, moment) in enumerate(pairwise(starts), 1)
        if part(before) != part(moment)
    ]
