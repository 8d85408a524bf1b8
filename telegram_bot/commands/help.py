"""Commands that explain."""

from telegram_bot.access import Role
from telegram_bot.commands.base import Command, Context, Request
from telegram_bot.markup import Message, e

_WORDS = {
    Role.OWNER: "You own this bot and may do everything.",
    Role.TRADER: "You may look and trade.",
    Role.VIEWER: "You may look, not trade.",
}


async def help_(context: Context, request: Request) -> Message:
    """Show the commands that this person may use."""
    lines = [
        "<b>Your account at CEX.IO, through Home Assistant</b>",
        _WORDS[request.role],
    ]
    lines += [
        f"/{command.name} · {e(command.description)}"
        + (f": <code>{e(command.example)}</code>" if " " in command.example else "")
        for command in context.commands
        if command.role <= request.role and command.name != "start"
    ]
    if request.role >= Role.TRADER:
        lines.append(
            "Market orders: <code>/buy 0.01 BTC-USD market</code> or <code>/buy 100 USD BTC-USD market</code>"
        )
        lines.append("Nothing is ordered before you tap Confirm.")
    return Message("\n".join(lines))


COMMANDS = (
    Command("help", "what I can do", "/help", help_),
    Command("start", "begin", "/start", help_),
)
