"""The chat page: its files, its events, and what its user does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import re
from typing import Any

import aiohttp
import orjson
import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
)
from telegram.constants import ParseMode

from simulators.telegram.clock import ManualClock
from simulators.telegram.page import FILES, FOLDER, KEEP_ALIVE_SECONDS
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, BOB, Hands

type Line = bytes


class Events:
    """Read server-sent events."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        """Read from a response."""
        self._content = content

    async def line(self) -> Line:
        """Return the next line that is not empty."""
        async with asyncio.timeout(PATIENCE):
            while not (line := (await self._content.readline()).strip()):
                assert not self._content.at_eof()
        return line

    async def next(self) -> dict[str, Any]:
        """Return the next event."""
        while not (line := await self.line()).startswith(b"data: "):
            pass
        return dict(orjson.loads(line.removeprefix(b"data: ")))

    async def until(self, chat_id: int, name: str) -> dict[str, Any]:
        """Return a chat from the first event in which a field of it is not empty."""
        while True:
            for chat in (await self.next())["chats"]:
                if chat["chat_id"] == chat_id and chat[name]:
                    return dict(chat)


@asynccontextmanager
async def listening(
    session: aiohttp.ClientSession, server: TelegramServer, user: int
) -> AsyncIterator[Events]:
    """Open the page's stream of events."""
    async with session.get(f"{server.root}/page/events?user={user}") as response:
        assert response.content_type == "text/event-stream"
        yield Events(response.content)


async def test_files(session: aiohttp.ClientSession, telegram: TelegramServer) -> None:
    """The page comes whole from this server, with a policy that lets nothing else in."""
    kinds = {
        "html": "text/html",
        "css": "text/css",
        "js": "text/javascript",
        "svg": "image/svg+xml",
    }
    for path, name in FILES.items():
        async with session.get(telegram.root + path) as response:
            assert response.status == 200
            assert response.content_type == kinds[name.rpartition(".")[2]]
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_nothing_comes_from_elsewhere() -> None:
    """All that the files name is served here, and all that is served is named."""
    named = {"/"}
    for name in FILES.values():
        text = (FOLDER / name).read_text()
        named |= set(re.findall(r"/page/\w+\.(?:css|js|svg)", text))
        addresses = re.findall(r"https?://[\w./]+", text)
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}
        assert "innerHTML" not in text
    assert named == set(FILES)
    assert {path.name for path in FOLDER.iterdir()} == set(FILES.values())


async def test_what_a_person_sees(
    session: aiohttp.ClientSession, telegram: TelegramServer, bot: Bot, hands: Hands
) -> None:
    """First comes everything, then each change; other people's chats never."""
    await bot.set_my_commands([BotCommand("price", "Show a price")])
    await bot.set_my_description("Trades for you")
    await bot.send_message(ADA, "<b>one</b>", "HTML")
    await bot.send_message(BOB, "secret")
    async with listening(session, telegram, ADA) as events:
        first = await events.next()
        assert first["reset"]
        assert first["me"]["first_name"] == "Ada"
        assert first["bot"]["description"] == "Trades for you"
        assert [user["id"] for user in first["users"]] == [ADA, BOB]
        (chat,) = first["chats"]
        assert chat["title"] == "CEX.IO Bot"
        assert chat["commands"] == [{"command": "price", "description": "Show a price"}]
        assert [row["html"] for row in chat["messages"]] == ["<b>one</b>"]
        sent = await bot.send_message(ADA, "two")
        chat = await events.until(ADA, "messages")
        assert [row["text"] for row in chat["messages"]] == ["two"]
        await bot.edit_message_text("three", ADA, sent.message_id)
        chat = await events.until(ADA, "messages")
        assert [(row["text"], row["edited"]) for row in chat["messages"]] == [
            ("three", True)
        ]
        await bot.delete_message(ADA, sent.message_id)
        assert (await events.until(ADA, "removed"))["removed"] == [sent.message_id]
        await bot.send_chat_action(ADA, "typing")
        assert (await events.until(ADA, "action"))["action"] == "typing"


