"""What a person types in a terminal: the first questions, the check, the health."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
import json
import logging
from pathlib import Path
import socket
import sqlite3

import aiohttp
import pyotp
import pytest

from telegram_bot.__main__ import main
from telegram_bot.application import CompanionBot
from telegram_bot.check import Finding, findings
from telegram_bot.config import (
    Config,
    HealthConfig,
    HomeAssistantConfig,
    TelegramConfig,
    load_config,
)
from telegram_bot.errors import PortTakenError
from telegram_bot.first_steps import GivenUpError, Terminal, first_steps
from telegram_bot.health import ask_health
from telegram_bot.health_page import HealthPage
from telegram_bot.run import run_until_told
from telegram_bot.second_factor import is_pin_of
from tests.patience import PATIENCE
from tests.telegram_bot.conftest import OWNER, Rig
from tests.telegram_bot.fake_home_assistant import TOKEN

NOW = 1_800_000_000.0


class Person:
    """Somebody at a terminal, whose answers are known beforehand."""

    def __init__(self, answers: Iterable[str]) -> None:
        """Keep the answers."""
        self.answers = deque(answers)
        self.shown: list[str] = []
        self.hidden: list[str] = []

    def terminal(self) -> Terminal:
        """Return the person's terminal."""
        return Terminal(self.shown.append, self._ask, self._ask_secret)

    def _ask(self, question: str) -> str:
        """Answer a question; what depends on what was shown is made from it."""
        self.shown.append(question)
        answer = self.answers.popleft()
        if answer == "CODE":
            secret = next(line for line in self.shown if "type this secret" in line)
            return pyotp.TOTP(secret.split(": ")[1]).at(int(NOW))
        return answer

    def _ask_secret(self, question: str) -> str:
        """Answer without showing it."""
        self.hidden.append(question)
        return self.answers.popleft()


def urls(rig: Rig) -> dict[str, str]:
    """Return where the Bot API is."""
    return {
        "base_url": rig.telegram.base_url,
        "base_file_url": rig.telegram.base_file_url,
    }


async def ask(rig: Rig, path: Path, answers: Iterable[str]) -> Person:
    """Answer the first questions."""
    person = Person(answers)
    await first_steps(path, person.terminal(), telegram=urls(rig), now=lambda: NOW)
    assert not person.answers
    return person


async def test_first_steps(stopped_rig: Rig, tmp_path: Path) -> None:
    """From nothing to a configuration with which the bot runs."""
    rig, path = stopped_rig, tmp_path / "bot.toml"
    await rig.send("/start")
    person = await ask(
        rig, path, [rig.telegram.token, "", "y", rig.home.url, TOKEN, ""]
    )
    assert path.stat().st_mode & 0o777 == 0o600
    config = load_config(path, {})
    assert config.access.owner == OWNER
    assert config.home_assistant == HomeAssistantConfig(rig.home.url, TOKEN, None)
    assert config.store_path == tmp_path / "bot.sqlite"
    assert config.second_factor.totp_secret is None
    shown = "\n".join(person.shown)
    assert f"Is this you: Ada ({OWNER})? [Y/n]" in shown
    assert TOKEN not in shown
    assert rig.telegram.token not in shown
    assert all([finding.is_fine async for finding in findings(config)])


async def test_first_steps_with_mistakes(stopped_rig: Rig, tmp_path: Path) -> None:
    """Each wrong answer is told at once, and asked for again."""
    rig, path = stopped_rig, tmp_path / "bot.toml"
    person = await ask(
        rig,
        path,
        [
            *("nonsense", rig.telegram.token),
            *("", "ada", str(OWNER)),
            *("http://127.0.0.1:1", "x", "n", rig.home.url, "wrong", "y"),
            *("3", "1", "000000", "CODE", "1000"),
        ],
    )
    shown = "\n".join(person.shown)
    for words in (
        "Telegram does not accept this token",
        "No other message has come yet",
        "An id is a number",
        "can't be reached at http://127.0.0.1:1",
        "Home Assistant does not accept the token",
        "not the code of this moment",
        "█",
    ):
        assert words in shown
    config = load_config(path, {})
    assert config.second_factor.totp_secret
    assert config.orders.second_factor_above == 1000


