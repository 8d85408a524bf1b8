"""The whole exchange without its network: engine, market, keys, budgets, and who listens."""

from collections import Counter
from decimal import Decimal
from typing import Any

from simulators.exchange.budget import PRIVATE_LIMIT, PUBLIC_LIMIT, Budgets
from simulators.exchange.clock import Clock
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.floor import CLIENT_ID
from simulators.exchange.engine.ledger import CLIENT, WALLET
from simulators.exchange.engine.orders import Order, Side
from simulators.exchange.engine.reference import listing
from simulators.exchange.faults import Faults
from simulators.exchange.keys import ApiKey, make_keys
from simulators.exchange.market import Market
from simulators.exchange.methods.call import Call
from simulators.exchange.methods.table import Method
from simulators.exchange.sockets.hub import Hub
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
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self.address_budget = Budgets(PUBLIC_LIMIT, clock.now_ms)
        self.key_budget = Budgets(PRIVATE_LIMIT, clock.now_ms)
        self.statistics = Statistics(self.engine, seed=seed, start_ms=clock.now_ms())
        self.hub = Hub(self.engine)
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

    def publish(self) -> None:
        """Pass on what happened."""
        self.hub.deliver(self.engine.drain())

    def handle(self, method: Method, call: Call) -> Any:
        """Carry out a request; what it caused waits in the engine until `publish`. Raises RequestError."""
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
            self.engine.complete_cancel(order, request_id)

    def cancel_all(self, orders: list[Order]) -> None:
        """Cancel orders: all go pending before the first ends (websocket.md 4.2.5)."""
        requests = [(order, f"CANCEL_{CLIENT_ID}_{order.order_id}") for order in orders]
        for order, request_id in requests:
            self.engine.request_cancel(order, request_id=request_id)
        for order, request_id in requests:
            self.engine.complete_cancel(order, request_id)
