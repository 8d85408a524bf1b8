"""The stand-in as a process, and a whole application against it."""

import asyncio
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
import orjson
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
)

from simulators.telegram import __main__ as command
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, Hands

ROOT = Path(__file__).parents[3]


async def start(*arguments: str) -> asyncio.subprocess.Process:
    """Start the stand-in as a person does."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators.telegram",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_process(tmp_path: Path) -> None:
    """It says in one line where it is, serves, keeps its state and stops when told."""
    state = tmp_path / "telegram.json"
    process = await start("--port", "0", "--state", str(state), "--limits")
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        ready = orjson.loads(await process.stdout.readline())
        assert ready["users"] == [
            {"id": 1001, "first_name": "Ada"},
            {"id": 1002, "first_name": "Bob"},
        ]
        async with aiohttp.ClientSession() as session:
            address = f"{ready['base_url']}{ready['token']}/getMe"
            async with session.get(address) as response:
                assert (await response.json())["ok"]
            async with session.get(ready["chat_page"]) as response:
                assert response.content_type == "text/html"
            async with session.get(f"{ready['control']}/") as response:
                assert response.status == 200
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
    assert (process.returncode, output, errors) == (0, b"", b"")
    assert state.exists()


async def test_a_taken_port(telegram: TelegramServer) -> None:
    """A port that is taken is reported in one line."""
    process = await start("--port", telegram.root.rpartition(":")[2])
    async with asyncio.timeout(PATIENCE):
        output, errors = await process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert errors.startswith(b"The Telegram stand-in cannot start: ")
    with pytest.raises(OSError, match="in use"):
        await TelegramServer(port=int(telegram.root.rpartition(":")[2])).start()


class Output:
    """Standard output whose first line can be waited for."""

    def __init__(self) -> None:
        """Begin empty."""
        self.text = ""
        self.flushed = asyncio.Event()

    def write(self, text: str) -> None:
        """Take what is said."""
        self.text += text

    def flush(self) -> None:
        """Say that a line is complete."""
        self.flushed.set()


async def test_run_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops on Ctrl-C as it does on the ordinary signal to end."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    running = asyncio.create_task(command.run(command.read_arguments([])))
    async with asyncio.timeout(PATIENCE):
        await output.flushed.wait()
        ready = orjson.loads(output.text)
        assert ready["control"] == f"{ready['chat_page']}control"
        signal.raise_signal(signal.SIGINT)
        await running


def test_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells whether it could start."""

    async def refuse(arguments: object) -> None:
        raise OSError("taken")

    async def serve(arguments: object) -> None:
        return

    monkeypatch.setattr(sys, "argv", ["telegram"])
    monkeypatch.setattr(command, "run", refuse)
    assert command.main() == 1
    assert capsys.readouterr().err == "The Telegram stand-in cannot start: taken\n"
    monkeypatch.setattr(command, "run", serve)
    assert command.main() == 0


async def test_a_whole_application(telegram: TelegramServer, hands: Hands) -> None:
    """An application of python-telegram-bot polls, answers and edits, unmodified."""

    async def buy(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message is not None
        button = InlineKeyboardButton("Confirm", callback_data="o:1:y", style="success")
        await update.effective_message.reply_html(
            "<b>Buy</b>", reply_markup=InlineKeyboardMarkup([[button]])
        )

    async def confirm(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Placed")
        await update.callback_query.edit_message_text(
            "<b>Placed</b>", parse_mode="HTML"
        )

    application: Application[Any, Any, Any, Any, Any, Any] = (
        ApplicationBuilder()
        .token(telegram.token)
        .base_url(telegram.base_url)
        .base_file_url(telegram.base_file_url)
        .build()
    )
    application.add_handler(CommandHandler("buy", buy))
    application.add_handler(CallbackQueryHandler(confirm))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=30)
        await hands.write("/buy")
        card = await shown(hands, "Buy")
        await hands.post(
            "/tap", user_id=ADA, message_id=card["message_id"], button="Confirm"
        )
        assert (await shown(hands, "Placed"))["edited"]
        chat = await hands.get(f"/chats/{ADA}")
        assert [answer["text"] for answer in chat["answers"]] == ["Placed"]
        await application.updater.stop()
        await application.stop()


async def shown(hands: Hands, text: str) -> dict[str, Any]:
    """Wait until the newest message of Ada's chat has a text, and return it."""
    revision = -1
    async with asyncio.timeout(PATIENCE):
        while True:
            chat = await hands.get(f"/chats/{ADA}?after={revision}&timeout=5")
            revision = chat["revision"]
            if chat["messages"] and chat["messages"][-1]["text"] == text:
                return dict(chat["messages"][-1])
