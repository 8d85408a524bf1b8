"""Run the bot: `python -m telegram_bot --config FILE`."""

import argparse
import asyncio
import contextlib
import json
import logging
from pathlib import Path
import signal
import sys

from telegram_bot.alarm import alarm
from telegram_bot.application import CompanionBot, TokenRefusedError
from telegram_bot.config import Config, ConfigError, load_config
from telegram_bot.logs import set_up_logging
from telegram_bot.store import StoreError

_LOGGER = logging.getLogger(__name__)

_HELP = """\
Telegram companion of the CEX.IO integration for Home Assistant.

It tells of fills and price alerts, and takes orders by chat, each one confirmed by a tap.
It needs a running Home Assistant with the integration, and a bot of your own from @BotFather.
"""
_EXAMPLE = """\
The configuration file (TOML; keep it readable by yourself only: chmod 600):

  [telegram]
  token = "123456789:ABC..."          # from @BotFather

  [home_assistant]
  url = "http://homeassistant.local:8123"
  token = "eyJ..."                    # a long-lived access token of a user who is no administrator
  # config_entry_id = "..."           # only when several accounts are set up

  [access]                            # numeric Telegram user ids
  owner = 123456789
  traders = []                        # may look and trade
  viewers = []                        # may look

  [store]
  path = "bot.sqlite"                 # relative to this file

  [orders]
  confirm_seconds = 120               # how long an order waits for its tap
  # default_account_id = "trading"

Each key can come from the environment instead, such as CEXIO_BOT_TELEGRAM_TOKEN,
CEXIO_BOT_HOME_ASSISTANT_URL or CEXIO_BOT_ACCESS_TRADERS=1,2.

On stdout one line of JSON appears when both connections stand; logs go to stderr.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the bot until it is told to stop; return the exit code."""
    parser = argparse.ArgumentParser(
        "python -m telegram_bot",
        description=_HELP,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="the configuration file; without it the environment must hold everything",
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        config = load_config(options.config)
    except ConfigError as err:
        sys.stderr.write(f"The configuration can't be used:\n{err}\n")
        return 2
    set_up_logging(config.secrets, verbose=options.verbose)
    try:
        asyncio.run(_run(config))
    except StoreError as err:
        _LOGGER.critical("%s", err)
        asyncio.run(alarm(config, str(err)))
    except TokenRefusedError as err:
        _LOGGER.critical("%s", err)
    except Exception:
        # Python's own way would print it with whatever secret it holds.
        _LOGGER.exception("The bot broke")
    else:
        return 0
    return 1


async def _run(config: Config) -> None:
    """Run the bot until a signal comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bot = CompanionBot(config)
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
        _LOGGER.info("Stopped")


async def _live(bot: CompanionBot) -> None:
    """Start, say so, and go on until something breaks for good."""
    await bot.start()
    username = await bot.wait_ready()
    sys.stdout.write(json.dumps({"ready": True, "username": username}) + "\n")
    sys.stdout.flush()
    _LOGGER.info("Ready as @%s", username)
    await bot.wait_broken()


if __name__ == "__main__":
    sys.exit(main())
