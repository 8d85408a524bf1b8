"""Failures in words that say what to do."""

from telegram_bot.errors import (
    HomeAssistantError,
    NotConnectedError,
    RefusedError,
    UnansweredError,
)
from telegram_bot.languages import DEFAULT_LANGUAGE, N_, _, current_language
from telegram_bot.refusals import REFUSALS

NOT_NOTED = N_("My disk takes nothing, so nothing was done. Try again later.")
_NOT_RUNNING = N_(
    "The CEX.IO integration is not running in Home Assistant (yet). Try again in a minute."
)
# Home Assistant's own refusals; what the integration itself says is made for people.
_BY_CODE = {
    "unknown_command": _NOT_RUNNING,
    "not_found": _NOT_RUNNING,
    "unauthorized": N_("Home Assistant does not allow this to the bot's user."),
    "timeout": N_("Home Assistant did not get an answer in time. Try again."),
    "unknown_error": N_("Something went wrong in Home Assistant; its log tells more."),
}


def explain(error: HomeAssistantError) -> str:
    """Return what a person should read, as plain text in their language where its words are known."""
    match error:
        case RefusedError():
            return _refused(error)
        case NotConnectedError():
            return _(
                "Home Assistant can't be reached right now. I keep trying; ask again in a moment."
            )
        case UnansweredError():
            return _("Home Assistant did not answer in time. Ask again in a moment.")
    return _("Something went wrong on the way to Home Assistant.")


def _refused(error: RefusedError) -> str:
    """Return what Home Assistant refused, and why."""
    if error.code in _BY_CODE:
        return _(_BY_CODE[error.code])
    known = REFUSALS.get(error.translation_key or "")
    # Its own words are the freshest where the reader understands them.
    if known is None or current_language() == DEFAULT_LANGUAGE:
        return error.text
    try:
        return _(known).format(**error.placeholders)
    except KeyError:
        # Another version of the integration fills in other things.
        return error.text
