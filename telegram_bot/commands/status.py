"""The command that tells how everything is."""

import contextlib
from datetime import datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version

from telegram_bot.commands.base import Command, Context, Request
from telegram_bot.commands.views import Reader, View
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, day_and_time, ngettext, number
from telegram_bot.markup import Message, e
from telegram_bot.words import explain

_DISTRIBUTION = "cexio-telegram-bot"


async def status(context: Context, request: Request) -> Message:
    """Show how Home Assistant, the exchange and the bot are."""
    return await STATUS.answer(context, request, {})


async def _show_status(context: Context, reader: Reader, query: Json) -> Message:
    """Show how everything is now."""
    refresh = await STATUS.button(context, reader, f"🔄 {_('Refresh')}", query)
    try:
        told = await context.home_assistant.status()
    except HomeAssistantError as err:
        head = _("Home Assistant does not answer")
        lines = [f"🔴 <b>{head}</b>", e(explain(err))]
        return Message("\n".join([*lines, *_own_lines(context)]), ((refresh,),))
    lines = [
        *_head(told, following=context.home_assistant.following),
        *_troubles(told),
        *_stream(told),
        *_points(told["points"]),
        *_recovery(told["last_recovery"]),
    ]
    if told["watched_pairs"]:
        pairs = ", ".join(map(e, told["watched_pairs"]))
        lines.append(_("Watched: {pairs}", pairs=pairs))
    lines.append(
        _(
            "Home Assistant {home_assistant} · integration {integration}",
            home_assistant=e(told["home_assistant_version"]),
            integration=e(told["integration_version"]),
        )
    )
    return Message("\n".join([*lines, *_own_lines(context)]), ((refresh,),))


def _head(told: Json, *, following: bool) -> list[str]:
    """Return the most important line: whether all is well, and whether trading is on."""
    if told["troubles"]:
        words = _("Something needs you")
        mark = "🔴"
    elif not told["stream_connected"] or not following:
        words = _("Reports may come late")
        mark = "🟡"
    else:
        words, mark = _("All is well"), "🟢"
    trading = _("Trading is on") if told["trading_enabled"] else _("Trading is off")
    switch = "▶️" if told["trading_enabled"] else "⏸"
    return [f"{mark} <b>{words}</b>", f"{switch} {trading}"]


def _troubles(told: Json) -> list[str]:
    """Return what is wrong."""
    lines = [f"⚠️ {e(trouble['text'])}" for trouble in told["troubles"]]
    if told["maintenance"]:
        services = ", ".join(map(e, told["maintenance"]))
        lines.append(_("🛠 The exchange maintains: {services}", services=services))
    return lines


def _stream(told: Json) -> list[str]:
    """Return how the exchange's reports come."""
    if not told["stream_connected"]:
        return [_("Stream of the exchange: lost, asked for regularly")]
    if told["stream_delay_ms"] is None:
        return [_("Stream of the exchange: connected")]
    delay = number(round(Decimal(str(told["stream_delay_ms"]))))
    return [_("Stream of the exchange: connected, {delay} ms behind", delay=delay)]


def _points(points: Json) -> list[str]:
    """Return how much of the exchange's budget is used."""
    names = {"key": N_("this key"), "address": N_("this address")}
    parts = [
        _(
            "{used} of {limit} for {whom}",
            used=number(points[name]["used"]),
            limit=number(points[name]["limit"]),
            whom=_(whom),
        )
        for name, whom in names.items()
        if points.get(name)
    ]
    return [_("Points of this minute: {parts}", parts=", ".join(parts))]


def _recovery(last: Json | None) -> list[str]:
    """Return what the last look for missed reports found."""
    if last is None:
        return []
    when = day_and_time(datetime.fromisoformat(last["at"]).timestamp())
    found = ngettext(
        "{count} missed fill", "{count} missed fills", last["missed_fills"]
    )
    return [_("Last recovery {when}: {found}", when=when, found=found)]


def _own_lines(context: Context) -> list[str]:
    """Return what the bot says of itself."""
    if context.home_assistant.following:
        lines = [_("Reports of Home Assistant: read as they come")]
    else:
        lines = [_("Reports of Home Assistant: not read at the moment")]
    # A bot that runs from a folder of sources has no version.
    with contextlib.suppress(PackageNotFoundError):
        lines.append(_("Bot {version}", version=version(_DISTRIBUTION)))
    return lines


STATUS = View("status", _show_status)

COMMANDS = (Command("status", N_("how everything is"), "/status", status),)
BUTTONS = (STATUS.action,)
