"""How what the bot remembers is read and written within one transaction."""

from collections.abc import Iterable
import json
import sqlite3
from typing import Any

from telegram_bot.feed import FeedCursor, Json
from telegram_bot.records import (
    Card,
    ConfirmationRow,
    Line,
    OutboxRow,
    read_card,
    read_confirmation,
    read_lines,
    read_outbox_row,
)
from telegram_bot.settings import ChatSettings, read_settings, save_settings


class Transaction:
    """What can be done within one transaction; used in the store's thread only.

    What belongs to one topic alone is a function of that topic's module, over `db`.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on an open connection."""
        self.db = db
        # Whether what some chat has chosen was changed.
        self.has_settings = False

    # The feed

    def cursor(self) -> FeedCursor | None:
        """Return how far the feed has been read."""
        row = self.db.execute("SELECT feed_id, seq FROM feed").fetchone()
        return FeedCursor(*row) if row else None

    def set_cursor(self, cursor: FeedCursor) -> None:
        """Remember how far the feed has been read."""
        self.db.execute(
            "INSERT OR REPLACE INTO feed VALUES (1, ?, ?)", (cursor.feed_id, cursor.seq)
        )

    def is_new(self, event_id: str, at: float) -> bool:
        """Note an event; return whether it was unknown."""
        return (
            self.db.execute(
                "INSERT OR IGNORE INTO events VALUES (?, ?)", (event_id, at)
            ).rowcount
            == 1
        )

    # The outbox

    def enqueue(
        self,
        *,
        event_id: str,
        chat_id: int,
        kind: str,
        text: str,
        lines: tuple[Line, ...] = (),
        buttons: str = "[]",
        card_id: int | None = None,
        occurred: float,
        silent: bool = False,
    ) -> bool:
        """Add a message; return False when the same one is there already.

        A message of kind "card" replaces older states of the same card that are still waiting.
        """
        if self.db.execute(
            "SELECT 1 FROM outbox WHERE event_id = ? AND chat_id = ? AND kind = ?",
            (event_id, chat_id, kind),
        ).fetchone():
            return False
        doubts = 0
        if kind == "card":
            rows = self.db.execute(
                "SELECT line, doubts, silent FROM outbox WHERE card_id = ? AND kind = 'card' AND state = 'waiting' ORDER BY id",
                (card_id,),
            ).fetchall()
            # Whoever reads a digest instead must not miss what the older states told.
            lines = (*(line for row in rows for line in read_lines(row[0])), *lines)
            # One of them may be in the chat already.
            doubts = max((row[1] for row in rows), default=0)
            # One that rings rings for all that it stands for.
            silent = silent and all(row[2] for row in rows)
            self.db.execute(
                "UPDATE outbox SET state = 'replaced' WHERE card_id = ? AND kind = 'card' AND state = 'waiting'",
                (card_id,),
            )
        self.db.execute(
            "INSERT INTO outbox (event_id, chat_id, kind, text, line, buttons, card_id, occurred, doubts, silent, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            (
                event_id,
                chat_id,
                kind,
                text,
                json.dumps([[line.event_id, line.kind, line.words] for line in lines]),
                buttons,
                card_id,
                occurred,
                doubts,
                silent,
            ),
        )
        return True

    def notify(
        self,
        event_id: str,
        chat_id: int,
        text: str,
        at: float,
        *,
        kind: str = "notice",
        silent: bool = False,
    ) -> bool:
        """Add a notice; return False when it is there already."""
        return self.enqueue(
            event_id=event_id,
            chat_id=chat_id,
            kind="notice",
            text=text,
            lines=(Line(event_id, kind, text),),
            occurred=at,
            silent=silent,
        )

    def waiting_chats(self) -> list[int]:
        """Return the chats with messages to send."""
        rows = self.db.execute(
            "SELECT DISTINCT chat_id FROM outbox WHERE state IN ('waiting', 'sending')"
        )
        return [chat_id for (chat_id,) in rows]

    def waiting(self, chat_id: int, limit: int = -1) -> list[OutboxRow]:
        """Return what waits for a chat: new messages, oldest first, then edits, which ring nobody."""
        rows = self.db.execute(
            "SELECT outbox.id, event_id, outbox.chat_id, kind, text, line, buttons, card_id, occurred, state, doubts, silent,"
            " kind = 'card' AND cards.message_id IS NOT NULL AS edits"
            " FROM outbox LEFT JOIN cards ON cards.id = card_id"
            " WHERE outbox.chat_id = ? AND state IN ('waiting', 'sending')"
            " ORDER BY edits, outbox.id LIMIT ?",
            (chat_id, limit),
        )
        return [read_outbox_row(list(row)) for row in rows]

    def mark(
        self,
        row_ids: list[int],
        state: str,
        *,
        message_id: int | None = None,
        doubt: bool = False,
    ) -> None:
        """Set the state of messages: waiting, sending, sent, doubtful, digested, replaced or refused.

        `doubt` counts one more try of which nobody knows whether it arrived.
        """
        self.db.executemany(
            "UPDATE outbox SET state = ?, message_id = coalesce(?, message_id), doubts = doubts + ? WHERE id = ?",
            [(state, message_id, doubt, row_id) for row_id in row_ids],
        )

    def forget_lines(self, row_ids: list[int]) -> None:
        """Note that a digest has told what these messages tell."""
        self.db.executemany(
            "UPDATE outbox SET line = '[]' WHERE id = ?",
            [(row_id,) for row_id in row_ids],
        )

    def drop_others(self, chat_ids: Iterable[int]) -> None:
        """Drop what waits for chats that may not hear it any more."""
        self.db.execute(
            "UPDATE outbox SET state = 'refused' WHERE state IN ('waiting', 'sending')"
            " AND chat_id NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chat_ids)),),
        )

    def doubt_interrupted(self) -> None:
        """After a crash: a message that was being sent may have arrived."""
        self.db.execute(
            "UPDATE outbox SET state = 'waiting', doubts = 1 WHERE state = 'sending'"
        )

    # Cards

    def add_card(
        self,
        chat_id: int,
        at: float,
        *,
        client_order_id: str | None,
        order_id: str | None = None,
        confirmation_id: str | None = None,
    ) -> Card:
        """Start a card; its message follows."""
        cursor = self.db.execute(
            "INSERT INTO cards (chat_id, client_order_id, order_id, confirmation_id, at) VALUES (?, ?, ?, ?, ?)",
            (chat_id, client_order_id, order_id, confirmation_id, at),
        )
        return Card(
            cursor.lastrowid or 0,
            chat_id,
            None,
            client_order_id,
            order_id,
            confirmation_id,
            None,
            (),
        )

    def card(self, card_id: int) -> Card | None:
        """Return a card."""
        return next(iter(self._cards("id = ?", (card_id,))), None)

    def card_of_confirmation(self, confirmation_id: str) -> Card | None:
        """Return the card that asked for a confirmation."""
        return next(iter(self._cards("confirmation_id = ?", (confirmation_id,))), None)

    def cards_of_order(self, chat_id: int, order: Json) -> list[Card]:
        """Return the cards of an order in a chat, the first one first."""
        client, order_id = order.get("client_order_id"), order.get("order_id")
        return self._cards(
            "chat_id = ? AND (client_order_id = ? OR order_id = ?)",
            (chat_id, client or None, order_id or None),
        )

    def save_card(self, card: Card) -> None:
        """Keep the state of a card."""
        self.db.execute(
            "UPDATE cards SET message_id = ?, client_order_id = ?, order_id = ?, order_state = ?, fills = ? WHERE id = ?",
            (
                card.message_id,
                card.client_order_id,
                card.order_id,
                json.dumps(card.order) if card.order else None,
                json.dumps(card.fills),
                card.id,
            ),
        )

    def set_card_message(self, card_id: int, message_id: int | None) -> None:
        """Remember which message shows a card."""
        self.db.execute(
            "UPDATE cards SET message_id = ? WHERE id = ?", (message_id, card_id)
        )

    def find_card_message(self, card_id: int, message_id: int) -> None:
        """Remember which message shows a card, unless a tap has told already: it may be there twice."""
        self.db.execute(
            "UPDATE cards SET message_id = ? WHERE id = ? AND message_id IS NULL",
            (message_id, card_id),
        )

    def is_card_shown(self, card: Card) -> bool:
        """Return whether a card is in its chat, or on its way there."""
        if card.message_id is not None:
            return True
        row = self.db.execute(
            "SELECT 1 FROM outbox WHERE card_id = ? AND kind = 'card' AND state = 'sending'",
            (card.id,),
        ).fetchone()
        return row is not None

    def is_card_expected(self, card: Card) -> bool:
        """Return whether a card is in its chat, or will be."""
        row = self.db.execute(
            "SELECT 1 FROM outbox WHERE card_id = ? AND kind = 'card' AND state IN ('waiting', 'sending')",
            (card.id,),
        ).fetchone()
        return card.message_id is not None or row is not None

    def set_card_order(self, card_id: int, order_id: str) -> None:
        """Let a card follow an order."""
        self.db.execute(
            "UPDATE cards SET order_id = ? WHERE id = ?", (order_id, card_id)
        )

    def _cards(self, where: str, values: tuple[Any, ...]) -> list[Card]:
        """Return the cards that fit."""
        rows = self.db.execute(
            "SELECT id, chat_id, message_id, client_order_id, order_id, confirmation_id, order_state, fills FROM cards"  # noqa: S608 - conditions are ours
            f" WHERE {where} ORDER BY id",
            values,
        )
        return [read_card(row) for row in rows]

    # Confirmations

    def add_confirmation(self, row: ConfirmationRow) -> None:
        """Keep what somebody is asked to confirm."""
        self.db.execute(
            "INSERT INTO confirmations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.id,
                row.kind,
                row.user_id,
                row.chat_id,
                json.dumps(row.request),
                json.dumps(row.preview),
                row.expires,
                row.state,
            ),
        )

    def confirmation(self, confirmation_id: str) -> ConfirmationRow | None:
        """Return a confirmation."""
        return next(iter(self._confirmations("id = ?", (confirmation_id,))), None)

    def confirmations(self, state: str) -> list[ConfirmationRow]:
        """Return the confirmations in a state, the earliest deadline first."""
        return self._confirmations("state = ?", (state,))

    def compare_and_set(self, confirmation_id: str, old: str, new: str) -> bool:
        """Move a confirmation on; return False when it was not in the old state any more."""
        done = self.db.execute(
            "UPDATE confirmations SET state = ? WHERE id = ? AND state = ?",
            (new, confirmation_id, old),
        )
        return done.rowcount == 1

    def _confirmations(
        self, where: str, values: tuple[Any, ...]
    ) -> list[ConfirmationRow]:
        """Return the confirmations that fit."""
        rows = self.db.execute(
            f"SELECT id, kind, user_id, chat_id, request, preview, expires, state FROM confirmations WHERE {where} ORDER BY expires",  # noqa: S608 - conditions are ours
            values,
        )
        return [read_confirmation(row) for row in rows]

    # Settings, buttons and notes

    def settings(self, chat_id: int) -> ChatSettings:
        """Return what a chat has chosen."""
        return read_settings(self.db, chat_id)

    def save_settings(self, chat_id: int, settings: ChatSettings) -> None:
        """Keep what a chat has chosen."""
        save_settings(self.db, chat_id, settings)
        self.has_settings = True

    def add_button(
        self, button_id: str, chat_id: int, action: str, data: Json, at: float
    ) -> None:
        """Keep what a button means."""
        self.db.execute(
            "INSERT INTO buttons VALUES (?, ?, ?, ?, ?)",
            (button_id, chat_id, action, json.dumps(data), at),
        )

    def button(self, button_id: str, chat_id: int) -> tuple[str, Json] | None:
        """Return the action and the data of a button."""
        row = self.db.execute(
            "SELECT action, data FROM buttons WHERE id = ? AND chat_id = ?",
            (button_id, chat_id),
        ).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def note(self, name: str) -> Any:
        """Return a small thing to remember, None when there is none."""
        row = self.db.execute(
            "SELECT value FROM notes WHERE name = ?", (name,)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def set_note(self, name: str, value: Any) -> None:
        """Remember a small thing."""
        self.db.execute(
            "INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value))
        )

    def forget_before(self, at: float) -> None:
        """Drop what is too old to be asked for again."""
        self.db.execute("DELETE FROM events WHERE at < ?", (at,))
        self.db.execute(
            "DELETE FROM outbox WHERE occurred < ? AND state NOT IN ('waiting', 'sending')",
            (at,),
        )
        self.db.execute(
            "DELETE FROM cards WHERE at < ? AND id NOT IN (SELECT card_id FROM outbox WHERE card_id IS NOT NULL)",
            (at,),
        )
        self.db.execute("DELETE FROM buttons WHERE at < ?", (at,))
        self.db.execute(
            "DELETE FROM confirmations WHERE expires < ? AND state NOT IN ('pending', 'executing')",
            (at,),
        )
