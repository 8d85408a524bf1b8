"""The REST side: paths, headers, statuses and error bodies (rest.md 1 and 2)."""

from typing import Any

from aiohttp import web
import orjson

from simulators.exchange.faults import FaultKind
from simulators.exchange.keys import ApiKey
from simulators.exchange.methods.call import BAD_REQUEST, Call, RequestError
from simulators.exchange.methods.table import Channel, Method, find_method
from simulators.exchange.signing import matches, rest_signature
from simulators.exchange.venue import Venue

# The REST chapter names no tolerance; the WebSocket's is taken.
AUTH_TOLERANCE = 20
UNAUTHORIZED = 401
FORBIDDEN = 403
TOO_MANY_REQUESTS = 429
# What fault rules call this side.
CHANNEL = "rest"


class Rest:
    """Public and private REST."""

    def __init__(self, venue: Venue) -> None:
        """Serve `venue`."""
        self.venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; every path answers, as the exchange does with Bad Request."""
        return [
            web.route("*", "/api/spot/rest-public/{action}", self.public),
            web.route("*", "/api/spot/rest/{action}", self.private),
        ]

    async def public(self, request: web.Request) -> web.Response:
        """Answer a public call; GET is served as well (rest.md 8)."""
        try:
            body = await request.read()
            self._refuse(request)
            method, call = self._call(request, body, Channel.REST_PUBLIC)
            self._spend(
                self.venue.address_budget.spend(request.remote or "", method.cost)
            )
            return await self._answer(request, method, call)
        except RequestError as err:
            return refusal(err)

    async def private(self, request: web.Request) -> web.Response:
        """Answer a private call."""
        try:
            body = await request.read()
            self._refuse(request)
            key = self._authenticate(request, body)
            method, call = self._call(request, body, Channel.REST_PRIVATE)
            self._permit(key, method)
            self._spend(self.venue.key_budget.spend(key.key, method.cost))
            return await self._answer(request, method, call)
        except RequestError as err:
            return refusal(err)

    def _call(
        self, request: web.Request, body: bytes, channel: Channel
    ) -> tuple[Method, Call]:
        """Find the method and read the parameters; anything wrong is a Bad Request."""
        action = request.match_info["action"]
        method = find_method(action, channel)
        try:
            data = orjson.loads(body) if body else {}
        except orjson.JSONDecodeError:
            data = None
        if method is None or not isinstance(data, dict):
            raise RequestError("Bad Request", BAD_REQUEST)
        return method, Call(
            self.venue, action, data, channel is Channel.REST_PRIVATE, websocket=False
        )

    def _authenticate(self, request: web.Request, body: bytes) -> ApiKey:
        """Check the headers (rest.md 2); texts as far as they are known from public clients and the WebSocket."""
        headers = request.headers
        key = self.venue.keys_by_id.get(headers.get("X-AGGR-KEY", ""))
        if key is None:
            raise RequestError("API key not passed or incorrect", UNAUTHORIZED)
        timestamp = headers.get("X-AGGR-TIMESTAMP", "")
        if (
            not (timestamp.isascii() and timestamp.isdigit())
            or abs(self.venue.clock.time() - int(timestamp)) > AUTH_TOLERANCE
        ):
            raise RequestError("Timestamp is not in 20sec range", UNAUTHORIZED)
        expected = rest_signature(
            key.secret, request.match_info["action"], timestamp, body
        )
        if not matches(expected, headers.get("X-AGGR-SIGNATURE", "")):
            raise RequestError("Invalid signature", UNAUTHORIZED)
        if not key.active:
            raise RequestError("API key is not activated", UNAUTHORIZED)
        if key.address is not None and key.address != request.remote:
            raise RequestError(
                "IP address is not allowed for this API key", UNAUTHORIZED
            )
        return key

    @staticmethod
    def _permit(key: ApiKey, method: Method) -> None:
        """Refuse what the key may not do; status and text are this simulator's own."""
        if method.permission not in key.permissions:
            raise RequestError(
                f"API key does not have permission {method.permission}", FORBIDDEN
            )

    @staticmethod
    def _spend(allowed: bool) -> None:
        """Refuse when the points are used up."""
        if not allowed:
            raise RequestError("API rate limit reached", TOO_MANY_REQUESTS)

    async def _answer(
        self, request: web.Request, method: Method, call: Call
    ) -> web.Response:
        """Carry out the call; its events leave before the answer, which a fault may delay or lose."""
        faults = self.venue.faults
        if (rule := faults.take(FaultKind.GARBAGE, call.action, CHANNEL)) is not None:
            return web.Response(
                text="<html>502 Bad Gateway</html>",
                status=rule.status,
                content_type="text/html",
            )
        if (late := faults.take(FaultKind.DELAY, call.action, CHANNEL)) is not None:
            await self.venue.clock.sleep(late.seconds)
        self.venue.requests[call.action] += 1
        try:
            data = self.venue.handle(method, call)
        finally:
            self.venue.publish(elsewhere=True)
        if (
            lost := faults.take(FaultKind.LOSE_REPLY, call.action, CHANNEL)
        ) is not None:
            if lost.seconds:
                await self.venue.clock.sleep(lost.seconds)
            if request.transport is not None:
                request.transport.abort()
        return answer({"ok": "ok", "data": data})

    def _refuse(self, request: web.Request) -> None:
        """Refuse when a fault says so, before anything else is looked at."""
        action = request.match_info["action"]
        if (
            rule := self.venue.faults.take(FaultKind.REFUSE, action, CHANNEL)
        ) is not None:
            raise RequestError(rule.words, rule.status)
        if action == "get_ticker" and not self.venue.ticker_allowed(
            request.remote or ""
        ):
            self._spend(False)


def answer(body: Any, status: int = 200) -> web.Response:
    """Return JSON."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json"
    )


def refusal(err: RequestError) -> web.Response:
    """Return a refusal in the shape that the exchange uses for it."""
    if err.inside_ok:
        return answer({"ok": "ok", "data": {"error": err.text}})
    body: dict[str, Any] = {"error": err.text}
    if err.show_code:
        body["statusCode"] = err.status
    return answer(body, err.status)
