"""The commands of the bot: one module a topic, one table."""

from telegram_bot.commands import (
    account,
    again,
    alerts,
    chart,
    codes,
    deposit,
    funds,
    help,
    history,
    market,
    mute,
    orders,
    people,
    portfolio,
    settings,
    status,
    steps,
    watch,
)
from telegram_bot.commands.base import (
    BUTTON_PREFIX,
    CHOICE_PREFIX,
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    TextHandler,
    UsageError,
    refusal,
)

COMMANDS: tuple[Command, ...] = (
    *market.COMMANDS,
    *watch.COMMANDS,
    *chart.COMMANDS,
    *account.COMMANDS,
    *portfolio.COMMANDS,
    *history.COMMANDS,
    *orders.COMMANDS,
    *funds.COMMANDS,
    *deposit.COMMANDS,
    *alerts.COMMANDS,
    *mute.COMMANDS,
    *settings.COMMANDS,
    *people.COMMANDS,
    *status.COMMANDS,
    *help.COMMANDS,
)
BUTTONS: dict[str, ButtonAction] = {
    action.name: action
    for action in (
        *again.BUTTONS,
        *market.BUTTONS,
        *watch.BUTTONS,
        *chart.BUTTONS,
        *account.BUTTONS,
        *portfolio.BUTTONS,
        *history.BUTTONS,
        *steps.BUTTONS,
        *alerts.BUTTONS,
        *mute.BUTTONS,
        *settings.BUTTONS,
        *people.BUTTONS,
        *status.BUTTONS,
    )
}

# Who understands a text that is no command, asked in this order.
TEXTS: tuple[TextHandler, ...] = (
    *codes.TEXTS,
    *steps.TEXTS,
    *alerts.TEXTS,
    *codes.LAST_TEXTS,
)

__all__ = [
    "BUTTONS",
    "BUTTON_PREFIX",
    "CHOICE_PREFIX",
    "COMMANDS",
    "TEXTS",
    "ButtonAction",
    "ButtonTap",
    "Command",
    "Context",
    "Request",
    "UsageError",
    "refusal",
]
