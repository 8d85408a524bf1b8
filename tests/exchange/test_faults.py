"""The client ends in the right state whatever the simulated exchange does to it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, override

import aiohttp
import pytest

from custom_components.cexio.exchange import (
    Budget,
    CexioError,
    Clock,
    Credentials,
    Endpoints,
    NewOrder,
    Order,
    OrderBook,
    OrderStatus,
    OrderType,
    OutcomeUnknownError,
    RestClient,
    Side,
    Stream,
    TimeInForce,
)
from simulators.exchange.server import ExchangeServer
from tests.patience import PATIENCE

D = Decimal
SPEED = 20


class QuickClock(Clock):
    """A clock whose waits are short: a ping each quarter of a second, silence after less than one."""

    @override
    def monotonic(self) -> float:
        """Return seconds that pass quickly."""
        return super().monotonic() * SPEED

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait for a part of the time."""
        await asyncio.sleep(seconds / SPEED)

    @override
    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Return a timeout after a part of the time."""
        return asyncio.timeout(seconds / SPEED)


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a fault, once unless said otherwise."""
    return {"kind": kind, "count": 1, **fields}


FAULTS: dict[str, dict[str, Any]] = {
    "reports are dropped": rule("drop", match="executionReport", count=5),
    "the reply is dropped": rule("drop", match="do_my_new_order"),
    "the cancel's reply is dropped": rule("drop", match="do_cancel_my_order"),
    "reports are late": rule("delay", match="executionReport", seconds=0.3, count=2),
    "reports come twice": rule("duplicate", match="executionReport", count=9),
    "replies come twice": rule("duplicate", match="do_my_new_order", count=9),
    "reports come in disorder": rule("reorder", match="executionReport", count=2),
    "closed after a report": rule("close", match="executionReport", notice=False),
    "closed after a report with notice": rule(
        "close", match="executionReport", notice=True
    ),
    "closed after a pong": rule("close", match="pong", count=2),
    "half open for a while": rule("stall", channel="private"),
    "pongs are dropped": rule("drop", match="pong", count=9),
    "the handshake is refused": rule("refuse", match="connect", status=503, count=2),
    "the sign-in fails": rule("refuse", match="auth", text="Unexpected error"),
    "the order fails": rule("refuse", match="do_my_new_order", status=500),
    "the question fails": rule("refuse", match="get_my_orders", status=500, count=2),
    "no orders are taken": rule("maintenance", match="order_placement"),
    "no orders are cancelled": rule("maintenance", match="order_cancellation"),
    "no orders are shown": rule("maintenance", match="order_status", count=2),
    "the reply is lost": rule("lose_reply", match="do_my_new_order"),
    "the reply hangs and is lost": rule(
        "lose_reply", match="do_my_new_order", seconds=1
    ),
    "the cancel's reply is lost": rule("lose_reply", match="do_cancel_my_order"),
}

SWITCHES: list[tuple[str, Any]] = [
    ("failed_auth", "close"),
    ("before_auth", "stay"),
    ("auth_grace", 5.0),
    ("second_auth", "error"),
    ("missing_permission", "close"),
    ("public_on_private", "answer"),
    ("unknown_fields", "error"),
    ("missing_oid", "error"),
    ("keepalive_cost", 1),
    ("exhausted_connect", "refuse"),
    ("reply_order", "events_first"),
    ("reply_status", "latest"),
    ("pending_new", True),
    ("rejected_report", True),
    ("remainder", "pending_cancel"),
    ("remainder", "generated_id"),
    ("cancelled_spelling", "CANCELED"),
    ("cancel_of_final", "silent"),
    ("cancel_delay", 0.2),
    ("unsubscribe_not_held", "error"),
    ("duplicate_increments", True),
    ("idle_limit", 10.0),
    ("private_book_pace", 1.0),
    ("orders_elsewhere", False),
    ("sockets_per_key", "newest"),
    ("trade_snapshot", True),
    ("malformed_json", "error"),
]

BOOK_FAULTS: dict[str, dict[str, Any]] = {
    "a gap": rule("gap", pair="BTC-USD"),
    "a new count": rule("reset", pair="BTC-USD"),
    "every change twice": rule("duplicate", match="order_book_increment", count=99),
    "changes in disorder": rule("reorder", match="order_book_increment"),
    "a change is lost": rule("drop", match="order_book_increment"),
    "the snapshot is lost": rule("drop", match="order_book_subscribe"),
    "closed after a change": rule("close", match="order_book_increment"),
    "half open for a while": rule("stall", channel="public"),
    "no market data": rule("maintenance", match="market_data"),
}


