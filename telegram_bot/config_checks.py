"""What each setting may be, and the words that say so."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
import re
from typing import Any

import voluptuous as vol

from telegram_bot.second_factor import is_pin_hash, is_totp_secret

TELEGRAM_URL = "https://api.telegram.org/bot"
TELEGRAM_FILE_URL = "https://api.telegram.org/file/bot"
DEFAULT_CONFIRM_SECONDS = 120
# In place of a worth: every Confirm asks for the second factor.
ALWAYS = "always"


class LogFormat(StrEnum):
    """What a line of the log looks like."""

    TEXT = "text"
    JSON = "json"


def _bot_token(value: Any) -> str:
    """Check the shape of a bot token."""
    if isinstance(value, str) and re.fullmatch(r"\d+:[A-Za-z0-9_-]{3,}", value.strip()):
        return value.strip()
    raise vol.Invalid(
        "expected the token that @BotFather gave you, such as 123456789:ABC…"
    )


def _url(value: Any) -> str:
    """Check the shape of a web address."""
    if isinstance(value, str) and re.fullmatch(r"https?://[^\s/?#]+\S*", value.strip()):
        return value.strip().rstrip("/")
    raise vol.Invalid("expected an address such as http://homeassistant.local:8123")


def _user_id(value: Any) -> int:
    """Check the shape of a user id of Telegram."""
    if isinstance(value, bool) or not re.fullmatch(r"[1-9]\d*", str(value).strip()):
        raise vol.Invalid(
            "expected a numeric Telegram user id such as 123456789 (user names can change hands)"
        )
    return int(value)


def _group_id(value: Any) -> int:
    """Check the shape of a group's id of Telegram."""
    if isinstance(value, bool) or not re.fullmatch(r"-[1-9]\d*", str(value).strip()):
        raise vol.Invalid(
            "expected the numeric id of a Telegram group such as -1001234567890; the bot tells it when you write to it there"
        )
    return int(value)


def _ids(check: Callable[[Any], int], example: str) -> Callable[[Any], tuple[int, ...]]:
    """Return a check for a list of ids; in the environment they are separated by commas."""

    def check_all(value: Any) -> tuple[int, ...]:
        """Check the list."""
        if isinstance(value, str):
            value = [part for part in value.replace(" ", "").split(",") if part]
        if not isinstance(value, list):
            raise vol.Invalid(f"expected a list of numeric Telegram {example}")
        return tuple(check(item) for item in value)

    return check_all


_user_ids = _ids(_user_id, "user ids such as [123456789, 987654321]")
_group_ids = _ids(_group_id, "group ids such as [-1001234567890]")


def _seconds(value: Any) -> int:
    """Check the time that an order waits for its tap."""
    if (
        isinstance(value, bool)
        or not re.fullmatch(r"\d+", str(value).strip())
        or not 10 <= int(value) <= 600
    ):
        raise vol.Invalid("expected whole seconds from 10 to 600")
    return int(value)


def _worth(value: Any) -> Decimal | str:
    """Check the worth above which an order needs the second factor."""
    text = str(value).strip()
    if text.lower() == ALWAYS:
        return ALWAYS
    if not isinstance(value, bool) and re.fullmatch(r"\d{1,20}(\.\d{1,20})?", text):
        return Decimal(text)
    raise vol.Invalid('expected an amount of money such as "1000", or "always"')


def _totp_secret(value: Any) -> str:
    """Check the shape of a secret for one-time passwords; people write it in groups."""
    text = re.sub(r"[\s-]", "", str(value)).upper()
    if is_totp_secret(text):
        return text
    raise vol.Invalid("expected the secret that `init` made: 32 letters and digits")


def _pin_hash(value: Any) -> str:
    """Check the shape of the hash of a PIN."""
    text = str(value).strip()
    if is_pin_hash(text):
        return text
    raise vol.Invalid("expected the hash that `init` made of a PIN, never the PIN")


def _port(value: Any) -> int:
    """Check the number of a port; 0 takes a free one."""
    if not isinstance(value, bool) and re.fullmatch(r"\d{1,5}", str(value).strip()):
        port = int(value)
        if port <= 65535:
            return port
    raise vol.Invalid("expected a port number such as 8099")


def _log_format(value: Any) -> LogFormat:
    """Check the name of a format."""
    try:
        return LogFormat(str(value).strip())
    except ValueError as err:
        raise vol.Invalid("expected text or json") from err


def _text(what: str) -> Callable[[Any], str]:
    """Return a check for a text that isn't empty."""

    def check(value: Any) -> str:
        """Check the text."""
        if isinstance(value, str) and value.strip():
            return value.strip()
        raise vol.Invalid(f"expected {what}")

    return check


SECTIONS: dict[str, dict[vol.Marker, Callable[[Any], Any]]] = {
    "telegram": {
        vol.Required("token"): _bot_token,
        vol.Optional("base_url", default=TELEGRAM_URL): _url,
        vol.Optional("base_file_url", default=TELEGRAM_FILE_URL): _url,
    },
    "home_assistant": {
        vol.Required("url"): _url,
        vol.Required("token"): _text(
            "a long-lived access token of Home Assistant (your profile there, tab Security)"
        ),
        vol.Optional("config_entry_id"): _text(
            "the id of the integration's config entry"
        ),
    },
    "access": {
        vol.Required("owner"): _user_id,
        vol.Optional("traders", default=list): _user_ids,
        vol.Optional("viewers", default=list): _user_ids,
        vol.Optional("groups", default=list): _group_ids,
    },
    "store": {
        vol.Required("path"): _text(
            "the path of the bot's own database, such as /var/lib/cexio-bot/bot.sqlite"
        )
    },
    "orders": {
        vol.Optional("confirm_seconds", default=DEFAULT_CONFIRM_SECONDS): _seconds,
        vol.Optional("default_account_id"): _text("the name of a sub-account"),
        vol.Optional("second_factor_above"): _worth,
    },
    "health": {
        vol.Optional("port"): _port,
        vol.Optional("host", default="127.0.0.1"): _text(
            "the address to listen at, such as 127.0.0.1"
        ),
    },
    "logging": {vol.Optional("format", default=LogFormat.TEXT): _log_format},
    "second_factor": {
        vol.Optional("totp_secret"): _totp_secret,
        vol.Optional("pin_hash"): _pin_hash,
    },
}
