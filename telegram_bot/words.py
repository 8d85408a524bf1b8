"""Failures in words that say what to do."""

from telegram_bot.errors import (
    HomeAssistantError,
    NotConnectedError,
    RefusedError,
    UnansweredError,
)

_NOT_RUNNING = "The CEX.IO integration is not running in Home Assistant (yet). Try again in a minute."
# Home Assistant's own refusals; what the integration itself says is made for people.
_BY_CODE = {
    "unknown_command": _NOT_RUNNING,
    "not_found": _NOT_RUNNING,
    "unauthorized": "Home Assistant does not allow this to the bot's user.",
    "timeout": "Home Assistant did not get an answer in time. Try again.",
    "unknown_error": "Something went wrong in Home Assistant; its log tells more.",
}


def explain(error: HomeAssistantError) -> str:
    """Return what a person should read, as plain text."""
    match error:
        case RefusedError():
            return _BY_CODE.get(error.code, error.text)
        case NotConnectedError():
            return "Home Assistant can't be reached right now. I keep trying; ask again in a moment."
        case UnansweredError():
            return "Home Assistant did not answer in time. Ask again in a moment."
    return "Something went wrong on the way to Home Assistant."
