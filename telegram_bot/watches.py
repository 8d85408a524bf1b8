"""Which messages show prices that follow the market."""

from dataclasses import dataclass
import json
from typing import Any

from telegram_bot.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Watch:
    """A message whose prices are brought up to date, until a moment."""

    chat_id: int
    message_id: int
    pairs: tuple[str, ...]
    until: float


def save_watch(store: Transaction, watch: Watch) -> None:
    """Keep a watch."""
    store.db.execute(
        "INSERT OR REPLACE INTO watches VALUES (?, ?, ?, ?)",
        (watch.chat_id, watch.message_id, json.dumps(watch.pairs), watch.until),
    )


def end_watch(store: Transaction, chat_id: int, message_id: int) -> None:
    """Forget a watch."""
    store.db.execute(
        "DELETE FROM watches WHERE chat_id = ? AND message_id = ?",
        (chat_id, message_id),
    )


def all_watches(store: Transaction) -> list[Watch]:
    """Return every watch, those that end first before the others."""
    rows = store.db.execute(
        "SELECT chat_id, message_id, pairs, until FROM watches ORDER BY until"
    )
    return [_read(row) for row in rows]


def _read(row: tuple[Any, ...]) -> Watch:
    """Read a row."""
    chat_id, message_id, pairs, until = row
    return Watch(chat_id, message_id, tuple(json.loads(pairs)), until)
