"""The page for users shows every command."""

from pathlib import Path
import re

import pytest

from telegram_bot.commands import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "telegram.md").read_text("utf-8")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_command_is_shown(name: str) -> None:
    """Each command is named, and there is a picture of its answer."""
    assert re.search(rf"`/{name}\b", PAGE)
    assert f'src="images/telegram-{name}.png"' in PAGE


def test_pictures_are_there() -> None:
    """Each picture of the page exists, and no picture is left over."""
    shown = set(re.findall(r'src="images/(telegram-[\w-]+\.png)"', PAGE))
    assert shown == {path.name for path in (DOCS / "images").glob("telegram-*.png")}


def test_pictures_have_words() -> None:
    """Who can't see a picture is told what it shows."""
    assert len(re.findall(r'<img [^>]*alt="[^"]{10,}"', PAGE)) == PAGE.count("<img ")
