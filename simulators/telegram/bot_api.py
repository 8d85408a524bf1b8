"""The Bot API over HTTP, as a bot sees it."""

import inspect
from time import monotonic

from aiohttp import web
import orjson

from simulators.telegram.errors import BotApiError, unauthorized
from simulators.telegram.faults import BAD_GATEWAY_PAGE, Fault, FaultKind, Faults
from simulators.telegram.methods import METHODS
from simulators.telegram.models import Bot, Json
from simulators.telegram.parameters import Parameters, read_parameters
from simulators.telegram.world import CALLS_KEPT, ControlError, World


class BotApi:
    """Answer the calls of bots."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Serve a world, with the faults that a test asks for."""
        self._world = world
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            web.route("*", "/bot{token:[^/]+}/{method}", self._call),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self._download),
        ]

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """Answer one call of a method."""
        name = request.match_info["method"]
        record: Json = {
            "method": name,
            "parameters": {},
            "time": self._world.clock.time(),
            # Comparable with what other processes of this machine noted, whatever is done to its time.
            "monotonic": monotonic(),
        }
        try:
            bot = self._bot(request.match_info["token"])
            parameters = await read_parameters(request)
        except BotApiError as error:
            return _refuse(error)
        record |= {"bot": bot.user.id, "parameters": parameters.shown(), "status": None}
        self._world.calls.append(record)
        del self._world.calls[:-CALLS_KEPT]
        fault = self._faults.take(name, parameters.integer("chat_id"))
        response: web.Response | None = None
        status: int | str = "hung up"
        try:
            response = await self._perform(request, name, bot, parameters, fault)
            status = response.status if response is not None else "cut"
        except BotApiError as error:
            response = _refuse(error)
            status = response.status
        finally:
            # A call whose bot hung up is cancelled here; the record says so.
            record["status"] = status
            self._world.changed.fire()
        # After a cut there is nothing left to write to.
        return response if response is not None else web.Response()

    def _bot(self, token: str) -> Bot:
        """Return the bot of a token, or refuse it."""
        try:
            bot = self._world.bot(token)
        except ControlError:
            raise BotApiError(404, "Not Found") from None
        if bot.revoked:
            raise unauthorized()
        return bot

    async def _perform(
        self,
        request: web.Request,
        name: str,
        bot: Bot,
        parameters: Parameters,
        fault: Fault | None,
    ) -> web.Response | None:
        """Carry out a call, or what a fault leaves of it; None if the connection was cut."""
        if fault is None:
            return await self._carry_out(name, bot, parameters)
        if refusal := fault.refusal():
            raise refusal
        response: web.Response | None = None
        if fault.delivered:
            response = await self._carry_out(name, bot, parameters)
        if fault.seconds:
            await self._world.clock.wait(self._world.stopping, fault.seconds)
        if fault.kind is FaultKind.SLOW:
            return response or await self._carry_out(name, bot, parameters)
        if fault.kind is FaultKind.BAD_GATEWAY:
            return web.Response(
                status=502, text=BAD_GATEWAY_PAGE, content_type="text/html"
            )
        if fault.kind is FaultKind.SERVER_ERROR:
            raise BotApiError(500, "Internal Server Error")
        if request.transport is not None:
            request.transport.abort()
        return None

    async def _carry_out(
        self, name: str, bot: Bot, parameters: Parameters
    ) -> web.Response:
        """Carry out a call and return what Telegram answers."""
        method = METHODS.get(name.lower())
        if method is None:
            raise BotApiError(404, "Not Found: method not found")
        result = method(self._world, bot, parameters)
        if inspect.isawaitable(result):
            result = await result
        return _json({"ok": True, "result": result})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Answer with the content of a file."""
        try:
            self._bot(request.match_info["token"])
        except BotApiError as error:
            return _refuse(error)
        for stored in self._world.files.values():
            if stored.path == request.match_info["path"]:
                return web.Response(
                    body=stored.content, content_type=stored.content_type
                )
        return _refuse(BotApiError(404, "Not Found"))


def _json(body: Json, status: int = 200) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
    )


def _refuse(error: BotApiError) -> web.Response:
    """Return a refusal as Telegram writes it."""
    response = _json(error.to_wire(), error.code)
    if wait := error.parameters.get("retry_after"):
        response.headers["Retry-After"] = str(wait)
    return response