async def test_first_steps_with_a_pin(stopped_rig: Rig, tmp_path: Path) -> None:
    """A PIN is typed twice, and its hash alone is kept."""
    rig, path = stopped_rig, tmp_path / "bot.toml"
    await ask(
        rig,
        path,
        [
            *(rig.telegram.token, str(OWNER), rig.home.url, TOKEN),
            *("2", "12", "123456", "654321", "123456", "123456", ""),
        ],
    )
    config = load_config(path, {})
    assert config.second_factor.pin_hash
    assert is_pin_of("123456", config.second_factor.pin_hash)
    assert config.orders.second_factor_above == "always"
    assert "123456" not in path.read_text().replace(str(OWNER), "")


async def test_first_steps_given_up(stopped_rig: Rig, tmp_path: Path) -> None:
    """An empty answer ends the questions, and nothing is written."""
    path = tmp_path / "bot.toml"
    with pytest.raises(GivenUpError):
        await ask(stopped_rig, path, [stopped_rig.telegram.token, "7", "", ""])
    assert not path.exists()


def test_init_keeps_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration is never written over, and the end of the input is no accident."""
    path = tmp_path / "bot.toml"
    path.write_text("# mine")
    assert main(["init", "--config", str(path)]) == 1
    assert path.read_text() == "# mine"
    assert "is there already" in capsys.readouterr().err

    def end(_question: str) -> str:
        """Answer nothing any more."""
        raise EOFError

    monkeypatch.setattr("telegram_bot.__main__.getpass", end)
    assert main(["init", "--config", str(tmp_path / "other.toml")]) == 1
    assert "Given up; nothing was written." in capsys.readouterr().err


async def found(config: Config) -> list[Finding]:
    """Check a configuration."""
    return [finding async for finding in findings(config)]


async def test_check(stopped_rig: Rig) -> None:
    """What works is named, and who one is there."""
    rig = stopped_rig
    await rig.send("/start")
    store, telegram, owner, home = await found(rig.config())
    assert "can be written" in store.words
    assert "Telegram knows the bot as @" in telegram.words
    assert owner.words == f"The owner is Ada ({OWNER})."
    assert "runs the integration" in home.words
    assert all(finding.is_fine for finding in (store, telegram, owner, home))


async def test_check_of_an_administrator(stopped_rig: Rig) -> None:
    """A token that may do more than it needs works, with a hint."""
    stopped_rig.home.is_admin = True
    *_, home = await found(stopped_rig.config())
    assert home.is_fine
    assert "administrator's" in home.words


async def test_check_finds(stopped_rig: Rig, tmp_path: Path) -> None:
    """Each thing that is wrong is named on its own."""
    rig = stopped_rig
    config = rig.config()
    wrong = replace(
        config,
        telegram=TelegramConfig("1:unknown", rig.telegram.base_url + "x", "http://x"),
        home_assistant=HomeAssistantConfig(rig.home.url, "wrong", None),
        store_path=Path("/proc/none/bot.sqlite"),
    )
    words = [finding.words for finding in await found(wrong)]
    assert "let this user write" in words[0] or "can be written" in words[0]
    assert "Home Assistant does not accept the token" in words[3]
    assert not any(finding.is_fine for finding in (await found(wrong))[1:])
    gone = replace(
        config,
        access=replace(config.access, owner=987_654),
        telegram=replace(config.telegram, base_url="http://127.0.0.1:1/bot"),
        home_assistant=HomeAssistantConfig("http://127.0.0.1:1", "x", None),
    )
    words = [finding.words for finding in await found(gone)]
    assert "Telegram can't be reached" in words[1]
    assert "press Start" in words[2]
    assert "Home Assistant can't be reached" in words[3]


async def test_check_without_the_integration(stopped_rig: Rig) -> None:
    """Home Assistant alone is not enough."""
    stopped_rig.home.status_refused = "unknown_command"
    *_, home = await found(stopped_rig.config())
    assert not home.is_fine
    assert "not set up there" in home.words


def test_check_in_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells, and so does each line."""
    assert main(["check", "--config", str(tmp_path / "none.toml")]) == 2
    file = tmp_path / "bot.toml"
    file.write_text(
        '[telegram]\ntoken = "1:abc"\nbase_url = "http://127.0.0.1:1/bot"\n'
        '[home_assistant]\nurl = "http://127.0.0.1:1"\ntoken = "x"\n'
        '[access]\nowner = 1\n[store]\npath = "bot.sqlite"\n'
    )
    file.chmod(0o600)
    assert main(["check", "--config", str(file)]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("ok      The configuration can be read.")
    assert "WRONG   Telegram can't be reached" in shown


async def test_health(stopped_rig: Rig) -> None:
    """A page says how the bot is doing; a lost Home Assistant is told, but no reason to restart."""
    rig = stopped_rig
    await rig.start()
    assert rig.bot
    page = HealthPage(HealthConfig(0, "127.0.0.1"), rig.bot.health)
    port = await page.start()
    try:
        well, words = await ask_health(HealthConfig(port, "127.0.0.1"))
        assert well
        assert json.loads(words) == {
            "well": True,
            "telegram": True,
            "home_assistant": True,
            "store": True,
            "waiting": 0,
        }
        await rig.home.vanish()
        async with asyncio.timeout(PATIENCE):
            while json.loads(words)["home_assistant"]:
                well, words = await ask_health(HealthConfig(port, "127.0.0.1"))
        assert well
    finally:
        await page.stop()
    well, words = await ask_health(HealthConfig(port, "127.0.0.1"))
    assert not well
    assert "does not answer" in words


async def test_health_of_a_sick_bot(
    stopped_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it runs, and when its disk refuses, the page says 503."""
    rig = stopped_rig
    assert not (await CompanionBot(rig.config()).health()).is_well
    await rig.start()
    assert rig.bot

    def refuse(*_: object) -> int:
        """Refuse as a disk that is full."""
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("telegram_bot.application.count_waiting", refuse)
    health = await rig.bot.health()
    assert not health.store
    page = HealthPage(HealthConfig(0, "127.0.0.1"), rig.bot.health)
    port = await page.start()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/health") as response,
    ):
        assert response.status == 503
    await page.stop()


async def test_port_in_use(stopped_rig: Rig) -> None:
    """A page that can't be where it shall be is told in words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        health = HealthConfig(taken.getsockname()[1], "127.0.0.1")
        config = replace(stopped_rig.config(), health=health)
        with pytest.raises(PortTakenError, match=r"health\.port: nothing can listen"):
            await run_until_told(config)


def test_health_in_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is what a container's health check looks at."""
    file = tmp_path / "bot.toml"
    text = (
        '[telegram]\ntoken = "1:abc"\n[home_assistant]\nurl = "http://h"\ntoken = "x"\n'
        '[access]\nowner = 1\n[store]\npath = "bot.sqlite"\n'
    )
    file.write_text(text)
    file.chmod(0o600)
    assert main(["health", "--config", str(file)]) == 2
    assert "health.port is not set" in capsys.readouterr().err
    file.write_text(f"{text}[health]\nport = 1\n")
    assert main(["health", "--config", str(file)]) == 1
    assert main(["health", "--config", str(tmp_path / "none")]) == 2


def test_options_of_an_app(tmp_path: Path) -> None:
    """Home Assistant hands an app its options as JSON; its own address comes from the environment."""
    file = tmp_path / "options.json"
    file.write_text(
        json.dumps({"telegram": {"token": "1:abc"}, "access": {"owner": 7}})
    )
    config = load_config(
        file,
        {
            "CEXIO_BOT_HOME_ASSISTANT_URL": "http://supervisor/core",
            "CEXIO_BOT_HOME_ASSISTANT_TOKEN": "of the supervisor",
            "CEXIO_BOT_STORE_PATH": "/data/bot.sqlite",
        },
    )
    assert config.access.owner == 7
    assert config.home_assistant.url == "http://supervisor/core"


def test_log_in_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each line is one object, without secrets."""
    file = tmp_path / "bot.toml"
    file.write_text(
        '[telegram]\ntoken = "1:abcdef"\n[home_assistant]\nurl = "http://h"\ntoken = "hush-hush"\n'
        '[access]\nowner = 1\n[store]\npath = "bot.sqlite"\n[logging]\nformat = "json"\n'
    )
    file.chmod(0o600)

    def run(_config: Config) -> int:
        """Log something, as a bot does."""
        logging.getLogger("some").warning("the token is %s", "hush-hush")
        return 0

    monkeypatch.setattr("telegram_bot.run.run", run)
    assert main(["run", "--config", str(file)]) == 0
    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "the token is **redacted**"
    assert (line["level"], line["logger"]) == ("WARNING", "some")
