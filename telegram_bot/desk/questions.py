"""Questions as cards in a chat: kept, shown, answered once, closed in time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
import logging
from typing import Any

from telegram_bot.clock import Clock
from telegram_bot.confirmations import (
    TAP_ANSWERS,
    Taken,
    Tap,
    awaiting_code,
    client_order_id,
    close,
    code_buttons,
    new_id,
    question_buttons,
    take,
    take_code,
)
from telegram_bot.desk import question_cards
from telegram_bot.desk.factor import SecondFactor
from telegram_bot.feed import Json
from telegram_bot.languages import _
from telegram_bot.markup import Buttons, Message, buttons_to_json
from telegram_bot.outbox import Outbox
from telegram_bot.records import ConfirmationRow
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for something, and where.

    Attributes:
        name: what the person is called, as they wrote it themselves.
    """

    user_id: int
    chat_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tap or a code came to.

    Attributes:
        words: what to say to the person at once, plain text; may be empty.
        confirmed: what to carry out, if this is the answer that counts.
    """

    words: str
    confirmed: ConfirmationRow | None = None


class Questions:
    """Ask, take the answer, show on the card what becomes of it."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        factor: SecondFactor,
        *,
        clock: Clock,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        """Prepare; nothing runs before the first question."""
        self._store = store
        self._outbox = outbox
        self._factor = factor
        self._clock = clock
        self._make_id = make_id
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Stop all that runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(
        self, kind: str, asker: Asker, request: Json, shown: Json, seconds: int
    ) -> None:
        """Keep a question, then show it.

        Args:
            kind: of what; see `OrderDesk`.
            asker: who alone may answer.
            request: what is sent once it is confirmed.
            shown: what its card tells.
            seconds: how long it holds.
        """
        row = ConfirmationRow(
            self._make_id(),
            kind,
            asker.user_id,
            asker.chat_id,
            request,
            {**shown, "asked_by": asker.name},
            self._clock.time() + seconds,
            "pending",
        )

        def keep(store: Transaction) -> int:
            """Keep the question and its card."""
            store.add_confirmation(row)
            # The card of a cancel joins its order with the tap only: reports must not take its buttons away.
            client_id = client_order_id(row.id) if kind == "order" else None
            return store.add_card(
                row.chat_id,
                self._clock.time(),
                client_order_id=client_id,
                confirmation_id=row.id,
            ).id

        card_id = await self._store.run(keep)
        text = question_cards.question(row)
        self.own(self._expire_later(row, seconds))
        message_id = await self._outbox.say(
            row.chat_id, Message(text, question_buttons(row.id), repeat=True)
        )
        if message_id is not None:
            await self._store.insist(
                lambda store: store.find_card_message(card_id, message_id)
            )

    async def tap(self, tap: Tap, *, user_id: int, message_id: int | None) -> Decision:
        """Take a tap.

        Raises:
            sqlite3.Error: it can't be written down; nothing was decided.
        """
        now = self._clock.time()

        def decide(
            store: Transaction,
        ) -> tuple[Taken, ConfirmationRow | None, list[ConfirmationRow], bool]:
            """Decide, and learn which message the card is: its sending may have been in doubt."""
            taken, row = take(store, tap, user_id=user_id, now=now)
            is_copy = False
            if row is None or taken is Taken.OTHERS:
                return taken, row, [], is_copy
            if card := store.card_of_confirmation(row.id):
                counts = taken in (Taken.NOW, Taken.CODE)
                if counts or card.message_id is None:
                    store.set_card_message(card.id, message_id or card.message_id)
                elif taken is not Taken.CODE_AWAITED:
                    is_copy = card.message_id != message_id
                if taken is Taken.NOW and tap.yes:
                    follow(store, row)
            if taken is not Taken.CODE:
                return taken, row, [], is_copy
            # A code must not be able to mean two things.
            others = [
                other
                for other in awaiting_code(store, user_id)
                if other.id != row.id and close(store, other, "discarded")
            ]
            return taken, row, others, is_copy

        taken, row, set_aside, is_copy = await self._store.run(decide)
        for other in set_aside:
            await self.show(
                other,
                "discarded",
                _("🗑 Set aside: you confirmed something else. Nothing was done."),
            )
        if row is None:
            return Decision(_(TAP_ANSWERS[taken]))
        if is_copy and message_id is not None:
            self.own(self._close_copy(row, taken, message_id))
        return await self._answer(taken, row, yes=tap.yes)

    async def _close_copy(
        self, row: ConfirmationRow, taken: Taken, message_id: int
    ) -> None:
        """Close a question that Telegram delivered twice: its card is the other one, and this one still asks."""
        is_late = taken in (Taken.LATE, Taken.EXPIRED)
        head = expired() if is_late else _(TAP_ANSWERS[taken])
        message = Message(question_cards.closed(row, head))
        await self._outbox.update(row.chat_id, message, message_id)

    async def _answer(
        self, taken: Taken, row: ConfirmationRow, *, yes: bool
    ) -> Decision:
        """Show on the card what a tap came to."""
        if taken is Taken.LATE:
            await self.expire(row, expired())
        elif taken is Taken.EXPIRED:
            await self.show(row, "expired", expired())
        elif taken is Taken.CODE:
            await self._ask_code(row)
        elif taken is Taken.NOW and yes:
            return Decision("", row)
        elif taken is Taken.NOW:
            await self.show(row, "discarded", _("🗑 Discarded. Nothing was done."))
            return Decision(_("Discarded."))
        return Decision(_(TAP_ANSWERS[taken]))

    async def awaiting_code(self, user_id: int, chat_id: int) -> ConfirmationRow | None:
        """Return the question for which a person's code is waited for in a chat, or in private."""
        rows = await self._store.run(lambda store: awaiting_code(store, user_id))
        return next((row for row in rows if chat_id in (row.chat_id, user_id)), None)

    async def take_code(self, row: ConfirmationRow) -> Decision:
        """Take a right code.

        Raises:
            sqlite3.Error: it can't be written down; nothing was decided.
        """
        now = self._clock.time()

        def decide(store: Transaction) -> Taken:
            """Decide as a tap does."""
            taken = take_code(store, row, now)
            if taken is Taken.NOW:
                follow(store, row)
            return taken

        taken = await self._store.run(decide)
        if taken is Taken.NOW:
            return Decision("", row)
        if taken is Taken.LATE:
            await self.expire(row, expired())
        return Decision(_(TAP_ANSWERS[taken]))

    async def _ask_code(self, row: ConfirmationRow) -> None:
        """Put the wish for the code in place of Confirm."""
        wish = self._factor.invitation(private=row.chat_id == row.user_id)
        await self._put(
            row,
            "code",
            f"<b>{wish}</b>\n{question_cards.question(row)}",
            code_buttons(row.id),
        )

    async def _expire_later(self, row: ConfirmationRow, seconds: float) -> None:
        """Close a question when its time is over."""
        await self._clock.sleep(seconds)
        await self.expire(row, expired())

    async def expire(self, row: ConfirmationRow, head: str) -> None:
        """Close a question that nobody may answer any more."""
        if await self._store.insist(lambda store: close(store, row, "expired")):
            await self.show(row, "expired", head)

    async def show(
        self, row: ConfirmationRow, stage: str, head: str, *, done: bool = False
    ) -> None:
        """Put a state in place of the question, unless a report has told more already.

        Args:
            row: the question.
            stage: what is shown; each stage is shown once.
            head: HTML.
            done: whether that is how it ended.
        """
        await self._put(row, stage, question_cards.closed(row, head), (), done=done)

    async def _put(
        self,
        row: ConfirmationRow,
        stage: str,
        text: str,
        buttons: Buttons,
        *,
        done: bool = False,
    ) -> None:
        """Keep what the card shows next."""
        now = self._clock.time()

        def put(store: Transaction) -> None:
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
                    buttons=buttons_to_json(buttons),
                    card_id=card.id,
                    occurred=now,
                )

        await self._store.insist(put)
        self._outbox.wake([row.chat_id])

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until `stop`, at once as far as it goes."""
        task = asyncio.create_task(work, eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say what nobody expected; what was under way is found out after the next start."""
        self._tasks.discard(task)
        if not task.cancelled() and (err := task.exception()):
            _LOGGER.error("A question could not be followed", exc_info=err)


def expired() -> str:
    """Return what a card says when its time is over."""
    return _("⌛ Expired: nobody decided in time. Nothing was done.")


def follow(store: Transaction, row: ConfirmationRow) -> None:
    """Let the card of a confirmed cancel follow the order."""
    if row.kind == "cancel" and (card := store.card_of_confirmation(row.id)):
        store.set_card_order(card.id, row.request["order_id"])