async def insist[T](ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the exchange answers; whoever does so knows that repeating is harmless."""
    while True:
        try:
            return await ask()
        except CexioError:
            await asyncio.sleep(0.02)


class Trader:
    """Somebody who trades over the stream and settles what is unknown over REST."""

    def __init__(self, server: ExchangeServer, session: aiohttp.ClientSession) -> None:
        """Prepare both channels."""
        ends = Endpoints.from_base(server.base)
        credentials = Credentials(server.key, server.secret)
        clock, key = QuickClock(), Budget(200)
        self.rest = RestClient(
            session,
            endpoints=ends,
            credentials=credentials,
            address_budget=Budget(100),
            key_budget=key,
            clock=clock,
            timeout=2,
        )
        self.stream = Stream(
            session, ends.ws, budget=key, credentials=credentials, clock=clock
        )

    async def place(self, order: NewOrder) -> Order:
        """Place an order exactly once."""
        while True:
            try:
                return await self.stream.do_my_new_order(order)
            except OutcomeUnknownError:
                found = await self.find(order.client_order_id)
                if found is not None:
                    return found
            except CexioError:
                await asyncio.sleep(0.02)

    async def find(self, client_order_id: str) -> Order | None:
        """Return an order by its client's id."""
        found = await insist(
            lambda: self.rest.get_my_orders(client_order_id=client_order_id)
        )
        assert len(found) <= 1
        return found[0] if found else None

    async def cancel(self, order: Order) -> Order:
        """Cancel an order and wait until it is."""
        while True:
            await insist(
                lambda: self.stream.do_cancel_my_order(
                    order_id=order.order_id,
                    cancel_request_id=f"cancel-{order.order_id}",
                )
            )
            found = await self.find(order.client_order_id)
            if found is not None and found.is_final:
                return found
            await asyncio.sleep(0.02)


def order(client_order_id: str, **fields: Any) -> NewOrder:
    """Return an order to buy bitcoin."""
    return NewOrder(
        account_id="trading",
        pair="BTC-USD",
        side=Side.BUY,
        client_order_id=client_order_id,
        timestamp=None,
        **fields,
    )


def relent(server: ExchangeServer) -> None:
    """End a half-open line after a second; it would last until the rule is removed."""
    asyncio.get_running_loop().call_later(1.0, server.venue.faults.remove)


async def journey(server: ExchangeServer) -> None:
    """Trade: one order rests and is cancelled, one is filled; then compare with the truth."""
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        trader = Trader(server, session)
        await trader.stream.start()
        try:
            limit: dict[str, Any] = {
                "order_type": OrderType.LIMIT,
                "time_in_force": TimeInForce.GTC,
            }
            resting = await trader.place(
                order("rest", amount=D("0.01"), price=D("50000"), **limit)
            )
            await trader.place(
                order("fill", quote_amount=D(100), order_type=OrderType.MARKET)
            )
            ended = await trader.cancel(resting)
            filled = await trader.find("fill")
            assert ended.status is OrderStatus.CANCELLED and ended.executed_amount == 0
            assert filled is not None and filled.status is OrderStatus.FILLED
            assert await insist(trader.rest.get_my_orders) == []
            await insist(trader.stream.get_my_volume)
            async with session.get(f"{server.control}/truth") as response:
                truth = await response.json()
            rows = {row["clientOrderId"]: row["status"] for row in truth["orders"]}
            assert len(truth["orders"]) == 2
            assert rows == {"rest": "CANCELLED", "fill": "FILLED"}
            fills = sum(D(fill["amount"]) for fill in truth["fills"])
            assert fills == filled.executed_amount
        finally:
            await trader.stream.stop()


@pytest.mark.parametrize("name", FAULTS)
async def test_trading_through_a_fault(name: str) -> None:
    """Nothing is placed twice, nothing is lost, and the session is up in the end."""
    async with ExchangeServer(
        seed=1, market_moves=False, faults=[FAULTS[name]]
    ) as server:
        if FAULTS[name]["kind"] == "stall":
            relent(server)
        await journey(server)


@pytest.mark.parametrize(("name", "value"), SWITCHES, ids=str)
async def test_trading_with_an_unspecified_behaviour(name: str, value: Any) -> None:
    """Whichever way the exchange behaves where its documentation is silent."""
    async with ExchangeServer(
        seed=1, market_moves=False, switches={name: value}
    ) as server:
        await journey(server)


@pytest.mark.parametrize("name", BOOK_FAULTS)
async def test_following_a_book_through_a_fault(name: str) -> None:
    """In the end the followed book is the exchange's."""
    async with (
        asyncio.timeout(PATIENCE),
        ExchangeServer(
            seed=1, market_moves=False, faults=[BOOK_FAULTS[name]]
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        clock, budget = QuickClock(), Budget(100)
        ends = Endpoints.from_base(server.base)
        rest = RestClient(session, endpoints=ends, address_budget=budget, clock=clock)
        stream = Stream(session, ends.ws_public, budget=budget, clock=clock)
        books = stream.listen(OrderBook)
        await stream.start()
        await stream.subscribe_order_book("BTC-USD")
        try:
            if BOOK_FAULTS[name]["kind"] == "stall":
                relent(server)
            followed = await anext(books)
            # A lost change shows with the next one, and the exchange sends one a second.
            for price in ("60500", "61000", "60800", "60600"):
                await move(session, server, price)
                target = await insist(lambda: rest.get_order_book("BTC-USD"))
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE if price == "60600" else 1.5):
                        while (followed.bids, followed.asks) != (
                            target.bids,
                            target.asks,
                        ):
                            followed = await anext(books)
            assert (followed.bids, followed.asks) == (target.bids, target.asks)
        finally:
            await stream.stop()


async def move(
    session: aiohttp.ClientSession, server: ExchangeServer, price: str
) -> None:
    """Move the market."""
    body = {"pair": "BTC-USD", "price": price}
    async with session.post(f"{server.control}/market/price", json=body) as response:
        assert response.status == 200
