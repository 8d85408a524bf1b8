"""After an absence, or when much happens at once: one message that tells what many would have told."""

from collections import Counter
from collections.abc import Callable, Sequence

from telegram_bot.languages import N_, _, ngettext, speaking
from telegram_bot.markup import LONGEST_TEXT, length, split_lines
from telegram_bot.records import Line, OutboxRow
from telegram_bot.transaction import Transaction

# More messages than this that are older than a minute become one.
DIGEST_AFTER = 5
_OLD_AFTER = 60.0
# And more than this at once: at a message a second the last one would come when nobody looks any more.
FLOOD = 10
_APART = N_("<b>While we were apart: {events}</b>")
_AT_ONCE = N_("<b>All at once: {events}</b>")
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
    """Tell of an absence in one go: with more old messages than some; return whether it was done."""

    def is_due(ringing: Sequence[OutboxRow]) -> bool:
        """With the old ones go the new ones, or the order of what happened would be lost."""
        return sum(row.occurred <= now - _OLD_AFTER for row in ringing) > more_than

    return _replace(store, chat_id, now, _APART, is_due)


def digest_flood(store: Transaction, chat_id: int, now: float) -> bool:
    """Tell at once what came at once; return whether there was more than fits a chat message by message."""
    return _replace(store, chat_id, now, _AT_ONCE, lambda ringing: len(ringing) > FLOOD)


def _replace(
    store: Transaction,
    chat_id: int,
    now: float,
    words: str,
    is_due: Callable[[Sequence[OutboxRow]], bool],
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
        if row.rings and (row.kind != "card" or row.card_id not in under_way)
    ]
    if not is_due(ringing):
        return False
    # A card and the message of its end tell of the same event.
    lines = list({line.event_id: line for row in rows for line in row.lines}.values())
    with speaking(store.settings(chat_id).language):
        head = _(words, events=_count(lines))
        more = _("<b>… and on</b>")
    # The line above them counts as well.
    room = LONGEST_TEXT - 1 - max(length(head), length(more))
    for number, part in enumerate(split_lines(_gathered(lines), room)):
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


def _gathered(lines: Sequence[Line]) -> list[str]:
    """Return the words of lines in order; those that are the same to the last digit share a line."""
    return [
        words if count == 1 else f"{count} × {words}"
        for words, count in Counter(line.words for line in lines).items()
    ]


def _count(lines: Sequence[Line]) -> str:
    """Return what happened in numbers, such as "7 fills, 2 cancels"."""
    counts = Counter(line.kind if line.kind in _WORDS else _OTHER for line in lines)
    return ", ".join(
        words(counts[kind]) for kind, words in _WORDS.items() if counts[kind]
    )
