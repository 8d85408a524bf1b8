"""Logs never hold a secret."""

from collections.abc import Iterator
import io
import logging
from urllib.parse import quote

import pytest

from telegram_bot.logs import set_up_logging
from tests.telegram_bot.conftest import Rig

SECRET = "123456:AAsecret/with+signs"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log into memory, and put things back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {
        name: logging.getLogger(name).level for name in ("telegram", "telegram.request")
    }
    stream = io.StringIO()
    set_up_logging([SECRET, ""], verbose=False, stream=stream)
    yield stream
    root.handlers[:], level = before
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


async def test_what_people_write_is_not_logged(
    log: io.StringIO, stopped_rig: Rig
) -> None:
    """Not even verbose logs tell a PIN, which the library would repeat with each update."""
    set_up_logging([SECRET], verbose=True, stream=log)
    await stopped_rig.start()
    await stopped_rig.ask("4711", "I understand commands only")
    await stopped_rig.stop()
    logging.getLogger("telegram_bot").debug("This is told.")
    assert "4711" not in log.getvalue()
    assert "This is told." in log.getvalue()


def test_secrets_are_blacked_out(log: io.StringIO) -> None:
    """In texts, arguments, quoted forms and tracebacks."""
    settings: dict[str, str] = {}
    logger = logging.getLogger("some.library")
    logger.warning("url https://host/bot%s/getMe", SECRET)
    logger.warning("quoted %s", quote(SECRET, safe=""))
    try:
        settings[SECRET]
    except KeyError:
        logger.exception("it broke")
    text = log.getvalue()
    assert text.count("**redacted**") == 3
    assert "KeyError: '**redacted**'" in text
    assert "AAsecret" not in text
