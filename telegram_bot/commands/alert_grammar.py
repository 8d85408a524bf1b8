"""How price alerts are written; everything else is refused with a reason."""

from collections.abc import Callable
import re

from telegram_bot.commands.base import UsageError
from telegram_bot.commands.grammar import decimal
from telegram_bot.languages import _

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d{1,6})\s*(s|m|h|d)[a-z]*", re.IGNORECASE | re.ASCII)
_SIGNS = {">": "above", "<": "below", "crosses": "crosses", "x": "crosses"}
_WORDS = re.compile(r"\b(above|below)\b", re.IGNORECASE)
_DIRECTIONS = {"+": {"direction": "up"}, "-": {"direction": "down"}}
_OPTIONS = re.compile(
    r"\s+(?:(?P<repeat>repeat)|every\s+(?P<cooldown>\d+\s*\w+))\s*$", re.IGNORECASE
)
_LEVEL = re.compile(
    r"(?P<pair>[^\s<>]+)\s*(?P<sign>[<>]|\s(?:crosses|x)\s)\s*(?P<price>\S+)",
    re.IGNORECASE,
)
_MOVE = re.compile(
    r"(?P<pair>[^\s±+]+)(?:\s*(?P<sign>[±+])|\s+(?P<down>-)?)\s*(?P<percentage>[^\s%]+)\s*%\s*in\s+(?P<window>.+)",
    re.IGNORECASE,
)
_SPREAD = re.compile(
    r"(?P<pair>\S+)\s+spread\s*>\s*(?P<percentage>[^\s%]+)\s*%?", re.IGNORECASE
)


def span(text: str) -> int:
    """Return the seconds of a span such as "2h" or "90 min".

    Raises:
        UsageError: it is something else.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise UsageError(
            _("“{text}” is no span of time; write it like 30m, 2h or 1d.", text=text)
        )
    return int(found[1]) * _SECONDS[found[2].lower()]


def alert(words: tuple[str, ...]) -> dict[str, object]:
    """Read what follows /alert; return the fields of the action, the pair as it was typed.

    Raises:
        UsageError: with what is wrong.
    """
    # Some keyboards write a real minus sign.
    text = " ".join(words).replace("+/-", "±").replace("+-", "±").replace("−", "-")
    text = _WORDS.sub(lambda found: ">" if found[1].lower() == "above" else "<", text)
    options: dict[str, object] = {}
    while found := _OPTIONS.search(text):
        options["repeat"] = True
        if found["cooldown"]:
            options["cooldown"] = span(found["cooldown"])
        text = text[: found.start()]
    for pattern, read in _READERS:
        if found := pattern.fullmatch(text):
            return read(found) | options
    raise UsageError(
        _(
            "Say a pair, then >, < or crosses and a price; or how far it has to move, such as ±5% in 1h; or spread > 0.5%."
        )
    )


def change(alert: dict[str, object], text: str) -> dict[str, object]:
    """Read the new terms of an alert; return the fields of the action that differ.

    Raises:
        UsageError: with what is wrong.
    """
    words = text.strip()
    if alert["condition"] == "moves":
        percentage, found, window = words.partition(" in ")
        fields = {"percentage": decimal(percentage.strip("±+-% "), "percentage")}
        return fields | ({"window": span(window)} if found else {})
    if alert["condition"] == "spread_above":
        return {"percentage": decimal(words.strip("> %"), "percentage")}
    return {"price": decimal(words.strip("<> "), "price")}


def _level(found: re.Match[str]) -> dict[str, object]:
    """Read a price to be reached."""
    return {
        "pair": found["pair"],
        "condition": _SIGNS[found["sign"].strip().lower()],
        "price": decimal(found["price"], "price"),
    }


def _move(found: re.Match[str]) -> dict[str, object]:
    """Read how far a price has to move, and how quickly."""
    return {
        "pair": found["pair"],
        "condition": "moves",
        "percentage": decimal(found["percentage"], "percentage"),
        "window": span(found["window"]),
        **_DIRECTIONS.get(found["sign"] or found["down"] or "", {}),
    }


def _spread(found: re.Match[str]) -> dict[str, object]:
    """Read how wide the spread has to be."""
    return {
        "pair": found["pair"],
        "condition": "spread_above",
        "percentage": decimal(found["percentage"], "percentage"),
    }


_READERS: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, object]]], ...
] = ((_SPREAD, _spread), (_MOVE, _move), (_LEVEL, _level))
