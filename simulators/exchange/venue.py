"""The whole exchange without its network: engine, market, keys, budgets, and who listens."""

import asyncio
from collections import Counter, deque
from decimal import Decimal
from typing import Any

from simulators.exchange.budget import PRIVATE_LIMIT, PUBLIC_LIMIT, Budgets
from simulators.exchange.clock import Clock
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.events import Report
from simulators.exchange.engine.floor import CLIENT_ID
from simulators.exchange.engine.ledger import CLIENT, WALLET
from simulators.exchange.engine.orders import ExecutionType, Order, Side, Status
from simulators.exchange.engine.reference import listing
from simulators.exchange.faults import FaultKind, Faults
from simulators.exchange.keys import ApiKey, make_keys
from simulators.exchange.market import Market
from simulators.exchange.methods.call import SERVER_ERROR, Call, RequestError
from simulators.exchange.methods.fields import FIELDS
from simulators.exchange.methods.table import Method
from simulators.exchange.sockets.hub import Hub
from simulators.exchange.stamps import Stamps
from simulators.exchange.statistics import Statistics

# Opening balances: ledger account, currency, amount.
OPENING: tuple[tuple[str, str, str], ...] = (
    (f"{CLIENT}trading", "USD", "50000"),
    (f"{CLIENT}trading", "EUR", "20000"),
    (f"{CLIENT}trading", "USDT", "20000"),
    (f"{CLIENT}trading", "BTC", "1.5"),
    (f"{CLIENT}trading", "ETH", "10"),
    (f"{CLIENT}trading", "LTC", "50"),
    (f"{CLIENT}trading", "SHIB", "100000000"),
    (f"{CLIENT}savings", "BTC", "0.75"),
    (f"{CLIENT}savings", "EUR", "5000"),
    (CLIENT, "USD", "2500"),
    (CLIENT, "BTC", "0.25"),
    (WALLET, "USD", "10000"),
    (WALLET, "EUR", "3000"),
    (WALLET, "BTC", "0.5"),
    (WALLET, "ETH", "4"),
)
TICKER_WINDOW_MS = 60_000
TICKER_CALLS = 2
# Trades on every tape at the start.
PAST_TRADES = 40


