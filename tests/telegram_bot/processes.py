"""The bot as a process of its own."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import sys

from simulators.telegram.server import TelegramServer
from tests.telegram_bot.conftest import OWNER
from tests.telegram_bot.fake_home_assistant import TOKEN, FakeHomeAssistant


def write_config(path: Path, telegram: TelegramServer, home: FakeHomeAssistant) -> Path:
    """Write a configuration file; return its path."""
    file = path / "bot.toml"
    file.write_text(
        f"""
[telegram]
token = "{telegram.token}"
base_url = "{telegram.base_url}"
base_file_url = "{telegram.base_file_url}"
[home_assistant]
url = "{home.url}"
token = "{TOKEN}"
[access]
owner = {OWNER}
[store]
path = "data/bot.sqlite"
"""
    )
    file.chmod(0o600)
    return file


@contextlib.asynccontextmanager
async def running(file: Path) -> AsyncIterator[Process]:
    """Run the bot as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "telegram_bot",
        "run",
        "--config",
        str(file),
        "--verbose",
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
