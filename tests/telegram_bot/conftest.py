"""The whole bot between a Telegram and a Home Assistant of this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import contextlib
import logging
from pathlib import Path
from random import Random
import sqlite3
from typing import Any

import aiohttp
import pytest
from telegram import Bot

from simulators.telegram.models import CallbackQuery
from simulators.telegram.server import TelegramServer
from simulators.telegram.wire import message_to_wire
from telegram_bot.application import CompanionBot
from telegram_bot.config import (
    AccessConfig,
    Config,
    HomeAssistantConfig,
    OrdersConfig,
    SecondFactorConfig,
    TelegramConfig,
)
from telegram_bot.store import Store
from telegram_bot.transport import Transport
from tests.patience import PATIENCE
from tests.telegram_bot.fake_home_assistant import TOKEN, FakeHomeAssistant
from tests.telegram_bot.manual_clock import ManualClock
from tests.telegram_bot.post import Post

type Json = dict[str, Any]

OWNER = 1001
TRADER = 1002
VIEWER = 1003
STRANGER = 6666


class Rig:
    """A bot, its two neighbours, and the hands of the people who use it."""

    def __init__(
        self,
        telegram: TelegramServer,
        home: FakeHomeAssistant,
        session: aiohttp.ClientSession,
        path: Path,
    ) -> None:
        """Put the parts together; `start` runs the bot."""
        self.telegram = telegram
        self.home = home
        self.clock = ManualClock()
        self.session = session
        self.store_path = path / "bot.sqlite"
        self.people = AccessConfig(OWNER, (), ())
        self.orders = OrdersConfig(120, None)
        self.second_factor = SecondFactorConfig()
        self.bot: CompanionBot | None = None

    def config(self) -> Config:
        """Return the bot's settings."""
        return Config(
            telegram=TelegramConfig(
                self.telegram.token, self.telegram.base_url, self.telegram.base_file_url
            ),
            home_assistant=HomeAssistantConfig(self.home.url, TOKEN, None),
            access=self.people,
            store_path=self.store_path,
            orders=self.orders,
            second_factor=self.second_factor,
        )

    async def start(self) -> None:
        """Run the bot until both connections stand."""
        self.bot = CompanionBot(self.config(), clock=self.clock, random=Random(1))
        async with asyncio.timeout(PATIENCE):
            await self.bot.start()
            await self.bot.wait_ready()

    async def stop(self) -> None:
        """Stop the bot."""
        if self.bot:
            await self.bot.stop()
            self.bot = None

    async def control(self, path: str, body: Json | None = None, **query: str) -> Json:
        """Use the control interface of the stand-in: POST with a body, else GET."""
        method = "GET" if body is None else "POST"
        async with self.session.request(
            method, f"{self.telegram.control}/{path}", json=body, params=query
        ) as response:
            answer: Json = await response.json()
            assert response.status == 200, answer
            return answer

    async def send(self, text: str, user: int = OWNER, **where: int) -> int:
        """Let a person write, to the bot or in a group (`chat_id`, `thread_id`); return the id of the message."""
        body = {"user_id": user, "text": text, **where}
        return int((await self.control("send", body))["message_id"])

    async def group(self, *members: int, topics: tuple[str, ...] = ()) -> int:
        """Make a group with the bot in it; return its id."""
        body = {
            "type": "supergroup" if topics else "group",
            "title": "Traders",
            "members": list(members),
            "topics": list(topics),
        }
        return int((await self.control("chats", body))["chat_id"])

    async def tap(
        self, button: str, message: Json, user: int = OWNER, chat_id: int = OWNER
    ) -> str:
        """Let a person tap; return the id of the tap."""
        body = {
            "user_id": user,
            "chat_id": chat_id,
            "message_id": message["message_id"],
            "button": button,
        }
        return str((await self.control("tap", body))["callback_query_id"])

    async def tap_data(
        self, data: str, message: Json, user: int = OWNER, chat: int = OWNER
    ) -> str:
        """Let somebody tap a button that the message does not show (any more); return the id of the tap."""
        world = self.telegram.world
        bot = next(iter(world.bots.values()))
        shown = bot.chats[chat].messages[message["message_id"]]
        query = CallbackQuery(
            str(world.number()), user, chat, shown.message_id, data, world.clock.time()
        )
        bot.callback_queries[query.id] = query
        update = {
            "id": query.id,
            "from": world.user(user).to_wire(),
            "message": message_to_wire(world, bot, shown),
            "chat_instance": "1",
            "data": data,
        }
        world.add_update(bot, "callback_query", update)
        return query.id

    async def fault(self, kind: str, **fault: Any) -> None:
        """Let something go wrong with the next calls."""
        await self.control("faults", {"kind": kind, **fault})

    async def until_kept(self) -> None:
        """Wait until the bot has written down all that the journal holds."""
        newest = self.home.journal[-1]["seq"]
        with contextlib.closing(sqlite3.connect(self.store_path)) as db:
            await self.clock.pass_until(
                lambda: db.execute("SELECT seq FROM feed").fetchall() == [(newest,)],
                step=0,
            )

    async def chat(self, user: int, until: Callable[[Json], bool]) -> Json:
        """Wait until a chat looks as it should."""
        shown: Json = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while not shown or not until(shown):
                    shown = await self.control(
                        f"chats/{user}",
                        after=str(shown.get("revision", 0)),
                        timeout="20",
                    )
        except TimeoutError:
            raise AssertionError(
                f"the chat never looked as expected: {shown}"
            ) from None
        return shown

    async def wait_message(self, words: str, user: int = OWNER, count: int = 1) -> Json:
        """Wait until the chat shows a message of the bot with these words; return the last such message."""

        def found(chat: Json) -> list[Json]:
            return [
                message
                for message in chat["messages"]
                if message["from"] == "bot" and words in said(message)
            ]

        return found(await self.chat(user, lambda chat: len(found(chat)) >= count))[-1]

    async def wait_answer(self, tap: str, user: int = OWNER) -> str:
        """Wait until a tap has been answered; return the words."""

        def found(chat: Json) -> list[str]:
            return [
                answer["text"] or ""
                for answer in chat["answers"]
                if answer["callback_query_id"] == tap
            ]

        return found(await self.chat(user, lambda chat: bool(found(chat))))[0]

    async def ask(self, text: str, words: str, user: int = OWNER) -> Json:
        """Write something and wait for the bot's message with these words."""
        sent = await self.send(text, user)

        def found(chat: Json) -> list[Json]:
            return [
                message
                for message in chat["messages"]
                if message["from"] == "bot"
                and message["message_id"] > sent
                and words in said(message)
            ]

        return found(await self.chat(user, lambda chat: bool(found(chat))))[0]

    async def texts(self, user: int = OWNER) -> list[str]:
        """Return what the bot has said in a chat."""
        chat = await self.control(f"chats/{user}")
        return [
            message["text"] for message in chat["messages"] if message["from"] == "bot"
        ]

    async def calls(self, method: str) -> list[Json]:
        """Return the calls of a method of the Bot API."""
        calls: list[Json] = (await self.control("calls", method=method))["calls"]
        return calls


