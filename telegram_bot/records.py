"""What the bot remembers: one class a table, and how a row of it is read."""

from dataclasses import dataclass
import json
from typing import Any

from telegram_bot.feed import Json


@dataclass(frozen=True, slots=True)
class Line:
    """What a digest says instead of a message: one event in one line.

    Attributes:
        event_id: which event; in a digest each is told once.
        kind: what it counts as, such as "fill".
        words: HTML.
    """

    event_id: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message that must reach one chat."""

    id: int
    event_id: str
    chat_id: int
    kind: str
    text: str
    lines: tuple[Line, ...]
    buttons: str
    card_id: int | None
    occurred: float
    state: str
    doubts: int
    silent: bool
    edits: bool

    @property
    def rings(self) -> bool:
        """Return whether it is a new message that a digest may tell instead."""
        return bool(self.lines) and self.doubts == 0 and not self.edits


@dataclass(frozen=True, slots=True)
class Card:
    """One order as one chat sees it: a message that is edited as the order lives on."""

    id: int
    chat_id: int
    message_id: int | None
    client_order_id: str | None
    order_id: str | None
    confirmation_id: str | None
    order: Json | None
    fills: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class ConfirmationRow:
    """What somebody was asked to confirm, frozen as it was shown."""

    id: str
    kind: str
    user_id: int
    chat_id: int
    request: Json
    preview: Json
    expires: float
    state: str


def read_outbox_row(row: list[Any]) -> OutboxRow:
    """Read a message."""
    row[5] = read_lines(row[5])
    row[11:] = map(bool, row[11:])
    return OutboxRow(*row)


def read_lines(text: str) -> tuple[Line, ...]:
    """Read the lines of a message."""
    return tuple(Line(*line) for line in json.loads(text))


def read_card(row: tuple[Any, ...]) -> Card:
    """Read a card."""
    card_id, chat_id, message_id, client_id, order_id, confirmation_id, order, fills = (
        row
    )
    return Card(
        id=card_id,
        chat_id=chat_id,
        message_id=message_id,
        client_order_id=client_id,
        order_id=order_id,
        confirmation_id=confirmation_id,
        order=json.loads(order) if order else None,
        fills=tuple(json.loads(fills)),
    )


def read_confirmation(row: tuple[Any, ...]) -> ConfirmationRow:
    """Read a confirmation."""
    confirmation_id, kind, user_id, chat_id, request, preview, expires, state = row
    return ConfirmationRow(
        id=confirmation_id,
        kind=kind,
        user_id=user_id,
        chat_id=chat_id,
        request=json.loads(request),
        preview=json.loads(preview),
        expires=expires,
        state=state,
    )
