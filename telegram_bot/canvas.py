"""A small canvas for charts: a handful of colours, smooth text, and a PNG within milliseconds.

A picture of few colours is kept as numbers of a palette: a third of the bytes to draw, to compress and to send.
Smooth edges are steps between two colours, which the palette holds for the pairs that are used.
"""

from collections.abc import Sequence
from enum import IntEnum, auto
from functools import cache
from io import BytesIO
import unicodedata

from PIL import Image, ImageDraw, ImageFont

from telegram_bot.settings import ChartTheme

type Point = tuple[float, float]
type Box = tuple[float, float, float, float]
type Rgb = tuple[int, int, int]

# Steps between a colour and what it is drawn on.
_STEPS = 8
# Less of a colour than this is not seen.
_FAINTEST = 16
_SMOOTHING = 4
# Higher levels cost milliseconds and save a kilobyte.
_COMPRESSION = 1
_UNKNOWN_LETTER = "?"


class Ink(IntEnum):
    """What the colours are for."""

    PAPER = 0
    GRID = auto()
    TEXT = auto()
    FAINT = auto()
    UP = auto()
    DOWN = auto()
    UP_VOLUME = auto()
    DOWN_VOLUME = auto()
    BUY = auto()
    SELL = auto()
    ON_COLOUR = auto()
    TRACK = auto()
    FIRST = auto()
    SECOND = auto()
    THIRD = auto()
    FOURTH = auto()
    FIFTH = auto()
    OTHERS = auto()


_COLOURS: dict[ChartTheme, dict[Ink, str]] = {
    ChartTheme.LIGHT: {
        Ink.PAPER: "#ffffff",
        Ink.GRID: "#e9edf1",
        Ink.TEXT: "#1c242c",
        Ink.FAINT: "#7b8794",
        Ink.UP: "#12976f",
        Ink.DOWN: "#df4550",
        Ink.UP_VOLUME: "#b5e0d1",
        Ink.DOWN_VOLUME: "#f5c2c6",
        Ink.BUY: "#2f6fed",
        Ink.SELL: "#d97a06",
        Ink.ON_COLOUR: "#ffffff",
        Ink.TRACK: "#eef1f4",
        Ink.FIRST: "#2f6fed",
        Ink.SECOND: "#12a594",
        Ink.THIRD: "#e0912f",
        Ink.FOURTH: "#9467d6",
        Ink.FIFTH: "#e0607e",
        Ink.OTHERS: "#8d99a6",
    },
    ChartTheme.DARK: {
        Ink.PAPER: "#17202a",
        Ink.GRID: "#26323f",
        Ink.TEXT: "#f2f5f8",
        Ink.FAINT: "#8796a5",
        Ink.UP: "#2fbf8f",
        Ink.DOWN: "#f0616b",
        Ink.UP_VOLUME: "#20574c",
        Ink.DOWN_VOLUME: "#663a43",
        Ink.BUY: "#5b9dff",
        Ink.SELL: "#f5a742",
        Ink.ON_COLOUR: "#10171e",
        Ink.TRACK: "#222d38",
        Ink.FIRST: "#5b9dff",
        Ink.SECOND: "#35c4b0",
        Ink.THIRD: "#f0a94f",
        Ink.FOURTH: "#b08cf0",
        Ink.FIFTH: "#f07f9b",
        Ink.OTHERS: "#8796a5",
    },
}


