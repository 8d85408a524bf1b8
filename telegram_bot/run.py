"""Run the bot until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import json
import logging
import signal
import sys

from telegram_bot.alarm import alarm
from telegram_bot.application import CompanionBot, TokenRefusedError
from telegram_bot.config import Config, HealthConfig
from telegram_bot.errors import PortTakenError
from telegram_bot.store import StoreError

_LOGGER = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Run the bot until a signal comes; return the exit code."""
    try:
        asyncio.run(run_until_told(config))
    except StoreError as err:
        _LOGGER.critical("%s", err)
        asyncio.run(alarm(config, str(err)))
    except (TokenRefusedError, PortTakenError) as err:
        _LOGGER.critical("%s", err)
    except Exception:
        # Python's own way would print it with whatever secret it holds.
        _LOGGER.exception("The bot broke")
    else:
        return 0
    return 1


async def run_until_told(config: Config) -> None:
    """Run the bot until a signal comes.

    Raises:
        StoreError: the database can't be used.
        TokenRefusedError: Telegram does not accept the token.
        PortTakenError: the page of the bot's health can't be where it shall be.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bot = CompanionBot(config)
    end_page = await _start_page(config.health, bot) if config.health else None
    life = asyncio.create_task(_live(bot))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((life, stopped), return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
    finally:
        for task in (life, stopped):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, StoreError, TokenRefusedError):
            await life
        await bot.stop()
        if end_page:
            await end_page()
        _LOGGER.info("Stopped")


async def _start_page(
    config: HealthConfig, bot: CompanionBot
) -> Callable[[], Awaitable[None]]:
    """Serve the page of the bot's health; return what ends it."""
    from telegram_bot.health_page import HealthPage  # noqa: PLC0415 - a web server takes 6 MB; who has no page need not spend them

    page = HealthPage(config, bot.health)
    await page.start()
    return page.stop


async def _live(bot: CompanionBot) -> None:
    """Start, say so, and go on until something breaks for good."""
    await bot.start()
    username = await bot.wait_ready()
    sys.stdout.write(json.dumps({"ready": True, "username": username}) + "\n")
    sys.stdout.flush()
    _LOGGER.info("Ready as @%s", username)
    await bot.wait_broken()
