"""A page for supervisors that tells whether the bot is well; on this machine only, unless told otherwise."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from telegram_bot.config import HealthConfig
from telegram_bot.errors import PortTakenError
from telegram_bot.health import PATH, Health


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
        app.router.add_get(PATH, self._answer)
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
