"""What a chat can choose: one message whose buttons change it in place."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from telegram_bot.access import Role
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
)
from telegram_bot.kinds import LOUDNESS_MARKS, LOUDNESS_WORDS, kind_words, muted_lines
from telegram_bot.languages import LANGUAGES, N_, _, speaking
from telegram_bot.markup import Button, Buttons, Message, e
from telegram_bot.settings import ChartTheme, ChatSettings, Kind, Loudness
from telegram_bot.topics import current_topic
from telegram_bot.transaction import Transaction
from telegram_bot.zone import zone_name

CURRENCIES = ("USD", "EUR", "GBP", "USDT", "USDC", "BTC")
_NEXT = {
    Loudness.ON: Loudness.SILENT,
    Loudness.SILENT: Loudness.OFF,
    Loudness.OFF: Loudness.ON,
}
_THEMES = {ChartTheme.LIGHT: N_("light"), ChartTheme.DARK: N_("dark")}
_HOURS_IN_ROW = 6
_NONE = "off"


@dataclass(frozen=True, slots=True)
class _View:
    """What a page shows.

    Attributes:
        zone: in which the hours are.
        now: Unix time.
        argument: what was chosen on the page before.
    """

    chosen: ChatSettings
    zone: str
    now: float
    is_group: bool
    argument: str = ""


async def settings(context: Context, request: Request) -> Message:
    """Show what this chat has chosen."""
    view = await _look(context, request.chat_id, request.user_id)
    return _overview(view)


async def _look(context: Context, chat_id: int, user_id: int) -> _View:
    """Return what a chat has chosen."""
    chosen, zone = await context.store.run(
        lambda store: (store.settings(chat_id), zone_name(store))
    )
    return _View(chosen, zone, context.clock.time(), chat_id != user_id)


async def tapped(context: Context, tap: ButtonTap) -> str:
    """Turn to a page, or change something; a value is "page", "page:argument" or "page=choice"."""
    name, is_change, choice = tap.data["value"].partition("=")
    if is_change:
        if tap.chat_id != tap.user_id and tap.role < Role.TRADER:
            return _("In a group only those who may trade change this.")
        await _change(context, tap.chat_id, name, choice)
        name = _AFTER.get(name, "")
    name, _colon, argument = name.partition(":")
    view = await _look(context, tap.chat_id, tap.user_id)
    page = _PAGES.get(name, _overview)
    with speaking(view.chosen.language):
        message = page(replace(view, argument=argument))
        await context.outbox.say(tap.chat_id, message, edit=tap.message_id)
    return ""


async def _change(context: Context, chat_id: int, name: str, choice: str) -> None:
    """Keep a choice; what is none changes nothing."""
    if (change := _CHANGES.get(name)) is None:
        return

    def keep(store: Transaction) -> None:
        """Read, change and write in one step."""
        try:
            store.save_settings(chat_id, change(store.settings(chat_id), choice))
        except ValueError:
            # Nobody's button says this.
            return

    await context.store.run(keep)


def _overview(view: _View) -> Message:
    """Show everything, with a button to each page."""
    chosen = view.chosen
    language = LANGUAGES[chosen.language]
    lines = [
        _("⚙️ <b>Settings</b>"),
        _("Language: {language}", language=language)
        if chosen.chosen_language
        else _("Language: {language}, as in Telegram", language=language),
        _told(chosen),
        _quiet_line(view),
        _digest_line(view),
        _("Pairs named by half are in {currency}", currency=e(chosen.quote_currency)),
        _("Charts: {theme}", theme=_(_THEMES[chosen.chart_theme])),
        *muted_lines(chosen, view.now),
    ]
    theme = next(theme for theme in ChartTheme if theme is not chosen.chart_theme)
    rows: list[tuple[Button, ...]] = [
        (_page(_("🔔 What I tell"), "kinds"), _page(_("🌐 Language"), "language")),
        (
            _page(_("🌙 Quiet hours"), "quiet"),
            _page(_("🗞 Daily digest"), "digest"),
        ),
        (
            _page(_("💱 Currency"), "currency"),
            _pick(_("🎨 Charts: {theme}", theme=_(_THEMES[theme])), "theme", theme),
        ),
    ]
    if view.is_group:
        topic = current_topic()
        if topic is not None and topic != chosen.topic:
            rows.append((_pick(_("📌 Report in this topic"), "topic", str(topic)),))
        elif chosen.topic is not None:
            rows.append((_pick(_("📌 Report outside of topics"), "topic", _NONE),))
    return Message("\n".join(lines), tuple(rows))


def _told(chosen: ChatSettings) -> str:
    """Return in a line what is told."""
    louds = [chosen.chosen(kind) for kind in Kind]
    return _(
        "What I tell: {on} on, {silent} silent, {off} off",
        on=louds.count(Loudness.ON),
        silent=louds.count(Loudness.SILENT),
        off=louds.count(Loudness.OFF),
    )


def _quiet_line(view: _View) -> str:
    """Return in a line when it is quiet."""
    if view.chosen.quiet_hours is None:
        return _("Quiet hours: none")
    first, last = view.chosen.quiet_hours
    return _(
        "Quiet hours: {first} to {last} ({zone})",
        first=_hour(first),
        last=_hour(last),
        zone=e(view.zone),
    )


def _digest_line(view: _View) -> str:
    """Return in a line when the digest comes."""
    if view.chosen.chosen(Kind.DIGEST) is Loudness.OFF:
        return _("Daily digest: off")
    return _(
        "Daily digest: at {hour} ({zone})",
        hour=_hour(view.chosen.digest_hour),
        zone=e(view.zone),
    )


def _kinds(view: _View) -> Message:
    """Show how loudly each kind is told."""
    rows: list[tuple[Button, ...]] = []
    for kind in Kind:
        loudness = view.chosen.chosen(kind)
        label = f"{LOUDNESS_MARKS[loudness]} {kind_words(kind)}: {_(LOUDNESS_WORDS[loudness])}"
        rows.append((_pick(label, "kinds", f"{kind}.{_NEXT[loudness]}"),))
    text = _(
        "🔔 <b>What I tell</b>\nTap to change: on, silent (without a sound), off. Orders that are in the chat stay up to date in any case."
    )
    return Message(text, (*rows, _back()))


def _language(view: _View) -> Message:
    """Show the languages."""
    rows = [
        (_pick(_mark(name, view.chosen.chosen_language == code), "language", code),)
        for code, name in LANGUAGES.items()
    ]
    follow = _mark(_("As in Telegram"), view.chosen.chosen_language is None)
    return Message(
        _("🌐 <b>Language</b>"), (*rows, (_pick(follow, "language", _NONE),), _back())
    )


def _quiet(view: _View) -> Message:
    """Ask when it begins to be quiet."""
    text = _(
        "🌙 <b>Quiet hours</b>: messages come without a sound. From when? ({zone})",
        zone=e(view.zone),
    )
    rows = _hours(lambda hour: _page(_hour(hour), f"until:{hour}"))
    return Message(text, (*rows, (_pick(_("Never"), "quiet", _NONE),), _back()))


def _until(view: _View) -> Message:
    """Ask when it ends to be quiet."""
    if not view.argument.isdecimal() or int(view.argument) > 23:
        return _quiet(view)
    first = int(view.argument)
    text = _("🌙 <b>Quiet hours</b> from {hour}: until when?", hour=_hour(first))
    rows = _hours(lambda hour: _pick(_hour(hour), "quiet", f"{first}.{hour}"))
    return Message(text, (*rows, _back()))


def _digest(view: _View) -> Message:
    """Ask when the digest shall come."""
    text = _(
        "🗞 <b>Daily digest</b>: value, change and fills of the day. At which hour? ({zone})",
        zone=e(view.zone),
    )
    rows = _hours(lambda hour: _pick(_hour(hour), "digest", str(hour)))
    return Message(text, (*rows, (_pick(_("Never"), "digest", _NONE),), _back()))


def _currency(view: _View) -> Message:
    """Show the currencies."""
    row = [
        _pick(_mark(code, code == view.chosen.quote_currency), "currency", code)
        for code in CURRENCIES
    ]
    text = _(
        "💱 <b>Currency</b> of pairs named by half: btc is then BTC-{currency}",
        currency=e(view.chosen.quote_currency),
    )
    return Message(text, (tuple(row[:3]), tuple(row[3:]), _back()))


def _hour(hour: int) -> str:
    """Return an hour of the day."""
    return f"{hour}:00"


def _hours(button: Callable[[int], Button]) -> Buttons:
    """Return a button for each hour of the day."""
    return tuple(
        tuple(button(hour) for hour in range(first, first + _HOURS_IN_ROW))
        for first in range(0, 24, _HOURS_IN_ROW)
    )


def _mark(label: str, chosen: bool) -> str:
    """Mark what is chosen."""
    return f"✓ {label}" if chosen else label


def _page(label: str, name: str) -> Button:
    """Return a button that turns to a page."""
    return SETTINGS.choice(label, name)


def _pick(label: str, name: str, choice: str) -> Button:
    """Return a button that chooses something."""
    return SETTINGS.choice(label, f"{name}={choice}")


def _back() -> tuple[Button, ...]:
    """Return the row that leads back."""
    return (_page(f"◀ {_('Back')}", "all"),)


# How each choice changes the settings; ValueError for what is no choice.


def _choose_kind(old: ChatSettings, choice: str) -> ChatSettings:
    """Change how loudly a kind is told."""
    kind, _dot, loudness = choice.partition(".")
    return replace(old, kinds={**old.kinds, Kind(kind): Loudness(loudness)})


def _choose_language(old: ChatSettings, choice: str) -> ChatSettings:
    """Change the language."""
    return replace(old, chosen_language=choice if choice in LANGUAGES else None)


def _choose_quiet(old: ChatSettings, choice: str) -> ChatSettings:
    """Change the quiet hours."""
    if choice == _NONE:
        return replace(old, quiet_hours=None)
    first, _dot, last = choice.partition(".")
    return replace(old, quiet_hours=(_valid_hour(first), _valid_hour(last)))


def _choose_digest(old: ChatSettings, choice: str) -> ChatSettings:
    """Change when the digest comes, and whether."""
    if choice == _NONE:
        return replace(old, kinds={**old.kinds, Kind.DIGEST: Loudness.OFF})
    loudness = old.kinds.get(Kind.DIGEST, Loudness.OFF)
    on = Loudness.ON if loudness is Loudness.OFF else loudness
    return replace(
        old, digest_hour=_valid_hour(choice), kinds={**old.kinds, Kind.DIGEST: on}
    )


def _choose_currency(old: ChatSettings, choice: str) -> ChatSettings:
    """Change the currency."""
    return replace(old, quote_currency=CURRENCIES[CURRENCIES.index(choice)])


def _choose_theme(old: ChatSettings, choice: str) -> ChatSettings:
    """Change what charts look like."""
    return replace(old, chart_theme=ChartTheme(choice))


def _choose_topic(old: ChatSettings, choice: str) -> ChatSettings:
    """Change in which topic the bot reports."""
    return replace(old, topic=None if choice == _NONE else int(choice))


def _valid_hour(text: str) -> int:
    """Return an hour of the day."""
    return range(24).index(int(text))


_PAGES: dict[str, Callable[[_View], Message]] = {
    "kinds": _kinds,
    "language": _language,
    "quiet": _quiet,
    "until": _until,
    "digest": _digest,
    "currency": _currency,
}
_CHANGES: dict[str, Callable[[ChatSettings, str], ChatSettings]] = {
    "kinds": _choose_kind,
    "language": _choose_language,
    "quiet": _choose_quiet,
    "digest": _choose_digest,
    "currency": _choose_currency,
    "theme": _choose_theme,
    "topic": _choose_topic,
}
# Which page follows a choice; the overview after the others.
_AFTER = {"kinds": "kinds"}

SETTINGS = ButtonAction("set", tapped, Role.VIEWER, is_choice=True)
COMMANDS = (
    Command(
        "settings", N_("language, what I tell, quiet hours"), "/settings", settings
    ),
)
BUTTONS = (SETTINGS,)
