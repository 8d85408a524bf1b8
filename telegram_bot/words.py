"""Failures in words that say what to do."""

from telegram_bot.errors import (
    HomeAssistantError,
    NotConnectedError,
    RefusedError,
    UnansweredError,
)

_BY_CODE = {
    "unknown_command": "The CEX.IO integration is not running in Home Assistant (yet). Try again in a minute.",
    "not_found": "The CEX.IO integration is not running in Home Assistant (yet). Try again in a minute.",
    "unauthorized": "Home Assistant does not allow this to the bot's user.",
    "timeout": "Home Assistant did not get an answer in time. Try again.",
    "unknown_error": "Something went wrong in Home Assistant; its log tells more.",
}
_BY_KEY = {
    "trading_off": "Trading is switched off. Turn on the trading switch of the integration in Home Assistant, then ask again.",
    "entry_not_loaded": "The CEX.IO integration is not running in Home Assistant (yet). Try again in a minute.",
}


def explain(error: HomeAssistantError) -> str:
    """Return what a person should read, as plain text."""
    match error:
        case RefusedError():
            # What the integration says is made for people; a few answers need more.
            return (
                _BY_KEY.get(error.translation_key or "")
                or (_BY_CODE.get(error.code) if error.translation_key is None else None)
                or error.text
            )
        case NotConnectedError():
            return "Home Assistant can't be reached right now. I keep trying; ask again in a moment."
        case UnansweredError():
            return "Home Assistant did not answer in time. Ask again in a moment."
    return "Something went wrong on the way to Home Assistant."
