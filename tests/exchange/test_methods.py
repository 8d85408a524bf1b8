"""The methods' parameters as they go over the wire, and the iterators over pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web
import orjson
import pytest

from custom_components.cexio.exchange import (
    METHODS,
    CexioError,
    Direction,
    InvalidRequestError,
    NewOrder,
    OrderType,
    PriceSource,
    Resolution,
    RestClient,
    Side,
    TimeInForce,
    TransactionType,
)

from .examples import REST
from .fakes import START, FakeClock, Request, RestAnswer, ScriptedExchange

DAY = datetime(2026, 11, 20, tzinfo=UTC)
DAY_MS = 1_795_132_800_000
ROW = next(
    example.data[0] for example in REST if example.key == "4.B.8/get_my_orders/0"
)
LEDGER_ROW = next(
    example.data[0] for example in REST if example.name == "get_my_transaction_history"
)
FUNDING_ROW = next(
    example.data[0] for example in REST if example.name == "get_my_funding_history"
)


def script(answer: Any) -> RestAnswer:
    """Return an answer that depends on the parameters."""

    async def serve(request: Request) -> web.StreamResponse:
        body = orjson.dumps({"ok": "ok", "data": answer(request.data)})
        return web.Response(body=body, content_type="application/json")

    return serve


async def test_order_filters(exchange: ScriptedExchange, rest: RestClient) -> None:
    """Every filter has its name and form; what is not asked for is not sent."""
    exchange.ok("get_my_orders", [])
    await rest.get_my_orders(
        side=Side.SELL,
        account_ids=["", "a"],
        archived=True,
        created_from=DAY,
        created_to=DAY + timedelta(milliseconds=1),
        oldest_first=True,
        page=0,
        page_size=5,
    )
    await rest.get_my_orders(client_order_id="mine")
    assert [request.data for request in exchange.requests] == [
        {
            "archived": True,
            "side": "SELL",
            "accountIds": ["", "a"],
            "serverCreateTimestampFrom": DAY_MS,
            "serverCreateTimestampTo": DAY_MS + 1,
            "sortOrder": "ASC",
            "pageSize": 5,
            "pageNumber": 0,
        },
        {"clientOrderId": "mine"},
    ]


async def test_a_moment_without_timezone_is_a_mistake(rest: RestClient) -> None:
    """Nobody knows which moment it is."""
    with pytest.raises(ValueError, match="timezone"):
        await rest.get_my_orders(created_from=datetime(2026, 1, 1))  # noqa: DTZ001 - a time without zone is what is refused


@pytest.mark.parametrize("order_id", ["", "abc", "1.5", "-1", "NONE"])
async def test_an_order_id_is_a_number(
    exchange: ScriptedExchange, rest: RestClient, order_id: str
) -> None:
    """Nothing else is sent."""
    with pytest.raises(InvalidRequestError, match="number"):
        await rest.do_cancel_my_order(order_id=order_id, cancel_request_id="c")
    assert exchange.requests == []


async def test_the_other_parameters(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """Lists, moments in the form that the method wants, amounts in plain digits."""
    exchange.ok("get_candles", [])
    exchange.ok("get_trade_history", {"pageSize": 1, "trades": []})
    exchange.ok(
        "get_my_account_status_v3",
        {"convertedCurrency": "USD", "balancesPerAccounts": {}},
    )
    exchange.ok("do_my_internal_transfer", {"transactionId": 1})
    exchange.ok("do_cancel_all_orders", {"clientOrderIds": []})
    exchange.ok("get_my_funding_history", [])
    exchange.ok("get_processing_info", {})
    await rest.get_candles(
        "A-B",
        resolution=Resolution.ONE_DAY,
        source=PriceSource.BEST_BID,
        start=DAY,
        end=DAY,
    )
    await rest.get_trade_history("A-B", side=Side.BUY, start=DAY, end=DAY, page_size=3)
    await rest.get_my_account_status_v3(currencies=["BTC"], account_ids=[""])
    await rest.do_my_internal_transfer(
        from_account_id="a",
        to_account_id="b",
        currency="BTC",
        amount=Decimal("1E-8"),
        client_tx_id="t",
    )
    await rest.do_cancel_all_orders(["a"])
    await rest.get_my_funding_history(
        transaction_id="7", direction=Direction.DEPOSIT, currency="BTC", account_id=""
    )
    await rest.get_processing_info()
    assert [request.data for request in exchange.requests] == [
        {
            "pair": "A-B",
            "fromISO": DAY_MS,
            "toISO": DAY_MS,
            "dataType": "bestBid",
            "resolution": "1d",
        },
        {
            "pair": "A-B",
            "side": "BUY",
            "fromDateISO": "2026-11-20T00:00:00.000Z",
            "toDateISO": "2026-11-20T00:00:00.000Z",
            "pageSize": 3,
        },
        {"currencies": ["BTC"], "accountIds": [""]},
        {
            "clientTxId": "t",
            "fromAccountId": "a",
            "toAccountId": "b",
            "currency": "BTC",
            "amount": "0.00000001",
        },
        {"accountIds": ["a"]},
        {"accountId": "", "txId": 7, "direction": "deposit", "currency": "BTC"},
        {},
    ]


def test_orders_as_they_are_sent() -> None:
    """Each type has its fields, and a fixed timestamp stays."""
    stop = NewOrder(
        account_id="a",
        pair="BTC-USD",
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        client_order_id="s",
        amount=Decimal(1),
        price=Decimal("99.50"),
        stop_price=Decimal(100),
        time_in_force=TimeInForce.GTD,
        expire_time=DAY,
        comment="why",
        timestamp=5,
    ).to_wire()
    assert stop == {
        "clientOrderId": "s",
        "accountId": "a",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "SELL",
        "orderType": "StopLimit",
        "timeInForce": "GTD",
        "expireTime": DAY_MS,
        "comment": "why",
        "timestamp": 5,
        "amountCcy1": "1",
        "price": "99.50",
        "stopPrice": "100",
    }
    market = NewOrder(
        account_id="a",
        pair="BTC-USD",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        client_order_id="m",
        quote_amount=Decimal(100),
    ).to_wire()
    assert set(market) == {
        "clientOrderId",
        "accountId",
        "currency1",
        "currency2",
        "side",
        "orderType",
        "amountCcy2",
    }


async def test_a_pair_with_an_error_of_its_own(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """Other pairs are not affected; an error of another kind is still one of the request."""
    exchange.ok(
        "get_candles",
        {"A-B": {"error": {"code": 500, "reason": "Internal error"}}, "C-D": []},
    )
    found = await rest.get_last_candles(
        ["A-B", "C-D"],
        resolution=Resolution.ONE_HOUR,
        source=PriceSource.BEST_ASK,
        at=DAY,
    )
    assert type(found["A-B"]) is InvalidRequestError
    assert found["C-D"] is None


def orders(count: int, *, step: timedelta) -> list[dict[str, Any]]:
    """Return orders created one after the other."""
    return [
        {
            **ROW,
            "orderId": str(number),
            "serverCreateTimestamp": DAY_MS + int(number * step.total_seconds() * 1000),
        }
        for number in range(count)
    ]


def page_of_orders(
    found: list[dict[str, Any]], asked: dict[str, Any]
) -> list[dict[str, Any]]:
    """Answer as the exchange does."""
    start = asked.get("serverCreateTimestampFrom", 0)
    fitting = [
        row
        for row in found
        if start <= row["serverCreateTimestamp"] < asked["serverCreateTimestampTo"]
    ]
    begin = asked["pageNumber"] * asked["pageSize"]
    return fitting[begin : begin + asked["pageSize"]]


@pytest.mark.parametrize("total", [0, 1, 3, 4, 10, 25])
@pytest.mark.parametrize(
    "step", [timedelta(), timedelta(milliseconds=1), timedelta(days=40)], ids=str
)
@pytest.mark.parametrize("archived", [True, False])
async def test_all_orders_once(
    exchange: ScriptedExchange,
    rest: RestClient,
    clock: FakeClock,
    total: int,
    step: timedelta,
    archived: bool,
) -> None:
    """Pages of one moment, pages over years, and no window longer than 365 days."""
    there = orders(total, step=step)
    exchange.rest["get_my_orders"] = [
        script(lambda asked: page_of_orders(there, asked))
    ]
    rest._key_budget.limit = 100_000
    found = [
        order.order_id
        async for order in rest.iter_my_orders(
            archived=archived,
            account_ids=["a"],
            created_from=DAY if archived else None,
            created_to=DAY + timedelta(days=1500),
            page_size=4,
        )
    ]
    assert found == [str(number) for number in range(total)]
    for request in exchange.requests:
        data = request.data
        assert data.get("archived", False) is archived
        if "serverCreateTimestampFrom" in data:
            window = data["serverCreateTimestampTo"] - data["serverCreateTimestampFrom"]
            assert window <= 365 * 86_400_000


async def test_an_order_that_ends_meanwhile_hides_no_other(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """Open orders that vanish between two pages do not shift the rest away."""
    there = orders(6, step=timedelta(seconds=1))

    def shrinking(asked: dict[str, Any]) -> list[dict[str, Any]]:
        page = page_of_orders(there, asked)
        del there[0]
        return page

    exchange.rest["get_my_orders"] = [script(shrinking)]
    found = [
        order.order_id
        async for order in rest.iter_my_orders(
            page_size=3, created_to=DAY + timedelta(days=1)
        )
    ]
    assert found == ["0", "1", "2", "3", "4", "5"]


async def test_orders_up_to_now(exchange: ScriptedExchange, rest: RestClient) -> None:
    """Without an end it is the exchange's present moment."""
    exchange.ok("get_my_orders", [])
    assert [order async for order in rest.iter_my_orders()] == []
    assert exchange.requests[0].data["serverCreateTimestampTo"] == int(START * 1000)


