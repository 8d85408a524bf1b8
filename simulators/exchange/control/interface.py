"""The table of controls, and their way over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
import orjson

from simulators.exchange.control import conditions, market, truth
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.rest import answer
from simulators.exchange.venue import Venue

LOOPBACK = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Control:
    """One control; its path may hold `{id}`."""

    method: str
    path: str
    help: str
    handler: Callable[[Call], Awaitable[Any]]


CONTROLS: tuple[Control, ...] = (
    Control(
        "POST",
        "/control/market/price",
        '{"pair","price"}: move the market; crossing resting orders fill',
        market.price,
    ),
    Control(
        "POST",
        "/control/market/trade",
        '{"pair","side","amount","times"?}: a market order of somebody, or several',
        market.trade,
    ),
    Control("POST", "/control/market/pause", "stop the seeded process", market.pause),
    Control(
        "POST", "/control/market/resume", "let the seeded process go on", market.resume
    ),
    Control(
        "POST",
        "/control/market/empty",
        '{"pair","side"?}: the maker leaves a side, or both, until a refill',
        market.empty,
    ),
    Control(
        "POST",
        "/control/market/refill",
        '{"pair"}: the maker is back with its whole ladder',
        market.refill,
    ),
    Control(
        "POST",
        "/control/orders",
        '{"pair","side","price","amount"}: a limit order of somebody',
        market.place,
    ),
    Control(
        "DELETE",
        "/control/orders/{id}",
        "take somebody's limit order back",
        market.withdraw,
    ),
    Control(
        "POST",
        "/control/client-orders",
        "an order of the client, placed in its web terminal; body as do_my_new_order",
        market.client_order,
    ),
    Control(
        "DELETE",
        "/control/client-orders/{id}",
        "the client cancels an order in its web terminal",
        market.client_cancel,
    ),
    Control(
        "POST",
        "/control/deposits",
        '{"account_id","currency","amount"}: money arrives from outside',
        market.deposit,
    ),
    Control(
        "GET",
        "/control/truth",
        "orders, fills, balances and request counts as they are",
        truth.truth,
    ),
    Control(
        "GET",
        "/control/stamps",
        "when the last execution reports left and requests came, by the monotonic clock",
        truth.stamps,
    ),
    Control(
        "GET",
        "/control/faults",
        "fault rules in force, kinds of faults, switches",
        conditions.faults,
    ),
    Control(
        "POST",
        "/control/faults",
        '{"kind","match"?,"channel"?,"pair"?,"probability"?,"count"?,"skip"?,...}: add a rule',
        conditions.add_fault,
    ),
    Control("DELETE", "/control/faults", "remove all rules", conditions.remove_faults),
    Control(
        "DELETE", "/control/faults/{id}", "remove one rule", conditions.remove_faults
    ),
    Control(
        "POST",
        "/control/switches",
        '{"<name>": <value>, ...}: turn switches',
        conditions.switch,
    ),
    Control("GET", "/control/clock", "the exchange's time", conditions.clock),
    Control(
        "POST",
        "/control/clock",
        '{"freeze"|"run": true, "now": ms|iso, "jump": s, "advance": s}: drive the clock',
        conditions.drive_clock,
    ),
    Control(
        "GET", "/control/budgets", "points used in this minute", conditions.budgets
    ),
    Control(
        "POST",
        "/control/budgets/exhaust",
        '{"kind": "key|address"}: use up this minute',
        conditions.exhaust,
    ),
    Control("GET", "/control/sockets", "how many sockets are open", conditions.sockets),
    Control(
        "POST",
        "/control/sockets/close",
        '{"kind": "public|private|all", "notice": bool}: close sockets',
        conditions.close,
    ),
)


class ControlInterface:
    """Serves `/control/`; refuses whoever is not on this machine."""

    def __init__(self, venue: Venue) -> None:
        """Control `venue`."""
        self.venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        index = web.get("/control/", self._index)
        return [
            index,
            *(
                web.route(control.method, control.path, self._serve(control))
                for control in CONTROLS
            ),
        ]

    async def _index(self, _: web.Request) -> web.Response:
        """List the controls."""
        return answer(
            {f"{control.method} {control.path}": control.help for control in CONTROLS}
        )

    def _serve(
        self, control: Control
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the request handler of one control."""

        async def serve(request: web.Request) -> web.Response:
            """Check and carry out."""
            if request.remote not in LOOPBACK:
                return answer(
                    {"error": "The control interface serves this machine only"}, 403
                )
            body = await request.read()
            try:
                data = orjson.loads(body) if body else {}
            except orjson.JSONDecodeError:
                data = None
            if not isinstance(data, dict):
                return answer({"error": "The body should be a JSON object"}, 400)
            call = Call(
                self.venue,
                control.path,
                data | dict(request.match_info),
                private=True,
                websocket=False,
            )
            try:
                result = await control.handler(call)
            except RequestError as err:
                return answer({"error": err.text}, err.status)
            finally:
                self.venue.publish(elsewhere=True)
            return answer(result)

        return serve
