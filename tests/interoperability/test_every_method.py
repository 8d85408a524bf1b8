"""Every method on every channel that offers it, from the client to the simulator."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import re
from typing import Any

import aiohttp
import pytest

from custom_components.cexio.exchange import (
    ADDRESS_POINTS,
    KEY_POINTS,
    METHODS as CLIENT_METHODS,
    Budget,
    Credentials,
    Endpoints,
    NewOrder,
    OrderType,
    PriceSource,
    Resolution,
    RestClient,
    Side,
    Stream,
    TimeInForce,
)
from simulators.exchange.methods.table import METHODS as SIMULATOR_METHODS, Channel
from simulators.exchange.server import ExchangeServer
from tests.patience import PATIENCE

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "exchange-api.md"
PAIR = "BTC-USD"
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)

type Client = RestClient | Stream
type Ask = Callable[[Client], Awaitable[Any]]


def resting_order(client_order_id: str) -> NewOrder:
    """Return an order that stays in the book."""
    return NewOrder(
        account_id="trading",
        pair=PAIR,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        client_order_id=client_order_id,
        amount=Decimal("0.01"),
        price=Decimal(50000),
        time_in_force=TimeInForce.GTC,
    )


async def place_and_cancel(client: Client) -> bool:
    """Cancel an order that was just placed."""
    order = await client.do_my_new_order(resting_order("cancelled"))
    await client.do_cancel_my_order(
        order_id=order.order_id, cancel_request_id="cancel-1"
    )
    return True


async def place_and_cancel_all(client: Client) -> list[str]:
    """Cancel all orders, one of which was just placed."""
    await client.do_my_new_order(resting_order("all"))
    return await client.do_cancel_all_orders()


async def subscribe_twice(client: Client, what: str) -> bool:
    """Subscribe to something and leave it again."""
    assert isinstance(client, Stream)
    if what == "books":
        await client.subscribe_order_book(PAIR)
        await client.unsubscribe_order_book(PAIR)
    else:
        await client.subscribe_trades(PAIR)
        await client.unsubscribe_trades(PAIR)
    return True


CALLS: dict[str, Ask] = {
    "get_server_time": lambda client: client.get_server_time(),
    "get_pairs_info": lambda client: client.get_pairs_info(),
    "get_currencies_info": lambda client: client.get_currencies_info(),
    "get_ticker": lambda client: client.get_ticker([PAIR]),
    "get_order_book": lambda client: client.get_order_book(PAIR),
    "get_candles": lambda client: client.get_candles(
        PAIR,
        resolution=Resolution.ONE_MINUTE,
        source=PriceSource.BEST_BID,
        end=datetime.now(UTC),
        limit=3,
    ),
    "get_trade_history": lambda client: client.get_trade_history(PAIR, page_size=5),
    "get_processing_info": lambda client: client.get_processing_info(["BTC"]),
    "order_book_subscribe": lambda client: subscribe_twice(client, "books"),
    "order_book_unsubscribe": lambda client: subscribe_twice(client, "books"),
    "trade_subscribe": lambda client: subscribe_twice(client, "trades"),
    "trade_unsubscribe": lambda client: subscribe_twice(client, "trades"),
    "get_my_current_fee": lambda client: client.get_my_current_fee([PAIR]),
    "get_fee_strategy": lambda client: client.get_fee_strategy(),
    "get_my_volume": lambda client: client.get_my_volume(),
    "do_create_account": lambda client: client.do_create_account("third", "BTC"),
    "get_my_account_status_v3": lambda client: client.get_my_account_status_v3(),
    "get_my_wallet_balance": lambda client: client.get_my_wallet_balance(),
    "get_my_orders": lambda client: client.get_my_orders(
        archived=True, created_from=HOUR_AGO
    ),
    "do_my_new_order": lambda client: client.do_my_new_order(resting_order("new")),
    "do_cancel_my_order": place_and_cancel,
    "do_cancel_all_orders": place_and_cancel_all,
    "get_my_transaction_history": lambda client: client.get_my_transaction_history(),
    "get_my_funding_history": lambda client: client.get_my_funding_history(),
    "do_my_internal_transfer": lambda client: client.do_my_internal_transfer(
        from_account_id="trading",
        to_account_id="savings",
        currency="USD",
        amount=Decimal(1),
        client_tx_id="transfer-1",
    ),
    "get_deposit_address": lambda client: client.get_deposit_address(
        "trading", "BTC", "bitcoin"
    ),
    "do_deposit_funds_from_wallet": lambda client: client.do_deposit_funds_from_wallet(
        account_id="trading",
        currency="USD",
        amount=Decimal(100),
        client_tx_id="deposit-1",
    ),
    "do_withdrawal_funds_to_wallet": (
        lambda client: client.do_withdrawal_funds_to_wallet(
            account_id="trading",
            currency="USD",
            amount=Decimal(100),
            client_tx_id="withdrawal-1",
        )
    ),
}
# Answered with an empty list by an account in which nothing has happened yet.
MAY_BE_EMPTY = {"get_my_orders", "get_my_transaction_history", "get_my_funding_history"}

SUBSCRIPTIONS = tuple(
    f"{what}_{verb}"
    for what in ("order_book", "trade")
    for verb in ("subscribe", "unsubscribe")
)

OFFERED = {action: method.channels for action, method in SIMULATOR_METHODS.items()} | (
    dict.fromkeys(SUBSCRIPTIONS, Channel.WS_PUBLIC | Channel.WS_PRIVATE)
)
# Deprecated by the exchange: the simulator answers it, the client does not ask.
del OFFERED["get_my_account_status_v2"]

CASES = [
    (action, channel) for action, channels in OFFERED.items() for channel in channels
]


@asynccontextmanager
async def client_of(
    channel: Channel, exchange: ExchangeServer
) -> AsyncIterator[Client]:
    """Return a client that uses one channel."""
    endpoints = Endpoints.from_base(exchange.base)
    credentials = Credentials(exchange.key, exchange.secret)
    is_private = channel in Channel.REST_PRIVATE | Channel.WS_PRIVATE
    async with aiohttp.ClientSession() as session:
        if channel in Channel.REST_PUBLIC | Channel.REST_PRIVATE:
            yield RestClient(
                session,
                endpoints=endpoints,
                credentials=credentials,
                address_budget=Budget(ADDRESS_POINTS),
                market_data_with_key=is_private,
            )
            return
        stream = Stream(
            session,
            endpoints.ws if is_private else endpoints.ws_public,
            budget=Budget(KEY_POINTS if is_private else ADDRESS_POINTS),
            credentials=credentials if is_private else None,
        )
        await stream.start()
        try:
            await stream.wait_connected(PATIENCE)
            yield stream
        finally:
            await stream.stop()


@pytest.mark.parametrize(
    ("action", "channel"), CASES, ids=[f"{a}-{c.name}" for a, c in CASES]
)
async def test_method(action: str, channel: Channel) -> None:
    """The simulator answers what the client asks, and the client can read it."""
    async with (
        ExchangeServer(seed=1, port=0, market_moves=False) as exchange,
        client_of(channel, exchange) as client,
    ):
        answer = await CALLS[action](client)
        assert answer or action in MAY_BE_EMPTY
        assert exchange.venue.requests[action] >= 1


def test_client_and_simulator_offer_the_same_methods() -> None:
    """Neither side has a method that the other lacks, and all of them are tried here."""
    assert set(OFFERED) == set(CLIENT_METHODS) == set(CALLS)


def test_the_table_of_the_documentation_is_complete() -> None:
    """Each method and event has a row without an empty cell, and each test in it exists."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert all(all(row) for row in rows)
    named = {row[0].strip("`") for row in rows}
    assert set(CLIENT_METHODS) <= named
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        file = DOCUMENT.parents[1] / path
        assert file.is_file(), path
        assert name in file.read_text(encoding="utf-8")
