"""Commands that explain."""

from telegram_bot.access import Role
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.languages import N_, _
from telegram_bot.markup import Message, e

_WORDS = {
    Role.OWNER: N_("You own this bot and may do everything."),
    Role.TRADER: N_("You may look and trade."),
    Role.VIEWER: N_("You may look, not trade."),
}
# What somebody tries first, by what they may do.
_FIRST_STEPS = {
    Role.OWNER: ("price", "balance", "buy", "alert", "settings", "invite", "help"),
    Role.TRADER: ("price", "balance", "buy", "alert", "settings", "help"),
    Role.VIEWER: ("price", "watch", "chart", "balance", "settings", "help"),
}


# Every command stands under one of these.
_TOPICS = (
    (N_("📈 Markets"), ("price", "watch", "chart", "book", "conditions")),
    (
        N_("💼 Account"),
        ("balance", "portfolio", "fills", "history", "fees", "deposit"),
    ),
    (
        N_("🛒 Orders"),
        (
            *("buy", "sell", "orders", "order", "cancel", "cancelall"),
            *("transfer", "stop", "resume"),
        ),
    ),
    (N_("🔔 Alerts"), ("alert", "alerts", "mute")),
    (N_("⚙️ The bot"), ("settings", "status", "invite", "people", "help")),
)


async def help_(context: Context, request: Request) -> Message:
    """Show the commands that this person may use, or how to use one of them."""
    known = {
        command.name: command
        for command in context.commands
        if command.role <= request.role
    }
    if request.words:
        name = request.words[0].removeprefix("/").lower()
        if name not in known:
            raise UsageError(_("There is no such command."), "/help chart")
        return Message(_row(known[name]))
    lines = [
        _("<b>Your account at CEX.IO, through Home Assistant</b>"),
        _(_WORDS[request.role]),
    ]
    for topic, names in _TOPICS:
        shown = [f"/{name}" for name in names if name in known]
        if shown:
            lines.append(f"<b>{_(topic)}</b>\n{' · '.join(shown)}")
    lines.append(_("How one of them is used: <code>/help chart</code>"))
    return Message("\n".join([*lines, *_trading(request.role)]))


async def start(context: Context, request: Request) -> Message:
    """Greet somebody, and show where to begin."""
    known = {command.name: command for command in context.commands}
    lines = [
        _("👋 <b>Hello {name}!</b>", name=e(request.name)),
        _(
            "I am the chat companion of your account at CEX.IO: I tell what happens, and do what you ask."
        ),
        _(_WORDS[request.role]),
    ]
    lines += [_row(known[name]) for name in _FIRST_STEPS[request.role] if name in known]
    return Message("\n".join([*lines, *_trading(request.role)]))


def _row(command: Command) -> str:
    """Return a command in a line."""
    line = f"/{command.name} · {e(_(command.description))}"
    if " " in command.example:
        return f"{line}: <code>{e(command.example)}</code>"
    return line


def _trading(role: Role) -> list[str]:
    """Return what whoever may trade has to know."""
    if role < Role.TRADER:
        return []
    return [_("Nothing is ordered before you tap Confirm.")]


COMMANDS = (
    Command("help", N_("what I can do"), "/help", help_),
    Command("start", N_("begin"), "/start", start),
)
