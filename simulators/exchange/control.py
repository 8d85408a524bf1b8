"""The control interface: what a test or the demo may do to the exchange (JSON in and out, loopback only)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
import orjson

from simulators.exchange import wire
from simulators.exchange.clock import iso
from simulators.exchange.engine.ledger import CLIENT, WALLET
from simulators.exchange.engine.money import text
from simulators.exchange.engine.orders import Order, Side
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.methods.orders import do_my_new_order
from simulators.exchange.rest import answer
from simulators.exchange.venue import Venue

LOOPBACK = {"127.0.0.1", "::1"}

type Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Control:
    """One control; the path may end in `{id}`."""

    method: str
    path: str
    help: str
    handler: Callable[[ControlInterface, Call], Awaitable[Any]]


class ControlInterface:
    """Serves `/control/`."""

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
                result = await control.handler(self, call)
            except RequestError as err:
                return answer({"error": err.text}, 422)
            finally:
                self.venue.publish()
            return answer(result)

        return serve

    async def price(self, call: Call) -> dict[str, Any]:
        """Move the market of a pair. Returns the best prices afterwards."""
        pair = parameters.listed_pair(call)
        price = parameters.optional_amount(call.data, "price")
        if price is None:
            raise parameters.missing("price")
        self.venue.market.move(pair.name, price.quantize(parameters.tick(pair)))
        book = self.venue.engine.books[pair.name]
        return {
            "pair": pair.name,
            "best_bid": wire.amount_or_none(book.bids.best(), pair.price_precision),
            "best_ask": wire.amount_or_none(book.asks.best(), pair.price_precision),
        }

    async def trade(self, call: Call) -> dict[str, Any]:
        """Let somebody trade at market. Returns the trades, and what the maker did not restore."""
        pair, side, amount = self._order(call)
        trades = self.venue.engine.others_take(pair, side, amount)
        return {"trades": [wire.trade_row(trade, pair) for trade in trades]}

    async def pause(self, _: Call) -> dict[str, Any]:
        """Stop the seeded process."""
        self.venue.market.moving = False
        return {"moving": False}

    async def resume(self, _: Call) -> dict[str, Any]:
        """Let the seeded process go on."""
        self.venue.market.moving = True
        return {"moving": True}

    async def place(self, call: Call) -> dict[str, Any]:
        """Let somebody place a limit order."""
        pair, side, amount = self._order(call)
        price = parameters.optional_amount(call.data, "price")
        if price is None:
            raise parameters.missing("price")
        return {"order_id": self.venue.engine.others_place(pair, side, price, amount)}

    async def withdraw(self, call: Call) -> dict[str, Any]:
        """Take somebody's limit order back."""
        number = call.data["id"]
        return {
            "cancelled": number.isdigit()
            and self.venue.engine.others_cancel(int(number))
        }

    async def client_order(self, call: Call) -> dict[str, Any]:
        """Place an order of the client as its web terminal would; `timestamp` may be left out."""
        call.data.setdefault("timestamp", self.venue.clock.now_ms())
        return do_my_new_order(call)

    async def truth(self, _: Call) -> dict[str, Any]:
        """Return everything as it is: orders, fills, balances, requests."""
        engine = self.venue.engine
        accounts = {
            account_id: CLIENT + account_id for account_id in engine.accounts.ids
        } | {"wallet": WALLET}
        return {
            "orders": [self._truth_row(order) for order in engine.all_orders()],
            "fills": [
                {
                    "order_id": str(fill.order_id),
                    "execution_id": fill.execution_id,
                    "pair": fill.pair,
                    "side": fill.side.value,
                    "amount": format(fill.base, "f"),
                    "quote_amount": format(fill.quote, "f"),
                    "price": format(fill.price, "f"),
                    "fee": format(fill.fee, "f"),
                    "fee_currency": fill.fee_currency,
                    "time": iso(fill.time),
                }
                for fill in engine.settlement.fills
            ],
            "balances": {
                account_id: self._balances(account)
                for account_id, account in accounts.items()
            },
            "requests": dict(self.venue.requests),
        }

    async def close(self, call: Call) -> dict[str, Any]:
        """Close sockets of a kind, with or without a notice."""
        kind = call.data.get("kind", "all")
        if kind not in {"public", "private", "all"}:
            raise RequestError("Parameter kind should be one of public,private,all")
        chosen = [
            session
            for session in self.venue.hub.sessions
            if kind == "all" or session.private == (kind == "private")
        ]
        for session in chosen:
            if call.data.get("notice", True):
                session.goodbye()
            else:
                session.abort()
        return {"closed": len(chosen)}

    def _order(self, call: Call) -> tuple[Any, Side, Any]:
        """Read pair, side and amount."""
        pair = parameters.listed_pair(call)
        side = parameters.choice(call.data, "side", Side)
        amount = parameters.optional_amount(call.data, "amount")
        if amount is None:
            raise parameters.missing("amount")
        return pair, side, amount

    @staticmethod
    def _truth_row(order: Order) -> dict[str, Any]:
        """Return an order row with the stop price, which the exchange does not tell."""
        return wire.order_row(order) | {
            "stopPrice": wire.amount_or_none(
                order.stop_price, order.pair.price_precision
            )
        }

    def _balances(self, account: str) -> dict[str, dict[str, str]]:
        """Return the balances of a ledger account."""
        ledger, listed = self.venue.engine.ledger, self.venue.engine.listing.currencies
        return {
            code: {
                "total": text(ledger.total(account, code), listed[code].precision),
                "on_hold": text(ledger.on_hold(account, code), listed[code].precision),
            }
            for code in ledger.currencies(account)
        }


CONTROLS: tuple[Control, ...] = (
    Control(
        "POST",
        "/control/market/price",
        '{"pair","price"}: move the market; crossing resting orders fill',
        ControlInterface.price,
    ),
    Control(
        "POST",
        "/control/market/trade",
        '{"pair","side","amount"}: a market order of somebody',
        ControlInterface.trade,
    ),
    Control(
        "POST",
        "/control/market/pause",
        "stop the seeded process",
        ControlInterface.pause,
    ),
    Control(
        "POST",
        "/control/market/resume",
        "let the seeded process go on",
        ControlInterface.resume,
    ),
    Control(
        "POST",
        "/control/orders",
        '{"pair","side","price","amount"}: a limit order of somebody',
        ControlInterface.place,
    ),
    Control(
        "DELETE",
        "/control/orders/{id}",
        "take somebody's limit order back",
        ControlInterface.withdraw,
    ),
    Control(
        "POST",
        "/control/client-orders",
        "an order of the client, placed in its web terminal; body as do_my_new_order",
        ControlInterface.client_order,
    ),
    Control(
        "GET",
        "/control/truth",
        "orders, fills, balances and request counts as they are",
        ControlInterface.truth,
    ),
    Control(
        "POST",
        "/control/sockets/close",
        '{"kind": "public|private|all", "notice": bool}: close sockets',
        ControlInterface.close,
    ),
)
