"""The time of day where Home Assistant lives: quiet hours and the daily digest go by it."""

from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from telegram_bot.transaction import Transaction

_NOTE = "time_zone"


def note_time_zone(store: Transaction, name: str) -> None:
    """Remember the time zone of Home Assistant."""
    store.set_note(_NOTE, name)


def zone_name(store: Transaction) -> str:
    """Return the name of that zone."""
    return store.note(_NOTE) or "UTC"


def local_time(store: Transaction, unix: float) -> datetime:
    """Return a moment in the zone of Home Assistant, in UTC as long as nobody knows that zone."""
    return datetime.fromtimestamp(unix, _zone(store.note(_NOTE)))


@cache
def _zone(name: str | None) -> tzinfo:
    """Return a zone by its name."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError, ValueError:
        return UTC