class Venue:
    """The exchange."""

    def __init__(self, *, seed: int, clock: Clock, pairs: int) -> None:
        """Open with `pairs` pairs (at least the hand-made ones) and the client's opening balances."""
        self.seed = seed
        self.clock = clock
        self.keys: list[ApiKey] = make_keys(seed)
        self.keys_by_id = {key.key: key for key in self.keys}
        self.engine = Engine(listing(pairs), clock.now_ms)
        self.faults = Faults(seed)
        self._cancels: set[asyncio.Task[None]] = set()
        self._tickers: dict[str, deque[int]] = {}
        self.requests: Counter[str] = Counter()
        self.stamps = Stamps()
        self.address_budget = Budgets(PUBLIC_LIMIT, clock.now_ms)
        self.key_budget = Budgets(PRIVATE_LIMIT, clock.now_ms)
        self.statistics = Statistics(self.engine, seed=seed, start_ms=clock.now_ms())
        self.hub = Hub(self.engine, self.faults.switches)
        self.market = Market(self.engine, clock, seed=seed, publish=self.publish)
        for name, pair in self.engine.listing.pairs.items():
            for time, bought, price, amount in self.statistics.past(pair).trades(
                PAST_TRADES
            ):
                self.engine.tapes[name].earlier(
                    time, Side.BUY if bought else Side.SELL, price, amount
                )
        self.engine.drain()

    def open_accounts(self) -> None:
        """Give the client its accounts and opening balances."""
        now = self.clock.now_ms()
        for account_id in ("trading", "savings"):
            self.engine.accounts.create(account_id)
        for account, currency, amount in OPENING:
            self.engine.accounts.fund(account, currency, Decimal(amount), now)

    def start(self) -> None:
        """Let the market tick."""
        self.market.start()

    async def stop(self) -> None:
        """End every task."""
        await self.market.stop()
        for task in list(self._cancels):
            task.cancel()
        await asyncio.gather(*self._cancels, return_exceptions=True)

    def set_switch(self, name: str, value: Any) -> None:
        """Turn a switch. Raises ValueError, in words."""
        self.faults.switches.set(name, value)
        self.engine.expiry_status = Status(self.faults.switches.expiry_status)
        self.engine.most_active = self.faults.switches.active_orders
        self.address_budget.limit = self.faults.switches.address_points
        self.key_budget.limit = self.faults.switches.key_points

    def publish(self, *, elsewhere: bool = False) -> None:
        """Pass on what happened; `elsewhere` marks orders that were not placed over a WebSocket."""
        events = self.engine.drain()
        if elsewhere:
            self.hub.elsewhere.update(
                event.order.order_id
                for event in events
                if isinstance(event, Report)
                and event.order.order_id is not None
                and event.order.execution_type is ExecutionType.NEW
            )
        self.hub.deliver(events)

    def guard(self, service: str, call: Call) -> None:
        """Refuse a request whose service is down, or whose fields are unknown. Raises RequestError."""
        channel = (
            "rest" if not call.websocket else "private" if call.private else "public"
        )
        if self.faults.take(FaultKind.MAINTENANCE, service, channel) is not None:
            raise RequestError(f"{service} is on maintenance", SERVER_ERROR)
        if self.faults.switches.unknown_fields == "error":
            for name in call.data.keys() - FIELDS.get(call.action, frozenset()):
                raise RequestError(f"Parameter {name} is not allowed")

    def handle(self, method: Method, call: Call) -> Any:
        """Carry out a request; what it caused waits in the engine until `publish`. Raises RequestError."""
        self.stamps.request_came(call.action, call.data.get("clientOrderId"))
        self.guard(method.service, call)
        return method.handler(call)

    def cancel(
        self, order: Order | None, *, request_id: str, client_order_id: str | None
    ) -> None:
        """Cancel one order."""
        if (
            self.engine.request_cancel(
                order, request_id=request_id, client_order_id=client_order_id
            )
            and order is not None
        ):
            self._complete([(order, request_id)])

    def cancel_all(self, orders: list[Order]) -> None:
        """Cancel orders: all go pending before the first ends (websocket.md 4.2.5)."""
        requests = [(order, f"CANCEL_{CLIENT_ID}_{order.order_id}") for order in orders]
        for order, request_id in requests:
            self.engine.request_cancel(order, request_id=request_id)
        self._complete(requests)

    def _complete(self, requests: list[tuple[Order, str]]) -> None:
        """Carry out pending cancels, at once or after the delay that a switch asks for."""
        if delay := self.faults.switches.cancel_delay:
            task = asyncio.create_task(
                self._complete_later(requests, delay), name="cancel"
            )
            self._cancels.add(task)
            task.add_done_callback(self._cancels.discard)
            return
        for order, request_id in requests:
            self.engine.complete_cancel(order, request_id)

    async def _complete_later(
        self, requests: list[tuple[Order, str]], delay: float
    ) -> None:
        """Carry out pending cancels after a while."""
        await self.clock.sleep(delay)
        for order, request_id in requests:
            self.engine.complete_cancel(order, request_id)
        self.publish()

    def ticker_allowed(self, address: str) -> bool:
        """Tell whether REST get_ticker is served: as seen live, two calls in 60 seconds, when switched on."""
        now = self.clock.now_ms()
        calls = self._tickers.setdefault(address, deque())
        while calls and calls[0] <= now - TICKER_WINDOW_MS:
            calls.popleft()
        if self.faults.switches.ticker_limit and len(calls) >= TICKER_CALLS:
            return False
        calls.append(now)
        return True
