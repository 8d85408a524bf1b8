"""Price alerts in words."""

from collections.abc import Mapping
from typing import Any

from telegram_bot.cards import currencies, happened_at, signed
from telegram_bot.languages import N_, _, day_and_time, ngettext, number
from telegram_bot.markup import e

type Json = Mapping[str, Any]

# By condition and direction.
_CONDITIONS = {
    ("above", None): N_("{pair} &gt; {price}"),
    ("below", None): N_("{pair} &lt; {price}"),
    ("crosses", None): N_("{pair} crosses {price}"),
    ("moves", None): N_("{pair} ±{percentage} % in {window}"),
    ("moves", "up"): N_("{pair} +{percentage} % in {window}"),
    ("moves", "down"): N_("{pair} -{percentage} % in {window}"),
    ("spread_above", None): N_("{pair} spread &gt; {percentage} %"),
}
_ARROWS = {"up": "📈", "down": "📉"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(seconds: int) -> str:
    """Return a span of time, such as "90 min" or "2 hours"."""
    if seconds % _DAY == 0:
        return ngettext("{count} day", "{count} days", seconds // _DAY)
    if seconds % _HOUR == 0:
        return ngettext("{count} hour", "{count} hours", seconds // _HOUR)
    if seconds % _MINUTE == 0:
        return ngettext("{count} minute", "{count} minutes", seconds // _MINUTE)
    return ngettext("{count} second", "{count} seconds", seconds)


def alert_words(alert: Json) -> str:
    """Return an alert such as "BTC-USD > 70000"."""
    condition = str(alert["condition"])
    words = _CONDITIONS.get((condition, alert.get("direction"))) or _CONDITIONS.get(
        (condition, None)
    )
    if words is None:
        return f"{e(alert['pair'])} {e(condition)}"
    return _(
        words,
        pair=e(alert["pair"]),
        price=number(alert.get("price")),
        percentage=number(alert.get("percentage")),
        window=span(int(alert["window"])) if alert.get("window") else "?",
    )


def alert_row(alert: Json) -> str:
    """Return an alert with what is particular about it."""
    notes = []
    if alert.get("repeat"):
        notes.append(_("repeats"))
    if alert.get("cooldown"):
        rest = span(int(alert["cooldown"]))
        notes.append(_("at most once in {span}", span=rest))
    if not alert.get("enabled", True):
        notes.append(_("paused"))
    elif not alert.get("active", True):
        notes.append(_("has fired"))
    return " · ".join([alert_words(alert), *notes])


def price_alert(data: Json, late_since: float | None) -> str:
    """Tell that a price alert fired."""
    alert = data["alert"]
    pair = e(alert["pair"])
    _base, quote = currencies(alert["pair"])
    price = number(data["price"])
    if data.get("spread_percentage") is not None:
        head = _(
            "↔️ <b>The spread of {pair} is {percentage} %</b>",
            pair=pair,
            percentage=number(data["spread_percentage"]),
        )
    elif data.get("moved_percentage") is not None:
        head = _(
            "{arrow} <b>{pair} moved {percentage} % to {price} {quote}</b>",
            arrow=_ARROWS.get(str(data.get("direction")), "🔔"),
            pair=pair,
            percentage=signed(data["moved_percentage"]),
            price=price,
            quote=quote,
        )
    else:
        head = _(
            "{arrow} <b>{pair} is at {price} {quote}</b>",
            arrow=_ARROWS.get(str(data.get("direction")), "🔔"),
            pair=pair,
            price=price,
            quote=quote,
        )
    lines = [head, _("Your alert: {alert}", alert=alert_words(alert))]
    if late_since is not None:
        lines.append(happened_at(late_since))
    return "\n".join(lines)


def price_alert_line(data: Json, occurred: float) -> str:
    """Return a price alert that fired in one line, for a digest."""
    return f"{alert_words(data['alert'])}: {number(data['price'])} · {day_and_time(occurred)}"
