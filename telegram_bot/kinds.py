"""What the bot tells of by itself, in words."""

from difflib import get_close_matches

from telegram_bot.languages import N_, _, day_and_time
from telegram_bot.settings import EVERYTHING, ChatSettings, Kind, Loudness

KIND_WORDS = {
    Kind.ORDER: N_("New orders"),
    Kind.PARTIAL_FILL: N_("Partial fills"),
    Kind.FILL: N_("Fills"),
    Kind.CANCEL: N_("Cancels"),
    Kind.REJECT: N_("Rejected orders"),
    Kind.EXPIRY: N_("Expired orders"),
    Kind.PRICE_ALERT: N_("Price alerts"),
    Kind.FUNDING: N_("Deposits and withdrawals"),
    Kind.STREAM: N_("Live connection"),
    Kind.TROUBLE: N_("Key and permissions"),
    Kind.DIGEST: N_("Daily digest"),
}
_EVERYTHING_WORDS = N_("Everything")
LOUDNESS_MARKS = {Loudness.ON: "🔔", Loudness.SILENT: "🔕", Loudness.OFF: "▫️"}
LOUDNESS_WORDS = {
    Loudness.ON: N_("on"),
    Loudness.SILENT: N_("silent"),
    Loudness.OFF: N_("off"),
}


def kind_words(kind: str) -> str:
    """Return what a kind, or all of them, is called."""
    return _(_EVERYTHING_WORDS if kind == EVERYTHING else KIND_WORDS[Kind(kind)])


def find_kind(text: str) -> str | None:
    """Return the kind that somebody means, in English or in the language that is spoken; None when there is none."""
    wanted = text.strip().casefold()
    names = {"all": EVERYTHING, _(_EVERYTHING_WORDS).casefold(): EVERYTHING}
    for kind, words in KIND_WORDS.items():
        for name in (kind.replace("_", " "), kind.value, words, _(words)):
            names[name.casefold()] = kind
    near = get_close_matches(wanted, names, 1, 0.7)
    return names[near[0]] if near else None


def muted_lines(chosen: ChatSettings, now: float) -> list[str]:
    """Return a line for each mute that holds."""
    lines = []
    for kind, until in chosen.mutes.items():
        if until is None:
            lines.append(_("🔕 Muted: {kind}", kind=kind_words(kind)))
        elif until > now:
            lines.append(
                _(
                    "🔕 Muted: {kind}, until {time}",
                    kind=kind_words(kind),
                    time=day_and_time(until),
                )
            )
    return lines