@pytest.mark.parametrize("total", [0, 99, 100, 101, 250])
async def test_the_whole_ledger_once(
    exchange: ScriptedExchange, rest: RestClient, total: int
) -> None:
    """Pages count from 1; a row that moves to the next page is not told twice."""
    rows = [{**LEDGER_ROW, "transactionId": str(number)} for number in range(total)]

    def page(asked: dict[str, Any]) -> list[dict[str, Any]]:
        begin = (asked["pageNumber"] - 1) * asked["pageSize"]
        return rows[max(0, begin - 1) : begin + asked["pageSize"]][-asked["pageSize"] :]

    exchange.rest["get_my_transaction_history"] = [script(page)]
    found = [
        row.transaction_id
        async for row in rest.iter_my_transaction_history(
            kind=TransactionType.TRADE, account_id="", start=DAY - timedelta(days=9000)
        )
    ]
    assert found == [str(number) for number in range(total)]
    asked = exchange.requests[0].data
    assert asked["type"] == "trade" and asked["dateTo"] == int(START * 1000)
    assert asked["pageNumber"] == 1 and asked["accountId"] == ""


async def test_all_deposits_once(exchange: ScriptedExchange, rest: RestClient) -> None:
    """As the ledger."""
    rows = [{**FUNDING_ROW, "txId": number} for number in range(150)]

    def page(asked: dict[str, Any]) -> list[dict[str, Any]]:
        begin = (asked["pageNumber"] - 1) * asked["pageSize"]
        return rows[begin : begin + asked["pageSize"]]

    exchange.rest["get_my_funding_history"] = [script(page)]
    found = [
        row.transaction_id
        async for row in rest.iter_my_funding_history(
            direction=Direction.WITHDRAW, currency="BTC", start=DAY, end=DAY
        )
    ]
    assert found == [str(number) for number in range(150)]
    assert exchange.requests[0].data["dateTo"] == DAY_MS


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("total", [0, 2, 3, 7])
async def test_all_public_trades_once(
    exchange: ScriptedExchange, rest: RestClient, total: int, newest_first: bool
) -> None:
    """The next page begins with the last trade of the page before, in whichever order."""
    ids = [f"{DAY_MS}-{number}" for number in range(total)]

    def page(asked: dict[str, Any]) -> dict[str, Any]:
        begin = ids.index(asked["fromTradeId"]) if "fromTradeId" in asked else 0
        chosen = ids[begin : begin + asked["pageSize"]]
        rows = [
            {
                "tradeId": trade_id,
                "dateISO": "2026-11-20T00:00:00.000Z",
                "side": "BUY",
                "price": "1",
                "amount": "2",
            }
            for trade_id in chosen
        ]
        return {"pageSize": 3, "trades": rows[::-1] if newest_first else rows}

    exchange.rest["get_trade_history"] = [script(page)]
    found = [
        trade.trade_id
        async for trade in rest.iter_trade_history("A-B", start=DAY, page_size=3)
    ]
    assert found == ids


