"""A Home Assistant that speaks its WebSocket API and says what a test wants to hear."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import contextlib
from decimal import Decimal
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.telegram_bot import fake_market
from tests.telegram_bot.fake_funds import Moves, cancel_all_orders

type Json = dict[str, Any]
type Service = Callable[[Json], Awaitable[Json] | Json]

TOKEN = "long-lived-token-of-the-bot"
WAIT_SECONDS = 30.0
PAIRS: dict[str, Json] = {
    pair: {
        "base": pair.partition("-")[0],
        "quote": pair.partition("-")[2],
        "base_min": "0.0001",
        "base_max": "100",
        "base_lot_size": "0.00000001",
        "quote_min": "1",
        "quote_max": "1000000",
        "quote_lot_size": "0.01",
        "price_precision": 2,
        "min_price": "0.01",
        "max_price": "1000000",
    }
    for pair in ("BTC-USD", "ETH-USD", "BTC-EUR", "ETH-BTC", "SHIB-USD")
}
PRICES = {
    "BTC-USD": "60500",
    "ETH-USD": "3000.5",
    "BTC-EUR": "55000",
    "ETH-BTC": "0.05",
    "SHIB-USD": "0.00001234",
}


class Refusal(Exception):
    """An error that an action answers with."""

    def __init__(
        self,
        key: str | None,
        text: str,
        *,
        code: str = "service_validation_error",
        **placeholders: str,
    ) -> None:
        """Keep what goes over the wire."""
        super().__init__(text)
        self.error: Json = {
            "code": code,
            "message": f"Validation error: {text}"
            if code.startswith("service")
            else text,
        }
        if key:
            self.error |= {
                "translation_key": key,
                "translation_domain": "cexio",
                "translation_placeholders": placeholders,
            }


class FakeHomeAssistant:
    """One server, on a free port of this machine."""

    def __init__(self) -> None:
        """Prepare some money and no orders."""
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
        self.orders: dict[str, Json] = {}
        self.alerts: dict[str, Json] = {}
        self.placed_status = "new"
        self.finds_one = True
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
            "get_ticker": self._get_ticker,
            "get_balances": self._get_balances,
            "get_orders": self._get_orders,
            "get_trading_conditions": lambda data: {"pairs": PAIRS},
            "preview_order": self._preview_order,
            "place_order": self._place_order,
            "cancel_order": self._cancel_order,
            "add_price_alert": self._add_price_alert,
            "remove_price_alert": self._remove_price_alert,
            "update_price_alert": self._update_price_alert,
            "list_price_alerts": lambda data: {"alerts": list(self.alerts.values())},
            "get_executions": lambda data: fake_market.executions(data, self.journal),
            "get_order": self._get_order,
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
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
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

    def _get_ticker(self, data: Json) -> Json:
        """Return prices."""
        return {
            "tickers": {
                pair: {
                    "pair": pair,
                    "bid": PRICES[pair],
                    "ask": PRICES[pair],
                    "last": PRICES[pair],
                    "mid": PRICES[pair],
                    "high": "61000.00",
                    "low": "59000.00",
                    "volume": "12.5",
                    "change_percentage": "1.25",
                }
                for pair in data["pairs"]
            }
        }

    def _get_balances(self, data: Json) -> Json:
        """Return balances."""
        rows = [
            ("", "USD", "1000.00", "0"),
            ("trading", "BTC", "1.50000000", "0.5"),
            ("trading", "USD", "50000.00", "0"),
        ]
        return {
            "balances": [
                {
                    "account_id": account,
                    "currency": currency,
                    "total": total,
                    "available": format(Decimal(total) - Decimal(held), "f"),
                    "on_hold": held,
                }
                for account, currency, total, held in rows
            ]
        }

    def _get_orders(self, data: Json) -> Json:
        """Return open orders, or one order in any state."""
        if data and not self.finds_one:
            raise Refusal(None, "extra keys not allowed @ data", code="invalid_format")
        orders = list(self.orders.values())
        for name, value in data.items():
            orders = [order for order in orders if order[name] == value]
        if not data:
            orders = [
                order
                for order in orders
                if order["status"] in ("new", "partially_filled")
            ]
        return {"orders": orders}

    def _get_order(self, data: Json) -> Json:
        """Return one order in any state."""
        for order in self.orders.values():
            if all(order[name] == value for name, value in data.items()):
                return {"order": order}
        raise Refusal("unknown_order", "The exchange knows no such order.")

    def _preview_order(self, data: Json) -> Json:
        """Work out what an order would do."""
        base, _, quote = data["pair"].partition("-")
        price = Decimal(data.get("price") or PRICES[data["pair"]])
        amount = (
            Decimal(data["amount"])
            if "amount" in data
            else Decimal(data["quote_amount"]) / price
        )
        cost = amount * price
        fee = cost * Decimal("0.0025")
        buys = data["side"] == "buy"
        sign = 1 if buys else -1
        return {
            "preview": {
                "account_id": data.get("account_id", "trading"),
                "pair": data["pair"],
                "side": data["side"],
                "order_type": data["order_type"],
                "amount": format(amount, "f"),
                "quote_amount": data.get("quote_amount"),
                "price": data.get("price"),
                "stop_price": data.get("stop_price"),
                "time_in_force": data.get("time_in_force", "gtc"),
                "expire_time": data.get("expire_time"),
                "cost": format(cost, "f"),
                "fee": format(fee, "f"),
                "fee_percentage": "0.25",
                "fee_currency": quote,
                "total": format(cost + sign * fee, "f"),
                "base_currency": base,
                "quote_currency": quote,
                "balance_before": {base: "1.5", quote: "50000"},
                "balance_after": {
                    base: format(Decimal("1.5") + sign * amount, "f"),
                    quote: format(50000 - sign * cost - fee, "f"),
                },
                "market_price": PRICES[data["pair"]],
                "distance_percentage": "-0.83" if data.get("price") else None,
                "slippage_percentage": None if data.get("price") else "0.02",
                "warnings": [],
            }
        }

    def _place_order(self, data: Json) -> Json:
        """Place an order; the same client order id never makes two."""
        order = self.orders.get(data["client_order_id"])
        if order is None:
            order = make_order(
                order_id=f"1000{len(self.orders) + 1}",
                client_order_id=data["client_order_id"],
                pair=data["pair"],
                side=data["side"],
                order_type=data["order_type"],
                amount=data.get("amount"),
                quote_amount=data.get("quote_amount"),
                price=data.get("price"),
                status=self.placed_status,
            )
            self.orders[data["client_order_id"]] = order
        return {"order": order}

    def _cancel_order(self, data: Json) -> Json:
        """Cancel an order."""
        for order in self.orders.values():
            if order["order_id"] == data["order_id"]:
                order["status"] = "cancelled"
                return {"order": order}
        raise Refusal("unknown_order", "There is no such open order.")

    def _add_price_alert(self, data: Json) -> Json:
        """Keep an alert."""
        absent = dict.fromkeys(("price", "percentage", "window", "direction"))
        alert = {
            "alert_id": f"alert{len(self.alerts) + 1}",
            "repeat": False,
            "cooldown": None,
            "enabled": True,
            "active": True,
            "created": "2027-01-15T08:00:00+00:00",
            "last_fired": None,
            **absent,
            **data,
        }
        self.alerts[alert["alert_id"]] = alert
        return {"alert": alert}

    def _update_price_alert(self, data: Json) -> Json:
        """Change an alert."""
        if data["alert_id"] not in self.alerts:
            raise Refusal("unknown_alert", "There is no such alert.")
        self.alerts[data["alert_id"]] |= data
        return {"alert": self.alerts[data["alert_id"]]}

    def _remove_price_alert(self, data: Json) -> Json:
        """Forget an alert."""
        if self.alerts.pop(data["alert_id"], None) is None:
            raise Refusal("unknown_alert", "There is no such alert.")
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


def make_order(**changes: Any) -> Json:
    """Return an order as the integration describes it."""
    return {
        "order_id": "777",
        "client_order_id": "elsewhere-1",
        "account_id": "trading",
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "time_in_force": "gtc",
        "status": "new",
        "price": "60000",
        "stop_price": None,
        "amount": "0.01",
        "quote_amount": None,
        "executed_amount": "0",
        "executed_quote_amount": "0",
        "average_price": None,
        "fee_amount": None,
        "fee_currency": None,
        "created": "2027-01-15T08:00:00+00:00",
        "updated": "2027-01-15T08:00:00+00:00",
        "reject_code": None,
        "reject_reason": None,
        "comment": None,
    } | changes


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
