"""A clock that a test drives, and an exchange that says what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
import itertools
from types import TracebackType
from typing import Any, Self, override

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
import orjson

from custom_components.cexio.exchange import (
    Clock,
    Credentials,
    Endpoints,
    NewOrder,
    OrderType,
    Side,
    Stream,
    TimeInForce,
    sign_rest,
    sign_websocket,
)
from tests.patience import PATIENCE

# 40 seconds into a calendar minute.
START = 1_700_000_020.0
CREDENTIALS = Credentials("test_key_of_some_length", "test_secret")
VOLUME = {"period": "30d", "volume": "1", "currency": "USD"}
ORDER = NewOrder(
    account_id="trading",
    pair="BTC-USD",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    client_order_id="mine",
    amount=Decimal("0.00000001"),
    price=Decimal("1E+4"),
    time_in_force=TimeInForce.GTC,
)


@dataclass(eq=False)
class _Timer:
    """Somebody who waits for a moment."""

    due: float
    seconds: float
    fire: Callable[[], None]


class _Deadline:
    """A timeout that ends when the fake clock says so."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        """Prepare."""
        self._clock = clock
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)
        self._timer: _Timer | None = None

    async def __aenter__(self) -> Self:
        """Begin to count."""
        await self._timeout.__aenter__()
        loop = asyncio.get_running_loop()

        def expire() -> None:
            """End the wait at once."""
            self._timeout.reschedule(loop.time())

        self._timer = self._clock.timer(self._seconds, expire)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the count."""
        if self._timer in self._clock.deadlines:
            self._clock.deadlines.remove(self._timer)
        await self._timeout.__aexit__(kind, error, trace)


class FakeClock(Clock):
    """Time that stands still until a test moves it."""

    def __init__(self, start: float = START) -> None:
        """Start at a moment."""
        super().__init__()
        self.now = start
        self.sleepers: list[_Timer] = []
        self.deadlines: list[_Timer] = []
        self._changed = asyncio.Event()

    @override
    def time(self) -> float:
        """Return the fake wall clock."""
        return self.now

    @override
    def monotonic(self) -> float:
        """Return the fake wall clock."""
        return self.now

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved the time so far."""
        woken = asyncio.Event()
        timer = _Timer(self.now + seconds, seconds, woken.set)
        self.sleepers.append(timer)
        self._changed.set()
        try:
            await woken.wait()
        finally:
            if timer in self.sleepers:
                self.sleepers.remove(timer)

    @override
    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a timeout by this clock."""
        return _Deadline(self, seconds)

    def timer(self, seconds: float, fire: Callable[[], None]) -> _Timer:
        """Register a deadline."""
        timer = _Timer(self.now + seconds, seconds, fire)
        self.deadlines.append(timer)
        self._changed.set()
        return timer

    def advance(self, seconds: float) -> None:
        """Move the time and wake whoever is due."""
        self.now += seconds
        for timers in (self.sleepers, self.deadlines):
            for timer in [item for item in timers if item.due <= self.now]:
                timers.remove(timer)
                timer.fire()

    async def asleep(self, least: float, most: float) -> float:
        """Wait until somebody sleeps for a number of seconds in a range; return the number."""
        return await self._found(lambda: self.sleepers, least, most)

    async def waiting(self, least: float, most: float) -> float:
        """Wait until there is a deadline after a number of seconds in a range."""
        return await self._found(lambda: self.deadlines, least, most)

    async def _found(
        self, timers: Callable[[], list[_Timer]], least: float, most: float
    ) -> float:
        """Wait for a timer."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for timer in timers():
                    if least <= timer.seconds <= most:
                        return timer.seconds
                self._changed.clear()
                await self._changed.wait()


@dataclass(frozen=True)
class Request:
    """A REST request as it arrived."""

    side: str
    action: str
    headers: dict[str, str]
    body: str

    @property
    def data(self) -> Any:
        """The parameters."""
        return orjson.loads(self.body)

    def is_signed_by(self, credentials: Credentials) -> bool:
        """Return whether key and signature are right for the body as it arrived."""
        signature = sign_rest(
            credentials.secret, self.action, self.headers["X-AGGR-TIMESTAMP"], self.body
        )
        return (
            self.headers["X-AGGR-KEY"] == credentials.key
            and self.headers["X-AGGR-SIGNATURE"] == signature
        )


type RestAnswer = Callable[[Request], Awaitable[web.StreamResponse]]
type SocketAnswer = Callable[["Socket", dict[str, Any]], Awaitable[None]]


class Socket:
    """The exchange's end of a WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, side: str) -> None:
        """Wrap a socket."""
        self.socket = socket
        self.side = side
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(self, frame: object) -> None:
        """Send a frame."""
        await self.socket.send_str(orjson.dumps(frame).decode())

    async def send_text(self, text: str) -> None:
        """Send a text that may not be JSON."""
        await self.socket.send_str(text)

    async def event(self, name: str, data: object) -> None:
        """Send an event."""
        await self.send({"e": name, "ok": "ok", "data": data})

    async def reply(self, frame: dict[str, Any], data: object) -> None:
        """Answer a request well."""
        await self.send(
            {"e": frame["e"], "oid": frame["oid"], "data": data, "ok": "ok"}
        )

    async def refuse(self, frame: dict[str, Any], error: object) -> None:
        """Answer a request with an error."""
        await self.send(
            {"e": frame["e"], "oid": frame.get("oid"), "data": {"error": error}}
        )

    async def close(self) -> None:
        """Close as the exchange does."""
        await self.socket.close()

    def abort(self) -> None:
        """Cut the line without goodbye."""
        transport = self.socket._req.transport if self.socket._req else None
        assert transport is not None
        transport.abort()

    async def received(self, name: str) -> dict[str, Any]:
        """Return the next frame with a name, leaving out all before it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = await self.frames.get()
                if frame.get("e") == name:
                    return frame


@dataclass
class ScriptedExchange:
    """A server that greets, signs in, pongs, and answers what a test has written down."""

    requests: list[Request] = field(default_factory=list)
    rest: dict[str, list[RestAnswer]] = field(default_factory=dict)
    answers: dict[str, SocketAnswer] = field(default_factory=dict)
    greets: bool = True
    pongs: bool = True
    handshake: list[int] = field(default_factory=list)
    sockets: asyncio.Queue[Socket] = field(default_factory=asyncio.Queue)
    base: str = ""

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        return Endpoints.from_base(self.base)

    def answer(self, action: str, *data: Any, status: int = 200) -> None:
        """Write down answers to a REST method, used one after the other; the last one stays."""
        for value in data:
            body = value if isinstance(value, bytes) else orjson.dumps(value)
            self.rest.setdefault(action, []).append(_fixed(body, status))

    def ok(self, action: str, *data: Any) -> None:
        """Write down good answers to a REST method."""
        self.answer(action, *({"ok": "ok", "data": value} for value in data))

    def called(self, action: str) -> list[Request]:
        """Return the requests of a REST method so far."""
        return [request for request in self.requests if request.action == action]

    async def socket(self) -> Socket:
        """Return the next socket that a client has opened."""
        async with asyncio.timeout(PATIENCE):
            return await self.sockets.get()

    async def handle_rest(self, request: web.Request) -> web.StreamResponse:
        """Serve a REST request."""
        arrived = Request(
            request.match_info["side"],
            request.match_info["action"],
            dict(request.headers),
            await request.text(),
        )
        self.requests.append(arrived)
        answers = self.rest.get(arrived.action)
        if not answers:
            return web.json_response({"error": "Bad Request"}, status=400)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return await answer(arrived)

    async def handle_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve a WebSocket."""
        if self.handshake and (status := self.handshake.pop(0)) != 101:
            return web.Response(status=status)
        response = web.WebSocketResponse(autoclose=True)
        await response.prepare(request)
        socket = Socket(response, request.path.rsplit("/", 1)[-1])
        if self.greets:
            await socket.send({"e": "connected"})
        self.sockets.put_nowait(socket)
        async for message in response:
            if message.type is WSMsgType.TEXT:
                frame = orjson.loads(message.data)
                await self._react(socket, frame)
                socket.frames.put_nowait(frame)
        return response

    async def _react(self, socket: Socket, frame: dict[str, Any]) -> None:
        """Answer a frame."""
        name = frame["e"]
        if answer := self.answers.get(name):
            await answer(socket, frame)
        elif name == "ping" and self.pongs:
            await socket.send({"e": "pong"})
        elif name == "auth":
            await sign_in(socket, frame)


