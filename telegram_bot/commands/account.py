"""Commands about the account."""

from telegram_bot import cards
from telegram_bot.access import Role
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
)
from telegram_bot.markup import Message, Style, e

_MOST_ORDERS = 20
CANCEL = "cancel"


async def balance(context: Context, request: Request) -> Message:
    """Show what is on the accounts."""
    return Message(
        cards.balances((await context.home_assistant.call("get_balances"))["balances"])
    )


async def orders(context: Context, request: Request) -> Message:
    """Show the open orders, each with a button to cancel it."""
    rows = (await context.home_assistant.call("get_orders"))["orders"]
    if not rows:
        return Message("No open orders.")
    lines = [f"<b>{len(rows)} open order{'s' if len(rows) > 1 else ''}</b>"]
    buttons = []
    for number, order in enumerate(rows[:_MOST_ORDERS], 1):
        lines.append(
            f"{number}. {cards.order_words(order)} · {cards.progress(order)} · <code>{e(order['order_id'])}</code>"
        )
        if request.role >= Role.TRADER:
            data = {"order_id": order["order_id"]}
            buttons.append(
                (
                    await context.button(
                        request.chat_id, f"Cancel {number}", CANCEL, data, Style.DANGER
                    ),
                )
            )
    if len(rows) > _MOST_ORDERS:
        lines.append(f"… and {len(rows) - _MOST_ORDERS} more")
    return Message("\n".join(lines), tuple(buttons))


async def find_order(context: Context, order_id: str) -> cards.Json | None:
    """Return an open order."""
    rows = (await context.home_assistant.call("get_orders"))["orders"]
    return next((order for order in rows if order["order_id"] == order_id), None)


async def cancel_tapped(context: Context, tap: ButtonTap) -> str:
    """Ask before an order is cancelled."""
    order = await find_order(context, tap.data["order_id"])
    if order is None:
        return "This order is not open any more."
    await context.desk.ask_cancel(tap.user_id, tap.chat_id, dict(order))
    return ""


COMMANDS = (
    Command("balance", "what is on your accounts", "/balance", balance),
    Command("orders", "open orders, with buttons to cancel", "/orders", orders),
)
BUTTONS = (ButtonAction(CANCEL, cancel_tapped, Role.TRADER),)
