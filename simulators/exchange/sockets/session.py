"""One WebSocket: greeting, authentication, requests, idle rule, closing (websocket.md 1 and 2)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
import json
from typing import Any

from aiohttp import WSMsgType, web
import orjson

from simulators.exchange.engine.events import BalanceChange
from simulators.exchange.keys import ApiKey, Permission
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.methods.table import Channel, find_method
from simulators.exchange.signing import matches, websocket_signature
from simulators.exchange.sockets import frames
from simulators.exchange.sockets.books import BookFeeds
from simulators.exchange.sockets.subscriptions import SUBSCRIPTIONS
from simulators.exchange.venue import Venue

AUTH_TOLERANCE = 20
IDLE_LIMIT = 60
# A reader that is so far behind is dropped.
MAX_QUEUED = 20_000
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class _Close:
    """An order to the writer to close; no code means without a word (1006)."""

    code: int | None


class Session:
    """A socket of somebody."""

    def __init__(
        self, venue: Venue, feeds: BookFeeds, request: web.Request, *, private: bool
    ) -> None:
        """Serve `request`, which asks for the public or the private socket."""
        self.venue = venue
        self.feeds = feeds
        self.private = private
        self.address = request.remote or ""
        self.number = next(_NUMBERS)
        self.key: ApiKey | None = None
        self.trades: dict[str, str] = {}
        self.closing = False
        self._request = request
        self._socket = web.WebSocketResponse(compress=False, autoclose=True)
        self._queue: asyncio.Queue[bytes | _Close] = asyncio.Queue()
        self._heard = venue.clock.time()
        self._ever_heard = False

    @property
    def hears_orders(self) -> bool:
        """Tell whether the client's events go here."""
        return self.key is not None

    def hears_trades(self, pair: str) -> bool:
        """Tell whether the pair's trades go here."""
        return pair in self.trades

    def send(self, frame: bytes) -> None:
        """Queue a frame; a reader too far behind is dropped."""
        if self.closing:
            return
        if self._queue.qsize() >= MAX_QUEUED:
            self.abort()
            return
        self._queue.put_nowait(frame)

    def goodbye(self, *, notice: bool = True, code: int = 1000) -> None:
        """Close after everything that is queued, with or without a notice before."""
        if notice:
            self.send(frames.DISCONNECTED)
        self._finish(_Close(code))

    def abort(self) -> None:
        """Cut the connection: the other side sees 1006."""
        self._finish(_Close(None))

    def _finish(self, close: _Close) -> None:
        """Let the writer close; nothing is queued any more."""
        if not self.closing:
            self.closing = True
            self._queue.put_nowait(close)

    async def serve(self) -> web.WebSocketResponse:
        """Talk until the end."""
        await self._socket.prepare(self._request)
        self.venue.hub.sessions.add(self)
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._watch())]
        self.send(frames.CONNECTED)
        try:
            async for message in self._socket:
                self._heard = self.venue.clock.time()
                self._ever_heard = True
                if self.closing:
                    continue
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
                else:
                    self.goodbye()
        finally:
            self.closing = True
            self.venue.hub.sessions.discard(self)
            self.feeds.forget(self)
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return self._socket

    async def _write(self) -> None:
        """Send what is queued, in order."""
        while True:
            item = await self._queue.get()
            if isinstance(item, bytes):
                with suppress(ConnectionError):
                    await self._socket.send_frame(item, WSMsgType.TEXT)
                continue
            if item.code is None:
                if self._request.transport is not None:
                    self._request.transport.abort()
            else:
                await self._socket.close(code=item.code)
            return

    async def _watch(self) -> None:
        """Close when the client is silent too long: only what it sends counts."""
        clock = self.venue.clock
        while (left := self._heard + IDLE_LIMIT - clock.time()) > 0:
            await clock.sleep(left)
        if self._ever_heard:
            self.goodbye()
        else:
            self.abort()

    def _receive(self, text: str) -> None:
        """Handle one message."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            self.goodbye()
            return
        action = message.get("e") if isinstance(message, dict) else None
        if not isinstance(action, str):
            self.goodbye()
        elif action == "ping":
            self.send(frames.PONG)
        elif action == "auth" and self.private:
            self._authenticate(message, text)
        elif not isinstance(message.get("oid"), str):
            # Missing oid: the notice is all that the client gets.
            self.goodbye()
        else:
            self._request_received(action, message)

    def _authenticate(self, message: dict[str, Any], text: str) -> None:
        """Check the key's signature (websocket.md 2)."""
        self.venue.requests["auth"] += 1
        oid = message.get("oid")
        given = message.get("auth")
        # The signed text is the literal of the number, which only a second look at the frame shows.
        literal = json.loads(text, parse_float=str, parse_int=str).get("auth")
        try:
            key = self._check(
                given if isinstance(given, dict) else {},
                literal if isinstance(literal, dict) else {},
            )
        except RequestError as err:
            self.send(frames.failure("auth", oid, err.text))
            return
        self.key = key
        self.send(frames.reply("auth", oid, {"ok": "ok"}))

    def _check(self, given: dict[str, Any], literal: dict[str, Any]) -> ApiKey:
        """Return the key, or refuse in the exchange's words."""
        key = self.venue.keys_by_id.get(str(given.get("key")))
        if key is None:
            raise RequestError("Invalid API key")
        timestamp = given.get("timestamp")
        if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
            raise RequestError("Timestamp is not in 20sec range")
        if abs(self.venue.clock.time() - timestamp) > AUTH_TOLERANCE:
            raise RequestError("Timestamp is not in 20sec range")
        expected = websocket_signature(key.secret, literal["timestamp"], key.key)
        if not matches(expected, str(given.get("signature"))):
            raise RequestError("Invalid signature")
        if not key.active:
            raise RequestError("API key is not activated")
        if key.address is not None and key.address != self.address:
            raise RequestError("IP address is not allowed for this API key")
        return key

    def _request_received(self, action: str, message: dict[str, Any]) -> None:
        """Answer a request: the reply first, then what it caused."""
        oid = message["oid"]
        method = find_method(
            action, Channel.WS_PRIVATE if self.private else Channel.WS_PUBLIC
        )
        subscription = SUBSCRIPTIONS.get(action)
        if method is None and subscription is None:
            self.send(frames.failure(action, oid, f"Unsupported message type {action}"))
            self.goodbye()
            return
        if self.private and self.key is None:
            self.send(frames.failure(action, oid, "Authorization Failed"))
            self.goodbye()
            return
        if not self._spend(1 if method is None else method.cost):
            self.send(frames.failure(action, oid, "API rate limit reached"))
            self.goodbye()
            return
        self.venue.requests[action] += 1
        data = message.get("data")
        try:
            self._permit(Permission.READ if method is None else method.permission)
            call = self._call(action, data)
            if subscription is not None:
                subscription(self, oid, call)
            elif method is not None:
                self._answer(oid, action, self.venue.handle(method, call))
        except RequestError as err:
            inside_ok = err.inside_ok and not err.rest_only
            self.send(
                frames.failure(
                    action,
                    oid,
                    err.text,
                    ok=inside_ok,
                    code=err.status if inside_ok and err.show_code else None,
                )
            )
        self.venue.publish()

    def _call(self, action: str, data: Any) -> Call:
        """Return the request for a handler."""
        if data is not None and not isinstance(data, dict):
            raise RequestError("Bad Request")
        return Call(
            self.venue,
            action,
            data or {},
            self.private,
            websocket=True,
            has_data=data is not None,
        )

    def _answer(self, oid: str, action: str, data: Any) -> None:
        """Send the reply between the events that go before it and those that follow."""
        events = self.venue.engine.drain()
        first = [
            event
            for event in events
            if isinstance(event, BalanceChange) and event.before_reply
        ]
        self.venue.hub.deliver(first)
        self.send(frames.reply(action, oid, data))
        self.venue.hub.deliver(event for event in events if event not in first)

    def _spend(self, points: int) -> bool:
        """Take points from the key's or the address's budget."""
        if self.key is not None:
            return self.venue.key_budget.spend(self.key.key, points)
        return self.venue.address_budget.spend(self.address, points)

    def _permit(self, permission: Permission) -> None:
        """Refuse what the key may not do; on the public socket there is nothing to refuse."""
        if self.key is not None and permission not in self.key.permissions:
            raise RequestError(f"API key does not have permission {permission}")