def said(message: Json) -> str:
    """Return the text of a message, or what stands below its picture."""
    return str(message["text"] or message["caption"] or "")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Let a command that sets up the log set it up for itself alone: its stream is closed soon."""
    root = logging.getLogger()
    level, before = root.level, root.handlers[:]
    yield
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
async def stopped_rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Return everything but the bot, which a test starts itself."""
    async with (
        TelegramServer() as telegram,
        FakeHomeAssistant() as home,
        aiohttp.ClientSession() as session,
    ):
        rig = Rig(telegram, home, session, tmp_path)
        try:
            yield rig
        finally:
            await rig.stop()


@pytest.fixture
async def rig(stopped_rig: Rig) -> Rig:
    """Return a running bot of one owner."""
    await stopped_rig.start()
    await stopped_rig.send("/start")
    await stopped_rig.wait_message("Nothing is ordered before you tap Confirm")
    stopped_rig.clock.advance(30)
    return stopped_rig


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    """Return a running outbox and a chat that accepts messages."""
    async with TelegramServer() as telegram, aiohttp.ClientSession() as http:
        bot = Bot(
            telegram.token,
            telegram.base_url,
            telegram.base_file_url,
            request=Transport(),
        )
        store = Store(tmp_path / "bot.sqlite")
        await store.open()
        async with bot:
            post = Post(telegram, store, bot, http, OWNER)
            async with http.post(
                f"{telegram.control}/send", json={"user_id": OWNER, "text": "hello"}
            ) as response:
                assert response.status == 200
            await post.outbox.start()
            yield post
            await post.outbox.stop()
        await store.close()
