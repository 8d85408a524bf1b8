"""Try the settings and both connections, and say of each what is wrong with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

import aiohttp
from telegram import Bot
from telegram.error import Forbidden, InvalidToken, TelegramError

from telegram_bot.config import Config, HomeAssistantConfig, TelegramConfig
from telegram_bot.transport import Transport

_WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one thing that was tried."""

    is_fine: bool
    words: str


async def findings(config: Config) -> AsyncIterator[Finding]:
    """Try one thing after the other, each on its own; none of them changes anything."""
    yield check_store(config.store_path)
    yield await check_telegram(config.telegram)
    yield await check_owner(config.telegram, config.access.owner)
    yield await check_home_assistant(config.home_assistant)


def check_store(path: Path) -> Finding:
    """Tell whether the database can be written where it shall be."""
    place = path if path.exists() else path.parent
    while not place.exists():
        place = place.parent
    if os.access(place, os.W_OK):
        return Finding(is_fine=True, words=f"The database {path} can be written.")
    return Finding(
        is_fine=False,
        words=f"The database {path} can't be written; let this user write to {place}, or set store.path.",
    )


async def check_telegram(telegram: TelegramConfig) -> Finding:
    """Tell whether Telegram takes the token."""
    try:
        async with telegram_client(telegram) as bot:
            me = await bot.get_me()
    except InvalidToken:
        words = "Telegram does not accept the token; get a valid one from @BotFather."
    except TelegramError as err:
        words = f"Telegram can't be reached at {telegram.base_url}: {err}."
    else:
        return Finding(is_fine=True, words=f"Telegram knows the bot as @{me.username}.")
    return Finding(is_fine=False, words=words)


async def check_owner(telegram: TelegramConfig, owner: int) -> Finding:
    """Tell whether the bot may write to its owner."""
    try:
        async with telegram_client(telegram) as bot:
            chat = await bot.get_chat(owner)
    except InvalidToken, Forbidden:
        words = f"The owner {owner} can't be looked up: Telegram refuses."
    except TelegramError as err:
        words = f"The owner {owner} has no chat with the bot yet ({err}): open the bot in Telegram and press Start."
    else:
        return Finding(
            is_fine=True, words=f"The owner is {chat.effective_name} ({owner})."
        )
    return Finding(is_fine=False, words=words)


async def check_home_assistant(home: HomeAssistantConfig) -> Finding:
    """Tell whether Home Assistant takes the token, and whether the integration runs there."""
    try:
        return await _ask_home_assistant(home)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as err:
        return Finding(
            is_fine=False,
            words=f"Home Assistant can't be reached at {home.url}: {err or type(err).__name__}.",
        )


_REFUSALS = {
    "unknown_command": "Home Assistant takes the token, but the CEX.IO integration is not set up there.",
    "entry_not_loaded": "Home Assistant takes the token, but the CEX.IO integration is not running there; its page in Home Assistant tells why.",
    "several_entries": "Several CEX.IO accounts are set up in Home Assistant; name one in home_assistant.config_entry_id.",
}


async def _ask_home_assistant(home: HomeAssistantConfig) -> Finding:
    """Log in, and ask who we are and how the integration stands."""
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.ws_connect(f"{home.url}/api/websocket") as socket,
    ):
        await socket.receive_json(timeout=_WITHIN)
        await socket.send_json({"type": "auth", "access_token": home.token})
        answer = await socket.receive_json(timeout=_WITHIN)
        if answer["type"] != "auth_ok":
            return Finding(
                is_fine=False,
                words="Home Assistant does not accept the token; create a new long-lived one in your profile there, tab Security.",
            )
        version = answer["ha_version"]
        entry = (
            {"config_entry_id": home.config_entry_id} if home.config_entry_id else {}
        )
        status = await _command(socket, 1, {"type": "cexio/status", **entry})
        if not status["success"]:
            code, text = status["error"]["code"], status["error"]["message"]
            return Finding(is_fine=False, words=_REFUSALS.get(code, text))
        user = await _command(socket, 2, {"type": "auth/current_user"})
    words = f"Home Assistant {version} runs the integration {status['result']['integration_version']}."
    if user["success"] and user["result"]["is_admin"]:
        return Finding(
            is_fine=True,
            words=f"{words} The token is an administrator's: a user of the bot's own, who is none, would do and is safer.",
        )
    return Finding(is_fine=True, words=words)


async def _command(
    socket: aiohttp.ClientWebSocketResponse, number: int, message: dict[str, Any]
) -> Any:
    """Send a command; return its result."""
    await socket.send_json({"id": number, **message})
    return await socket.receive_json(timeout=_WITHIN)


def telegram_client(telegram: TelegramConfig) -> Bot:
    """Return a client of the Bot API to ask a few things with."""
    return Bot(
        telegram.token,
        telegram.base_url,
        telegram.base_file_url,
        request=Transport(),
        get_updates_request=Transport(),
    )
