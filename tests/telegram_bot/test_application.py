"""The bot as a process and as a whole: starts, waits, stops."""

import asyncio
from collections.abc import Coroutine
import json
import logging
import os
from pathlib import Path
import signal
import time
from typing import Any

import pytest

from simulators.telegram.server import TelegramServer
from telegram_bot.__main__ import main
from telegram_bot.application import CompanionBot, TokenRefusedError
from telegram_bot.config import load_config
from telegram_bot.run import run_until_told
from telegram_bot.store import StoreError
from tests.patience import PATIENCE
from tests.telegram_bot.conftest import Rig
from tests.telegram_bot.fake_home_assistant import TOKEN, FakeHomeAssistant, price_alert
from tests.telegram_bot.processes import running, write_config


async def test_process(stopped_rig: Rig, tmp_path: Path) -> None:
    """Ready on stdout, answers, stops on SIGTERM in time, and no secret in its logs."""
    rig = stopped_rig
    file = write_config(tmp_path, rig.telegram, rig.home)
    async with running(file) as process, asyncio.timeout(PATIENCE):
        assert process.stdout
        ready = json.loads(await process.stdout.readline())
        assert ready == {"ready": True, "username": ready["username"]}
        assert ready["username"].lower().endswith("bot")
        await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD")
        await rig.home.publish(price_alert(1))
        await rig.wait_message("70,001")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
        assert process.returncode == 0
        assert time.monotonic() - began < 5
        assert output == b""
        log = errors.decode()
        assert "Stopped" in log
        assert TOKEN not in log
        assert rig.telegram.token not in log
        assert "Traceback" not in log
    assert (tmp_path / "data" / "bot.sqlite").stat().st_mode & 0o077 == 0


