"""The few questions that make a configuration, each answer tried before the next is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
import os
from pathlib import Path
import time
from typing import Any

import segno
from telegram import Bot
from telegram.error import InvalidToken, TelegramError
import tomli_w

from telegram_bot.check import check_home_assistant, telegram_client
from telegram_bot.config import HomeAssistantConfig, TelegramConfig
from telegram_bot.config_checks import TELEGRAM_FILE_URL, TELEGRAM_URL
from telegram_bot.second_factor import (
    hash_pin,
    is_pin,
    new_totp_secret,
    provisioning_uri,
    totp_step,
)

_TELEGRAM = {"base_url": TELEGRAM_URL, "base_file_url": TELEGRAM_FILE_URL}
_HOME_ASSISTANT_URL = "http://homeassistant.local:8123"
_MODE = 0o600
_FACTORS = {"": "none", "1": "totp", "2": "pin"}

type Sections = dict[str, dict[str, Any]]


class GivenUpError(Exception):
    """Somebody left a question unanswered; nothing was written."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The person at the other end.

    Attributes:
        say: shows a line.
        ask: asks for a line; empty when nothing was typed.
        ask_secret: the same, without showing what is typed.
    """

    say: Callable[[str], None]
    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]


async def first_steps(
    path: Path,
    terminal: Terminal,
    *,
    telegram: dict[str, str],
    now: Callable[[], float] = time.time,
) -> None:
    """Ask what a configuration needs, and write it to a file that only its owner can read.

    Args:
        path: the file, which must not be there yet.
        terminal: the person who answers.
        telegram: where the Bot API is, when it is not Telegram's own: base_url, base_file_url.
        now: for the first code of an authenticator app.

    Raises:
        GivenUpError: a question was left unanswered; nothing was written.
        FileExistsError: the file is there already.
    """
    token, name, client = await _ask_bot(terminal, telegram)
    sections: Sections = {
        "telegram": {"token": token, **telegram},
        "access": {"owner": await _ask_owner(terminal, client, name)},
        "home_assistant": await _ask_home_assistant(terminal),
        "store": {"path": "bot.sqlite"},
    }
    sections |= _ask_second_factor(terminal, name, now)
    # Nobody else may read it, not even for a moment.
    with os.fdopen(
        os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE), "wb"
    ) as file:
        tomli_w.dump(sections, file)
    terminal.say(f"Written: {path}, readable by you only.")
    terminal.say(f"Next: cexio-telegram-bot run --config {path}")


async def _ask_bot(
    terminal: Terminal, telegram: dict[str, str]
) -> tuple[str, str, Bot]:
    """Ask for the bot's token until Telegram takes one."""
    terminal.say(
        "1. The bot. Write /newbot to @BotFather in Telegram; it gives you a token."
    )
    while True:
        token = _needed(terminal.ask_secret("   Token: "))
        try:
            client = telegram_client(TelegramConfig(token, **(_TELEGRAM | telegram)))
            async with client:
                me = await client.get_me()
        except InvalidToken:
            terminal.say("   Telegram does not accept this token. Try again.")
        except TelegramError as err:
            terminal.say(f"   Telegram can't be reached: {err}. Try again.")
        else:
            terminal.say(f"   This is @{me.username}.")
            return token, str(me.username), client


async def _ask_owner(terminal: Terminal, client: Bot, name: str) -> int:
    """Find out the owner's id from a message, or let it be typed."""
    terminal.say(f"2. You. Open https://t.me/{name} in Telegram and press Start.")
    while True:
        typed = terminal.ask(
            "   Then press Enter here, or type your numeric user id: "
        ).strip()
        if typed.isdecimal() and int(typed):
            return int(typed)
        if typed:
            terminal.say("   An id is a number such as 123456789.")
            continue
        async with client:
            updates = await client.get_updates(timeout=0, allowed_updates=["message"])
        people = {
            update.effective_user.id: update.effective_user.full_name
            for update in updates
            if update.effective_user
        }
        for user_id, person in reversed(people.items()):
            answer = terminal.ask(f"   Is this you: {person} ({user_id})? [Y/n] ")
            if answer.strip().lower() in ("", "y", "yes"):
                return user_id
        terminal.say("   No other message has come yet.")


async def _ask_home_assistant(terminal: Terminal) -> dict[str, str]:
    """Ask for Home Assistant's address and token until they work, or are wanted all the same."""
    terminal.say(
        "3. Home Assistant. Make a user for the bot who is no administrator, log in as that user,"
    )
    terminal.say(
        "   and create a long-lived access token in the profile, tab Security."
    )
    while True:
        url = terminal.ask(f"   Address [{_HOME_ASSISTANT_URL}]: ").strip()
        url = (url or _HOME_ASSISTANT_URL).rstrip("/")
        token = _needed(terminal.ask_secret("   Token: "))
        finding = await check_home_assistant(HomeAssistantConfig(url, token, None))
        terminal.say(f"   {finding.words}")
        if finding.is_fine or terminal.ask(
            "   Keep it all the same? [y/N] "
        ).strip().lower() in ("y", "yes"):
            return {"url": url, "token": token}


def _ask_second_factor(
    terminal: Terminal, name: str, now: Callable[[], float]
) -> Sections:
    """Ask for a second factor besides the tap, if one is wanted."""
    terminal.say(
        "4. A second factor for large orders, and for turning trading on again:"
    )
    while True:
        choice = terminal.ask(
            "   1 = codes of an authenticator app, 2 = a PIN, Enter = none: "
        ).strip()
        if choice in _FACTORS:
            break
    if _FACTORS[choice] == "none":
        return {}
    factor = _ask_totp(terminal, name, now) if choice == "1" else _ask_pin(terminal)
    worth = terminal.ask(
        "   Ask for it from which worth of an order on, such as 1000? [every order] "
    )
    return {
        "second_factor": factor,
        "orders": {"second_factor_above": worth.strip() or "always"},
    }


def _ask_totp(
    terminal: Terminal, name: str, now: Callable[[], float]
) -> dict[str, str]:
    """Show a secret for an authenticator app until its code comes back."""
    secret = new_totp_secret()
    picture = StringIO()
    segno.make(provisioning_uri(secret, name)).terminal(picture, compact=True)
    terminal.say(picture.getvalue())
    terminal.say(
        f"   Scan it with your authenticator app, or type this secret there: {secret}"
    )
    while (
        totp_step(
            secret, _needed(terminal.ask("   The code that it shows: ")).strip(), now()
        )
        is None
    ):
        terminal.say("   That is not the code of this moment. Try again.")
    return {"totp_secret": secret}


def _ask_pin(terminal: Terminal) -> dict[str, str]:
    """Ask for a PIN twice."""
    while True:
        pin = _needed(terminal.ask_secret("   PIN, 4 to 12 digits: ")).strip()
        if not is_pin(pin):
            terminal.say("   That is not 4 to 12 digits.")
        elif terminal.ask_secret("   Once more: ").strip() == pin:
            return {"pin_hash": hash_pin(pin)}
        else:
            terminal.say("   They differ. Try again.")


def _needed(answer: str) -> str:
    """Return an answer; an empty one ends the questions."""
    if not answer.strip():
        raise GivenUpError
    return answer.strip()
