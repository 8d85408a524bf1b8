"""Commands about the account: what it holds, what it is worth, its orders."""

import asyncio
from difflib import get_close_matches

from telegram_bot import cards
from telegram_bot.access import Role
from telegram_bot.commands import again
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    UsageError,
)
from telegram_bot.commands.views import Reader, View
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, ngettext
from telegram_bot.markup import Button, Message, Style, e

CANCEL = "cancel"
# What the account without a name is called here.
MAIN_ACCOUNT = "main"
_PAGE = 8


async def balance(context: Context, request: Request) -> Message:
    """Show what is on the accounts, or on one of them."""
    rows = (await context.home_assistant.call("get_balances"))["balances"]
    if not request.words:
        return Message(cards.balances(rows))
    wanted = " ".join(request.words)
    accounts = {row["account_id"] or MAIN_ACCOUNT for row in rows}
    found = {account.lower(): account for account in accounts}.get(wanted.lower())
    if found is not None:
        kept = [row for row in rows if (row["account_id"] or MAIN_ACCOUNT) == found]
        return Message(cards.balances(kept))
    near = get_close_matches(wanted, sorted(accounts), 3, 0.5) or sorted(accounts)
    buttons = [
        (await again.button(context, request.chat_id, f"/balance {account}"),)
        for account in near
    ]
    words = _("There is nothing on an account {account}.", account=e(wanted))
    return Message(words, tuple(buttons))


async def orders(context: Context, request: Request) -> Message:
    """Show the open orders, each with a button to cancel it."""
    return await ORDERS.answer(context, request, {"page": 1})


async def _show_orders(context: Context, reader: Reader, query: Json) -> Message:
    """Show a page of the open orders."""
    rows = (await context.home_assistant.call("get_orders"))["orders"]
    if not rows:
        return Message(_("No open orders."))
    # The last page may have emptied since its button was made.
    page = min(query["page"], (len(rows) - 1) // _PAGE + 1)
    first = (page - 1) * _PAGE
    head = ngettext("{count} open order", "{count} open orders", len(rows))
    lines = [f"<b>{head}</b>"]
    buttons: list[tuple[Button, ...]] = []
    for place, order in enumerate(rows[first : first + _PAGE], first + 1):
        lines.append(
            f"{place}. {cards.order_words(order)} · {cards.progress(order)} · <code>{e(order['order_id'])}</code>"
        )
        details = f"/order {order['order_id']}"
        label = f"{place}. {_('Details')}"
        row = [await again.button(context, reader.chat_id, details, label)]
        if reader.role >= Role.TRADER:
            row.append(await _cancel_button(context, reader, f" {place}", order))
        buttons.append(tuple(row))
    more = len(rows) > first + _PAGE
    buttons += await ORDERS.pages(context, reader, query, page=page, more=more)
    return Message("\n".join(lines), tuple(buttons))


async def _cancel_button(
    context: Context, reader: Reader, place: str, order: Json
) -> Button:
    """Make a button that asks whether an order shall be cancelled."""
    data = {"order_id": order["order_id"]}
    label = f"{_('Cancel')}{place}"
    return await context.button(reader.chat_id, label, CANCEL, data, Style.DANGER)


ORDERS = View("orders", _show_orders)


async def order(context: Context, request: Request) -> Message:
    """Show the card of one order, whatever its state."""
    if len(request.words) != 1:
        raise UsageError(_("Say the id of one order; /orders shows the open ones."))
    query = {"order_id": request.words[0]}
    return await ORDER.answer(context, request, query)


async def _show_order(context: Context, reader: Reader, query: Json) -> Message:
    """Show an order as it is now, with its fills."""
    # The exchange counts its orders; a client order id may be anything.
    field = "order_id" if query["order_id"].isdecimal() else "client_order_id"
    asked = {field: query["order_id"]}
    answer, executions = await asyncio.gather(
        context.home_assistant.call("get_order", asked),
        context.home_assistant.call("get_executions", asked),
    )
    row = answer["order"]
    fills = [
        entry["data"]["fill"]
        for entry in reversed(executions["executions"])
        if entry["data"].get("fill")
    ]
    copy = Button(f"📋 {_('Copy id')}", "", copy=str(row["order_id"]))
    refresh = await ORDER.button(context, reader, f"🔄 {_('Refresh')}", query)
    buttons: list[tuple[Button, ...]] = [(refresh, copy)]
    is_open = row["status"] not in cards.FINAL_STATUSES
    if is_open and reader.role >= Role.TRADER:
        buttons.append((await _cancel_button(context, reader, "", row),))
    return Message(cards.order_card(row, fills), tuple(buttons))


ORDER = View("order", _show_order)


async def find_order(context: Context, order_id: str) -> cards.Json | None:
    """Return an open order."""
    rows = (await context.home_assistant.call("get_orders"))["orders"]
    return next((order for order in rows if order["order_id"] == order_id), None)


async def cancel_tapped(context: Context, tap: ButtonTap) -> str:
    """Ask before an order is cancelled."""
    found = await find_order(context, tap.data["order_id"])
    if found is None:
        return _("This order is not open any more.")
    await context.desk.ask_cancel(tap.asker, dict(found))
    return ""


COMMANDS = (
    Command("balance", N_("what is on your accounts"), "/balance", balance),
    Command("orders", N_("open orders, with buttons to cancel"), "/orders", orders),
    Command("order", N_("one order and its fills"), "/order 17062", order),
)
BUTTONS = (
    ButtonAction(CANCEL, cancel_tapped, Role.TRADER),
    ORDERS.action,
    ORDER.action,
)