async def test_run_in_this_process(
    stopped_rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same without a process of its own: ready, then a signal."""
    rig = stopped_rig
    config = load_config(write_config(tmp_path, rig.telegram, rig.home), {})
    run = asyncio.create_task(run_until_told(config))
    await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD")
    shown = ""
    async with asyncio.timeout(PATIENCE):
        while not shown:
            await rig.ask("/help", "You own this bot")
            shown = capsys.readouterr().out
        assert json.loads(shown)["ready"] is True
        os.kill(os.getpid(), signal.SIGTERM)
        await run


async def test_run_without_a_store(stopped_rig: Rig, tmp_path: Path) -> None:
    """What can't mend itself ends the run."""
    rig = stopped_rig
    (tmp_path / "data").write_text("in the way")
    config = load_config(write_config(tmp_path, rig.telegram, rig.home), {})
    with pytest.raises(StoreError, match="can't be used"):
        await run_until_told(config)


def test_main_without_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The exit code tells, and one line says why."""
    (tmp_path / "data").write_text("in the way")
    file = write_config(tmp_path, TelegramServer(port=1), FakeHomeAssistant())
    monkeypatch.setattr("telegram_bot.__main__.set_up_logging", lambda *_, **__: None)
    assert main(["run", "--config", str(file)]) == 1
    assert "can't be used" in caplog.text


async def test_process_stops_while_nobody_is_there(
    stopped_rig: Rig, tmp_path: Path
) -> None:
    """A bot that still waits for both sides stops at once."""
    rig = stopped_rig
    file = write_config(tmp_path, rig.telegram, rig.home)
    await rig.home.vanish()
    await rig.telegram.stop()
    async with running(file) as process, asyncio.timeout(PATIENCE):
        assert process.stderr
        said = b""
        while (
            b"Telegram can't be reached" not in said
            or b"Home Assistant can't be reached" not in said
        ):
            said += await process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0
    await rig.telegram.start()


async def test_process_killed_goes_on(stopped_rig: Rig, tmp_path: Path) -> None:
    """What happened after a kill -9 is told after the restart."""
    rig = stopped_rig
    file = write_config(tmp_path, rig.telegram, rig.home)
    async with running(file) as process, asyncio.timeout(PATIENCE):
        assert process.stdout
        await process.stdout.readline()
        await rig.home.publish(price_alert(1))
        await rig.ask("/start", "You own this bot")
        await rig.wait_message("70,001")
        # Answered only when it has been noted that the one before arrived.
        await rig.ask("/help", "You own this bot")
        process.kill()
        await process.wait()
    await rig.home.publish(price_alert(2))
    async with running(file), asyncio.timeout(PATIENCE):
        await rig.wait_message("70,002")
    assert sum("70,001" in text for text in await rig.texts()) == 1


def test_bad_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that can't be used is told on stderr, without a traceback."""
    file = tmp_path / "bot.toml"
    file.write_text("[telegram]\n")
    assert main(["run", "--config", str(file)]) == 2
    shown = capsys.readouterr()
    assert "telegram.token: is missing" in shown.err
    assert shown.out == ""


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows a whole configuration file."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "[home_assistant]" in capsys.readouterr().out


async def test_home_assistant_comes_later(
    stopped_rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Home Assistant the bot runs, says so, and goes on when it is there."""
    rig = stopped_rig
    await rig.home.vanish()
    bot = rig.bot = CompanionBot(rig.config(), clock=rig.clock)
    await bot.start()
    await rig.ask("/price BTC-USD", "Home Assistant can't be reached right now.")
    ready = asyncio.create_task(bot.wait_ready())
    assert not ready.done()
    await rig.home.listen()
    await rig.clock.pass_until(ready.done)
    await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD")


async def test_telegram_comes_later(
    stopped_rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Telegram the feed is read already, and told when Telegram is there."""
    rig = stopped_rig
    await rig.send("hello")
    await rig.fault("bad_gateway", method="getMe", count=3)
    bot = rig.bot = CompanionBot(rig.config(), clock=rig.clock)
    starting = asyncio.create_task(bot.start())
    await rig.home.wait_subscribed()
    await rig.clock.pass_until(starting.done)
    await starting
    assert caplog.text.count("Telegram can't be reached, trying until it is there") == 1
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001")


@pytest.mark.parametrize("kind", ["bad_request", "forbidden"])
async def test_refused_menu(
    stopped_rig: Rig, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A menu that Telegram will never take does not keep the bot from its work."""
    rig = stopped_rig
    await rig.fault(kind, method="setMyCommands", count=1000)
    await rig.start()
    await rig.ask("/help", "You own this bot")
    assert "Telegram refuses the menu in en" in caplog.text
    assert "can't be reached" not in caplog.text


async def test_refused_token_at_the_start(stopped_rig: Rig) -> None:
    """A token that Telegram does not accept ends the bot with a clear sentence."""
    rig = stopped_rig
    await rig.send("hello")
    await rig.control("revoke", {"revoked": True})
    rig.bot = CompanionBot(rig.config(), clock=rig.clock)
    with pytest.raises(
        TokenRefusedError, match=r"does not accept the token of telegram\.token"
    ):
        await rig.bot.start()


async def test_refused_token_later(rig: Rig) -> None:
    """A token that is revoked while the bot runs ends it as well."""
    assert rig.bot
    await rig.control("revoke", {"revoked": True})
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(TokenRefusedError):
            await rig.bot.wait_broken()


async def test_second_poller_is_said_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Another program with the same token is named in the log; the bot goes on afterwards."""
    await rig.fault("conflict", method="getUpdates", count=2)
    # The first may still come by the call that was under way.
    for _ in range(2):
        await rig.ask("/help", "You own this bot")
    assert caplog.text.count("Another program asks for this bot's updates") == 1


async def test_outage_of_updates_is_said_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """A Telegram that fails for a while does not fill the log."""
    await rig.fault("bad_gateway", method="getUpdates", count=2)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await rig.ask("/help", "You own this bot")
    assert caplog.text.count("Telegram can't be reached for updates") == 1


async def test_stops_in_time_while_telegram_hangs(rig: Rig) -> None:
    """Calls that hang do not hold up the end, and nothing is lost."""
    await rig.fault("timeout", method="*", count=100, seconds=60)
    await rig.home.publish(price_alert(1))
    await rig.send("/balance")
    await rig.home.wait_for(lambda: bool(rig.home.journal))
    began = time.monotonic()
    await rig.stop()
    assert time.monotonic() - began < 5
    async with rig.session.delete(f"{rig.telegram.control}/faults") as response:
        assert response.status == 200
    await rig.start()
    await rig.wait_message("70,001")


async def test_secret_in_an_accident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody expected ends the bot with its story in the log, without the secrets."""
    file = write_config(tmp_path, TelegramServer(port=1), FakeHomeAssistant())

    def run(work: Coroutine[Any, Any, None]) -> None:
        """Fail with words that hold a secret."""
        work.close()
        raise RuntimeError(f"{TOKEN} was not expected")

    monkeypatch.setattr("telegram_bot.run.asyncio.run", run)
    assert main(["run", "--config", str(file)]) == 1
    shown = capsys.readouterr()
    assert "**redacted** was not expected" in shown.err
    assert TOKEN not in shown.err + shown.out


async def test_not_started(stopped_rig: Rig) -> None:
    """Waiting for a bot that was never started is a mistake of the caller."""
    with pytest.raises(RuntimeError, match="start first"):
        await CompanionBot(stopped_rig.config()).wait_ready()
