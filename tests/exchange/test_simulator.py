"""The client against the exchange simulator: the main paths end to end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import override

import aiohttp
import pytest

from custom_components.cexio.exchange import (
    AddressNotAllowedError,
    BadKeyError,
    BadSignatureError,
    Budget,
    Clock,
    Connected,
    Credentials,
    Endpoints,
    ExecutionReport,
    ExecutionType,
    InvalidRequestError,
    KeyNotActivatedError,
    NewOrder,
    OrderBook,
    OrderCancelReject,
    OrderFundsError,
    OrderRejectedError,
    OrderStatus,
    OrderType,
    Permission,
    PermissionDeniedError,
    RestClient,
    Side,
    Stream,
    TimeInForce,
    UnsupportedPairError,
)
from simulators.exchange.server import ExchangeServer
from tests.patience import PATIENCE

D = Decimal


@dataclass
class World:
    """An exchange and the means to speak to it."""

    server: ExchangeServer
    session: aiohttp.ClientSession
    endpoints: Endpoints
    rest: RestClient
    stream: Stream
    public: Stream

    async def control(self, path: str, body: object = None) -> None:
        """Change something behind the client's back."""
        async with self.session.post(
            f"{self.server.control}/{path}", json=body or {}
        ) as response:
            assert response.status == 200, await response.text()

    def client(
        self, credentials: Credentials, clock: Clock | None = None
    ) -> RestClient:
        """Return another client."""
        return RestClient(
            self.session,
            endpoints=self.endpoints,
            credentials=credentials,
            address_budget=Budget(100),
            clock=clock or Clock(),
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Run the simulator and connect to it."""
    async with (
        ExchangeServer(seed=1, port=0, market_moves=False) as server,
        aiohttp.ClientSession() as session,
    ):
        ends = Endpoints.from_base(server.base)
        credentials = Credentials(server.key, server.secret)
        key, address = Budget(200), Budget(100)
        rest = RestClient(
            session,
            endpoints=ends,
            credentials=credentials,
            address_budget=address,
            key_budget=key,
            clock=Clock(),
        )
        stream = Stream(session, ends.ws, budget=key, credentials=credentials)
        public = Stream(session, ends.ws_public, budget=address)
        await stream.start()
        await public.start()
        await stream.wait_connected(PATIENCE)
        await public.wait_connected(PATIENCE)
        yield World(server, session, ends, rest, stream, public)
        await stream.stop()
        await public.stop()


def limit(client_order_id: str, price: Decimal, amount: str = "0.01") -> NewOrder:
    """Return an order to buy bitcoin."""
    return NewOrder(
        account_id="trading",
        pair="BTC-USD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        client_order_id=client_order_id,
        amount=D(amount),
        price=price,
        time_in_force=TimeInForce.GTC,
    )


async def best_bid(world: World) -> Decimal:
    """Return the highest bid for bitcoin."""
    return (await world.rest.get_order_book("BTC-USD")).bids[0].price


@pytest.mark.parametrize("channel", ["rest", "stream"])
async def test_an_order_rests_and_is_cancelled(world: World, channel: str) -> None:
    """Placed, found by both ids, cancelled; the reports carry the placement's id throughout."""
    client: RestClient | Stream = world.rest if channel == "rest" else world.stream
    price = (await best_bid(world) * D("0.9")).quantize(D("0.1"))
    async with (
        asyncio.timeout(PATIENCE),
        world.stream.listen(ExecutionReport) as reports,
    ):
        placed = await client.do_my_new_order(limit("mine", price))
        assert placed.status is OrderStatus.NEW and placed.order_id is not None
        (found,) = await client.get_my_orders(client_order_id="mine")
        (same,) = await client.get_my_orders(order_id=placed.order_id)
        assert found == same and found.price == price and found.created is not None
        assert [order.order_id async for order in client.iter_my_orders()] == [
            placed.order_id
        ]
        await client.do_cancel_my_order(
            client_order_id="mine", cancel_request_id="stop"
        )
        seen: list[ExecutionReport] = []
        while not seen or seen[-1].execution_type is not ExecutionType.CANCELED:
            seen.append(await anext(reports))
    assert [item.execution_type for item in seen] == [
        ExecutionType.NEW,
        ExecutionType.PENDING_CANCEL,
        ExecutionType.CANCELED,
    ]
    assert {item.order.client_order_id for item in seen} == {"mine"}
    assert [item.cancel_request_id for item in seen] == [None, "stop", "stop"]
    assert await client.get_my_orders() == []


@pytest.mark.parametrize("channel", ["rest", "stream"])
async def test_a_market_order_is_filled(world: World, channel: str) -> None:
    """Its fills add up to what the order says, and the balances follow."""
    client: RestClient | Stream = world.rest if channel == "rest" else world.stream
    before = (await client.get_my_account_status_v3()).balances["trading"]
    async with (
        asyncio.timeout(PATIENCE),
        world.stream.listen(ExecutionReport) as reports,
    ):
        await client.do_my_new_order(
            NewOrder(
                account_id="trading",
                pair="BTC-USD",
                side=Side.BUY,
                order_type=OrderType.MARKET,
                client_order_id="now",
                quote_amount=D(500),
            )
        )
        amount = quote_amount = D(0)
        last = None
        while last is None or not last.order.is_final:
            last = await anext(reports)
            amount += last.last_amount or 0
            quote_amount += last.last_quote_amount or 0
    (order,) = await client.get_my_orders(client_order_id="now")
    assert amount == order.executed_amount > 0
    assert quote_amount == order.executed_quote_amount
    after = (await client.get_my_account_status_v3()).balances["trading"]
    assert after["BTC"].total - before["BTC"].total == amount
    assert before["USD"].total - after["USD"].total == quote_amount + order.fee_amount


async def test_orders_that_are_rejected(world: World) -> None:
    """Too dear for the balance, too small, and refused before there is an order."""
    price = (await best_bid(world)).quantize(D("0.1"))
    with pytest.raises(OrderFundsError) as caught:
        await world.rest.do_my_new_order(limit("dear", price, "5"))
    assert caught.value.code == 403
    with pytest.raises(OrderRejectedError) as small:
        await world.stream.do_my_new_order(limit("small", price, "0.00000001"))
    assert small.value.order is not None and small.value.order.order_id is None
    with pytest.raises(InvalidRequestError):
        await world.rest.do_cancel_my_order(cancel_request_id="none")


async def test_cancelling_an_order_that_does_not_exist(world: World) -> None:
    """The request is accepted; the event tells."""
    async with (
        asyncio.timeout(PATIENCE),
        world.stream.listen(OrderCancelReject) as rejects,
    ):
        await world.stream.do_cancel_my_order(
            client_order_id="none", cancel_request_id="c"
        )
        reject = await anext(rejects)
    assert (reject.client_order_id, reject.cancel_request_id) == ("none", "c")
    assert reject.order_id is None and reject.reason == "unknown_order"


async def test_a_followed_book_equals_the_exchange_s(world: World) -> None:
    """After the market has moved, all levels are the same."""
    async with asyncio.timeout(PATIENCE), world.public.listen(OrderBook) as books:
        await world.public.subscribe_order_book("BTC-USD")
        await anext(books)
        await world.control("market/price", {"pair": "BTC-USD", "price": "61000"})
        target = await world.rest.get_order_book("BTC-USD")
        followed = await anext(books)
        while (followed.bids, followed.asks) != (target.bids, target.asks):
            followed = await anext(books)
    with pytest.raises(UnsupportedPairError):
        await world.public.subscribe_order_book("XXX-YYY")


@pytest.mark.parametrize("notice", [True, False])
async def test_a_closed_session_comes_back(world: World, notice: bool) -> None:
    """With or without a word."""
    async with asyncio.timeout(PATIENCE), world.stream.listen(Connected) as connects:
        await world.control("sockets/close", {"kind": "private", "notice": notice})
        await anext(connects)
    assert await world.stream.get_my_orders() == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("inactive", KeyNotActivatedError), ("other-address", AddressNotAllowedError)],
)
async def test_keys_that_may_not_be_used(
    world: World, name: str, kind: type[Exception]
) -> None:
    """Over both channels the same class."""
    found = next(key for key in world.server.keys if key.name == name)
    credentials = Credentials(found.key, found.secret)
    with pytest.raises(kind):
        await world.client(credentials).get_my_volume()
    stream = Stream(
        world.session, world.endpoints.ws, budget=Budget(200), credentials=credentials
    )
    await stream.start()
    with pytest.raises(kind):
        await stream.wait_connected(PATIENCE)
    await stream.stop()


async def test_wrong_credentials_and_missing_permissions(world: World) -> None:
    """Each is told apart, and the permission is named."""
    with pytest.raises(BadKeyError):
        await world.client(Credentials("unknown", "x")).get_my_volume()
    with pytest.raises(BadSignatureError):
        await world.client(Credentials(world.server.key, "x")).get_my_volume()
    reader = next(key for key in world.server.keys if key.name == "read-only")
    with pytest.raises(PermissionDeniedError) as caught:
        await world.client(
            Credentials(reader.key, reader.secret)
        ).do_cancel_all_orders()
    assert caught.value.permission is Permission.TRADE


async def test_a_machine_whose_clock_is_wrong(world: World) -> None:
    """The read succeeds after measuring, and the offset can be shown."""

    class Late(Clock):
        """A clock that is behind."""

        @override
        def time(self) -> float:
            """Return the time, a hundred seconds late."""
            return super().time() - 100

    clock = Late()
    client = world.client(Credentials(world.server.key, world.server.secret), clock)
    assert (await client.get_my_volume()).currency == "USD"
    assert 95 < clock.offset < 105
