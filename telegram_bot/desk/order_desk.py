"""What was confirmed: carried out once, and followed until the outcome is known."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import contextlib
from decimal import Decimal
import logging

from telegram_bot import cards
from telegram_bot.clock import Clock
from telegram_bot.config_checks import ALWAYS
from telegram_bot.confirmations import OPEN, Tap, new_id
from telegram_bot.desk.factor import Checked, SecondFactor, Verdict
from telegram_bot.desk.funds import Moving, Resuming
from telegram_bot.desk.orders import Cancelling, CancellingAll, Placing
from telegram_bot.desk.questions import Asker, Questions
from telegram_bot.desk.undertaking import Look, Outcome, Undertaking
from telegram_bot.desk.worth import spent, worth
from telegram_bot.errors import HomeAssistantError, NotConnectedError, UnansweredError
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import _, clock_time, ngettext, speaking
from telegram_bot.markup import e
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
_PATIENCE = 1.0
# When to look for something of which nobody knows whether it arrived, in seconds after the feed stands.
# Home Assistant rules out after 60 s that the exchange still takes an order.
_LOOKS = (1.0, 4.0, 10.0, 20.0, 40.0)
_LONGEST_PAUSE = 60.0
# Seconds after its deadline when a request has long been taken, or never will be: one look tells.
_LONG_AGO = 300.0


class OrderDesk:
    """Ask, take the answer, carry out, find out."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        home_assistant: HomeAssistant,
        factor: SecondFactor,
        *,
        clock: Clock,
        confirm_seconds: int,
        second_factor_above: Decimal | str | None = None,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._outbox = outbox
        self._home_assistant = home_assistant
        self._factor = factor
        self._clock = clock
        self._confirm_seconds = confirm_seconds
        self._above = second_factor_above
        self._questions = Questions(store, outbox, factor, clock=clock, make_id=make_id)
        self._kinds: dict[str, Undertaking] = {
            "order": Placing(home_assistant),
            "cancel": Cancelling(home_assistant),
            "cancel_all": CancellingAll(home_assistant),
            "transfer": Moving(home_assistant, clock),
            "resume": Resuming(home_assistant),
        }

    @property
    def has_second_factor(self) -> bool:
        """Return whether a second factor is set up."""
        return self._factor.is_set_up

    async def start(self) -> None:
        """Void the questions of the last run, and find out what became of what was under way."""
        for state in OPEN:
            for row in await self._rows(state):
                with speaking(await self._language(row.chat_id)):
                    await self._questions.expire(
                        row,
                        _(
                            "⌛ Void: I was restarted before you decided. Nothing was done."
                        ),
                    )
        for row in await self._rows("executing"):
            with speaking(await self._language(row.chat_id)):
                await self._find_out_later(row)

    async def stop(self) -> None:
        """Stop; what is under way is found out after the next start."""
        await self._questions.stop()

    async def ask_order(
        self, asker: Asker, request: Json, share: Json | None = None
    ) -> None:
        """Show what an order would do, and ask for the tap.

        Args:
            asker: who wants it.
            request: the fields of `preview_order`.
            share: of what its amount is a part: `percentage`, `available`, `currency`.

        Raises:
            HomeAssistantError: the order can't be previewed; nothing was asked.
        """
        preview = (await self._home_assistant.call("preview_order", request))["preview"]
        seconds = self._confirm_seconds
        if request["order_type"] == "market":
            seconds = min(seconds, _LONGEST_MARKET_SECONDS)
        # Frozen as shown: a default that changes meanwhile must not move the order.
        frozen = {**request, "account_id": preview["account_id"]}
        shown = {**preview, **await self._guard(*spent(preview))}
        if share:
            shown["share"] = share
        await self._questions.ask("order", asker, frozen, shown, seconds)

    async def ask_cancel(self, asker: Asker, order: Json) -> None:
        """Ask whether an order shall be cancelled."""
        request = {"order_id": order["order_id"]}
        await self._ask("cancel", asker, request, order)

    async def ask_cancel_all(
        self, asker: Asker, account_id: str | None, orders: list[Json]
    ) -> None:
        """Ask whether all open orders shall be cancelled, of one sub-account or of all."""
        request = {} if account_id is None else {"account_id": account_id}
        shown = {"account_id": account_id, "orders": orders}
        await self._ask("cancel_all", asker, request, shown)

    async def ask_transfer(self, asker: Asker, request: Json, shown: Json) -> None:
        """Ask whether funds shall be moved.

        Args:
            asker: who wants it.
            request: `action` and its fields.
            shown: `amount`, `currency`, `from` and `to` (None is the wallet), `from_before`, `to_before`.
        """
        guard = await self._guard(shown["currency"], Decimal(shown["amount"]))
        await self._questions.ask(
            "transfer", asker, request, {**shown, **guard}, self._confirm_seconds
        )

    async def ask_resume(self, asker: Asker, entity_id: str) -> None:
        """Ask whether trading shall be switched on, which always takes the second factor."""
        await self._questions.ask(
            "resume",
            asker,
            {"entity_id": entity_id},
            {"second_factor": True},
            self._confirm_seconds,
        )

    async def _ask(self, kind: str, asker: Asker, request: Json, shown: Json) -> None:
        """Ask for something that spends nothing: it takes the second factor only if everything does."""
        guarded = {**shown, "second_factor": self._above == ALWAYS}
        await self._questions.ask(kind, asker, request, guarded, self._confirm_seconds)

    async def _guard(self, currency: str, amount: Decimal) -> Json:
        """Return whether spending so much takes the second factor, and what it is worth where that decided."""
        if not isinstance(self._above, Decimal):
            return {"second_factor": self._above == ALWAYS}
        known = await worth(self._home_assistant, currency, amount)
        if known is None:
            # What nobody can value may be worth a lot.
            return {"second_factor": True}
        value, unit = known
        return {
            "second_factor": value > self._above,
            "worth": {"amount": format(value, "f"), "currency": unit},
        }

    async def tap(
        self, tap: Tap, *, user_id: int, message_id: int | None
    ) -> tuple[str, ConfirmationRow | None]:
        """Take a tap.

        Returns:
            What to say to the person at once, and what to carry out (by `execute`) if this is the tap that counts.

        Raises:
            sqlite3.Error: it can't be written down; nothing was decided.
        """
        decision = await self._questions.tap(
            tap, user_id=user_id, message_id=message_id
        )
        if decision.confirmed is None:
            return decision.words, None
        return _(self._kinds[decision.confirmed.kind].words.tapped), decision.confirmed

    async def take_code(
        self, user_id: int, chat_id: int, code: str, name: str
    ) -> str | None:
        """Take what may be a person's code.

        Args:
            user_id: who typed it.
            chat_id: where.
            code: digits.
            name: what the person is called.

        Returns:
            What to say, HTML, empty where the card tells it; None when no code is waited for.

        Raises:
            sqlite3.Error: it can't be written down; nothing was decided.
        """
        row = await self._questions.awaiting_code(user_id, chat_id)
        if row is None:
            return None
        checked = await self._factor.check(user_id, code, e(name))
        if checked.verdict is Verdict.RIGHT:
            decision = await self._questions.take_code(row)
            if decision.confirmed:
                self.execute(decision.confirmed)
            return decision.words
        if checked.verdict is Verdict.LOCKED:
            await self._questions.expire(row, _locked(checked))
        return _wrong(checked)

    async def awaits_code(self, user_id: int, chat_id: int) -> bool:
        """Return whether a person's code is waited for."""
        return await self._questions.awaiting_code(user_id, chat_id) is not None

    def execute(self, row: ConfirmationRow) -> None:
        """Carry out what was confirmed, once; the card tells how it goes."""
        self._questions.own(self._execute(row))

    async def _execute(self, row: ConfirmationRow) -> None:
        """Send it and show what came of it."""
        try:
            with _readable():
                async with self._patience(row):
                    outcome = await self._kinds[row.kind].send(row)
                await self._settle(row, outcome)
        except HomeAssistantError as err:
            if surely_not_done(err):
                await self._refuse(row, err)
                return
            _LOGGER.warning(
                "The outcome of %s %s is not known yet: %s", row.kind, row.id, err
            )
            await self._find_out_later(row)

    @contextlib.asynccontextmanager
    async def _patience(self, row: ConfirmationRow) -> AsyncIterator[None]:
        """Say that it is on its way while an answer takes its time, and never afterwards."""
        patience = self._questions.own(self._show_patience(row))
        try:
            yield
        finally:
            # Or it would take the place of the outcome.
            patience.cancel()
            await asyncio.gather(patience, return_exceptions=True)

    async def _show_patience(self, row: ConfirmationRow) -> None:
        """Say that it is on its way, if that takes a while: most answers are faster than an edit."""
        await self._clock.sleep(_PATIENCE)
        await self._questions.show(
            row, "sending", _(self._kinds[row.kind].words.sending)
        )

    async def _refuse(self, row: ConfirmationRow, error: HomeAssistantError) -> None:
        """Say that it was surely not done, and why."""
        why = explain(error)
        if isinstance(error, NotConnectedError):
            why = _(
                "Home Assistant could not be reached. Nothing was sent; try again when it is back."
            )
        head = _(self._kinds[row.kind].words.refused, reason=e(why))
        await self._questions.show(row, "outcome", head, done=True)

    async def _find_out_later(self, row: ConfirmationRow) -> None:
        """Say that the outcome is not known, and find it out."""
        await self._questions.show(
            row, "doubt", _(self._kinds[row.kind].words.in_doubt)
        )
        self._questions.own(self._find_out(row))

    async def _find_out(self, row: ConfirmationRow) -> None:
        """Ask what became of it; never do it again."""
        otherwise = ""
        is_old = self._clock.time() > row.expires + _LONG_AGO
        for pause in _LOOKS[:1] if is_old else _LOOKS:
            found = await self._look(row, pause)
            if found is None:
                return
            otherwise = found.otherwise
        await self._questions.show(row, "outcome", otherwise, done=True)

    async def _look(self, row: ConfirmationRow, pause: float) -> Look | None:
        """Look after a pause; return None once the outcome is told, here or by a report."""
        while True:
            # The feed brings first what happened meanwhile.
            await self._home_assistant.wait_following()
            await self._clock.sleep(pause)
            if await self._store.insist(lambda store: _reported(store, row)):
                return None
            try:
                with _readable():
                    found = await self._kinds[row.kind].look(row)
                    if found.outcome is None:
                        return found
                    await self._settle(row, found.outcome)
                    return None
            except HomeAssistantError as err:
                _LOGGER.info("The outcome can't be asked for, trying again: %s", err)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _settle(self, row: ConfirmationRow, outcome: Outcome) -> None:
        """Show how it ended; reports go on changing the card of an order."""
        if (order := outcome.order) is None:
            await self._questions.show(row, "outcome", outcome.head, done=True)
            return
        now = self._clock.time()

        def settle(store: Transaction) -> None:
            """Keep state and card together."""
            store.compare_and_set(row.id, "executing", "done")
            if card := store.card_of_confirmation(row.id):
                show_order(
                    store, card, order, event_id=f"answer:{row.id}", occurred=now
                )

        await self._store.insist(settle)
        self._outbox.wake([row.chat_id])

    async def _rows(self, state: str) -> list[ConfirmationRow]:
        """Return the questions in a state."""
        return await self._store.run(lambda store: store.confirmations(state))

    async def _language(self, chat_id: int) -> str:
        """Return the language that is spoken in a chat."""
        return await self._store.run(lambda store: store.settings(chat_id).language)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Take an answer that can't be read for none: whatever was asked for may have been done.

    Raises:
        UnansweredError: the answer was of another form than it has to be.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as err:
        _LOGGER.exception("An answer of Home Assistant can't be read")
        raise UnansweredError(f"the answer can't be read: {err!r}") from err


def _wrong(checked: Checked) -> str:
    """Say that a code was not taken, and what to do."""
    if checked.verdict is Verdict.LOCKED:
        return _locked(checked)
    if checked.verdict is Verdict.USED:
        return _(
            "This code was used before. Wait until the app shows the next one, and write that."
        )
    return ngettext(
        "❌ This code is wrong. Nothing was done; {count} more try.",
        "❌ This code is wrong. Nothing was done; {count} more tries.",
        checked.tries_left,
    )


def _locked(checked: Checked) -> str:
    """Say that no code is taken for a while."""
    return _(
        "🔒 Too many wrong codes: I take none from you until {time}. Nothing was done.",
        time=clock_time(checked.locked_until),
    )


def _reported(store: Transaction, row: ConfirmationRow) -> bool:
    """Return whether the feed has told what became of an order; if so the question is settled."""
    card = store.card_of_confirmation(row.id)
    if card is None or card.order is None:
        return False
    if row.kind == "cancel" and card.order["status"] not in cards.FINAL_STATUSES:
        return False
    store.compare_and_set(row.id, "executing", "done")
    return True
