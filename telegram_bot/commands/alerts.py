"""Commands about price alerts."""

from telegram_bot import cards
from telegram_bot.access import Role
from telegram_bot.commands import grammar
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
)
from telegram_bot.markup import Message

REMOVE = "remove_alert"
_MOST_ALERTS = 30


async def alert(context: Context, request: Request) -> Message:
    """Set a price alert."""
    pair, condition, price = grammar.alert(request.words)
    fields = {
        "pair": await context.pairs.find(pair),
        "condition": condition,
        "price": price,
    }
    made = (await context.home_assistant.call("add_price_alert", fields))["alert"]
    remove = await context.button(
        request.chat_id, "Remove", REMOVE, {"alert_id": made["alert_id"]}
    )
    return Message(f"🔔 <b>Alert set: {cards.alert_words(made)}</b>", ((remove,),))


async def alerts(context: Context, request: Request) -> Message:
    """Show the price alerts, each with a button to remove it."""
    return await _list(context, request.chat_id, buttons=request.role >= Role.TRADER)


async def _list(context: Context, chat_id: int, *, buttons: bool) -> Message:
    """Return the list of alerts."""
    rows = (await context.home_assistant.call("list_price_alerts"))["alerts"]
    if not rows:
        return Message(
            "No price alerts. Set one like this: <code>/alert BTC-USD &gt; 70000</code>"
        )
    lines = [f"<b>{len(rows)} price alert{'s' if len(rows) > 1 else ''}</b>"]
    lines += [
        f"{number}. {cards.alert_words(row)}{'' if row.get('active', True) else ' · has fired'}"
        for number, row in enumerate(rows[:_MOST_ALERTS], 1)
    ]
    made = [
        (
            await context.button(
                chat_id, f"Remove {number}", REMOVE, {"alert_id": row["alert_id"]}
            ),
        )
        for number, row in enumerate(rows[:_MOST_ALERTS], 1)
        if buttons
    ]
    return Message("\n".join(lines), tuple(made))


async def remove_tapped(context: Context, tap: ButtonTap) -> str:
    """Remove an alert and show those that are left."""
    await context.home_assistant.call(
        "remove_price_alert", {"alert_id": tap.data["alert_id"]}
    )
    await context.outbox.say(
        tap.chat_id,
        await _list(context, tap.chat_id, buttons=True),
        edit=tap.message_id,
    )
    return "Alert removed."


COMMANDS = (
    Command(
        "alert",
        "tell me when a price is reached",
        "/alert BTC-USD > 70000",
        alert,
        Role.TRADER,
    ),
    Command("alerts", "price alerts, with buttons to remove", "/alerts", alerts),
)
BUTTONS = (ButtonAction(REMOVE, remove_tapped, Role.TRADER),)
