"""A running stand-in, a bot that speaks to it, and the hands of the people."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from telegram import Bot

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE

ADA = 1001
BOB = 1002


class Hands:
    """Play the people through the control interface."""

    def __init__(self, session: aiohttp.ClientSession, server: TelegramServer) -> None:
        """Use a session of the test."""
        self._session = session
        self._server = server

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        status: int = 200,
    ) -> Any:
        """Send a request to the server and return its JSON; the status must be as said."""
        address = f"{self._server.root}{path}"
        async with self._session.request(method, address, json=body) as response:
            content = await response.json()
            assert response.status == status, content
            return content

    async def post(self, path: str, *, status: int = 200, **body: Any) -> Any:
        """Post to the control interface."""
        return await self.call("POST", f"/control{path}", body, status)

    async def get(self, path: str, *, status: int = 200) -> Any:
        """Read from the control interface."""
        return await self.call("GET", f"/control{path}", status=status)

    async def delete(self, path: str, *, status: int = 200) -> Any:
        """Delete through the control interface."""
        return await self.call("DELETE", f"/control{path}", status=status)

    async def raw(self, method: str, token: str = "", **body: Any) -> tuple[int, Any]:
        """Call the Bot API with a JSON body; return status and answer."""
        address = f"{self._server.base_url}{token or self._server.token}/{method}"
        async with self._session.post(address, json=body) as response:
            return response.status, await response.json()

    async def refusal(self, method: str, **body: Any) -> str:
        """Call the Bot API and return the words with which it refuses."""
        status, answer = await self.raw(method, **body)
        assert not answer["ok"]
        assert answer["error_code"] == status
        return str(answer["description"])

    async def write(self, text: str, user: int = ADA, **body: Any) -> int:
        """Let a person write and return the message's number."""
        answer = await self.post("/send", user_id=user, text=text, **body)
        return int(answer["message_id"])

    async def messages(self, chat_id: int = ADA) -> list[dict[str, Any]]:
        """Return the messages that a chat shows."""
        chat = await self.get(f"/chats/{chat_id}")
        return list(chat["messages"])

    async def last(self, chat_id: int = ADA) -> dict[str, Any]:
        """Return the newest message that a chat shows."""
        return (await self.messages(chat_id))[-1]


type MakeBot = Callable[[str], AbstractAsyncContextManager[Bot]]


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still."""
    return ManualClock()


@pytest.fixture
async def telegram(clock: ManualClock) -> AsyncIterator[TelegramServer]:
    """Run the stand-in."""
    async with TelegramServer(clock=clock) as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session for requests of the test itself."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as opened:
        yield opened


@pytest.fixture
def hands(session: aiohttp.ClientSession, telegram: TelegramServer) -> Hands:
    """Return the hands of the people."""
    return Hands(session, telegram)


@pytest.fixture
def make_bot(telegram: TelegramServer) -> MakeBot:
    """Return what makes a real bot of a token."""

    @asynccontextmanager
    async def make(token: str) -> AsyncIterator[Bot]:
        async with Bot(
            token, base_url=telegram.base_url, base_file_url=telegram.base_file_url
        ) as bot:
            yield bot

    return make


@pytest.fixture
async def bot(telegram: TelegramServer, make_bot: MakeBot) -> AsyncIterator[Bot]:
    """Return the default bot, which is python-telegram-bot's own."""
    async with make_bot(telegram.token) as made:
        yield made
