"""Funds that move between sub-accounts and the wallet, and the switch that lets anything move."""

from collections.abc import Mapping
from typing import ClassVar, override

from telegram_bot.clock import Clock
from telegram_bot.confirmations import client_order_id
from telegram_bot.desk.undertaking import SEND_WITHIN, Look, Outcome, Undertaking, Words
from telegram_bot.errors import HomeAssistantError, RefusedError, UnansweredError
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import N_, _
from telegram_bot.markup import e
from telegram_bot.records import ConfirmationRow

# An answer that was lost is asked for again so long; later nobody expects the funds to move.
_ASKED_AGAIN_FOR = 600.0
_STATES: Mapping[str, str] = {
    "approved": N_("✅ Moved"),
    "pending": N_("⏳ Accepted; the exchange moves it soon"),
    "rejected": N_("❌ Not moved: the exchange rejected it"),
}


class Moving(Undertaking):
    """A transfer of funds."""

    words: ClassVar = Words(
        tapped=N_("Moving the funds…"),
        sending=N_("⏳ Being moved …"),
        in_doubt=N_(
            "❓ Sent, but no answer came. I am finding out whether the funds moved; please don't repeat it meanwhile."
        ),
        refused=N_("❌ Not moved: {reason}"),
    )

    def __init__(self, home_assistant: HomeAssistant, clock: Clock) -> None:
        """Speak to Home Assistant."""
        super().__init__(home_assistant)
        self._clock = clock

    @override
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Move them under the transaction id of the question, which the exchange takes once only."""
        fields = dict(row.request)
        action = str(fields.pop("action"))
        own = {"client_transaction_id": client_order_id(row.id)}
        answer = await self.home_assistant.call(
            action, {**fields, **own}, within=SEND_WITHIN
        )
        move = answer.get("move")
        if not isinstance(move, dict):
            raise UnansweredError("Home Assistant's answer holds no move")
        status = str(move.get("status"))
        head = _STATES.get(status)
        return Outcome(head=_(head) if head else e(status))

    @override
    async def look(self, row: ConfirmationRow) -> Look:
        """Ask with the same transaction id: Home Assistant tells what became of it, and moves nothing twice."""
        otherwise = _(
            "❓ It is not known whether the funds moved. Look at /balance before you repeat it."
        )
        if self._clock.time() > row.expires + _ASKED_AGAIN_FOR:
            return Look(None, otherwise)
        try:
            return Look(await self.send(row))
        except RefusedError:
            # Of this request; the first one may have been carried out before.
            return Look(None, otherwise)


class Resuming(Undertaking):
    """Trading that is switched on."""

    words: ClassVar = Words(
        tapped=N_("Switching trading on…"),
        sending=N_("⏳ Being switched on …"),
        in_doubt=N_(
            "❓ Sent, but no answer came. I am finding out whether trading is on."
        ),
        refused=N_("❌ Not switched on: {reason}"),
    )

    @override
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Turn Home Assistant's switch on, and see that it is."""
        await self.home_assistant.switch(row.request["entity_id"], on=True)
        try:
            look = await self.look(row)
        except HomeAssistantError as err:
            # The switch was turned: nobody may say now that it was not.
            raise UnansweredError(str(err)) from err
        return look.outcome or Outcome(head=look.otherwise)

    @override
    async def look(self, row: ConfirmationRow) -> Look:
        """Look whether trading is on."""
        status: Json = await self.home_assistant.status()
        if status.get("trading_enabled"):
            return Look(
                Outcome(head=_("🟢 Trading is on. /stop switches it off at once."))
            )
        return Look(
            None, _("❌ Trading is still off. Look at its switch in Home Assistant.")
        )
