"""After an absence: one message that tells what many would have told."""

from collections import Counter

from telegram_bot.markup import split_lines
from telegram_bot.transaction import OutboxRow, Transaction

# More messages than this that are older than a minute become one, in seconds.
DIGEST_AFTER = 5
_OLD_AFTER = 60.0
_WORDS = {
    "execution": "order message",
    "price_alert": "price alert",
    "card": "order update",
    "notice": "notice",
}


def digest(store: Transaction, chat_id: int, now: float) -> bool:
    """Replace many messages of a chat by as few as hold their lines; return whether it was done."""
    rows = [row for row in store.waiting(chat_id) if _rings(store, row)]
    # With the old ones go the new ones, or the order of what happened would be lost.
    if sum(row.occurred <= now - _OLD_AFTER for row in rows) <= DIGEST_AFTER:
        return False
    counts = Counter(row.kind for row in rows)
    words = ", ".join(
        f"{count} {_WORDS[kind]}{'s' if count > 1 else ''}"
        for kind, count in counts.items()
    )
    head = f"<b>While we were apart: {words}</b>"
    told = [line for row in rows for line in row.line.split("\n")]
    for number, lines in enumerate(split_lines(told)):
        text = "\n".join(
            [
                head if number == 0 else "<b>… and on</b>",
                "<blockquote expandable>" + "\n".join(lines) + "</blockquote>",
            ]
        )
        store.enqueue(
            event_id=f"digest:{rows[0].id}:{number}",
            chat_id=chat_id,
            kind="digest",
            text=text,
            occurred=now,
        )
    store.mark([row.id for row in rows], "digested")
    return True


def _rings(store: Transaction, row: OutboxRow) -> bool:
    """Return whether a message would be a new one in the chat, and can be told in a line."""
    if row.kind not in _WORDS or row.doubts > 0 or not row.line:
        return False
    if row.kind != "card":
        return True
    # Edits don't ring: a card that is there is brought up to date in its place.
    card = store.card(row.card_id) if row.card_id is not None else None
    return card is None or card.message_id is None
