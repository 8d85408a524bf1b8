"""From the feed to the chats: each entry is kept as messages and as a cursor, in one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
import logging
from pathlib import Path
from typing import Any

from telegram_bot import alert_words, cards, reports
from telegram_bot.access import Access
from telegram_bot.clock import Clock
from telegram_bot.digest import digest
from telegram_bot.feed import FeedCursor, Json
from telegram_bot.languages import N_, _, speaking
from telegram_bot.markup import e
from telegram_bot.outbox import Outbox
from telegram_bot.records import Card, Line
from telegram_bot.settings import Kind, Loudness
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from telegram_bot.zone import local_time

_LOGGER = logging.getLogger(__name__)

_GAP = N_(
    "⚠️ <b>Some reports are lost</b>: I was away for longer than Home Assistant keeps its journal. /orders and /balance show how things stand."
)
_DAMAGED = N_(
    "🗄 <b>My database was damaged</b>: a copy is kept as <code>{kept}</code>, and I have begun a new one. What Home Assistant still"
    " has in its journal follows in one digest; you may have read parts of it before. Orders that waited for a tap are void."
)
_UNREADABLE = N_(
    "⚠️ <b>Something happened that I can't show</b> (<code>{event}</code>). /orders and /balance show how things stand."
)
# How long messages wait for the rest of what was missed, and for more that comes late, in seconds.
_CATCH_UP_WITHIN = 20.0
_LATE_TOGETHER = 2.0
# A note: the last database was lost, and what is told from the journal may have been told before.
BEGUN_ANEW = "begun_anew"
# What is older can't come again: Home Assistant keeps its journal for 30 days.
_KEEP_SECONDS = 90 * 86_400.0
# As what each event of an order is told.
_KINDS = {
    "accepted": Kind.ORDER,
    "partially_filled": Kind.PARTIAL_FILL,
    "filled": Kind.FILL,
    "cancelled": Kind.CANCEL,
    "rejected": Kind.REJECT,
    "expired": Kind.EXPIRY,
}
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
    loudness: Loudness = Loudness.ON,
) -> Card:
    """Bring a card up to date; one that is in the chat tells the truth even of what is off."""
    state = newer(card.order, order)
    card = replace(
        card,
        order=state,
        order_id=card.order_id or order.get("order_id"),
        fills=(*card.fills, fill) if fill else card.fills,
    )
    store.save_card(card)
    if loudness is Loudness.OFF and not store.is_card_expected(card):
        return card
    with speaking(store.settings(card.chat_id).language):
        text = cards.order_card(state, card.fills)
    store.enqueue(
        event_id=f"{event_id}:{card.id}",
        chat_id=card.chat_id,
        kind="card",
        text=text,
        lines=lines,
        card_id=card.id,
        occurred=occurred,
        silent=loudness is not Loudness.ON,
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
        text=_(_DAMAGED, kept=e(kept.name)),
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
                owner = self._access.owner
                with speaking(store.settings(owner).language):
                    text = _(_GAP)
                store.notify(f"gap:{feed_id}:{cursor.seq}", owner, text, now)
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
                    self._keep_one(store, entry, now)
            store.set_cursor(FeedCursor(feed_id, newest))
            if not missed and store.note(BEGUN_ANEW):
                store.set_note(BEGUN_ANEW, value=False)
                for chat_id in self._access.chats:
                    digest(store, chat_id, now, more_than=0)

        if missed:
            self._outbox.hold(_CATCH_UP_WITHIN)
        elif not self._missed_until and any(entry.get("late") for entry in entries):
            self._outbox.hold(_LATE_TOGETHER)
        chats = self._access.chats
        try:
            with self._outbox.claim(chats) as take:

                def keep_and_take(store: Transaction) -> None:
                    """Keep them, and take what can be sent at once."""
                    keep(store)
                    take(store)

                await self._store.run(keep_and_take)
        finally:
            # Also when the line was cut: what was begun is kept all the same. A group may have moved meanwhile.
            self._outbox.wake([*chats, *self._access.chats])
        if self._missed_until and not missed:
            self._missed_until = 0
            self._outbox.release()

    def _keep_one(self, store: Transaction, entry: Json, now: float) -> None:
        """Turn one entry into messages."""
        handler = {
            "execution": self._execution,
            "price_alert": self._price_alert,
            "funding": self._report,
            "stream": self._report,
            "trouble": self._report,
        }.get(str(entry.get("kind")))
        if handler is None:
            return
        try:
            handler(store, entry, datetime.fromisoformat(entry["time"]).timestamp())
        except KeyError, TypeError, ValueError, ArithmeticError:
            # One entry that nobody can read must not hold up all that follow, nor pass in silence.
            _LOGGER.exception("An entry of the feed can't be read: %s", entry.get("id"))
            for chat_id in self._access.chats:
                with speaking(store.settings(chat_id).language):
                    words = _(_UNREADABLE, event=e(entry["id"]))
                store.notify(f"unreadable:{entry['id']}", chat_id, words, now)

    def _loudness(self, store: Transaction, chat_id: int, kind: Kind) -> Loudness:
        """Return how loudly a chat wants to be told of a kind now."""
        now = local_time(store, self._clock.time())
        return store.settings(chat_id).loudness(kind, now)

    def _execution(self, store: Transaction, entry: Json, occurred: float) -> None:
        """Tell everybody what happened to an order."""
        data: Mapping[str, Any] = entry["data"]
        if data["event"] == "cancel_pending":
            return
        for chat_id in self._access.chats:
            with speaking(store.settings(chat_id).language):
                self._execution_in(store, chat_id, entry, occurred)

    def _execution_in(
        self, store: Transaction, chat_id: int, entry: Json, occurred: float
    ) -> None:
        """Tell one chat what happened to an order."""
        data: Mapping[str, Any] = entry["data"]
        order, fill, event = data["order"], data.get("fill"), str(data["event"])
        loudness = self._loudness(store, chat_id, _KINDS.get(event, Kind.ORDER))
        late_since = occurred if entry.get("late") else None
        event_id = str(entry["id"])
        told: tuple[Line, ...] = ()
        if loudness is not Loudness.OFF:
            words = cards.execution_line(data, late_since)
            told = (Line(event_id, "fill" if fill else event, words),)
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
                loudness=loudness,
            )
            for card in shown
        ]
        if (
            loudness is not Loudness.OFF
            and order["status"] in cards.FINAL_STATUSES
            and any(map(store.is_card_shown, known))
        ):
            # Edits don't ring: the end of an order is a message of its own.
            store.enqueue(
                event_id=event_id,
                chat_id=chat_id,
                kind="execution",
                text=_final_text(updated[0].order or order, late_since),
                lines=told,
                card_id=updated[0].id,
                occurred=occurred,
                silent=loudness is Loudness.SILENT,
            )

    def _price_alert(self, store: Transaction, entry: Json, occurred: float) -> None:
        """Tell everybody that a price alert fired."""
        data = entry["data"]
        event_id = str(entry["id"])
        for chat_id in self._access.chats:
            loudness = self._loudness(store, chat_id, Kind.PRICE_ALERT)
            if loudness is Loudness.OFF:
                continue
            with speaking(store.settings(chat_id).language):
                text = alert_words.price_alert(
                    data, occurred if entry.get("late") else None
                )
                words = alert_words.price_alert_line(data, occurred)
            store.enqueue(
                event_id=event_id,
                chat_id=chat_id,
                kind="price_alert",
                text=text,
                lines=(Line(event_id, "price_alert", words),),
                occurred=occurred,
                silent=loudness is Loudness.SILENT,
            )

    def _report(self, store: Transaction, entry: Json, occurred: float) -> None:
        """Tell everybody what else happened to the account."""
        kind = Kind(entry["kind"])
        for chat_id in self._access.chats:
            loudness = self._loudness(store, chat_id, kind)
            if loudness is Loudness.OFF:
                continue
            with speaking(store.settings(chat_id).language):
                words = reports.report(kind, entry["data"])
                if entry.get("late"):
                    words = f"{words}\n{cards.happened_at(occurred)}"
            store.notify(
                str(entry["id"]),
                chat_id,
                words,
                occurred,
                kind=kind,
                silent=loudness is Loudness.SILENT,
            )


def _final_text(order: Json, late_since: float | None) -> str:
    """Return the message at the end of an order."""
    lines = [cards.order_head(order), *cards.outcome_lines(order)]
    if late_since is not None:
        lines.append(cards.happened_at(late_since))
    return "\n".join(lines)
