"""What a portfolio consists of, as bars for a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from telegram_bot.canvas import Canvas, Ink
from telegram_bot.languages import number
from telegram_bot.rounding import nearly
from telegram_bot.settings import ChartTheme

WIDTH = 900
_HEAD = 128
_ROW = 104
_MARGIN = 24
_BAR = 18
_TITLE = 44
_NAME = 32
_DETAIL = 26
# Narrower than that a bar could not be round at both ends.
_SHORTEST = 18
_INKS = (Ink.FIRST, Ink.SECOND, Ink.THIRD, Ink.FOURTH, Ink.FIFTH)


@dataclass(frozen=True, slots=True)
class Share:
    """One bar.

    Attributes:
        name: a currency's code, or words for several.
        value: what it is worth.
        percentage: of the whole, 0 to 100.
        profit: won or lost with what is held; None where it is not known.
    """

    name: str
    value: Decimal
    percentage: Decimal
    profit: Decimal | None


@dataclass(frozen=True, slots=True)
class Shares:
    """What the picture shows.

    Attributes:
        value: of all together.
        currency: in which values are.
        change_percentage: of a day; None where it is not known.
        shares: the largest first.
    """

    value: Decimal
    currency: str
    change_percentage: Decimal | None
    shares: Sequence[Share]


def draw(shares: Shares, theme: ChartTheme) -> bytes:
    """Return the bars as a PNG, 900 pixels wide."""
    canvas = Canvas(WIDTH, _HEAD + _ROW * len(shares.shares) + _MARGIN, theme)
    right = WIDTH - _MARGIN
    words = f"{number(nearly(shares.value))} {shares.currency}"
    canvas.text((_MARGIN, 62), words, _TITLE, Ink.TEXT, strong=True)
    if shares.change_percentage is not None:
        _write_signed(canvas, right, 64, shares.change_percentage, " %", _NAME)
    for index, share in enumerate(shares.shares):
        ink = _INKS[index] if index < len(_INKS) else Ink.OTHERS
        _draw_share(canvas, _HEAD + _ROW * index, share, ink)
    return canvas.png()


def _draw_share(canvas: Canvas, top: int, share: Share, ink: Ink) -> None:
    """Draw one row: name, share and value, the bar below, then what was won."""
    right = WIDTH - _MARGIN
    line = top + 22
    width = canvas.text((_MARGIN, line), share.name, _NAME, Ink.TEXT, strong=True)
    percentage = f"{number(round(share.percentage, 1))} %"
    canvas.text((_MARGIN + width + 16, line + 2), percentage, _DETAIL, Ink.FAINT)
    left_of_value = right - canvas.text(
        (right, line), number(nearly(share.value)), _NAME, Ink.TEXT, anchor=1.0
    )
    if share.profit is not None:
        _write_signed(canvas, left_of_value - 20, line + 2, share.profit, "", _DETAIL)
    bar = top + 52
    canvas.rounded((_MARGIN, bar, right, bar + _BAR - 1), _BAR // 2, Ink.TRACK)
    length = max(_SHORTEST, int(share.percentage * (right - _MARGIN) / 100))
    end = min(right, _MARGIN + length)
    canvas.rounded((_MARGIN, bar, end, bar + _BAR - 1), _BAR // 2, ink, on=Ink.TRACK)


def _write_signed(
    canvas: Canvas, right: float, y: int, value: Decimal, unit: str, size: int
) -> None:
    """Write what was won or lost in its colour, up to a place."""
    value = nearly(value)
    sign = "+" if value > 0 else ""
    ink = Ink.FAINT if not value else Ink.UP if value > 0 else Ink.DOWN
    canvas.text((right, y), f"{sign}{number(value)}{unit}", size, ink, anchor=1.0)
