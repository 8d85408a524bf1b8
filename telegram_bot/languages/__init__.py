"""The languages of the bot: texts, numbers and times as the reader writes them.

English stands in the code, marked by `_`, `N_` or `ngettext`; each other language is one `.po` file here.
"""

from collections.abc import Iterator
import contextlib
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation, localcontext
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from telegram_bot.markup import e

DEFAULT_LANGUAGE = "en"
# What each language calls itself.
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "uk": "Українська",
}

# Babel quantizes in the context around it; no amount may lose a digit there.
_EVERY_DIGIT = Context(prec=100)
_FOLDER = Path(__file__).parent
_current: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def best_language(code: str | None) -> str:
    """Return the nearest language of the bot to one that Telegram names, such as "de-AT"."""
    language = (code or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within this block, in this task or thread alone."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def current_language() -> str:
    """Return the language that is spoken here."""
    return _current.get()


def _(english: str, **values: object) -> str:
    """Return a text in the current language, with its `{placeholders}` filled."""
    text = _texts(_current.get()).gettext(english)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """Return the form of a text that fits a number; `{count}` is that number."""
    text = _texts(_current.get()).ngettext(one, many, count)
    return text.format(count=number(count), **values)


def N_(english: str) -> str:
    """Mark a text of a table for translation; `_` translates it when it is used."""
    return english


def number(value: object) -> str:
    """Return all digits of a number without zeros at the end, as the reader writes numbers.

    None becomes "?"; what is no number stays as it is, escaped.
    """
    if value is None:
        return "?"
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return e(value)
    if not amount.is_finite():
        return e(value)
    return _written(amount or Decimal(0), _current.get())


@lru_cache(maxsize=4096)
def _written(amount: Decimal, language: str) -> str:
    """Return a number as a language writes it; the same few are written again and again."""
    with localcontext(_EVERY_DIGIT):
        return format_decimal(
            amount, locale=_locale(language), decimal_quantization=False
        )


def clock_time(unix: float) -> str:
    """Return a time of day; Telegram shows it in the reader's own zone where it can."""
    words = format_time(_utc(unix), "HH:mm:ss", locale=_locale(_current.get()))
    return f'<tg-time unix="{int(unix)}" format="T">{words} UTC</tg-time>'


def day_and_time(unix: float) -> str:
    """Return a day and time; Telegram shows it in the reader's own zone where it can."""
    locale = _locale(_current.get())
    day = format_date(_utc(unix), "medium", locale=locale)
    time = format_time(_utc(unix), "HH:mm", locale=locale)
    return f'<tg-time unix="{int(unix)}" format="dt">{e(day)}, {time} UTC</tg-time>'


def _utc(unix: float) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromtimestamp(unix, UTC)


@cache
def _locale(language: str) -> Locale:
    """Return how a language writes numbers and times."""
    return Locale.parse(language)


def learn(language: str) -> None:
    """Read the texts of a language now, where that holds up nobody."""
    _texts(language)


@cache
def _texts(language: str) -> NullTranslations:
    """Read the texts of a language."""
    path = _FOLDER / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
