"""Every example of the reference, over the channel where it belongs, becomes what it should."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    AccountUpdate,
    CexioError,
    ExecutionReport,
    ExecutionType,
    InvalidRequestError,
    NewOrder,
    OrderBook,
    OrderCancelReject,
    OrderFundsError,
    OrderRejectedError,
    OrderStatus,
    OrderType,
    PriceSource,
    Resolution,
    RestClient,
    Side,
    Stream,
    TimeInForce,
    Trade,
    TradeHistory,
    UnsupportedPairError,
)
from custom_components.cexio.exchange.models import BookLevel

from .conftest import MakeStream
from .examples import REST, WEBSOCKET, Example
from .fakes import ScriptedExchange, replies

type Client = RestClient | Stream

D = Decimal
NOON = datetime(2023, 2, 10, 12, tzinfo=UTC)
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


def moment(
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int = 0,
    second: int = 0,
    ms: int = 0,
) -> datetime:
    """Return a moment in UTC."""
    whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return whole + timedelta(milliseconds=ms)


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


def candle(item: Any) -> tuple[Any, ...]:
    """Return what counts of a candle."""
    return (
        item.start,
        item.open,
        item.high,
        item.low,
        item.close,
        item.volume,
        item.is_closed,
    )


def order(item: Any) -> tuple[Any, ...]:
    """Return what counts of an order."""
    return (
        item.order_id,
        item.client_order_id,
        item.account_id,
        item.status,
        item.is_final,
        item.pair,
        item.side,
        item.order_type,
        item.time_in_force,
    )


def executed(item: Any) -> tuple[Any, ...]:
    """Return the amounts of an order."""
    return (
        item.requested_amount,
        item.requested_quote_amount,
        item.executed_amount,
        item.executed_quote_amount,
        item.average_price,
        item.fee_amount,
        item.fee_currency,
    )


def rejected(item: OrderRejectedError) -> tuple[Any, ...]:
    """Return what counts of a rejection."""
    assert item.order is not None
    return type(item), item.code, item.reason[:22], item.order.order_id


ONE_HOUR_CANDLE = (
    moment(2023, 2, 9, 14),
    D("22945.3"),
    D("23163.4"),
    D(22913),
    D("22920.1"),
    D("779.00675644"),
    True,
)
ACCEPTED = (
    "17062",
    "1521711134775",
    "testAccount",
    OrderStatus.NEW,
    False,
    "BTC-USD",
    Side.SELL,
    OrderType.LIMIT,
    TimeInForce.GTC,
)
BTC_USD = ("BTC-USD", D("0.0004"), D(60), D("0.00000001"), 8, 1, D(1700), D(211250))
CANCELLED_IDS = ["1575459943138", "1575459942041"]
XRP = (None, "rE1sdh25BJQ3qFwngiTBwaq3zPGGYcrjp1", "65629")


def last_candles(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return what counts of one candle for each pair."""
    wrong = found["XXX-YYY"]
    return candle(found["BTC-USD"])[:2], type(wrong), str(wrong)


LAST = (
    (moment(2023, 2, 10, 15), D("21791.3")),
    UnsupportedPairError,
    "Unsupported pair XXX-YYY",
)


def pair(found: list[Any]) -> tuple[Any, ...]:
    """Return what counts of the first pair."""
    row = found[0]
    return (
        row.name,
        row.base_min,
        row.base_max,
        row.base_lot_size,
        row.quote_precision,
        row.price_precision,
        row.min_price,
        row.max_price,
    )


