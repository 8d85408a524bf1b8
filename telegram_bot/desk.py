"""Orders by chat: asked for, confirmed by a tap, sent at most once, followed until the outcome is known."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
import logging
from typing import Any

from telegram_bot import cards
from telegram_bot.clock import Clock
from telegram_bot.confirmations import (
    TAP_ANSWERS,
    Taken,
    Tap,
    client_order_id,
    new_id,
    question_buttons,
    take,
)
from telegram_bot.errors import (
    HomeAssistantError,
    NotConnectedError,
    RefusedError,
    UnansweredError,
)
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.markup import Message, e
from telegram_bot.notices import show_order
from telegram_bot.outbox import Outbox
from telegram_bot.outcomes import surely_not_done
from telegram_bot.records import ConfirmationRow
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from telegram_bot.words import explain

_LOGGER = logging.getLogger(__name__)

# A market price is old after a minute.
_LONGEST_MARKET_SECONDS = 60
_PLACE_TIMEOUT = 45.0
_PATIENCE = 1.0
# When to look for an order of which nobody knows whether it arrived, in seconds after the feed stands.
# Home Assistant rules out after 60 s that the exchange still takes it.
_LOOKS = (1.0, 4.0, 10.0, 20.0, 40.0)
_LONGEST_PAUSE = 60.0
_SENDING = {"order": "⏳ Being placed", "cancel": "⏳ Cancel being sent"}
_IN_DOUBT = {
    "order": "❓ Sent, but no answer came. I am finding out whether the exchange took it; please don't repeat it meanwhile.",
    "cancel": "❓ Sent, but no answer came. I am finding out whether the order is cancelled.",
}
_NOT_FOUND = {
    "order": "❓ Not found: it is not among the open orders and no report of it has come. Most likely it was never placed;"
    " look at /orders and /balance before you repeat it.",
    "cancel": "❓ The order is not open any more; its last report tells how it ended.",
}
_NOT_KNOWN = {
    "order": "❌ Not placed: the exchange does not know this order. Nothing was ordered.",
    "cancel": "❓ The exchange does not know this order any more; /orders shows what is open.",
}
_EXPIRED = "⌛ Expired: nobody decided in time. Nothing was done."
_STILL_OPEN = "❗ The order is still open: the cancel did not arrive. Try again."
_REFUSED = {"order": "❌ Not placed", "cancel": "❌ Not cancelled"}
_NOT_SENT = (
    "Home Assistant could not be reached. Nothing was sent; try again when it is back."
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What Home Assistant says about an order.

    Attributes:
        order: how it stands; None when it is not there.
        exact: whether orders in any state were looked at, not the open ones alone.
    """

    order: Json | None
    exact: bool

    @property
    def is_over(self) -> bool:
        """Return whether the order is open no more."""
        return bool(self.order and self.order["status"] in cards.FINAL_STATUSES)


