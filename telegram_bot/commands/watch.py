"""The command whose answer goes on changing."""

from telegram_bot.access import Role
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
)
from telegram_bot.commands.market import wanted_pairs
from telegram_bot.languages import N_, _
from telegram_bot.watcher import STOP


async def watch(context: Context, request: Request) -> None:
    """Show prices that follow the market for an hour."""
    pairs = await wanted_pairs(context, request)
    await context.watcher.begin(request.chat_id, pairs)


async def stop_tapped(context: Context, tap: ButtonTap) -> str:
    """Let the prices stay as they are."""
    if tap.message_id is None:
        return ""
    ended = await context.watcher.end(tap.chat_id, tap.message_id)
    return _("Stopped.") if ended else _("These prices had stopped already.")


COMMANDS = (
    Command(
        "watch", N_("prices that follow the market"), "/watch BTC-USD ETH-USD", watch
    ),
)
BUTTONS = (ButtonAction(STOP, stop_tapped, Role.VIEWER),)
