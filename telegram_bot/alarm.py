"""A last word to the owner when the bot can't run."""

import asyncio
import contextlib
from hashlib import sha256
import logging
from pathlib import Path
import tempfile

from telegram import Bot
from telegram.error import TelegramError

from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.config import Config
from telegram_bot.transport import Transport

_LOGGER = logging.getLogger(__name__)

_WITHIN = 5.0
_EVERY = 86_400.0


async def alarm(config: Config, text: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Tell the owner by chat why the bot does not run.

    Once a day for the same reason, however often a supervisor starts the bot again: the bot's own database can't
    remember it now, so an empty file among the temporary ones does.
    """
    reason = sha256(f"{config.access.owner} {text}".encode()).hexdigest()[:16]
    mark = Path(tempfile.gettempdir()) / f"cexio-telegram-bot-{reason}"
    with contextlib.suppress(OSError):
        if clock.time() - mark.stat().st_mtime < _EVERY:
            return
    telegram = config.telegram
    try:
        async with asyncio.timeout(_WITHIN), Transport() as request:
            bot = Bot(
                telegram.token,
                telegram.base_url,
                telegram.base_file_url,
                request=request,
            )
            await bot.send_message(config.access.owner, f"🛑 I don't run: {text}")
    except (TelegramError, TimeoutError) as err:
        _LOGGER.warning("The owner could not be told by chat: %r", err)
        return
    with contextlib.suppress(OSError):
        mark.touch(mode=0o600)