class OrderDesk:
    """Ask, take the tap, carry out, find out."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        home_assistant: HomeAssistant,
        *,
        clock: Clock,
        confirm_seconds: int,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._outbox = outbox
        self._home_assistant = home_assistant
        self._clock = clock
        self._confirm_seconds = confirm_seconds
        self._make_id = make_id
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Void the questions of the last run, and find out what became of orders under way."""
        rows = await self._store.run(lambda store: store.confirmations("pending"))
        for row in rows:
            await self._expire(
                row, "⌛ Void: I was restarted before you decided. Nothing was done."
            )
        for row in await self._store.run(
            lambda store: store.confirmations("executing")
        ):
            await self._show(row, "doubt", _IN_DOUBT[row.kind])
            self._own(self._find_out(row))

    async def stop(self) -> None:
        """Stop; what is under way is found out after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask_order(self, user_id: int, chat_id: int, request: Json) -> None:
        """Show what an order would do, and ask for the tap.

        Raises:
            HomeAssistantError: the order can't be previewed; nothing was asked.
        """
        answer = await self._home_assistant.call("preview_order", request)
        seconds = self._confirm_seconds
        if request["order_type"] == "market":
            seconds = min(seconds, _LONGEST_MARKET_SECONDS)
        preview = answer["preview"]
        # Frozen as shown: a default that changes meanwhile must not move the order.
        frozen = {**request, "account_id": preview["account_id"]}
        await self._ask("order", user_id, chat_id, frozen, preview, seconds)

    async def ask_cancel(self, user_id: int, chat_id: int, order: Json) -> None:
        """Ask whether an order shall be cancelled."""
        await self._ask(
            "cancel",
            user_id,
            chat_id,
            {"order_id": order["order_id"]},
            order,
            self._confirm_seconds,
        )

    async def _ask(
        self,
        kind: str,
        user_id: int,
        chat_id: int,
        request: Json,
        shown: Json,
        seconds: int,
    ) -> None:
        """Keep a question, then show it."""
        confirmation_id = self._make_id()
        row = ConfirmationRow(
            confirmation_id,
            kind,
            user_id,
            chat_id,
            request,
            shown,
            self._clock.time() + seconds,
            "pending",
        )

        def keep(store: Transaction) -> int:
            """Keep the question and its card."""
            store.add_confirmation(row)
            # The card of a cancel joins its order with the tap only: reports must not take its buttons away.
            client_id = client_order_id(confirmation_id) if kind == "order" else None
            return store.add_card(
                chat_id,
                self._clock.time(),
                client_order_id=client_id,
                confirmation_id=confirmation_id,
            ).id

        card_id = await self._store.run(keep)
        text = (
            cards.preview(shown, row.expires)
            if kind == "order"
            else cards.cancel_question(shown, row.expires)
        )
        self._own(self._expire_later(row, seconds))
        message_id = await self._outbox.say(
            chat_id, Message(text, question_buttons(confirmation_id), repeat=True)
        )
        if message_id is not None:
            await self._store.insist(
                lambda store: store.find_card_message(card_id, message_id)
            )

    async def tap(
        self, tap: Tap, *, user_id: int, message_id: int | None
    ) -> tuple[str, ConfirmationRow | None]:
        """Take a tap.

        Returns:
            What to say to the person at once, and what to carry out (by `execute`) if this is the tap that counts.
        """
        now = self._clock.time()

        def decide(store: Transaction) -> tuple[Taken, ConfirmationRow | None]:
            """Decide, and learn which message the card is: its sending may have been in doubt."""
            taken, row = take(store, tap, user_id=user_id, now=now)
            if row is None or taken is Taken.OTHERS:
                return taken, row
            if card := store.card_of_confirmation(row.id):
                if taken is Taken.NOW or card.message_id is None:
                    store.set_card_message(card.id, message_id or card.message_id)
                if taken is Taken.NOW and tap.yes and row.kind == "cancel":
                    store.set_card_order(card.id, row.request["order_id"])
            return taken, row

        taken, row = await self._store.run(decide)
        if taken is Taken.LATE and row:
            await self._expire(row, _EXPIRED)
        if taken is Taken.EXPIRED and row:
            await self._show(row, "expired", _EXPIRED)
        if taken is not Taken.NOW or row is None:
            return TAP_ANSWERS[taken], None
        if not tap.yes:
            await self._show(row, "discarded", "🗑 Discarded. Nothing was done.")
            return "Discarded.", None
        return (
            "Placing the order…" if row.kind == "order" else "Cancelling the order…",
            row,
        )

    def execute(self, row: ConfirmationRow) -> None:
        """Carry out what was confirmed, once; the card tells how it goes."""
        self._own(self._execute(row))

    async def _execute(self, row: ConfirmationRow) -> None:
        """Send it and show what came of it."""
        patience = self._own(self._show_patience(row))
        try:
            outcome = await self._send(row)
        finally:
            # Or it would take the place of the outcome.
            patience.cancel()
            await asyncio.gather(patience, return_exceptions=True)
        if not isinstance(outcome, HomeAssistantError):
            await self._settle(row, outcome)
        elif not surely_not_done(outcome):
            await self._doubt(row, outcome)
        elif isinstance(outcome, NotConnectedError):
            await self._refuse(row, _NOT_SENT)
        else:
            await self._refuse(row, explain(outcome))

    async def _show_patience(self, row: ConfirmationRow) -> None:
        """Say that it is on its way, if that takes a while: most answers are faster than an edit."""
        await self._clock.sleep(_PATIENCE)
        await self._show(row, "sending", f"{_SENDING[row.kind]} …")

    async def _send(self, row: ConfirmationRow) -> Json | HomeAssistantError:
        """Send it, once; return the order, or what came instead of it."""
        action, fields = "cancel_order", row.request
        if row.kind == "order":
            # For the audit trail of Home Assistant, which sees one user for all who write to the bot.
            comment = f"telegram {row.user_id}"
            own = {"client_order_id": client_order_id(row.id), "comment": comment}
            action, fields = "place_order", {**row.request, **own}
        try:
            answer = await self._home_assistant.call(
                action, fields, within=_PLACE_TIMEOUT
            )
        except HomeAssistantError as err:
            return err
        order = answer.get("order")
        if not isinstance(order, dict):
            return UnansweredError("Home Assistant's answer holds no order")
        return order

    async def _refuse(self, row: ConfirmationRow, why: str) -> None:
        """Say that it was surely not done, and why."""
        await self._show(row, "outcome", f"{_REFUSED[row.kind]}: {e(why)}", done=True)

    async def _doubt(self, row: ConfirmationRow, err: HomeAssistantError) -> None:
        """Say that the outcome is not known, and find it out."""
        _LOGGER.warning(
            "The outcome of %s %s is not known yet: %s", row.kind, row.id, err
        )
        await self._show(row, "doubt", _IN_DOUBT[row.kind])
        self._own(self._find_out(row))

    async def _find_out(self, row: ConfirmationRow) -> None:
        """Ask what became of an order; never send it again."""
        name, value = (
            ("client_order_id", client_order_id(row.id))
            if row.kind == "order"
            else ("order_id", row.request["order_id"])
        )
        found: _Found = _Found(None, exact=False)
        for pause in _LOOKS:
            look = await self._look(row, pause, name, value)
            if look is None:
                return
            found = look
            if found.order and (row.kind == "order" or found.is_over):
                await self._settle(row, found.order)
                return
        if found.order:
            head = _STILL_OPEN
        else:
            head = (_NOT_KNOWN if found.exact else _NOT_FOUND)[row.kind]
        await self._show(row, "outcome", head, done=True)

    async def _look(
        self, row: ConfirmationRow, pause: float, name: str, value: str
    ) -> _Found | None:
        """Ask for one order after a pause; return None once a report has told the outcome."""
        while True:
            # The feed brings first what happened meanwhile.
            await self._home_assistant.wait_following()
            await self._clock.sleep(pause)
            if await self._store.insist(lambda store: _reported(store, row)):
                return None
            try:
                return await self._ask_for(name, value)
            except HomeAssistantError as err:
                _LOGGER.info("The order can't be asked for, trying again: %s", err)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _ask_for(self, name: str, value: str) -> _Found:
        """Ask for one order in any state, or among the open ones where Home Assistant can't be asked for one."""
        exact = True
        try:
            answer = await self._home_assistant.call("get_orders", {name: value})
        except RefusedError as err:
            if err.code != "invalid_format":
                raise
            exact = False
            answer = await self._home_assistant.call("get_orders")
        orders = (order for order in answer["orders"] if order.get(name) == value)
        return _Found(next(orders, None), exact)

    async def _settle(self, row: ConfirmationRow, order: Json) -> None:
        """Show the state of the order; reports go on changing its card."""
        now = self._clock.time()
        if row.kind == "cancel" and order["status"] not in cards.FINAL_STATUSES:
            order = {**order, "status": "pending_cancel"}

        def settle(store: Transaction) -> None:
            """Keep state and card together."""
            store.compare_and_set(row.id, "executing", "done")
            if card := store.card_of_confirmation(row.id):
                show_order(
                    store, card, order, event_id=f"answer:{row.id}", occurred=now
                )

        await self._store.insist(settle)
        self._outbox.wake([row.chat_id])

    async def _expire_later(self, row: ConfirmationRow, seconds: float) -> None:
        """Close a question when its time is over."""
        await self._clock.sleep(seconds)
        await self._expire(row, _EXPIRED)

    async def _expire(self, row: ConfirmationRow, head: str) -> None:
        """Close a question that nobody may answer any more."""
        if await self._store.insist(
            lambda store: store.compare_and_set(row.id, "pending", "expired")
        ):
            await self._show(row, "expired", head)

    async def _show(
        self, row: ConfirmationRow, stage: str, head: str, *, done: bool = False
    ) -> None:
        """Put a state in place of the question, unless a report has told more already."""
        now = self._clock.time()
        text = cards.closed(
            f"{cards.order_words(row.preview)}\n{cards.order_kind(row.preview)}", head
        )

        def show(store: Transaction) -> None:
            """Keep state and card together."""
            if done:
                store.compare_and_set(row.id, "executing", "done")
            card = store.card_of_confirmation(row.id)
            if card and card.message_id is not None and card.order is None:
                store.enqueue(
                    event_id=f"{stage}:{row.id}",
                    chat_id=row.chat_id,
                    kind="card",
                    text=text,
                    card_id=card.id,
                    occurred=now,
                )

        await self._store.insist(show)
        self._outbox.wake([row.chat_id])

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until `stop`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say what nobody expected; what was under way is found out after the next start."""
        self._tasks.discard(task)
        if not task.cancelled() and (err := task.exception()):
            _LOGGER.error("An order could not be followed", exc_info=err)


def _reported(store: Transaction, row: ConfirmationRow) -> bool:
    """Return whether the feed has told what became of an order; if so the question is settled."""
    card = store.card_of_confirmation(row.id)
    if card is None or card.order is None:
        return False
    if row.kind == "cancel" and card.order["status"] not in cards.FINAL_STATUSES:
        return False
    store.compare_and_set(row.id, "executing", "done")
    return True
