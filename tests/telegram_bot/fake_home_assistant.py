"""A Home Assistant that speaks its WebSocket API and says what a test wants to hear."""

import asyncio
from collections.abc import Callable, Mapping
import contextlib
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.patience import PATIENCE
from tests.telegram_bot import fake_market
from tests.telegram_bot.fake_desk import FakeDesk, Json, Refusal, Service
from tests.telegram_bot.fake_funds import Moves, cancel_all_orders

TOKEN = "long-lived-token-of-the-bot"


class FakeHomeAssistant(FakeDesk):
    """One server, on a free port of this machine."""

    def __init__(self) -> None:
        """Prepare some money and no orders."""
        super().__init__()
        self.port = 0
        self.token = TOKEN
        self.time_zone = "Europe/Berlin"
        self.calls: list[tuple[str, Json]] = []
        self.subscriptions: list[Json] = []
        self.feed_id = "feed-1"
        self.journal: list[Json] = []
        self.oldest = 1
        self.batch = 100
        self.feed_ready = True
        self.silent: set[str] = set()  # actions that are carried out but never answered
        self.holds: dict[str, asyncio.Event] = {}  # actions that wait for a test
        self.refusals: dict[str, Refusal] = {}
        self.status_refused: str | None = None
        self.is_admin = False
        self.pings = 0
        self.closes_early = 0
        self.answers_pings = True
        self.connections = 0
        self.status: Json = dict(fake_market.STATUS)
        self.moves = Moves()
        self.switches = True  # whether the switch Trading does what it is told
        self.services: dict[str, Service] = {
            "cancel_all_orders": lambda data: cancel_all_orders(self.orders, data),
            "transfer": self.moves.transfer,
            "deposit_from_wallet": self.moves.deposit,
            "withdraw_to_wallet": self.moves.withdraw,
            "turn_on": lambda data: self._switch(on=True),
            "turn_off": lambda data: self._switch(on=False),
            "get_executions": lambda data: fake_market.executions(data, self.journal),
            **self.desk_services(),
            **fake_market.MARKET_SERVICES,
        }
        self._changed = asyncio.Condition()
        self._sockets: dict[web.WebSocketResponse, list[int]] = {}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Start to listen."""
        await self.listen()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop to listen."""
        await self.vanish()

    async def listen(self) -> None:
        """Listen, on the same port as before."""
        application = web.Application()
        application.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def vanish(self) -> None:
        """Close everything, as when Home Assistant stops."""
        await self.cut()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def cut(self) -> None:
        """Cut the connections without a word."""
        for socket in list(self._sockets):
            transport = socket._req.transport if socket._req else None
            if transport:
                transport.abort()
        self._sockets.clear()

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def wait_called(self, service: str, count: int = 1) -> Json:
        """Wait until an action has been called so often; return the data of that call."""
        await self.wait_for(lambda: self.count(service) >= count)
        return [data for name, data in self.calls if name == service][count - 1]

    async def wait_subscribed(self, count: int = 1) -> Json:
        """Wait until the feed has been asked for so often."""
        await self.wait_for(lambda: len(self.subscriptions) >= count)
        return self.subscriptions[count - 1]

    def count(self, service: str) -> int:
        """Return how often an action was called."""
        return sum(name == service for name, _ in self.calls)

    async def publish(self, *entries: Json) -> None:
        """Write entries into the journal and send them to the subscribers."""
        first = (self.journal[-1]["seq"] if self.journal else self.oldest - 1) + 1
        numbered = [{"seq": first + n, **entry} for n, entry in enumerate(entries)]
        self.journal += numbered
        await self.send_entries(numbered)

    async def send_entries(self, entries: list[Json]) -> None:
        """Send entries to the subscribers as they are."""
        for socket, subscriptions in list(self._sockets.items()):
            for number in subscriptions:
                with contextlib.suppress(ConnectionError):
                    await socket.send_json(
                        {"id": number, "type": "event", "event": {"entries": entries}}
                    )

    async def _notify(self) -> None:
        """Wake everybody who waits for something."""
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        """Greet, then answer commands, each in a task of its own."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2026.11.0"})
        if self.closes_early:
            self.closes_early -= 1
            await socket.close()
            return socket
        greeting = await socket.receive()
        if greeting.type is not WSMsgType.TEXT:
            return socket
        if json.loads(greeting.data).get("access_token") != self.token:
            await socket.send_json(
                {"type": "auth_invalid", "message": "Invalid access token or password"}
            )
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2026.11.0"})
        self._sockets[socket] = []
        self.connections += 1
        await self._notify()
        async with asyncio.TaskGroup() as tasks:
            async for frame in socket:
                tasks.create_task(self._handle(socket, json.loads(frame.data)))
        self._sockets.pop(socket, None)
        await self._notify()
        return socket

    async def _handle(self, socket: web.WebSocketResponse, message: Json) -> None:
        """Answer one command."""
        with contextlib.suppress(ConnectionError):
            match message["type"]:
                case "ping":
                    self.pings += 1
                    if self.answers_pings:
                        await socket.send_json({"id": message["id"], "type": "pong"})
                    await self._notify()
                case "call_service":
                    await self._call(socket, message)
                case "cexio/status" if self.status_refused:
                    refused = {"code": self.status_refused, "message": "Refused."}
                    await _fail(socket, message, refused)
                case "cexio/status":
                    await _succeed(socket, message, self.status)
                case "auth/current_user":
                    await _succeed(socket, message, {"is_admin": self.is_admin})
                case "get_config":
                    await _succeed(socket, message, {"time_zone": self.time_zone})
                case "cexio/feed/subscribe":
                    await self._subscribe(socket, message)
                case "unsubscribe_events":
                    if socket in self._sockets:
                        self._sockets[socket].remove(message["subscription"])
                    await _succeed(socket, message, None)

    async def _call(self, socket: web.WebSocketResponse, message: Json) -> None:
        """Perform an action."""
        service = message["service"]
        if message["domain"] == "switch":
            data = message["target"]
        else:
            data = message["service_data"]
            assert message["domain"] == "cexio"
            assert message["return_response"] is True
        self.calls.append((service, data))
        await self._notify()
        if hold := self.holds.get(service):
            await hold.wait()
        if refusal := self.refusals.get(service):
            await _fail(socket, message, refusal.error)
            return
        try:
            answer = self.services[service](data)
            response = answer if isinstance(answer, Mapping) else await answer
        except Refusal as refusal:
            await _fail(socket, message, refusal.error)
            return
        if service not in self.silent:
            await _succeed(
                socket, message, {"context": {"id": "1"}, "response": response}
            )

    async def _subscribe(self, socket: web.WebSocketResponse, message: Json) -> None:
        """Serve the feed after a place in the journal."""
        self.subscriptions.append(message)
        if not self.feed_ready:
            await _fail(
                socket,
                message,
                {"code": "unknown_command", "message": "Unknown command."},
            )
        else:
            newest = self.journal[-1]["seq"] if self.journal else self.oldest - 1
            since = message.get("since")
            too_old = since is not None and since + 1 < self.oldest
            state = {
                "feed_id": self.feed_id,
                "oldest": self.oldest,
                "newest": newest,
                "too_old": too_old,
            }
            self._sockets[socket].append(message["id"])
            await _succeed(socket, message, state)
            late = [
                entry
                for entry in self.journal
                if since is not None and entry["seq"] > since
            ]
            for first in range(0, len(late), self.batch):
                entries = late[first : first + self.batch]
                await socket.send_json(
                    {
                        "id": message["id"],
                        "type": "event",
                        "event": {"entries": entries},
                    }
                )
        await self._notify()

    def _switch(self, *, on: bool) -> Json:
        """Turn the switch Trading."""
        if self.switches:
            self.status = self.status | {"trading_enabled": on}
        return {}


async def _succeed(socket: web.WebSocketResponse, message: Json, result: Any) -> None:
    """Answer with a result."""
    await socket.send_json(
        {"id": message["id"], "type": "result", "success": True, "result": result}
    )


async def _fail(
    socket: web.WebSocketResponse, message: Json, error: Mapping[str, Any]
) -> None:
    """Answer with an error."""
    await socket.send_json(
        {"id": message["id"], "type": "result", "success": False, "error": error}
    )


def execution(
    event: str,
    order: Json,
    *,
    time: str = "2027-01-15T08:00:00+00:00",
    late: bool = False,
) -> Json:
    """Return an entry of the feed about an order."""
    executed = order["executed_amount"]
    fills = event in ("filled", "partially_filled")
    return {
        "id": f"fill:{order['order_id']}:{executed}"
        if fills
        else f"status:{order['order_id']}:{order['status']}",
        "time": time,
        "kind": "execution",
        "late": late,
        "data": {
            "event": event,
            "order": order,
            "fill": {
                "amount": executed,
                "quote_amount": order["executed_quote_amount"],
                "price": "60000",
                "fee_amount": "1.5",
                "fee_currency": "USD",
            }
            if fills
            else None,
        },
    }


def price_alert(number: int = 1, *, time: str = "2027-01-15T08:00:00+00:00") -> Json:
    """Return an entry of the feed about a price alert."""
    return {
        "id": f"alert:{number}",
        "time": time,
        "kind": "price_alert",
        "late": False,
        "data": {
            "alert": {
                "alert_id": f"alert{number}",
                "pair": "BTC-USD",
                "condition": "above",
                "price": "70000",
            },
            "price": f"7000{number % 10}",
            "direction": "up",
        },
    }
