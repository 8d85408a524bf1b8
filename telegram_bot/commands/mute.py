"""The command that makes the bot quiet for a while."""

from dataclasses import replace
import re

from telegram_bot.access import Role
from telegram_bot.commands.alert_grammar import span
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    UsageError,
)
from telegram_bot.kinds import find_kind, muted_lines
from telegram_bot.languages import N_, _
from telegram_bot.markup import Message
from telegram_bot.settings import EVERYTHING
from telegram_bot.transaction import Transaction

_FOR = re.compile(r"(?:(?P<kind>.*?)\s*)?\bfor\s+(?P<span>.+)", re.IGNORECASE)
_OFF = re.compile(r"(?:(?P<kind>.*?)\s*)?\boff", re.IGNORECASE)
_SHORT, _LONG = 3600, 8 * 3600


async def mute(context: Context, request: Request) -> Message:
    """Let all messages, or those of a kind, come without a sound for a while."""
    if request.chat_id != request.user_id and request.role < Role.TRADER:
        return Message(_("In a group only those who may trade change this."))
    text = " ".join(request.words)
    if not text:
        return await _show(context, request.chat_id)
    if off := _OFF.fullmatch(text):
        kind = _kind(off["kind"])
        await _keep(context, request.chat_id, kind, 0.0)
        return await _show(context, request.chat_id)
    limited = _FOR.fullmatch(text)
    kind = _kind(limited["kind"] if limited else text)
    until = context.clock.time() + span(limited["span"]) if limited else None
    await _keep(context, request.chat_id, kind, until)
    return await _show(context, request.chat_id)


def _kind(text: str | None) -> str:
    """Return the kind that is meant, EVERYTHING without a word."""
    if not text:
        return EVERYTHING
    if (kind := find_kind(text)) is None:
        raise UsageError(
            _(
                "I don't know what “{text}” is; say for example fills, price alerts or all.",
                text=text,
            )
        )
    return kind


async def _keep(context: Context, chat_id: int, kind: str, until: float | None) -> None:
    """Keep a mute; one that ends at once ends all that it stands for."""
    now = context.clock.time()

    def keep(store: Transaction) -> None:
        """Read, change and write in one step."""
        old = store.settings(chat_id)
        if kind == EVERYTHING and until is not None and until <= now:
            mutes = {}
        else:
            mutes = {
                name: end
                for name, end in {**old.mutes, kind: until}.items()
                if end is None or end > now
            }
        store.save_settings(chat_id, replace(old, mutes=mutes))

    await context.store.run(keep)


async def _show(context: Context, chat_id: int) -> Message:
    """Show what is muted, with buttons to change it."""
    chosen = await context.store.run(lambda store: store.settings(chat_id))
    lines = muted_lines(chosen, context.clock.time())
    rows = [
        (
            MUTE.choice(_("Mute for 1 hour"), str(_SHORT)),
            MUTE.choice(_("Mute for 8 hours"), str(_LONG)),
        ),
        (MUTE.choice(_("Mute until I say otherwise"), "always"),),
    ]
    if lines:
        rows.append((MUTE.choice(_("🔔 With sound again"), "off"),))
    text = "\n".join(lines) or _("🔔 Nothing is muted.")
    return Message(text, tuple(rows))


async def tapped(context: Context, tap: ButtonTap) -> str:
    """Mute everything for as long as the button says."""
    if tap.chat_id != tap.user_id and tap.role < Role.TRADER:
        return _("In a group only those who may trade change this.")
    now = context.clock.time()
    ends: dict[str, float | None] = {
        str(_SHORT): now + _SHORT,
        str(_LONG): now + _LONG,
        "always": None,
        "off": 0.0,
    }
    if tap.data["value"] not in ends:
        return ""
    await _keep(context, tap.chat_id, EVERYTHING, ends[tap.data["value"]])
    message = await _show(context, tap.chat_id)
    await context.outbox.say(tap.chat_id, message, edit=tap.message_id)
    return ""


MUTE = ButtonAction("mute", tapped, Role.VIEWER, is_choice=True)
COMMANDS = (
    Command("mute", N_("messages without a sound"), "/mute fills for 2h", mute),
)
BUTTONS = (MUTE,)
