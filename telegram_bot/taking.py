"""Which message of a chat is sent next: noted before it is sent, and what became of it afterwards."""

from dataclasses import dataclass
from enum import StrEnum

from telegram_bot.delivery import Verdict
from telegram_bot.digest import DIGEST_AFTER, FLOOD, digest, digest_flood
from telegram_bot.records import Card, OutboxRow
from telegram_bot.settings import ChatSettings
from telegram_bot.transaction import Transaction

# So often a message that may have arrived is sent once more. Lost it would be worse than doubled, but a chat shall
# not be filled by a Telegram that delivers it each time and never says so.
_MOST_DOUBTS = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is under way, its card, and what its chat has chosen."""

    row: OutboxRow
    card: Card | None
    settings: ChatSettings


class Later(StrEnum):
    """Why what waits is not sent now."""

    EDIT = "edit"  # it rings nobody, and must leave room for what rings
    FLOOD = "flood"  # more is coming, and all of it is told together


def take(
    store: Transaction, chat_id: int, now: float, *, edits: bool, calm: bool
) -> Taken | Later | None:
    """Take the first message of a chat; None when there is none.

    Chosen and noted at once: a state that comes in between must find it waiting, or under way.

    Args:
        store: where the messages are.
        chat_id: the chat.
        now: seconds since the epoch.
        edits: whether there is room for what rings nobody.
        calm: whether a flood is told now.
    """
    rows = store.waiting(chat_id, limit=FLOOD + 1)
    ringing = sum(row.rings for row in rows)
    if ringing > DIGEST_AFTER and digest(store, chat_id, now):
        rows = store.waiting(chat_id, limit=1)
    elif ringing > FLOOD:
        if not calm:
            return Later.FLOOD
        digest_flood(store, chat_id, now)
        rows = store.waiting(chat_id, limit=1)
    for row in rows[:1]:
        card = store.card(row.card_id) if row.card_id else None
        # Whoever has tapped looks at the card.
        asked = card is not None and card.confirmation_id is not None
        if row.edits and not (edits or asked):
            return Later.EDIT
        store.mark([row.id], "sending")
        return Taken(row, card, store.settings(chat_id))
    return None


_STATES = {
    Verdict.DONE: "sent",
    Verdict.AGAIN: "waiting",
    Verdict.WAIT: "waiting",
    Verdict.PARK: "waiting",
    Verdict.MOVED: "waiting",
    Verdict.TOKEN: "waiting",
}


def settle(
    store: Transaction,
    row: OutboxRow,
    verdict: Verdict,
    message_id: int | None,
    *,
    edited: bool,
) -> None:
    """Write down what became of a message."""
    if verdict is Verdict.UNKNOWN:
        # An edit can be repeated at will; a message some times, marked.
        store.mark(
            [row.id],
            "waiting" if edited or row.doubts < _MOST_DOUBTS else "doubtful",
            doubt=not edited,
        )
        return
    store.mark(
        [row.id],
        _STATES.get(verdict, "refused"),
        message_id=message_id if verdict is Verdict.DONE else None,
    )
    if verdict is Verdict.DONE and row.card_id is not None and row.kind == "card":
        store.set_card_message(row.card_id, message_id)