def test_what_the_methods_cost_and_need() -> None:
    """The table of the reference (rest.md 1.5, websocket.md 1.10)."""
    costs = {name: method.points for name, method in METHODS.items()}
    assert {name for name, points in costs.items() if points == 10} == {
        "get_processing_info"
    }
    assert {name for name, points in costs.items() if points == 5} == {
        "get_my_current_fee",
        "get_my_volume",
        "get_my_account_status_v3",
        "get_my_wallet_balance",
        "get_my_orders",
        "do_cancel_all_orders",
        "get_my_transaction_history",
        "get_my_funding_history",
        "get_deposit_address",
    }
    assert METHODS["do_create_account"].permission == "Read"
    for name, permission in (
        ("do_my_new_order", "Trade"),
        ("do_cancel_my_order", "Trade"),
        ("do_cancel_all_orders", "Trade"),
        ("do_my_internal_transfer", "Funds Internal"),
        ("do_deposit_funds_from_wallet", "Funds Wallet"),
        ("do_withdrawal_funds_to_wallet", "Funds Wallet"),
    ):
        assert METHODS[name].permission == permission


async def test_an_answer_of_another_form_is_an_error_of_the_client(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """Whatever method, the caller catches CexioError alone."""
    for action in ("get_pairs_info", "get_my_wallet_balance", "get_trade_history"):
        exchange.ok(action, 7)
    for call in (
        rest.get_pairs_info(),
        rest.get_my_wallet_balance(),
        rest.get_trade_history("A-B"),
    ):
        with pytest.raises(CexioError):
            await call
