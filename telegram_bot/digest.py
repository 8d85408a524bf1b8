"""After an absence: one message that tells what many would have told."""

from collections import Counter
from collections.abc import Callable

from telegram_bot.languages import _, ngettext, speaking
from telegram_bot.markup import LONGEST_TEXT, length, split_lines
from telegram_bot.transaction import Transaction

# More messages than this that are older than a minute become one.
DIGEST_AFTER = 5
_OLD_AFTER = 60.0
_OTHER = "other"
# What is counted in the headline, in this order.
_WORDS: dict[str, Callable[[int], str]] = {
    "fill": lambda count: ngettext("{count} fill", "{count} fills", count),
    "cancelled": lambda count: ngettext("{count} cancel", "{count} cancels", count),
    "rejected": lambda count: ngettext(
        "{count} rejected order", "{count} rejected orders", count
    ),
    "expired": lambda count: ngettext(
        "{count} expired order", "{count} expired orders", count
    ),
    "price_alert": lambda count: ngettext(
        "{count} price alert", "{count} price alerts", count
    ),
    "funding": lambda count: ngettext(
        "{count} deposit or withdrawal", "{count} deposits and withdrawals", count
    ),
    "accepted": lambda count: ngettext(
        "{count} new order", "{count} new orders", count
    ),
    "notice": lambda count: ngettext("{count} notice", "{count} notices", count),
    _OTHER: lambda count: ngettext(
        "{count} other report", "{count} other reports", count
    ),
}


def digest(
    store: Transaction, chat_id: int, now: float, *, more_than: int = DIGEST_AFTER
) -> bool:
    """Replace many messages of a chat by as few as hold their lines; return whether it was done."""
    waiting = store.waiting(chat_id)
    rows = sorted(
        (row for row in waiting if row.lines and row.doubts == 0),
        key=lambda row: row.id,
    )
    # It may be in the chat, and will be in any case: its newer state must follow it there.
    under_way = {row.card_id for row in waiting if row.kind == "card" and row.doubts}
    # Edits don't ring: a card that is there is brought up to date in its place.
    ringing = [
        row
        for row in rows
        if not row.edits and (row.kind != "card" or row.card_id not in under_way)
    ]
    # With the old ones go the new ones, or the order of what happened would be lost.
    if sum(row.occurred <= now - _OLD_AFTER for row in ringing) <= more_than:
        return False
    # A card and the message of its end tell of the same event.
    lines = {line.event_id: line for row in rows for line in row.lines}.values()
    with speaking(store.settings(chat_id).language):
        head = _(
            "<b>While we were apart: {events}</b>",
            events=_count([line.kind for line in lines]),
        )
        more = _("<b>… and on</b>")
    # The line above them counts as well.
    room = LONGEST_TEXT - 1 - max(length(head), length(more))
    parts = split_lines([line.words for line in lines], room)
    for number, part in enumerate(parts):
        text = "\n".join(
            [
                head if number == 0 else more,
                "<blockquote expandable>" + "\n".join(part) + "</blockquote>",
            ]
        )
        store.enqueue(
            event_id=f"digest:{rows[0].id}:{number}",
            chat_id=chat_id,
            kind="digest",
            text=text,
            occurred=now,
            silent=all(row.silent for row in ringing),
        )
    store.mark([row.id for row in ringing], "digested")
    store.forget_lines([row.id for row in rows])
    return True


def _count(kinds: list[str]) -> str:
    """Return what happened in numbers, such as "7 fills, 2 cancels"."""
    counts = Counter(kind if kind in _WORDS else _OTHER for kind in kinds)
    return ", ".join(
        words(counts[kind]) for kind, words in _WORDS.items() if counts[kind]
    )
