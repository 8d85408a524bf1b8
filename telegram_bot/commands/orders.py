"""Commands that make and cancel orders."""

from functools import partial

from telegram_bot.access import Role
from telegram_bot.commands import grammar
from telegram_bot.commands.account import find_order
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.markup import Message, e


async def _order(side: str, context: Context, request: Request) -> None:
    """Preview an order and ask for the tap."""
    written = grammar.order(request.words)
    fields = written.fields(side, await context.pairs.find(written.pair))
    if context.default_account_id:
        fields["account_id"] = context.default_account_id
    await context.desk.ask_order(request.asker, fields)


async def cancel(context: Context, request: Request) -> Message | None:
    """Ask before an order is cancelled."""
    if len(request.words) != 1:
        raise UsageError(
            "Say the id of one open order; /orders shows them, with buttons."
        )
    if (order := await find_order(context, request.words[0])) is None:
        return Message(
            f"There is no open order {e(request.words[0])}. /orders shows what is open."
        )
    await context.desk.ask_cancel(request.asker, dict(order))
    return None


COMMANDS = (
    Command(
        "buy",
        "buy, after a preview and your tap",
        "/buy 0.01 BTC-USD 60000",
        partial(_order, "buy"),
        Role.TRADER,
    ),
    Command(
        "sell",
        "sell, after a preview and your tap",
        "/sell 0.01 BTC-USD 70000",
        partial(_order, "sell"),
        Role.TRADER,
    ),
    Command("cancel", "cancel an open order", "/cancel 123456", cancel, Role.TRADER),
)
