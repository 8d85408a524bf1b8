"""The part of the control interface that looks behind the scenes and makes things go wrong.

A fault is for the next `count` (1) calls of `method` ("*": any) to `chat_id` (any):
    timeout: hold the call for `seconds` (120) or until the bot hangs up, then cut it
    cut: end the connection without an answer; `seconds` (0) waits before
    bad_gateway: 502 with HTML; server_error: 500 with JSON
    slow: answer after `seconds` (2)
    too_many_requests: 429 with `retry_after` in seconds; without it as a proxy says it
    conflict: 409; forbidden: 403; bad_request: 400; these may carry a `description`; unauthorized: 401
The first five are carried out before the trouble with `delivered: true`, else not at all (slow: after it).

A call on record has method, parameters (files by name and size, never the token), time (seconds since
1970), bot (number) and status: the HTTP status, "cut", "hung up", or null while it is under way.
"""

from aiohttp import web

from simulators.telegram.faults import Faults
from simulators.telegram.http import Handler, answer, number, read_body
from simulators.telegram.models import Bot, Json
from simulators.telegram.world import ControlError, World


def find_bot(world: World, source: Json) -> Bot:
    """Return the bot that is meant: by its token or its number, else the default one."""
    wanted = str(source.get("bot") or world.token)
    for bot in world.bots.values():
        if wanted in {bot.token, str(bot.user.id)}:
            return bot
    raise ControlError(f"there is no bot {wanted.partition(':')[0]}")


class FaultControl:
    """Calls, updates, faults, rates and tokens."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Control a world and its faults."""
        self._world = world
        self._faults = faults

    def table(self) -> list[tuple[str, str, Handler, str]]:
        """Return method, path, handler and a line of help for each address."""
        return [
            ("GET", "/calls", self._calls, "the calls of the Bot API: method?"),
            (
                "GET",
                "/stamps",
                self._stamps,
                "when each tap was first handed to its bot, by the monotonic clock",
            ),
            ("GET", "/updates", self._updates, "the updates not yet confirmed"),
            (
                "POST",
                "/updates/repeat",
                self._repeat,
                "queue the last updates again: count?",
            ),
            ("GET", "/faults", self._list_faults, "the faults that wait for calls"),
            (
                "POST",
                "/faults",
                self._add_fault,
                "kind, method?, count?, delivered?, seconds?, retry_after?, chat_id?, description?",
            ),
            ("DELETE", "/faults", self._clear_faults, "forget all faults"),
            (
                "POST",
                "/limits",
                self._set_limits,
                "keep Telegram's rates or not: enabled",
            ),
            ("POST", "/revoke", self._revoke, "revoke the bot's token: revoked?"),
            ("POST", "/reset", self._reset, "forget everything"),
        ]

    async def _calls(self, request: web.Request) -> web.Response:
        """Show the calls of the Bot API."""
        wanted = request.query.get("method", "").lower()
        calls = [
            call
            for call in self._world.calls
            if not wanted or call["method"].lower() == wanted
        ]
        return answer({"calls": calls})

    async def _stamps(self, _request: web.Request) -> web.Response:
        """Show when taps were handed over, by their callback query's id."""
        return answer({"taps": self._world.handed})

    async def _updates(self, request: web.Request) -> web.Response:
        """Show the updates that the bot has not confirmed."""
        return answer({"updates": find_bot(self._world, dict(request.query)).updates})

    async def _repeat(self, request: web.Request) -> web.Response:
        """Put the last updates into the queue again, with the ids that they had."""
        body = await read_body(request)
        bot = find_bot(self._world, body)
        count = number({"count": 1} | body, "count")
        return answer({"update_ids": self._world.repeat_updates(bot, count)})

    async def _list_faults(self, request: web.Request) -> web.Response:
        """Show the faults that wait."""
        return answer({"faults": [fault.to_wire() for fault in self._faults.waiting()]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Add a fault."""
        body = await read_body(request)
        try:
            return answer(self._faults.add(body).to_wire())
        except (TypeError, ValueError) as error:
            raise ControlError(str(error)) from error

    async def _clear_faults(self, request: web.Request) -> web.Response:
        """Forget all faults."""
        self._faults.clear()
        return answer({})

    async def _set_limits(self, request: web.Request) -> web.Response:
        """Switch Telegram's rates on or off."""
        body = await read_body(request)
        self._world.limits.enabled = bool(body.get("enabled", True))
        self._world.limits.reset()
        return answer({"enabled": self._world.limits.enabled})

    async def _revoke(self, request: web.Request) -> web.Response:
        """Revoke a bot's token or take that back."""
        body = await read_body(request)
        bot = find_bot(self._world, body)
        bot.revoked = bool(body.get("revoked", True))
        self._world.touch()
        return answer({"revoked": bot.revoked})

    async def _reset(self, request: web.Request) -> web.Response:
        """Forget everything."""
        self._faults.clear()
        self._world.reset()
        return answer({"revision": self._world.revision})
