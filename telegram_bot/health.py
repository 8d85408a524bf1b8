"""How the bot is doing, and how a supervisor asks."""

from dataclasses import dataclass
from http import HTTPStatus
import json

import aiohttp

from telegram_bot.config import HealthConfig
from telegram_bot.transaction import Transaction

PATH = "/health"
_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is doing.

    Attributes:
        telegram: whether Telegram answers the polling.
        home_assistant: whether the session to Home Assistant stands.
        store: whether the disk takes what the bot writes.
        waiting: messages that are not in their chats yet.
    """

    telegram: bool
    home_assistant: bool
    store: bool
    waiting: int

    @property
    def is_well(self) -> bool:
        """Return whether a restart could help: nobody mends Home Assistant by restarting the bot."""
        return self.telegram and self.store


def count_waiting(store: Transaction) -> int:
    """Count the messages that are not in their chats yet."""
    rows = store.db.execute(
        "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
    )
    waiting: int = rows.fetchone()[0]
    return waiting


async def ask_health(config: HealthConfig) -> tuple[bool, str]:
    """Ask a running bot how it is doing; return whether it is well, and its words."""
    url = f"http://{config.host}:{config.port}{PATH}"
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url) as response,
        ):
            return response.status == HTTPStatus.OK, json.dumps(await response.json())
    except (aiohttp.ClientError, TimeoutError, ValueError) as err:
        return False, f"{url} does not answer: {err or type(err).__name__}"