class Canvas:
    """A picture that is being drawn."""

    def __init__(self, width: int, height: int, theme: ChartTheme) -> None:
        """Begin with empty paper, width and height in pixels."""
        self.width = width
        self.height = height
        # Numbers of colours until the palette is put to them at the end.
        self._image = Image.new("L", (width, height), Ink.PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._palette = [_rgb(_COLOURS[theme][ink]) for ink in Ink]
        self._ramps: dict[tuple[Ink, Ink], list[int]] = {}

    def rectangle(self, box: Box, ink: Ink) -> None:
        """Fill a rectangle; right and bottom are part of it."""
        self._draw.rectangle(box, fill=ink)

    def rounded(self, box: Box, radius: int, ink: Ink, *, on: Ink = Ink.PAPER) -> None:
        """Fill a rectangle with round corners."""
        left, top, right, bottom = (round(side) for side in box)
        size = (right - left + 1, bottom - top + 1)
        radius = min(radius, size[0] // 2, size[1] // 2)
        self._cover(left, top, _rounded(size, radius), ink, on)

    def dashes(self, left: float, right: float, y: float, ink: Ink, dash: int) -> None:
        """Draw a horizontal line of dashes as long as the gaps between them."""
        for x in range(round(left), round(right), dash * 2):
            self.rectangle((x, y, min(x + dash - 1, right), y + 1), ink)

    def triangle(self, tip: Point, size: int, ink: Ink, *, upward: bool) -> None:
        """Fill a triangle that points at its tip, on paper of its own."""
        x, y = tip
        left = round(x - size / 2)
        border = round(size * 0.25)
        outer = size + 2 * border
        rim, body = _triangle(outer, upward=upward), _triangle(size, upward=upward)
        if upward:
            self._cover(left - border, round(y) - border, rim, Ink.PAPER, Ink.PAPER)
            self._cover(left, round(y) + border // 2, body, ink, Ink.PAPER)
        else:
            top = round(y) - outer
            self._cover(left - border, top + border, rim, Ink.PAPER, Ink.PAPER)
            self._cover(left, round(y) - size - border // 2, body, ink, Ink.PAPER)

    def text(
        self,
        at: Point,
        words: str,
        size: int,
        ink: Ink,
        *,
        anchor: float = 0.0,
        on: Ink = Ink.PAPER,
        strong: bool = False,
    ) -> int:
        """Write text with its middle line at a height; return its width in pixels.

        Args:
            at: where; the height is that of the middle of the digits.
            words: what; the built-in font knows Latin letters only.
            size: of the font in pixels.
            ink: the colour.
            anchor: how much of the width lies left of the point, 0 to 1.
            on: what is under it.
            strong: bold.
        """
        drawn = _words(words, size, strong=strong)
        x, y = at
        left = round(x - anchor * drawn.width)
        self._cover(left, round(y - drawn.height / 2), drawn, ink, on)
        return drawn.width

    def png(self) -> bytes:
        """Return the picture as a PNG."""
        self._image.putpalette([part for colour in self._palette for part in colour])
        out = BytesIO()
        # By its name Pillow loads what writes a PNG, and not what else it can write.
        out.name = "chart.png"
        self._image.save(out, compress_level=_COMPRESSION)
        return out.getvalue()

    def _cover(
        self, left: int, top: int, cover: Image.Image, ink: Ink, on: Ink
    ) -> None:
        """Put a colour where something covers the paper, mixed at its edges."""
        self._image.paste(
            cover.point(self._ramp(ink, on)), (left, top), cover.point(_SEEN)
        )

    def _ramp(self, ink: Ink, on: Ink) -> list[int]:
        """Return the number of a colour for each degree of cover, 0 to 255."""
        if ink == on:
            return [ink] * 256
        if (ink, on) not in self._ramps:
            first = len(self._palette)
            ends = self._palette[on], self._palette[ink]
            self._palette += [_mix(*ends, step / _STEPS) for step in range(1, _STEPS)]
            numbers = [on, *range(first, first + _STEPS - 1), ink]
            self._ramps[ink, on] = [
                numbers[round(cover * _STEPS / 255)] for cover in range(256)
            ]
        return self._ramps[ink, on]


_SEEN = [0] * _FAINTEST + [255] * (256 - _FAINTEST)


def text_width(words: str, size: int, *, strong: bool = False) -> int:
    """Return the width of a text in pixels."""
    return _width(readable(words), size, _boldness(size, strong=strong))


def readable(words: str) -> str:
    """Return a text in letters that the built-in font has."""
    letters = []
    for letter in words:
        if unicodedata.category(letter) == "Zs":
            letters.append(" ")
        elif letter in "−–‐‑":  # the minus signs of all languages
            letters.append("-")
        elif letter.isascii() or letter == "·":
            letters.append(letter)
        elif unicodedata.category(letter) != "Cf":
            letters.append(_UNKNOWN_LETTER)
    return "".join(letters)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings along."""
    return ImageFont.load_default(size)


def _words(words: str, size: int, *, strong: bool) -> Image.Image:
    """Draw a text once, white on black."""
    words = readable(words)
    bold = _boldness(size, strong=strong)
    width = _width(words, size, bold)
    # Digits are seven tenths of the font's size high; the rest is room for what hangs below.
    height = size + size // 2
    cover = Image.new("L", (width, height))
    ImageDraw.Draw(cover).text(
        (bold, height / 2 + size * 0.35),
        words,
        255,
        _font(size),
        anchor="ls",
        stroke_width=bold,
    )
    return cover


def _boldness(size: int, *, strong: bool) -> int:
    """Return how much wider the lines of bold letters are on each side, in pixels."""
    return round(size / 30) if strong else 0


def _width(words: str, size: int, bold: int) -> int:
    """Return the width of readable letters in pixels."""
    return max(1, round(_font(size).getlength(words)) + 2 * bold)


@cache
def _triangle(size: int, *, upward: bool) -> Image.Image:
    """Draw a triangle, white on black."""
    big = size * _SMOOTHING
    cover = Image.new("L", (big, big))
    points: Sequence[Point] = (
        [(big / 2, 0), (big, big * 0.9), (0, big * 0.9)]
        if upward
        else [(big / 2, big), (big, big * 0.1), (0, big * 0.1)]
    )
    ImageDraw.Draw(cover).polygon(points, fill=255)
    return cover.resize((size, size), Image.Resampling.BOX)


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """Draw a rectangle with round corners, white on black."""
    cover = Image.new("L", size, 255)
    corner = _corner(radius)
    right, bottom = size[0] - radius, size[1] - radius
    for turns, at in enumerate([(0, 0), (0, bottom), (right, bottom), (right, 0)]):
        cover.paste(corner.rotate(90 * turns), at)
    return cover


@cache
def _corner(radius: int) -> Image.Image:
    """Draw the upper left corner of something round."""
    big = radius * _SMOOTHING
    cover = Image.new("L", (big, big))
    ImageDraw.Draw(cover).ellipse((0, 0, 2 * big, 2 * big), fill=255)
    return cover.resize((radius, radius), Image.Resampling.BOX)


def _rgb(colour: str) -> Rgb:
    """Return the parts of a colour such as "#17202a"."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Return a colour between two."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(one, other, strict=True)
    )
    return red, green, blue
