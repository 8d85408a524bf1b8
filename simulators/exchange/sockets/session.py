"""The upper half of a socket: authentication, requests, subscriptions (websocket.md 1 to 3)."""

import json
from typing import Any, override

from aiohttp import web
import orjson

from simulators.exchange.engine.events import BalanceChange
from simulators.exchange.faults import FaultKind
from simulators.exchange.keys import ApiKey, Permission
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.methods.table import Channel, Method, find_method
from simulators.exchange.signing import matches, websocket_signature
from simulators.exchange.sockets import frames
from simulators.exchange.sockets.books import BookFeeds
from simulators.exchange.sockets.connection import Connection
from simulators.exchange.sockets.subscriptions import SUBSCRIPTIONS
from simulators.exchange.venue import Venue

AUTH_TOLERANCE = 20
RATE_LIMIT = "API rate limit reached"


class Session(Connection):
    """A socket that speaks the exchange's protocol."""

    def __init__(
        self, venue: Venue, feeds: BookFeeds, request: web.Request, *, private: bool
    ) -> None:
        """Serve `request`."""
        super().__init__(venue, request, private=private)
        self.feeds = feeds
        self.key: ApiKey | None = None
        self.trades: dict[str, str] = {}
        self._opened = venue.clock.time()

    def hears_trades(self, pair: str) -> bool:
        """Tell whether the pair's trades go here."""
        return pair in self.trades

    async def serve(self) -> web.StreamResponse:
        """Talk until the end; the handshake itself may be refused."""
        if (
            rule := self.venue.faults.take(FaultKind.REFUSE, "connect", self.channel)
        ) is not None:
            return web.json_response({"error": rule.words}, status=rule.status)
        exhausted = self.venue.address_budget.left(self.address) <= 0
        if (
            exhausted
            and not self.private
            and self.venue.faults.switches.exhausted_connect == "refuse"
        ):
            return web.json_response({"error": RATE_LIMIT}, status=429)
        self.venue.hub.sessions.add(self)
        try:
            return await self.run()
        finally:
            self.venue.hub.sessions.discard(self)
            self.feeds.forget(self)

    @override
    def overdue(self) -> float:
        """Return when a private socket must have authenticated."""
        grace = self.venue.faults.switches.auth_grace
        return (
            self._opened + grace
            if grace and self.private and self.key is None
            else float("inf")
        )

    @override
    def receive(self, text: str) -> None:
        """Handle one message."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        action = message.get("e") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(action, str):
            self._malformed()
        elif action == "ping":
            if self._spend(self.venue.faults.switches.keepalive_cost, action, None):
                self.send(frames.PONG, "pong")
        elif action == "auth" and self.private:
            self._authenticate(message, text)
        elif isinstance(oid := message.get("oid"), str):
            self._request_received(action, oid, message.get("data"))
        elif self.private and self.venue.faults.switches.missing_oid == "error":
            self.fail(action, None, "Mandatory parameter oid is missing")
        else:
            # The notice is all that the client gets.
            self.goodbye()

    def fail(
        self, action: str, oid: str | None, text: str, *, close: bool = False
    ) -> None:
        """Send an error reply."""
        self.send(frames.failure(action, oid, text), action)
        if close:
            self.goodbye()

    def _malformed(self) -> None:
        """Answer something that is no message."""
        if self.venue.faults.switches.malformed_json == "error":
            self.fail("error", None, "Bad Request")
        else:
            self.goodbye()

    def _authenticate(self, message: dict[str, Any], text: str) -> None:
        """Check the key's signature (websocket.md 2)."""
        switches, oid = self.venue.faults.switches, message.get("oid")
        self.venue.requests["auth"] += 1
        given = message.get("auth")
        # The signed text is the literal of the number, which only a second look at the frame shows.
        literal = json.loads(text, parse_float=str, parse_int=str).get("auth")
        try:
            if (
                rule := self.venue.faults.take(FaultKind.REFUSE, "auth", self.channel)
            ) is not None:
                self._refuse(rule.words)
            if self.key is not None and switches.second_auth == "error":
                self._refuse("Already authenticated")
            key = self._check(
                given if isinstance(given, dict) else {},
                literal if isinstance(literal, dict) else {},
            )
        except RequestError as err:
            self.fail("auth", oid, err.text, close=switches.failed_auth == "close")
            return
        if switches.sockets_per_key == "newest":
            for session in list(self.venue.hub.sessions):
                if session.key is key and session is not self:
                    session.goodbye()
        self.key = key
        if self._spend(switches.keepalive_cost, "auth", oid):
            self.send(frames.reply("auth", oid, {"ok": "ok"}), "auth")

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

    def _request_received(self, action: str, oid: str, data: Any) -> None:
        """Answer a request: the reply first, then what it caused."""
        switches = self.venue.faults.switches
        method = self._method(action)
        if method is None and action not in SUBSCRIPTIONS:
            self.fail(action, oid, f"Unsupported message type {action}", close=True)
            return
        if self.private and self.key is None:
            self.fail(
                action,
                oid,
                "Authorization Failed",
                close=switches.before_auth == "close",
            )
            return
        if not self._spend(1 if method is None else method.cost, action, oid):
            return
        if (
            rule := self.venue.faults.take(FaultKind.REFUSE, action, self.channel)
        ) is not None:
            self.fail(action, oid, rule.words, close=rule.status == 429)
            return
        self.venue.requests[action] += 1
        try:
            self._permit(
                Permission.READ if method is None else method.permission, oid, action
            )
            call = self._call(action, data)
            if method is None:
                self.venue.guard("market_data", call)
                SUBSCRIPTIONS[action](self, oid, call)
            else:
                self._answer(oid, action, self.venue.handle(method, call))
        except RequestError as err:
            inside_ok = err.inside_ok and not err.rest_only
            code = err.status if inside_ok and err.show_code else None
            self.send(
                frames.failure(action, oid, err.text, ok=inside_ok, code=code), action
            )
        self.venue.publish()

    def _method(self, action: str) -> Method | None:
        """Return the method that this socket offers."""
        method = find_method(
            action, Channel.WS_PRIVATE if self.private else Channel.WS_PUBLIC
        )
        if (
            method is None
            and self.private
            and self.venue.faults.switches.public_on_private == "answer"
        ):
            return find_method(action, Channel.WS_PUBLIC)
        return method

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
        hub, events = self.venue.hub, self.venue.engine.drain()
        if (
            rule := self.venue.faults.take(FaultKind.LOSE_REPLY, action, self.channel)
        ) is not None:
            if not rule.seconds:
                self.abort()
            hub.deliver(events)
            return
        events_first = self.venue.faults.switches.reply_order == "events_first"
        first = [
            event
            for event in events
            if events_first or (isinstance(event, BalanceChange) and event.before_reply)
        ]
        hub.deliver(first)
        self.send(frames.reply(action, oid, data), action)
        hub.deliver(event for event in events if event not in first)

    def _spend(self, points: int, action: str, oid: str | None) -> bool:
        """Take points from the key's or the address's budget; without points the socket is closed."""
        if self.key is not None:
            enough = self.venue.key_budget.spend(self.key.key, points)
        else:
            enough = self.venue.address_budget.spend(self.address, points)
        if not enough:
            self.fail(action, oid, RATE_LIMIT, close=True)
        return enough

    def _permit(self, permission: Permission, oid: str, action: str) -> None:
        """Refuse what the key may not do; on the public socket there is nothing to refuse."""
        if self.key is None or permission in self.key.permissions:
            return
        if self.venue.faults.switches.missing_permission == "close":
            self.fail(
                action,
                oid,
                f"API key does not have permission {permission}",
                close=True,
            )
        self._refuse(f"API key does not have permission {permission}")

    @staticmethod
    def _refuse(text: str) -> None:
        """Refuse the request."""
        raise RequestError(text)
