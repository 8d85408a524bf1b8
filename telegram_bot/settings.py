"""What each chat has chosen: language, what is told how loudly, quiet hours, currency, digest, charts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
import json
import sqlite3
from typing import Any

from telegram_bot.languages import DEFAULT_LANGUAGE

# What a mute that names no kind stands for.
EVERYTHING = "all"


class Kind(StrEnum):
    """What the bot tells of by itself."""

    ORDER = "order"
    PARTIAL_FILL = "partial_fill"
    FILL = "fill"
    CANCEL = "cancel"
    REJECT = "reject"
    EXPIRY = "expiry"
    PRICE_ALERT = "price_alert"
    FUNDING = "funding"
    STREAM = "stream"
    TROUBLE = "trouble"
    DIGEST = "digest"


class Loudness(StrEnum):
    """How a kind of message comes: it rings, it comes without a sound, or not at all."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class ChartTheme(StrEnum):
    """What charts look like."""

    LIGHT = "light"
    DARK = "dark"


# Nobody gets a message every morning who has not asked for it; all else is told.
_UNLESS_CHOSEN = {Kind.DIGEST: Loudness.OFF}


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The choices of one chat.

    Attributes:
        chosen_language: a language of the bot; None follows Telegram.
        telegram_language: the language in which somebody used Telegram here last.
        kinds: how loudly what is told, where it was chosen.
        quiet_hours: first and last hour (exclusive) of silence each day, in the zone of Home Assistant.
        mutes: until when (Unix time, None for ever) a kind or EVERYTHING comes without a sound.
        quote_currency: in which pairs are meant that are named by half.
        digest_hour: when the daily digest comes, in the zone of Home Assistant.
        chart_theme: what charts look like.
        topic: in which topic of a group the bot speaks by itself.
    """

    chosen_language: str | None = None
    telegram_language: str | None = None
    kinds: Mapping[Kind, Loudness] = field(default_factory=dict)
    quiet_hours: tuple[int, int] | None = None
    mutes: Mapping[str, float | None] = field(default_factory=dict)
    quote_currency: str = "USD"
    digest_hour: int = 8
    chart_theme: ChartTheme = ChartTheme.LIGHT
    topic: int | None = None

    @property
    def language(self) -> str:
        """Return the language to speak in this chat."""
        return self.chosen_language or self.telegram_language or DEFAULT_LANGUAGE

    def chosen(self, kind: Kind) -> Loudness:
        """Return how loudly a kind was chosen to be."""
        return self.kinds.get(kind, _UNLESS_CHOSEN.get(kind, Loudness.ON))

    def is_muted(self, kind: Kind, now: float) -> bool:
        """Return whether a kind is muted at a moment."""
        return any(
            name in self.mutes and ((until := self.mutes[name]) is None or now < until)
            for name in (kind, EVERYTHING)
        )

    def is_quiet(self, local: datetime) -> bool:
        """Return whether a moment lies within the quiet hours."""
        if self.quiet_hours is None:
            return False
        first, last = self.quiet_hours
        if first <= last:
            return first <= local.hour < last
        return local.hour >= first or local.hour < last

    def loudness(self, kind: Kind, local: datetime) -> Loudness:
        """Return how loudly to tell of a kind at a moment, given in the zone of Home Assistant."""
        chosen = self.chosen(kind)
        if chosen is Loudness.ON and (
            self.is_quiet(local) or self.is_muted(kind, local.timestamp())
        ):
            return Loudness.SILENT
        return chosen


def read_settings(db: sqlite3.Connection, chat_id: int) -> ChatSettings:
    """Return the choices of a chat; what was never chosen is as in `ChatSettings`."""
    row = db.execute(
        "SELECT value FROM settings WHERE chat_id = ?", (chat_id,)
    ).fetchone()
    if row is None:
        return ChatSettings()
    kept = json.loads(row[0])
    known = {
        each.name: kept[each.name] for each in fields(ChatSettings) if each.name in kept
    }
    return ChatSettings(**known | _typed(known))


def save_settings(db: sqlite3.Connection, chat_id: int, settings: ChatSettings) -> None:
    """Keep the choices of a chat."""
    value = json.dumps(
        {each.name: getattr(settings, each.name) for each in fields(settings)}
    )
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (chat_id, value))


def _typed(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON can't tell apart in its own types."""
    typed: dict[str, Any] = {}
    if "kinds" in kept:
        typed["kinds"] = {
            Kind(kind): Loudness(loudness) for kind, loudness in kept["kinds"].items()
        }
    if kept.get("quiet_hours"):
        typed["quiet_hours"] = tuple(kept["quiet_hours"])
    if "chart_theme" in kept:
        typed["chart_theme"] = ChartTheme(kept["chart_theme"])
    return typed
