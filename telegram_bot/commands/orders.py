"""Commands that make and cancel orders."""

from functools import partial

from telegram_bot.access import Role
from telegram_bot.commands import grammar, steps
from telegram_bot.commands.account import find_order
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.commands.expected import forget
from telegram_bot.languages import N_, _, ngettext
from telegram_bot.markup import Message, e


async def _order(side: str, context: Context, request: Request) -> None:
    """Preview an order and ask for the tap, or for what is missing."""
    draft = grammar.order(request.words, context.clock.time())
    await forget(context, request.chat_id, request.user_id)
    await steps.advance(context, request.asker, side, draft)


async def cancel(context: Context, request: Request) -> Message | None:
    """Ask before an order is cancelled."""
    if len(request.words) != 1:
        raise UsageError(
            _("Say the id of one open order; /orders shows them, with buttons.")
        )
    if (order := await find_order(context, request.words[0])) is None:
        return Message(
            _(
                "There is no open order {order_id}. /orders shows what is open.",
                order_id=e(request.words[0]),
            )
        )
    await context.desk.ask_cancel(request.asker, dict(order))
    return None


async def cancel_all(context: Context, request: Request) -> Message | None:
    """Ask before all open orders are cancelled, of one sub-account or of all."""
    if len(request.words) > 1:
        raise UsageError(_("Say one sub-account, or none for all of them."))
    account_id = request.words[0] if request.words else None
    rows = (await context.home_assistant.call("get_orders"))["orders"]
    orders = [row for row in rows if account_id in (None, row.get("account_id"))]
    if orders:
        await context.desk.ask_cancel_all(request.asker, account_id, orders)
        return None
    if account_id is None or not rows:
        return Message(_("No open orders."))
    return Message(
        ngettext(
            "{account} has no open orders; {count} is open elsewhere.",
            "{account} has no open orders; {count} are open elsewhere.",
            len(rows),
            account=e(account_id),
        )
    )


COMMANDS = (
    Command(
        "buy",
        N_("buy, after a preview and your tap"),
        "/buy 0.01 BTC-USD 60000",
        partial(_order, "buy"),
        Role.TRADER,
    ),
    Command(
        "sell",
        N_("sell, after a preview and your tap"),
        "/sell 0.01 BTC-USD 70000",
        partial(_order, "sell"),
        Role.TRADER,
    ),
    Command(
        "cancel", N_("cancel an open order"), "/cancel 123456", cancel, Role.TRADER
    ),
    Command(
        "cancelall",
        N_("cancel all open orders, of one sub-account or of all"),
        "/cancelall trading",
        cancel_all,
        Role.TRADER,
    ),
)
