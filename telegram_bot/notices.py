"""From the feed to the chats: each entry is kept as messages and as a cursor, in one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
import logging
from pathlib import Path
from typing import Any

from telegram_bot import cards
from telegram_bot.access import Access
from telegram_bot.clock import Clock
from telegram_bot.digest import digest
from telegram_bot.feed import FeedCursor, Json
from telegram_bot.languages import day_and_time, number
from telegram_bot.markup import e
from telegram_bot.outbox import Outbox
from telegram_bot.records import Card, Line
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

_GAP = "⚠️ <b>Some reports are lost</b>: I was away for longer than Home Assistant keeps its journal. /orders and /balance show how things stand."
_DAMAGED = (
    "🗄 <b>My database was damaged</b>: a copy is kept as <code>{kept}</code>, and I have begun a new one. What Home Assistant still"
    " has in its journal follows in one digest; you may have read parts of it before. Orders that waited for a tap are void."
)
# How long messages wait for the rest of what was missed, and for more that comes late, in seconds.
_CATCH_UP_WITHIN = 20.0
_LATE_TOGETHER = 2.0
# A note: the last database was lost, and what is told from the journal may have been told before.
BEGUN_ANEW = "begun_anew"
# What is older can't come again: Home Assistant keeps its journal for 30 days.
_KEEP_SECONDS = 90 * 86_400.0
_STATUS_RANK = {"pending_new": 0, "new": 1, "partially_filled": 2, "pending_cancel": 3}


def newer(old: Json | None, new: Json) -> Json:
    """Return the later one of two states of an order, whatever the order in which they arrived."""
    return new if old is None or _age(new) >= _age(old) else old


def _age(order: Json) -> tuple[bool, Decimal, int]:
    """Return how far an order has got."""
    status = str(order.get("status"))
    return (
        status in cards.FINAL_STATUSES,
        Decimal(str(order.get("executed_amount") or 0)),
        _STATUS_RANK.get(status, 4),
    )


def show_order(
    store: Transaction,
    card: Card,
    order: Json,
    *,
    event_id: str,
    occurred: float,
    fill: Json | None = None,
    lines: tuple[Line, ...] = (),
) -> Card:
    """Bring a card up to date."""
    state = newer(card.order, order)
    card = replace(
        card,
        order=state,
        order_id=card.order_id or order.get("order_id"),
        fills=(*card.fills, fill) if fill else card.fills,
    )
    store.save_card(card)
    store.enqueue(
        event_id=f"{event_id}:{card.id}",
        chat_id=card.chat_id,
        kind="card",
        text=cards.order_card(state, card.fills),
        lines=lines,
        card_id=card.id,
        occurred=occurred,
    )
    return card


def begin_anew(store: Transaction, kept: Path, owner: int, now: float) -> None:
    """Begin after the last database was damaged: read the journal from its oldest entry, and tell the owner."""
    store.set_cursor(FeedCursor("", 0))
    store.set_note(BEGUN_ANEW, value=True)
    store.enqueue(
        event_id=f"damaged:{kept.name}",
        chat_id=owner,
        kind="notice",
        text=_DAMAGED.format(kept=e(kept.name)),
        occurred=now,
    )


class FeedKeeper:
    """Read the feed into the store."""

    def __init__(
        self, store: Store, outbox: Outbox, access: Access, clock: Clock
    ) -> None:
        """Work for everybody who has access."""
        self._store = store
        self._outbox = outbox
        self._access = access
        self._clock = clock
        self._missed_until = 0

    async def cursor(self) -> FeedCursor | None:
        """Return how far the feed has been read."""
        return await self._store.run(Transaction.cursor)

    async def started(self, feed_id: str, newest: int, *, gap: bool) -> None:
        """Remember where a journal begins for us; tell the owner when entries are gone."""
        now = self._clock.time()

        def begin(store: Transaction) -> bool:
            """Keep the start; return whether the journal holds what was missed."""
            store.forget_before(now - _KEEP_SECONDS)
            cursor = store.cursor()
            if cursor is None:
                cursor = FeedCursor(feed_id, newest)
            elif gap:
                store.notify(
                    f"gap:{feed_id}:{cursor.seq}", self._access.owner, _GAP, now
                )
            if cursor.feed_id != feed_id or cursor.seq > newest:
                cursor = FeedCursor(feed_id, 0)
            store.set_cursor(cursor)
            return cursor.seq < newest

        missed = await self._store.run(begin)
        self._missed_until = newest if missed else 0
        if missed:
            self._outbox.hold(_CATCH_UP_WITHIN)
        self._outbox.wake([self._access.owner])

    async def entries(self, feed_id: str, entries: list[Json]) -> None:
        """Keep entries: their messages and the cursor in one transaction."""
        if not entries:
            return
        now = self._clock.time()
        newest = max(int(entry["seq"]) for entry in entries)
        missed = newest < self._missed_until

        def keep(store: Transaction) -> None:
            """Keep all of them, or none."""
            for entry in entries:
                if store.is_new(str(entry["id"]), now):
                    self._keep_one(store, entry)
            store.set_cursor(FeedCursor(feed_id, newest))
            if not missed and store.note(BEGUN_ANEW):
                store.set_note(BEGUN_ANEW, value=False)
                for chat_id in self._access.people:
                    digest(store, chat_id, now, more_than=0)

        if missed:
            self._outbox.hold(_CATCH_UP_WITHIN)
        elif not self._missed_until and any(entry.get("late") for entry in entries):
            self._outbox.hold(_LATE_TOGETHER)
        await self._store.run(keep)
        if self._missed_until and not missed:
            self._missed_until = 0
            self._outbox.release()
        self._outbox.wake(list(self._access.people))

    def _keep_one(self, store: Transaction, entry: Json) -> None:
        """Turn one entry into messages."""
        handler = {"execution": self._execution, "price_alert": self._price_alert}.get(
            str(entry.get("kind"))
        )
        if handler is None:
            return
        try:
            handler(store, entry, datetime.fromisoformat(entry["time"]).timestamp())
        except KeyError, TypeError, ValueError, ArithmeticError:
            # One entry that nobody can read must not hold up all that follow.
            _LOGGER.exception("An entry of the feed can't be read: %s", entry.get("id"))

    def _execution(self, store: Transaction, entry: Json, occurred: float) -> None:
        """Tell everybody what happened to an order."""
        data: Mapping[str, Any] = entry["data"]
        order, fill = data["order"], data.get("fill")
        if data["event"] == "cancel_pending":
            return
        late_since = occurred if entry.get("late") else None
        event_id = str(entry["id"])
        told = (
            Line(
                event_id,
                "fill" if fill else str(data["event"]),
                cards.execution_line(data, late_since),
            ),
        )
        final = order["status"] in cards.FINAL_STATUSES
        for chat_id in self._access.people:
            known = store.cards_of_order(chat_id, order)
            # Placed elsewhere: its first report becomes its card.
            shown = known or [
                store.add_card(
                    chat_id,
                    self._clock.time(),
                    client_order_id=order.get("client_order_id"),
                    order_id=order.get("order_id"),
                )
            ]
            updated = [
                show_order(
                    store,
                    card,
                    order,
                    event_id=event_id,
                    occurred=occurred,
                    fill=fill,
                    lines=told,
                )
                for card in shown
            ]
            if final and any(map(store.is_card_shown, known)):
                # Edits don't ring: the end of an order is a message of its own.
                store.enqueue(
                    event_id=event_id,
                    chat_id=chat_id,
                    kind="execution",
                    text=_final_text(updated[0].order or order, late_since),
                    lines=told,
                    card_id=updated[0].id,
                    occurred=occurred,
                )

    def _price_alert(self, store: Transaction, entry: Json, occurred: float) -> None:
        """Tell everybody that a price alert fired."""
        data = entry["data"]
        text = cards.price_alert(data, occurred if entry.get("late") else None)
        event_id = str(entry["id"])
        words = f"{cards.alert_words(data['alert'])}: {number(data['price'])} · {day_and_time(occurred)}"
        for chat_id in self._access.people:
            store.enqueue(
                event_id=event_id,
                chat_id=chat_id,
                kind="price_alert",
                text=text,
                lines=(Line(event_id, "price_alert", words),),
                occurred=occurred,
            )


def _final_text(order: Json, late_since: float | None) -> str:
    """Return the message at the end of an order."""
    lines = [cards.order_head(order), *cards.outcome_lines(order)]
    if late_since is not None:
        lines.append(f"It happened at {day_and_time(late_since)}")
    return "\n".join(lines)
