"""What a person types: `cexio-telegram-bot run`, `check`, `init` or `health`."""

# ruff: noqa: PLC0415 - each command imports what it needs: the bot that runs for months shall not hold what `init` draws with
import argparse
import asyncio
from collections.abc import Callable
from getpass import getpass
import logging
from pathlib import Path
import sys

from telegram_bot.config import Config, ConfigError, load_config
from telegram_bot.logs import set_up_logging

_HELP = """\
Telegram companion of the CEX.IO integration for Home Assistant.

It tells of fills and price alerts, and takes orders by chat, each one confirmed by a tap.
It needs a running Home Assistant with the integration, and a bot of your own from @BotFather.

Begin with: cexio-telegram-bot init
"""
_EXAMPLE = """\
The configuration file (TOML; `init` writes one that only you can read):

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
  groups = []                         # where people with a role may speak to the bot as well

  [store]
  path = "bot.sqlite"                 # relative to this file

  [orders]
  confirm_seconds = 120               # how long an order waits for its tap
  # default_account_id = "trading"
  # second_factor_above = 1000        # or "always"

  [second_factor]                     # one of the two, made by `init`
  # totp_secret = "..."
  # pin_hash = "..."

  [health]
  # port = 8099                       # where `health` and supervisors ask how the bot is doing

  [logging]
  # format = "json"

Each key can come from the environment instead, such as CEXIO_BOT_TELEGRAM_TOKEN,
CEXIO_BOT_HOME_ASSISTANT_URL or CEXIO_BOT_ACCESS_TRADERS=1,2.

`run` prints one line of JSON on stdout when both connections stand; logs go to stderr.
"""
_DEFAULT_CONFIG = Path("bot.toml")
_MARKS = {True: "ok      ", False: "WRONG   "}


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked for; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        "cexio-telegram-bot",
        description=_HELP,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, words in (
        ("run", _run, "run the bot until it is told to stop"),
        ("check", _check, "try the configuration and both connections"),
        ("init", _init, "ask a few questions and write the configuration"),
        ("health", _health, "ask a running bot how it is doing; exit code 1: not well"),
    ):
        part = commands.add_parser(name, help=words, description=words.capitalize())
        part.set_defaults(command=command)
        part.add_argument(
            "--config",
            type=Path,
            help="the configuration file; default: bot.toml in this folder, else the environment must hold everything",
        )
        if command is _run:
            part.add_argument("--verbose", action="store_true", help="log more")
        if command is _init:
            part.add_argument("--base-url", help=argparse.SUPPRESS)
            part.add_argument("--base-file-url", help=argparse.SUPPRESS)
    return parser


def _config(options: argparse.Namespace) -> Config | None:
    """Read the settings; say what is wrong with them."""
    path: Path | None = options.config
    if path is None and _DEFAULT_CONFIG.exists():
        path = _DEFAULT_CONFIG
    try:
        return load_config(path)
    except ConfigError as err:
        sys.stderr.write(f"The configuration can't be used:\n{err}\n")
        return None


def _run(options: argparse.Namespace) -> int:
    """Run the bot until it is told to stop."""
    from telegram_bot.run import run

    if (config := _config(options)) is None:
        return 2
    set_up_logging(
        config.secrets, verbose=options.verbose, log_format=config.log_format
    )
    return run(config)


def _check(options: argparse.Namespace) -> int:
    """Try the configuration and both connections."""
    from telegram_bot.check import findings

    if (config := _config(options)) is None:
        return 2
    set_up_logging(config.secrets, verbose=False)
    _say(f"{_MARKS[True]}The configuration can be read.")

    async def check() -> bool:
        """Say of each thing what came of it; return whether all is fine."""
        fine = True
        async for finding in findings(config):
            _say(f"{_MARKS[finding.is_fine]}{finding.words}")
            fine = fine and finding.is_fine
        return fine

    return 0 if asyncio.run(check()) else 1


def _init(options: argparse.Namespace) -> int:
    """Ask a few questions and write the configuration."""
    from telegram_bot.first_steps import GivenUpError, Terminal, first_steps

    path: Path = options.config or _DEFAULT_CONFIG
    if path.exists():
        sys.stderr.write(
            f"{path} is there already; move it away, or name another with --config.\n"
        )
        return 1
    urls = {"base_url": options.base_url, "base_file_url": options.base_file_url}
    telegram = {name: url for name, url in urls.items() if url}
    logging.getLogger().setLevel(logging.ERROR)
    try:
        asyncio.run(
            first_steps(path, Terminal(_say, input, getpass), telegram=telegram)
        )
    except GivenUpError, EOFError, KeyboardInterrupt:
        sys.stderr.write("\nGiven up; nothing was written.\n")
    except OSError as err:
        sys.stderr.write(f"{path} can't be written: {err.strerror}\n")
    else:
        return 0
    return 1


def _say(line: str) -> None:
    """Show a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _health(options: argparse.Namespace) -> int:
    """Ask a running bot how it is doing."""
    from telegram_bot.health import ask_health

    if (config := _config(options)) is None:
        return 2
    if config.health is None:
        sys.stderr.write("health.port is not set, so the bot has no such page.\n")
        return 2
    is_well, words = asyncio.run(ask_health(config.health))
    _say(words)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
