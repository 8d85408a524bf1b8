"""The stand-in as one server: Bot API, control interface and chat page."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from simulators.telegram.bot_api import BotApi
from simulators.telegram.clock import Clock
from simulators.telegram.control import Control
from simulators.telegram.faults import Faults
from simulators.telegram.page import ChatPage
from simulators.telegram.state import dump_state, load_state, write_state
from simulators.telegram.world import DEFAULT_TOKEN, FIRST_PEOPLE, World

HOST = "127.0.0.1"
BODY_LIMIT = 64 * 1024 * 1024
SAVE_SECONDS = 5


class TelegramServer:
    """A Bot API on this machine, for `async with`.

    Attributes:
        base_url: for python-telegram-bot's `base_url`; known once the server runs.
        base_file_url: for python-telegram-bot's `base_file_url`.
        token: the default bot's token; any other well-formed token is another bot.
        chat_page: the address of the chat page.
        control: the address of the control interface.
        world: everything that happened, for a test in the same process.
        faults: the faults that wait for calls.
        clock: the clock that ages queries and rates.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = DEFAULT_TOKEN,
        clock: Clock | None = None,
        limits: bool = False,
        state: Path | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        """Prepare a server on a loopback port (0 for a free one); `limits` keeps Telegram's rates."""
        self.clock = clock or Clock()
        self.token = token
        self.world = World(self.clock, token)
        self.world.limits.enabled = limits
        self.faults = Faults()
        self._port = port
        self._state = state
        self._body_limit = body_limit
        self._runner: web.AppRunner | None = None
        self._saver: asyncio.Task[None] | None = None

    @property
    def root(self) -> str:
        """Return the address of the server itself."""
        return f"http://{HOST}:{self._port}"

    @property
    def base_url(self) -> str:
        """Return the address before the token of a call."""
        return f"{self.root}/bot"

    @property
    def base_file_url(self) -> str:
        """Return the address before the token of a download."""
        return f"{self.root}/file/bot"

    @property
    def chat_page(self) -> str:
        """Return the address of the chat page."""
        return f"{self.root}/"

    @property
    def control(self) -> str:
        """Return the address of the control interface."""
        return f"{self.root}/control"

    def ready(self) -> dict[str, Any]:
        """Return what a caller needs to know: the addresses, the token and the first people."""
        return {
            "base_url": self.base_url,
            "base_file_url": self.base_file_url,
            "token": self.token,
            "chat_page": self.chat_page,
            "control": self.control,
            "users": [
                {"id": user.id, "first_name": user.first_name} for user in FIRST_PEOPLE
            ],
        }

    async def start(self) -> None:
        """Load the state, listen and serve. OSError if the port is taken, ValueError for a broken state."""
        if self._state is not None and self._state.exists():
            load_state(self.world, await asyncio.to_thread(self._state.read_bytes))
        application = web.Application(client_max_size=self._body_limit)
        application.add_routes(BotApi(self.world, self.faults).routes())
        application.add_routes(Control(self.world, self.faults).routes())
        application.add_routes(ChatPage(self.world).routes())
        # A bot that hangs up must not leave a call waiting behind it.
        runner = web.AppRunner(
            application, handler_cancellation=True, access_log=None, shutdown_timeout=1
        )
        await runner.setup()
        site = web.TCPSite(runner, HOST, self._port)
        try:
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        if self._state is not None:
            self._saver = asyncio.create_task(self._save_regularly(self._state))

    async def stop(self) -> None:
        """Let nobody wait any longer, save the state and stop listening."""
        self.world.stopping.set()
        self.world.changed.fire()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._saver is not None:
            await self._saver
            self._saver = None

    async def _save_regularly(self, path: Path) -> None:
        """Save the state every few seconds if something changed, and at the end."""
        saved = self.world.revision
        stopping = False
        while not stopping:
            stopping = await self.clock.wait(self.world.stopping, SAVE_SECONDS)
            if self.world.revision != saved or stopping:
                saved = self.world.revision
                await asyncio.to_thread(write_state, path, dump_state(self.world))

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()
