"""Every example of the reference, over the channel where it belongs, becomes what it should."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    AccountUpdate,
    CexioError,
    ExecutionReport,
    NewOrder,
    OrderBook,
    OrderCancelReject,
    OrderRejectedError,
    OrderType,
    PriceSource,
    Resolution,
    RestClient,
    Side,
    Stream,
    TimeInForce,
    Trade,
    TradeHistory,
)
from custom_components.cexio.exchange.models import BookLevel
from tests.patience import PATIENCE

from .conftest import MakeStream
from .examples import REST, WEBSOCKET, Example
from .expected_answers import ANSWERS, NOON
from .expected_events import EVENTS
from .fakes import ScriptedExchange, replies, up
from .looks import D

type Client = RestClient | Stream


CANDLES: dict[str, Any] = {
    "resolution": Resolution.ONE_HOUR,
    "source": PriceSource.BEST_ASK,
}
TRANSFER: dict[str, Any] = {
    "currency": "BTC",
    "amount": D("0.001"),
    "client_tx_id": "tx",
}
ORDER = NewOrder(
    account_id="testAccount",
    pair="BTC-USD",
    side=Side.SELL,
    order_type=OrderType.LIMIT,
    client_order_id="1521711134775",
    amount=D("0.01"),
    price=D(7500),
    time_in_force=TimeInForce.GTC,
)


async def candles(client: Client, example: Example) -> Any:
    """Ask for candles in the form that the answer belongs to."""
    if isinstance(example.data, dict) and "BTC-USD" in example.data:
        return await client.get_last_candles(["BTC-USD", "XXX-YYY"], at=NOON, **CANDLES)
    return await client.get_candles("BTC-USD", start=NOON, limit=1, **CANDLES)


async def place(client: Client, example: Example) -> Any:
    """Place an order; return it or its rejection."""
    try:
        return await client.do_my_new_order(ORDER)
    except OrderRejectedError as err:
        return err


CALLS: dict[str, Callable[[Client, Example], Awaitable[Any]]] = {
    "get_order_book": lambda client, _: client.get_order_book("BTC-USD"),
    "get_candles": candles,
    "get_trade_history": lambda client, _: client.get_trade_history("BTC-USD"),
    "get_ticker": lambda client, _: client.get_ticker(["BTC-USD"]),
    "get_server_time": lambda client, _: client.get_server_time(),
    "get_pairs_info": lambda client, _: client.get_pairs_info(),
    "get_currencies_info": lambda client, _: client.get_currencies_info(["ETH"]),
    "get_processing_info": lambda client, _: client.get_processing_info(["BTC"]),
    "get_my_current_fee": lambda client, _: client.get_my_current_fee(["BTC-USD"]),
    "get_fee_strategy": lambda client, _: client.get_fee_strategy(),
    "get_my_volume": lambda client, _: client.get_my_volume(),
    "do_create_account": lambda client, _: client.do_create_account("account2", "BTC"),
    "get_my_account_status_v3": lambda client, _: client.get_my_account_status_v3(),
    "get_my_wallet_balance": lambda client, _: client.get_my_wallet_balance(),
    "get_my_orders": lambda client, _: client.get_my_orders(),
    "do_my_new_order": place,
    "do_cancel_my_order": lambda client, _: client.do_cancel_my_order(
        order_id="1", cancel_request_id="c"
    ),
    "do_cancel_all_orders": lambda client, _: client.do_cancel_all_orders(),
    "get_my_transaction_history": lambda client, _: client.get_my_transaction_history(),
    "get_my_funding_history": lambda client, _: client.get_my_funding_history(),
    "do_my_internal_transfer": lambda client, _: client.do_my_internal_transfer(
        from_account_id="a", to_account_id="b", **TRANSFER
    ),
    "get_deposit_address": lambda client, _: client.get_deposit_address(
        "a", "BTC", "bitcoin"
    ),
    "do_deposit_funds_from_wallet": lambda client, _: (
        client.do_deposit_funds_from_wallet(account_id="a", **TRANSFER)
    ),
    "do_withdrawal_funds_to_wallet": lambda client, _: (
        client.do_withdrawal_funds_to_wallet(account_id="a", **TRANSFER)
    ),
}
PUBLIC_ONLY = {"get_ticker", "get_server_time", "get_pairs_info", "get_currencies_info"}


@pytest.mark.parametrize("example", REST, ids=lambda example: example.key)
async def test_rest_answer(
    exchange: ScriptedExchange, rest: RestClient, example: Example
) -> None:
    """An answer over HTTP becomes its model."""
    exchange.ok("get_server_time", {"timestamp": 1_700_000_020_000})
    exchange.rest.pop(example.name, None)
    exchange.ok(example.name, example.data)
    look, expected = ANSWERS[example.key]
    assert look(await CALLS[example.name](rest, example)) == expected


@pytest.mark.parametrize(
    "example",
    [example for example in WEBSOCKET if example.name in CALLS],
    ids=lambda example: example.key,
)
async def test_websocket_answer(
    exchange: ScriptedExchange, make_stream: MakeStream, example: Example
) -> None:
    """An answer over the WebSocket becomes its model."""
    exchange.answers[example.name] = replies(example.data)
    stream = make_stream(None) if example.name in PUBLIC_ONLY else make_stream()
    await up(stream, exchange)
    look, expected = ANSWERS[example.key]
    try:
        result = await CALLS[example.name](stream, example)
    except CexioError as err:
        result = err
    assert look(result) == expected


@pytest.mark.parametrize(
    "example",
    [example for example in WEBSOCKET if example.key in EVENTS],
    ids=lambda example: example.key,
)
async def test_event(
    exchange: ScriptedExchange, make_stream: MakeStream, example: Example
) -> None:
    """An event becomes its model."""
    exchange.answers["trade_subscribe"] = replies({"reqId": "1678176120060_1"})
    stream = make_stream()
    events = stream.listen(
        ExecutionReport, OrderCancelReject, AccountUpdate, TradeHistory, Trade
    )
    socket = await up(stream, exchange)
    await stream.subscribe_trades("BTC-USD")
    await socket.event(example.name, example.data)
    look, expected = EVENTS[example.key]
    async with asyncio.timeout(PATIENCE):
        assert look(await anext(events)) == expected


async def test_book_messages(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """The captured snapshot and the increment behind it make one book."""
    found = {example.key: example.data for example in WEBSOCKET}
    exchange.answers["order_book_subscribe"] = replies(
        found["3.2/order_book_subscribe/0"]
    )
    exchange.answers["order_book_unsubscribe"] = replies(
        found["3.3/order_book_unsubscribe/0"]
    )
    stream = make_stream(None)
    events = stream.listen(OrderBook)
    socket = await up(stream, exchange)
    await stream.subscribe_order_book("BTC-USD")
    await socket.event("order_book_increment", found["4.6/order_book_increment/1"])
    await socket.event("order_book_increment", found["4.6/order_book_increment/0"])
    first, second = await anext(events), await anext(events)
    assert (first.sequence, first.best_bid, first.best_ask) == (
        8676229,
        D(86875),
        D("86875.1"),
    )
    assert second.sequence == 8676230
    assert [level.price for level in second.bids] == [
        D(86875),
        D(86850),
        D("86788.7"),
        D(86775),
    ]
    assert second.asks[0] == BookLevel(D("86875.1"), D("3.95751531"))
    await stream.unsubscribe_order_book("BTC-USD")
    assert stream.order_book("BTC-USD") is None


def test_every_example_is_used() -> None:
    """None of the reference's messages is left out."""
    elsewhere = {
        "2.3/auth/0",
        "3.2/order_book_subscribe/0",
        "3.3/order_book_unsubscribe/0",
        "3.6/trade_subscribe/0",
        "4.6/order_book_increment/0",
        "4.6/order_book_increment/1",
    }
    keys = {example.key for example in REST + WEBSOCKET}
    assert keys == set(ANSWERS) | set(EVENTS) | elsewhere