def bitcoin(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return what counts of a network."""
    chain = found["BTC"].blockchains["bitcoin"]
    return (
        found["BTC"].name,
        chain.token_type,
        chain.deposit_enabled,
        chain.min_withdrawal,
        chain.withdrawal_fee,
        chain.withdrawal_fee_percent,
        chain.deposit_confirmations,
    )


BITCOIN = ("Bitcoin", "coin", True, D("0.002"), D("0.0005"), None, 2)


def fees(found: Any) -> tuple[Any, ...]:
    """Return what counts of a fee strategy."""
    tier = found.week.tiers[0]
    return (
        len(found.week.default),
        found.week.default[-1].percent,
        found.week.default[-1].volume,
        (tier.tier_id, tier.name, tier.pairs, tier.schedule[0].percent),
        found.weekend.default[0].percent,
        found.weekend.tiers[0].schedule[-1].percent,
    )


def ledger(found: list[Any]) -> list[tuple[Any, ...]]:
    """Return what counts of a ledger."""
    return [
        (row.transaction_id, row.type.value, row.amount, row.currency) for row in found
    ]


def funding(found: list[Any]) -> tuple[Any, ...]:
    """Return what counts of the first deposit or withdrawal."""
    row = found[0]
    return (
        row.transaction_id,
        row.account_id,
        row.direction.value,
        row.amount,
        row.commission,
        row.status.value,
        row.updated,
    )


FUNDING = (
    "148126",
    "100107_test",
    "withdraw",
    D("81.04"),
    D("1.14"),
    "approved",
    moment(2021, 2, 19, 10, 56, 25, ms=272),
)
TRADE_ROWS = [
    ("trade_335805_finalization_BTC", "trade", D("0.002"), "BTC"),
    ("trade_335805_finalization_USD", "trade", D("-33.40944038"), "USD"),
    ("commission_trade_335805", "commission", D("-0.16704721"), "USD"),
]


def address(found: Any) -> tuple[Any, ...]:
    """Return what counts of a deposit address."""
    return found.address, found.destination, found.memo


def wallet(found: Any) -> tuple[Any, ...]:
    """Return what counts of a wallet transfer."""
    return found.account_id, found.client_tx_id, found.currency, found.status.value


def trade(found: Any) -> tuple[Any, ...]:
    """Return what counts of a trade."""
    return found.pair, found.trade_id, found.time, found.side, found.price, found.amount


def book(found: Any) -> tuple[Any, ...]:
    """Return what counts of a book."""
    return found.pair, found.bids[0], found.asks[0], found.timestamp, found.sequence


BOOK = (
    "BTC-USD",
    BookLevel(D("21770.5"), D("0.00990261")),
    BookLevel(D("21840.9"), D("26.98043900")),
    moment(2023, 2, 10, 13, 53, 41, ms=433),
    None,
)
FIRST_TRADE = (
    "BTC-USD",
    "1675399566795-0",
    moment(2023, 2, 3, 4, 46, 6, ms=795),
    Side.SELL,
    D("21149.2"),
    D(10),
)

# What each answer must have become: how to look at the result, and what is to be seen.
ANSWERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "4.A.1/get_order_book/0": (book, BOOK),
    "4.A.2/get_candles/0": (lambda r: [candle(c) for c in r], [ONE_HOUR_CANDLE]),
    "4.A.2/get_candles/1": (last_candles, LAST),
    "4.A.2 empty/get_candles/0": (
        lambda r: [candle(c) for c in r],
        [(moment(2023, 2, 10, 15), None, None, None, None, None, False)],
    ),
    "4.A.3/get_trade_history/0": (lambda r: (len(r), trade(r[0])), (3, FIRST_TRADE)),
    "4.A.4/get_ticker/0": (
        lambda r: (
            r["BTC-USD"].best_bid,
            r["BTC-USD"].best_ask_change_percentage,
            r["BTC-USD"].volume_30d,
            r["BTC-USD"].last_trade_time,
        ),
        (
            D("23771.3"),
            D("-1.49"),
            D("1311.83096457"),
            moment(2023, 2, 23, 12, 26, 13, ms=486),
        ),
    ),
    "4.A.5/get_server_time/0": (lambda r: r, moment(2009, 1, 6, 10, 51, 42, ms=398)),
    "4.A.6/get_pairs_info/0": (pair, BTC_USD),
    "4.A.7/get_currencies_info/0": (
        lambda r: [(c.code, c.fiat, c.precision, c.wallet_precision) for c in r],
        [("ETH", False, 8, 6), ("USD", True, 8, 2)],
    ),
    "4.A.8/get_processing_info/0": (bitcoin, BITCOIN),
    "4.B.1/get_my_current_fee/0": (
        lambda r: r,
        {"BTC-USD": D("0.5"), "ETH-USD": D("0.5")},
    ),
    "4.B.2/get_fee_strategy/0": (
        fees,
        (
            8,
            D("0.10"),
            D(20000000),
            ("reducedFee", "Reduced Fee", ("BCH-USD", "ETH-USD"), D("0.15")),
            D("0.22"),
            D("0.07"),
        ),
    ),
    "4.B.3/get_my_volume/0": (
        lambda r: (r.period, r.volume, r.currency),
        ("30d", D("35016.9181338"), "USD"),
    ),
    "4.B.4/do_create_account/0": (lambda r: r, "account2"),
    "4.B.5/get_my_account_status_v3/0": (
        lambda r: (
            r.balances[""]["BTC"].available,
            r.balances["subAccount2"]["USD"].converted,
            [(f.promotion, f.amount, f.expires) for f in r.fee_balances],
        ),
        (
            D("564.88201513"),
            D(123),
            [
                ("lifetimeBonus", D(50), None),
                ("welcome_bonus", D(15), moment(2023, 7, 28, 17, 20)),
            ],
        ),
    ),
    "4.B.5 no match/get_my_account_status_v3/0": (lambda r: r.balances, {}),
    "4.B.5 hold/get_my_account_status_v3/0": (
        lambda r: (r.balances[""]["USD"].total, r.balances[""]["USD"].available),
        (D("100.79438200"), D("30.79438200")),
    ),
    "4.B.7/get_my_wallet_balance/0": (lambda r: (len(r), r["EUR"]), (4, D("728.99"))),
    "4.B.8/get_my_orders/0": (
        lambda r: (
            order(r[0]),
            executed(r[0]),
            r[0].initial_on_hold_amount,
            r[0].updated,
        ),
        (
            (
                "18",
                "1465299852968-0",
                "",
                OrderStatus.NEW,
                False,
                "BTC-EUR",
                Side.SELL,
                OrderType.LIMIT,
                TimeInForce.GTC,
            ),
            (D("0.02"), None, D(0), D(0), None, D(0), "EUR"),
            D("0.02"),
            moment(2018, 1, 23, 9, 29, 8, ms=983),
        ),
    ),
    "4.B.8 rejected/get_my_orders/0": (
        lambda r: (r[0].status, r[0].is_final, r[0].reject_code, r[0].reject_reason),
        (OrderStatus.REJECTED, True, 403, "Insufficient funds"),
    ),
    "7.3 filled market/get_my_orders/0": (
        lambda r: (executed(r[0]), r[0].price, r[0].initial_on_hold_quote_amount),
        (
            (
                None,
                D("10.20904439"),
                D("25.606429"),
                D("10.20904439"),
                D("0.3986"),
                D("0.02552261"),
                "USDT",
            ),
            None,
            D("10.23456700"),
        ),
    ),
    "4.B.9/do_my_new_order/0": (
        lambda r: (order(r), executed(r), r.comment),
        (
            ACCEPTED,
            (D("0.01"), None, D(0), D(0), None, D(0), "USD"),
            "v_overdraft_test",
        ),
    ),
    "4.B.9/do_my_new_order/1": (
        rejected,
        (OrderFundsError, 403, "Insufficient funds", "338306"),
    ),
    "4.B.9 437/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 437, "Too many active orders", "338306"),
    ),
    "5.3 414/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 414, "minOrderAmountCcy1 che", None),
    ),
    "5.3 424/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 424, "ClientTime should be w", None),
    ),
    "5.3 405/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 405, "Either AmountCcy1 (Ord", None),
    ),
    "7.2 filled at once/do_my_new_order/0": (
        lambda r: (r.status, r.time_in_force, r.price, executed(r), r.created),
        (
            OrderStatus.FILLED,
            None,
            None,
            (
                D("0.23"),
                None,
                D("0.23"),
                D("15.0903"),
                D("65.61"),
                D("0.03772575"),
                "USDT",
            ),
            moment(2024, 9, 19, 11, 58, 44, ms=249),
        ),
    ),
    "4.B.10/do_cancel_my_order/0": (lambda r: r, None),
    "4.B.11/do_cancel_all_orders/0": (lambda r: r, CANCELLED_IDS),
    "8 cancel all/do_cancel_all_orders/0": (lambda r: r, ["1689534607845"]),
    "4.B.15/get_my_transaction_history/0": (ledger, TRADE_ROWS),
    "4.B.15 deposit/get_my_transaction_history/0": (
        ledger,
        [("deposit_135857381", "deposit", D("0.05"), "BTC")],
    ),
    "4.B.16/get_my_funding_history/0": (funding, FUNDING),
    "4.B.17/do_my_internal_transfer/0": (lambda r: r, "777"),
    "4.B.19/get_deposit_address/0": (
        address,
        ("n2saq73aDTu42bRgEHd8gd4to1gCzHxrdj", None, None),
    ),
    "4.B.19 XRP/get_deposit_address/0": (address, XRP),
    "4.B.20/do_deposit_funds_from_wallet/0": (
        wallet,
        (
            "testAccount1",
            "tx-depositFromWallet-test-1684398846720_1",
            "BTC",
            "approved",
        ),
    ),
    "4.B.21/do_withdrawal_funds_to_wallet/0": (
        wallet,
        ("testAccount1", "tx-withdrawToWallet-test-1684399377964_1", "XRP", "pending"),
    ),
    "3.1/get_order_book/0": (book, BOOK),
    "3.4/get_candles/0": (lambda r: [candle(c) for c in r], [ONE_HOUR_CANDLE]),
    "3.4/get_candles/1": (last_candles, LAST),
    "3.5/get_trade_history/0": (lambda r: [trade(t) for t in r], [FIRST_TRADE]),
    "3.8/get_ticker/0": (
        lambda r: (r["BTC-USD"].best_bid, r["BTC-USD"].low, r["BTC-USD"].volume_usd),
        (D("86875.0"), None, D("4438140.14")),
    ),
    "3.9/get_server_time/0": (lambda r: r, moment(2009, 1, 6, 10, 51, 42, ms=398)),
    "3.10/get_pairs_info/0": (pair, BTC_USD),
    "3.10/get_pairs_info/1": (
        lambda r: (type(r), str(r)),
        (InvalidRequestError, "Parameter pairs should be Array of Strings"),
    ),
    "3.11/get_currencies_info/0": (lambda r: [c.code for c in r], ["USDT"]),
    "3.12/get_processing_info/0": (bitcoin, BITCOIN),
    "3.13/get_my_current_fee/0": (lambda r: r, {"BTC-USD": D("0.5")}),
    "3.15/get_my_volume/0": (lambda r: r.volume, D("35016.9181338")),
    "3.16/do_create_account/0": (lambda r: r, "account2"),
    "3.17/get_my_account_status_v3/0": (
        lambda r: (r.converted_currency, r.balances["hallo"]["SHIB"].available),
        ("USD", D(362523)),
    ),
    "3.19/get_my_wallet_balance/0": (
        lambda r: r,
        {"BTC": D("9.72101"), "USD": D("23567.02")},
    ),
    "3.20/get_my_orders/0": (
        lambda r: (r[0].order_id, r[0].account_id, r[0].reject_reason),
        ("18", "", "Insufficient funds"),
    ),
    "3.21/do_my_new_order/0": (order, ACCEPTED),
    "3.21/do_my_new_order/1": (
        rejected,
        (OrderFundsError, 403, "Insufficient funds", "338306"),
    ),
    "3.22/do_cancel_my_order/0": (lambda r: r, None),
    "3.23/do_cancel_all_orders/0": (lambda r: r, CANCELLED_IDS),
    "3.25/get_my_transaction_history/0": (ledger, [TRADE_ROWS[0], TRADE_ROWS[2]]),
    "3.26/get_my_funding_history/0": (funding, FUNDING),
    "3.27/do_my_internal_transfer/0": (lambda r: r, "777"),
    "3.28/get_deposit_address/0": (address, XRP),
    "3.30/do_deposit_funds_from_wallet/0": (
        wallet,
        ("testAccount1", "tx-1", "BTC", "approved"),
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
    await stream.start()
    await stream.wait_connected(5)
    look, expected = ANSWERS[example.key]
    try:
        result = await CALLS[example.name](stream, example)
    except CexioError as err:
        result = err
    assert look(result) == expected


def report(item: ExecutionReport) -> tuple[Any, ...]:
    """Return what counts of an execution report."""
    return (
        item.execution_type,
        item.execution_id,
        item.order.order_id,
        item.order.client_order_id,
        item.cancel_request_id,
        item.order.status,
        item.last_amount,
        item.last_quote_amount,
        item.order.fee_amount,
    )


def update(item: AccountUpdate) -> tuple[Any, ...]:
    """Return what counts of an account update."""
    return (
        item.account_id,
        item.currency,
        item.available,
        item.on_hold,
        item.total,
        item.action,
        item.operation_id,
        item.timestamp,
    )


EVENTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "4.2.1/executionReport/0": (
        report,
        (
            ExecutionType.NEW,
            "1521616998836_0_1",
            "17062",
            "1521711134775",
            None,
            OrderStatus.NEW,
            None,
            None,
            D(0),
        ),
    ),
    "4.2.1/executionReport/1": (
        report,
        (
            ExecutionType.TRADE,
            "1521616998836_0_2",
            "17062",
            "1521711134775",
            None,
            OrderStatus.FILLED,
            D("0.01"),
            D("170.63"),
            D("0.60063"),
        ),
    ),
    "4.2.4/executionReport/0": (
        report,
        (
            ExecutionType.PENDING_CANCEL,
            "1521616998877_2_7",
            "17066",
            "1521719532817",
            "cancel_1521719532817",
            OrderStatus.PENDING_CANCEL,
            None,
            None,
            D(0),
        ),
    ),
    "4.4/orderCancelReject/0": (
        lambda e: (
            e.order_id,
            e.client_order_id,
            e.cancel_request_id,
            e.account_id,
            e.order_status,
            e.reason,
        ),
        (
            None,
            "omg_not_an_order_order",
            "cancel_omgorder",
            "",
            OrderStatus.REJECTED,
            "unknown_order",
        ),
    ),
    "4.5/account_update/0": (
        update,
        (
            "hallo",
            "USD",
            D("201.86"),
            D(850),
            D("1051.86"),
            "order",
            "2639",
            moment(2016, 6, 7, 11, 54, 16, ms=900),
        ),
    ),
    "3.27/account_update/0": (
        update,
        (
            "superhat",
            "USD",
            D(18),
            D(0),
            D(18),
            "internalTransfer",
            "672",
            moment(2016, 6, 10, 14, 36, 53, ms=260),
        ),
    ),
    "3.27/account_update/1": (
        update,
        (
            "hallo",
            "USD",
            D(2),
            D(0),
            D(2),
            "internalTransfer",
            "673",
            moment(2016, 3, 1, 13, 36, 31, ms=786),
        ),
    ),
    "4.7/tradeHistorySnapshot/0": (
        lambda e: [trade(item) for item in e.trades],
        [
            (
                "BTC-USD",
                "1678152145734-0",
                moment(2023, 3, 7, 1, 22, 25, ms=734),
                Side.BUY,
                D("22562.1"),
                D("0.00975172"),
            )
        ],
    ),
    "4.7/tradeUpdate/0": (
        trade,
        (
            "BTC-USD",
            "1678176256117-0",
            moment(2023, 3, 7, 8, 4, 16, ms=117),
            Side.BUY,
            D("22615.3"),
            D("0.01"),
        ),
    ),
}


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
    await stream.start()
    socket = await exchange.socket()
    await stream.wait_connected(5)
    await stream.subscribe_trades("BTC-USD")
    await socket.event(example.name, example.data)
    look, expected = EVENTS[example.key]
    async with asyncio.timeout(5):
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
    await stream.start()
    socket = await exchange.socket()
    await stream.wait_connected(5)
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