async def sign_in(socket: Socket, frame: dict[str, Any]) -> None:
    """Check a sign-in as the exchange does, and answer without oid as documented."""
    auth = frame["auth"]
    right = sign_websocket(CREDENTIALS.secret, auth["timestamp"], CREDENTIALS.key)
    if auth["key"] == CREDENTIALS.key and auth["signature"] == right:
        await socket.send({"e": "auth", "ok": "ok", "data": {"ok": "ok"}})
    else:
        await socket.send({"e": "auth", "data": {"error": "Invalid signature"}})


def replies(data: object) -> SocketAnswer:
    """Return a script that answers well."""

    async def answer(socket: Socket, frame: dict[str, Any]) -> None:
        await socket.reply(frame, data)

    return answer


def refuses(*errors: object) -> SocketAnswer:
    """Return a script that answers with one error after the other; the last one stays."""
    left = itertools.chain(errors, itertools.repeat(errors[-1]))

    async def answer(socket: Socket, frame: dict[str, Any]) -> None:
        await socket.refuse(frame, next(left))

    return answer


async def says_nothing(socket: Socket, frame: dict[str, Any]) -> None:
    """Leave a request without answer."""


def _fixed(body: bytes, status: int) -> RestAnswer:
    """Return a script of a fixed answer."""

    async def answer(request: Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, content_type="application/json")

    return answer


@asynccontextmanager
async def scripted_exchange() -> AsyncIterator[ScriptedExchange]:
    """Run a scripted exchange on a free port."""
    exchange = ScriptedExchange()
    application = web.Application()
    application.router.add_get("/api/spot/{side:ws|ws-public}", exchange.handle_socket)
    application.router.add_post("/api/spot/{side}/{action}", exchange.handle_rest)
    server = TestServer(application, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0)
    exchange.base = str(server.make_url("/api/spot"))
    try:
        yield exchange
    finally:
        await server.close()


async def up(stream: Stream, exchange: ScriptedExchange) -> Socket:
    """Start a stream and return the exchange's end of its session."""
    await stream.start()
    socket = await exchange.socket()
    await stream.wait_connected(5)
    return socket
