"""Orders: placed, cancelled, all cancelled."""

from typing import Any, ClassVar, override

from telegram_bot import cards
from telegram_bot.confirmations import client_order_id
from telegram_bot.desk.undertaking import SEND_WITHIN, Look, Outcome, Undertaking, Words
from telegram_bot.errors import RefusedError, UnansweredError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, ngettext
from telegram_bot.records import ConfirmationRow


class _OneOrder(Undertaking):
    """What becomes of one order."""

    follows_order = True

    async def _send(self, action: str, fields: Json) -> Json:
        """Perform an action whose answer is an order."""
        answer = await self.home_assistant.call(action, fields, within=SEND_WITHIN)
        return _checked(answer.get("order"))

    async def _find(self, name: str, value: str) -> tuple[Json | None, bool]:
        """Return an order, and whether orders in any state were looked at, not the open ones alone."""
        exact = True
        try:
            answer = await self.home_assistant.call("get_orders", {name: value})
        except RefusedError as err:
            if err.code != "invalid_format":
                raise
            exact = False
            answer = await self.home_assistant.call("get_orders")
        found = [order for order in answer["orders"] if order.get(name) == value]
        return (_checked(found[0]) if found else None), exact


def _checked(order: Any) -> Json:
    """Return what is an order, at least as far as it tells how it stands.

    Raises:
        UnansweredError: it is none.
    """
    if not isinstance(order, dict) or not isinstance(order.get("status"), str):
        raise UnansweredError("Home Assistant's answer holds no order")
    return order


class Placing(_OneOrder):
    """An order."""

    words: ClassVar = Words(
        tapped=N_("Placing the order…"),
        sending=N_("⏳ Being placed …"),
        in_doubt=N_(
            "❓ Sent, but no answer came. I am finding out whether the exchange took it; please don't repeat it meanwhile."
        ),
        refused=N_("❌ Not placed: {reason}"),
    )

    @override
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Place it under the client order id of its question."""
        own = {
            "client_order_id": client_order_id(row.id),
            # For the audit trail of Home Assistant, which sees one user for all who write to the bot.
            "comment": f"telegram {row.user_id}",
        }
        return Outcome(await self._send("place_order", {**row.request, **own}))

    @override
    async def look(self, row: ConfirmationRow) -> Look:
        """Look for the order of that client order id."""
        order, exact = await self._find("client_order_id", client_order_id(row.id))
        if order:
            return Look(Outcome(order))
        if exact:
            return Look(
                None,
                _(
                    "❌ Not placed: the exchange does not know this order. Nothing was ordered."
                ),
            )
        return Look(
            None,
            _(
                "❓ Not found: it is not among the open orders and no report of it has come. Most likely it was never"
                " placed; look at /orders and /balance before you repeat it."
            ),
        )


class Cancelling(_OneOrder):
    """The cancel of an order."""

    words: ClassVar = Words(
        tapped=N_("Cancelling the order…"),
        sending=N_("⏳ Cancel being sent …"),
        in_doubt=N_(
            "❓ Sent, but no answer came. I am finding out whether the order is cancelled."
        ),
        refused=N_("❌ Not cancelled: {reason}"),
    )

    @override
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Cancel it."""
        order = await self._send("cancel_order", row.request)
        if order["status"] not in cards.FINAL_STATUSES:
            order = {**order, "status": "pending_cancel"}
        return Outcome(order)

    @override
    async def look(self, row: ConfirmationRow) -> Look:
        """Look whether it is still open."""
        order, exact = await self._find("order_id", row.request["order_id"])
        if order and order["status"] in cards.FINAL_STATUSES:
            return Look(Outcome(order))
        if order:
            return Look(
                None,
                _("❗ The order is still open: the cancel did not arrive. Try again."),
            )
        if exact:
            return Look(
                None,
                _(
                    "❓ The exchange does not know this order any more; /orders shows what is open."
                ),
            )
        return Look(
            None,
            _("❓ The order is not open any more; its last report tells how it ended."),
        )


class CancellingAll(Undertaking):
    """The cancel of all open orders, of one sub-account or of all."""

    words: ClassVar = Words(
        tapped=N_("Cancelling the orders…"),
        sending=N_("⏳ Cancel being sent …"),
        in_doubt=N_(
            "❓ Sent, but no answer came. I am finding out which orders are still open."
        ),
        refused=N_("❌ Not cancelled: {reason}"),
    )

    @override
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Cancel them; the end of each is told by its own report."""
        answer = await self.home_assistant.call(
            "cancel_all_orders", row.request, within=SEND_WITHIN
        )
        if not isinstance(cancelled := answer.get("client_order_ids"), list):
            raise UnansweredError("Home Assistant's answer names no orders")
        if not cancelled:
            return Outcome(head=_("🚫 No order was open any more."))
        head = ngettext(
            "🚫 {count} order is being cancelled; its end is reported.",
            "🚫 {count} orders are being cancelled; the end of each is reported.",
            len(cancelled),
        )
        return Outcome(head=head)

    @override
    async def look(self, row: ConfirmationRow) -> Look:
        """Look which are still open."""
        if not (left := await self.open(row.request.get("account_id"))):
            return Look(Outcome(head=_("🚫 No order is open any more.")))
        return Look(
            None,
            ngettext(
                "❗ {count} order is still open. Try again.",
                "❗ {count} orders are still open. Try again.",
                len(left),
            ),
        )

    async def open(self, account_id: str | None) -> list[Json]:
        """Return the open orders, of one sub-account or of all.

        Raises:
            HomeAssistantError: they can't be asked for.
        """
        orders: list[Json] = (await self.home_assistant.call("get_orders"))["orders"]
        return [
            order
            for order in orders
            if account_id is None or order.get("account_id") == account_id
        ]
