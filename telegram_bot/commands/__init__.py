"""The commands of the bot: one module a topic, one table."""

from telegram_bot.commands import account, alerts, help, market, orders
from telegram_bot.commands.base import (
    BUTTON_PREFIX,
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
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
    action.name: action for action in (*account.BUTTONS, *alerts.BUTTONS)
}

__all__ = [
    "BUTTONS",
    "BUTTON_PREFIX",
    "COMMANDS",
    "ButtonAction",
    "ButtonTap",
    "Command",
    "Context",
    "Request",
    "UsageError",
]
