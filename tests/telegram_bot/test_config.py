"""The settings: what is accepted, and how a mistake is told."""

import logging
from pathlib import Path

import pytest

from telegram_bot.config import ConfigError, load_config
from tests.telegram_bot.settings_file import GOOD, load


def test_good_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A short file is enough; the rest has defaults."""
    config = load(tmp_path, GOOD)
    assert config.telegram.base_url == "https://api.telegram.org/bot"
    assert config.home_assistant.url == "http://127.0.0.1:8123"
    assert config.home_assistant.config_entry_id is None
    assert config.access.owner == 1001
    assert config.access.traders == (1002,)
    assert config.access.viewers == ()
    assert config.store_path == tmp_path / "bot.sqlite"
    assert config.orders.confirm_seconds == 120
    assert config.orders.default_account_id is None
    assert not caplog.records


def test_repr_hides_the_tokens(tmp_path: Path) -> None:
    """Nobody logs a token by logging the settings."""
    config = load(tmp_path, GOOD)
    assert all(secret not in repr(config) for secret in config.secrets)


def test_environment_wins(tmp_path: Path) -> None:
    """Environment variables replace keys of the file, lists with commas."""
    config = load(
        tmp_path,
        GOOD,
        {
            "CEXIO_BOT_TELEGRAM_TOKEN": "99:other",
            "CEXIO_BOT_HOME_ASSISTANT_CONFIG_ENTRY_ID": "abc",
            "CEXIO_BOT_ACCESS_TRADERS": "7, 8",
            "CEXIO_BOT_ACCESS_GROUPS": "-1001, -5",
            "CEXIO_BOT_ORDERS_CONFIRM_SECONDS": "45",
            "CEXIO_BOT_ORDERS_DEFAULT_ACCOUNT_ID": "trading",
        },
    )
    assert config.telegram.token == "99:other"
    assert config.home_assistant.config_entry_id == "abc"
    assert config.access.traders == (7, 8)
    assert config.access.groups == (-1001, -5)
    assert config.orders.confirm_seconds == 45
    assert config.orders.default_account_id == "trading"


def test_environment_alone() -> None:
    """No file is needed."""
    config = load_config(
        None,
        {
            "CEXIO_BOT_TELEGRAM_TOKEN": "99:other",
            "CEXIO_BOT_HOME_ASSISTANT_URL": "https://home.example",
            "CEXIO_BOT_HOME_ASSISTANT_TOKEN": "x",
            "CEXIO_BOT_ACCESS_OWNER": "5",
            "CEXIO_BOT_STORE_PATH": "/data/bot.sqlite",
        },
    )
    assert config.store_path == Path("/data/bot.sqlite")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'token = "123456:AAbot-token"',
            "",
            "telegram.token: is missing; expected the token that @BotFather gave you",
        ),
        ('token = "123456:AAbot-token"', "", "CEXIO_BOT_TELEGRAM_TOKEN"),
        (
            'token = "123456:AAbot-token"',
            'token = "x"',
            "telegram.token: expected the token that @BotFather gave you",
        ),
        (
            '"http://127.0.0.1:8123/"',
            '"homeassistant"',
            "home_assistant.url: expected an address such as http://",
        ),
        (
            '"secret-of-home-assistant"',
            '""',
            "home_assistant.token: expected a long-lived access token",
        ),
        (
            "owner = 1001",
            'owner = "@ada"',
            "access.owner: expected a numeric Telegram user id",
        ),
        (
            "owner = 1001",
            "owner = true",
            "access.owner: expected a numeric Telegram user id",
        ),
        (
            "traders = [1002]",
            "traders = 1002",
            "access.traders: expected a list of numeric Telegram user ids",
        ),
        (
            "traders = [1002]",
            "traders = [1001]",
            "access: each person may have one role only",
        ),
        (
            "traders = [1002]",
            "viewers = [1, 2, 1001]",
            "access: each person may have one role only",
        ),
        (
            "traders = [1002]",
            "groups = [1002]",
            "access.groups: expected the numeric id of a Telegram group",
        ),
        (
            "traders = [1002]",
            "groups = -1002",
            "access.groups: expected a list of numeric Telegram group ids",
        ),
        (
            "traders = [1002]",
            "tradesr = [1002]",
            "access.tradesr: unknown; did you mean access.traders?",
        ),
        (
            "traders = [1002]",
            "zzz = 1",
            "access.zzz: unknown; known are owner, traders, viewers",
        ),
        ("[store]", "[stroe]", "[stroe]: unknown; did you mean [store]?"),
        (
            "[store]",
            "[orders]\nconfirm_seconds = 5\n[store]",
            "orders.confirm_seconds: expected whole seconds from 10 to 600",
        ),
        ("[telegram]", "store = 5\n[telegram]", "is not valid TOML"),
        (
            "[telegram]",
            "orders = 5\n[telegram]",
            "[orders]: expected a section, not a single value",
        ),
        ("[telegram]", "[telegram", "is not valid TOML"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, words: str) -> None:
    """The key is named, and what is expected."""
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert words in str(caught.value)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """One run tells everything, and never repeats a secret."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, '[telegram]\ntoken = "my-secret"\n')
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "telegram.token",
        "home_assistant.url",
        "home_assistant.token",
        "access.owner",
        "store.path",
    ]
    assert "my-secret" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A file that isn't there is named."""
    with pytest.raises(
        ConfigError, match=r"nothing\.toml: can't be read: No such file"
    ):
        load_config(tmp_path / "nothing.toml", {})


def test_file_readable_by_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens that everybody can read are worth a warning."""
    file = tmp_path / "bot.toml"
    file.write_text(GOOD)
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        load_config(file, {})
    assert "can be read by others; run: chmod 600" in caplog.text
