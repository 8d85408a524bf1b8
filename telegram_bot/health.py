"""A page for supervisors that tells whether the bot is well; on this machine only, unless told otherwise."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
import json

import aiohttp
from aiohttp import web

from telegram_bot.config import HealthConfig
from telegram_bot.transaction import Transaction

_PATH = "/health"
_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is doing.

    Attributes:
        telegram: whether Telegram answers the polling.
        home_assistant: whether the session to Home Assistant stands.
        store: whether the disk takes what the bot writes.
        waiting: messages that are not in their chats yet.
    """

    telegram: bool
    home_assistant: bool
    store: bool
    waiting: int

    @property
    def is_well(self) -> bool:
        """Return whether a restart could help: nobody mends Home Assistant by restarting the bot."""
        return self.telegram and self.store


class PortTakenError(Exception):
    """The page can't be where it shall be."""


class HealthPage:
    """Serve the page as long as the block lasts."""

    def __init__(
        self, config: HealthConfig, report: Callable[[], Awaitable[Health]]
    ) -> None:
        """Prepare; `report` is asked at each request."""
        self._config = config
        self._report = report
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Begin to answer; return the port.

        Raises:
            PortTakenError: the port can't be had.
        """
        app = web.Application()
        app.router.add_get(_PATH, self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._config.host, self._config.port)
        try:
            await site.start()
        except OSError as err:
            await self._runner.cleanup()
            raise PortTakenError(
                f"health.port: nothing can listen at {self._config.host}:{self._config.port}: {err.strerror}"
            ) from err
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """End it."""
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        """Tell how the bot is doing: 200 when it is well, 503 when it is not."""
        health = await self._report()
        status = HTTPStatus.OK if health.is_well else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(
            {"well": health.is_well, **asdict(health)}, status=status
        )


def count_waiting(store: Transaction) -> int:
    """Count the messages that are not in their chats yet."""
    rows = store.db.execute(
        "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
    )
    waiting: int = rows.fetchone()[0]
    return waiting


async def ask_health(config: HealthConfig) -> tuple[bool, str]:
    """Ask a running bot how it is doing; return whether it is well, and its words."""
    url = f"http://{config.host}:{config.port}{_PATH}"
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url) as response,
        ):
            return response.status == HTTPStatus.OK, json.dumps(await response.json())
    except (aiohttp.ClientError, TimeoutError, ValueError) as err:
        return False, f"{url} does not answer: {err or type(err).__name__}"
