"""A file of settings that works, and how it is read."""

from collections.abc import Mapping
from pathlib import Path

from telegram_bot.config import Config, load_config

GOOD = """
[telegram]
token = "123456:AAbot-token"
[home_assistant]
url = "http://127.0.0.1:8123/"
token = "secret-of-home-assistant"
[access]
owner = 1001
traders = [1002]
[store]
path = "bot.sqlite"
"""


def load(
    tmp_path: Path, text: str, environment: Mapping[str, str] | None = None
) -> Config:
    """Read settings from a file."""
    file = tmp_path / "bot.toml"
    file.write_text(text)
    file.chmod(0o600)
    return load_config(file, environment or {})
