"""The commands of the bot: one module a topic, one table."""

from telegram_bot.commands import account, again, alerts, help, market, orders
from telegram_bot.commands.base import (
    BUTTON_PREFIX,
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    TextHandler,
    UsageError,
)

COMMANDS: tuple[Command, ...] = (
    *market.COMMANDS,
    *account.COMMANDS,
    *orders.COMMANDS,
    *alerts.COMMANDS,
    *help.COMMANDS,
)
BUTTONS: dict[str, ButtonAction] = {
    action.name: action
    for action in (*again.BUTTONS, *account.BUTTONS, *alerts.BUTTONS)
}

# Who understands a text that is no command, asked in this order.
TEXTS: tuple[TextHandler, ...] = ()

__all__ = [
    "BUTTONS",
    "BUTTON_PREFIX",
    "COMMANDS",
    "TEXTS",
    "ButtonAction",
    "ButtonTap",
    "Command",
    "Context",
    "Request",
    "UsageError",
]