async def test_what_a_person_does(
    session: aiohttp.ClientSession, telegram: TelegramServer, bot: Bot, hands: Hands
) -> None:
    """Typing, editing and tapping on the page reach the bot, and its answer the page."""
    async with listening(session, telegram, ADA) as events:
        await events.next()
        written = await hands.call(
            "POST",
            "/page/send",
            {"user_id": ADA, "chat_id": ADA, "text": "/buy", "reply_to": None},
        )
        edited = {"user_id": ADA, "message_id": written["message_id"], "text": "/sell"}
        await hands.call("POST", "/page/edit", edited)
        keyboard = InlineKeyboardMarkup(
            [[InlineKeyboardButton("Confirm", callback_data="y")]]
        )
        sent = await bot.send_message(ADA, "Sure?", reply_markup=keyboard)
        tap = {
            "user_id": ADA,
            "message_id": sent.message_id,
            "button": "y",
            "chat_id": ADA,
        }
        tapped = await hands.call("POST", "/page/tap", tap)
        message, edit, query = await bot.get_updates()
        assert message.message is not None
        assert message.message.text == "/buy"
        assert edit.edited_message is not None
        assert query.callback_query is not None
        await query.callback_query.answer("Placed")
        chat = await events.until(ADA, "answers")
        assert chat["answers"][0]["callback_query_id"] == tapped["callback_query_id"]
        assert chat["answers"][0]["text"] == "Placed"
    refused = await hands.call("POST", "/page/send", {"user_id": ADA, "text": ""}, 400)
    assert refused["error"] == "there is nothing to send"
    async with listening(session, telegram, ADA) as events:
        assert (await events.next())["chats"][0]["answers"] == []


async def test_a_reset_begins_anew(
    session: aiohttp.ClientSession, telegram: TelegramServer, bot: Bot, hands: Hands
) -> None:
    """After a reset the page gets everything again."""
    await bot.send_message(ADA, "old")
    async with listening(session, telegram, ADA) as events:
        await events.next()
        await hands.post("/reset")
        again = await events.next()
        assert again["reset"]
        assert again["chats"][0]["messages"] == []


async def test_the_line_is_kept_open(
    session: aiohttp.ClientSession, telegram: TelegramServer, clock: ManualClock
) -> None:
    """Now and then the server says that it is still there, and lets go when it stops."""
    async with listening(session, telegram, 4004) as events:
        assert (await events.next())["chats"][0]["messages"] == []
        async with asyncio.timeout(PATIENCE):
            await clock.somebody_waits()
        clock.advance(KEEP_ALIVE_SECONDS)
        assert await events.line() == b": still here"
        async with asyncio.timeout(5):
            await telegram.stop()


async def test_groups_on_the_page(
    session: aiohttp.ClientSession, telegram: TelegramServer, hands: Hands
) -> None:
    """A group shows to its members alone."""
    chat_id = (await hands.post("/chats", title="Desk", members=[ADA]))["chat_id"]
    for user, seen in ((ADA, [ADA, chat_id]), (BOB, [BOB])):
        async with listening(session, telegram, user) as events:
            assert [chat["chat_id"] for chat in (await events.next())["chats"]] == seen


@pytest.mark.parametrize("query", ["", "?user=x", "?user=1001&bot=9"])
async def test_nobody_is_there(hands: Hands, query: str) -> None:
    """Events are for somebody and of a bot that exists."""
    assert (await hands.call("GET", f"/page/events{query}", status=400))["error"]


async def test_inline_on_the_page(
    session: aiohttp.ClientSession, telegram: TelegramServer, bot: Bot, hands: Hands
) -> None:
    """What the bot offers comes up, and a choice is sent as the person's own message."""
    async with listening(session, telegram, ADA) as events:
        await events.next()
        asked = {"user_id": ADA, "query": "btc"}
        asking = asyncio.ensure_future(hands.call("POST", "/page/inline", asked))
        (update,) = await bot.get_updates(timeout=5)
        assert update.inline_query is not None
        content = InputTextMessageContent("<b>60000</b>", ParseMode.HTML)
        await update.inline_query.answer(
            [InlineQueryResultArticle("1", "BTC-USD", content)]
        )
        offered = await asking
        assert offered["results"][0]["title"] == "BTC-USD"
        choice = {"user_id": ADA, "id": offered["id"], "result": "1"}
        await hands.call("POST", "/page/choose", choice)
        chat = await events.until(ADA, "messages")
        assert chat["messages"][-1]["html"] == "<b>60000</b>"
        assert chat["messages"][-1]["via"] == bot.username
        assert chat["messages"][-1]["from"] == ADA


async def test_inline_without_an_answer(hands: Hands, clock: ManualClock) -> None:
    """A bot that does not answer leaves the list empty."""
    asked = {"user_id": ADA, "query": "btc"}
    asking = asyncio.ensure_future(hands.call("POST", "/page/inline", asked))
    while not asking.done():
        await asyncio.sleep(0.01)
        clock.advance(1)
    assert (await asking)["results"] is None
