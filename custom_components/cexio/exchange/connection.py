"""One open socket: greeting, sign-in, requests and their answers, keepalive, events."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
import logging
from typing import Any, NoReturn

import aiohttp
import orjson

from .budget import Budget
from .clock import Clock
from .errors import CexioError, RateLimitError, TransportError
from .refusals import nested_error, refusal, unanswered
from .signing import Credentials, sign_websocket

_LOGGER = logging.getLogger(__name__)

GREETING_SECONDS = 10.0
SIGN_IN_SECONDS = 10.0
# The exchange closes after 10 s (documented) to 60 s (seen) without a word from us.
PING_SECONDS = 5.0
SILENCE_SECONDS = 15.0
# So long frames that are there already are taken one after the other, before others get their turn.
TURN_SECONDS = 0.0005

_PING = '{"e":"ping"}'
_AUTH = "auth"
_DATA_FRAMES = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request that waits for its answer."""

    action: str
    answer: asyncio.Future[Any]


class Connection:
    """A socket from its greeting to its end; it is used once.

    read() and keep_alive() run as tasks of the owner until one raises what ended the socket.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        clock: Clock,
        budget: Budget,
        credentials: Credentials | None,
        on_event: Callable[[str, Any], None],
        on_answer: Callable[[str, Any], None],
        is_unwanted: Callable[[str | bytes], bool],
    ) -> None:
        """Take over an open socket.

        Args:
            socket: Just opened; nothing else reads from it.
            clock: The time source.
            budget: Emptied when the exchange says that the points are spent.
            credentials: For signing in, None on the public socket.
            on_event: Called with name and data of each event, in order, before the next frame.
            on_answer: Called with method and data of each good answer, likewise.
            is_unwanted: Called with each frame as it came; the answer is whether to leave it unread.
        """
        self._socket = socket
        self._clock = clock
        self._budget = budget
        self._credentials = credentials
        self._secrets = (credentials.key, credentials.secret) if credentials else ()
        self._on_event = on_event
        self._on_answer = on_answer
        self._is_unwanted = is_unwanted
        self._greeted = asyncio.Event()
        self._pending: dict[str, _Pending] = {}
        self._numbers = count(1)
        self._began = int(clock.time() * 1000)
        self._heard = clock.monotonic()

    async def greeting(self) -> None:
        """Wait until the exchange has greeted: before that nothing may be sent."""
        try:
            async with self._clock.timeout(GREETING_SECONDS):
                await self._greeted.wait()
        except TimeoutError:
            raise TransportError("The exchange did not greet") from None

    async def sign_in(self) -> None:
        """Sign in with the key, if there is one (websocket.md 2)."""
        if self._credentials is None:
            return
        key = self._credentials.key
        timestamp = int(self._clock.exchange_time())
        signature = sign_websocket(self._credentials.signing_key, timestamp, key)
        auth = {"key": key, "signature": signature, "timestamp": timestamp}
        await self._answered(
            _AUTH, {"e": _AUTH, "oid": _AUTH, "auth": auth}, SIGN_IN_SECONDS
        )

    async def call(self, action: str, data: Mapping[str, Any], seconds: float) -> Any:
        """Send a request and return the "data" of its answer."""
        oid = f"{self._began}_{next(self._numbers)}_{action}"
        return await self._answered(
            oid, {"e": action, "oid": oid, "data": data}, seconds
        )

    async def read(self) -> NoReturn:
        """Take frames until the socket ends; raise why it did."""
        turn_ends = self._clock.monotonic() + TURN_SECONDS
        while True:
            message = await self._socket.receive()
            if message.type not in _DATA_FRAMES:
                raise TransportError("The exchange closed the connection")
            if self._is_unwanted(message.data):
                # It costs no time worth a turn, and pongs tell that the exchange is there.
                continue
            self._take(message.data)
            self._heard = self._clock.monotonic()
            if self._heard >= turn_ends:
                # Frames that are there already come without waiting.
                await asyncio.sleep(0)
                turn_ends = self._clock.monotonic() + TURN_SECONDS

    async def keep_alive(self) -> NoReturn:
        """Ping at a steady pace; raise when nothing was heard for too long."""
        while True:
            await self._clock.sleep(PING_SECONDS)
            if self._clock.monotonic() - self._heard >= SILENCE_SECONDS:
                raise TransportError("The exchange has fallen silent")
            try:
                async with self._clock.timeout(PING_SECONDS):
                    await self._socket.send_str(_PING)
            except aiohttp.ClientError, OSError, TimeoutError:
                # Not "from err": the words of the transport may quote the address.
                raise TransportError(
                    "The connection to the exchange was lost"
                ) from None

    def fail_pending(self, error: CexioError) -> None:
        """Tell all who wait that their answer will not come."""
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(unanswered(error.text, pending.action))
        self._pending.clear()

    async def _answered(self, oid: str, frame: dict[str, Any], seconds: float) -> Any:
        """Send a frame and wait for the answer with its oid."""
        action = frame["e"]
        if self._socket.closed:
            raise TransportError(
                "The connection to the exchange was lost", action=action
            )
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[oid] = _Pending(action, answer)
        try:
            async with self._clock.timeout(seconds):
                await self._socket.send_str(orjson.dumps(frame).decode())
                return await answer
        except TimeoutError:
            raise unanswered("The exchange did not answer in time", action) from None
        except aiohttp.ClientError, OSError:
            raise unanswered(
                "The connection to the exchange was lost", action
            ) from None
        finally:
            self._pending.pop(oid, None)

    def _take(self, text: str | bytes) -> None:
        """Handle one frame; one that makes no sense is left aside."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            _LOGGER.debug("Left aside a frame that is not JSON")
            return
        name = frame.get("e") if isinstance(frame, dict) else None
        if not isinstance(name, str):
            _LOGGER.debug("Left aside a frame without a name")
            return
        oid = frame.get("oid")
        if oid is None and name == _AUTH:
            # Documented without oid, seen with it.
            oid = _AUTH
        pending = self._pending.pop(oid, None) if isinstance(oid, str) else None
        if pending is not None:
            self._resolve(pending, frame)
        elif name == "disconnected":
            raise TransportError("The exchange ended the connection")
        elif name == "connected":
            self._greeted.set()
        elif (error := nested_error(frame.get("data"))) is not None:
            _LOGGER.debug(
                "An error that nobody waits for: %s", self._refusal(error, name)
            )
        elif oid is None and name != "pong":
            self._on_event(name, frame.get("data"))

    def _resolve(self, pending: _Pending, frame: dict[str, Any]) -> None:
        """Give an answer to the one who waits; "ok" alone does not make it a success."""
        data = frame.get("data")
        error = nested_error(data)
        if error is None and frame.get("ok") != "ok":
            error = frame.get("error", "")
        if error is not None:
            failure = self._refusal(error, pending.action)
            if pending.action == _AUTH:
                # The exchange may close in the same moment; this is the reason that counts.
                raise failure
            if not pending.answer.done():
                pending.answer.set_exception(failure)
            return
        self._on_answer(pending.action, data)
        if not pending.answer.done():
            pending.answer.set_result(data)

    def _refusal(self, error: object, action: str) -> CexioError:
        """Return the exception for an error, emptying the minute when that is what it says."""
        failure = refusal(
            error,
            action=action,
            retry_at=self._budget.next_minute,
            secrets=self._secrets,
        )
        if isinstance(failure, RateLimitError):
            self._budget.exhaust()
        return failure
