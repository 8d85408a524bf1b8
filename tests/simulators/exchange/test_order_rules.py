"""Which orders and lookups are refused, rejected, repeated or cancelled."""

from typing import Any

import pytest

from tests.simulators.exchange.conftest import TUESDAY, Bench

NOW = int(TUESDAY * 1000)


REJECTIONS: list[tuple[dict[str, Any], int, str]] = [
    ({"amountCcy1": "0.0001"}, 414, "minOrderAmountCcy1 check failed. amountCcy1 0.00010000 is less than minOrderAmountCcy1 0.00020000"),
    ({"amountCcy1": "71"}, 415, "maxOrderAmountCcy1 check failed. amountCcy1 71.00000000 is greater than maxOrderAmountCcy1 70.00000000"),
    ({"amountCcy1": "0.0003", "price": "30000"}, 416, "minOrderAmountCcy2 check failed. amountCcy2 9.00000000 is less than minOrderAmountCcy2 10.00000000"),
    ({"amountCcy1": "50"}, 417, "maxOrderAmountCcy2 check failed. amountCcy2 2950000.00000000 is greater than maxOrderAmountCcy2 1000000.00000000"),
    ({"amountCcy1": "0.123456789"}, 418, "lotSizeCcy1 check failed. amountCcy1 0.123456789 is not a multiple of lotSizeCcy1 0.00000001"),
    ({"price": "59000.55"}, 420, "pricePrecision check failed. price 59000.55 has more than 1 decimals"),
    ({"price": "2399"}, 421, "price range check failed. price 2399 is not between 2400.0 and 240000.0"),
    ({"orderType": "StopLimit", "stopPrice": "250000"}, 421, "price range check failed. stopPrice 250000 is not between 2400.0 and 240000.0"),
    ({"amountCcy2": "100"}, 405, "Either AmountCcy1 (OrderQty) or AmountCcy2 (CashOrderQty) should be specified for market order not both"),
    ({"amountCcy1": None, "amountCcy2": "100"}, 407, "AmountCcy2 (CashOrderQty) is supported for market orders only"),
    ({"orderType": "Market"}, 426, "Market order supports only IOC timeInForce"),
    ({"orderType": "Market", "timeInForce": None, "amountCcy1": None, "amountCcy2": "9"}, 416, "minOrderAmountCcy2 check failed. amountCcy2 9.00000000 is less than minOrderAmountCcy2 10.00000000"),
    ({"orderType": "Market", "timeInForce": "IOC", "amountCcy1": None, "amountCcy2": "10.123456789"}, 419, "lotSizeCcy2 check failed. amountCcy2 10.123456789 is not a multiple of lotSizeCcy2 0.01"),
    ({"timeInForce": "GTD", "expireTime": NOW}, 425, "ExpireTime 20261110-10:20:00.000 should be in the future"),
    (
        {"timestamp": 1_700_000_000},
        424,
        "ClientTime should be within 30000 ms timeframe. But difference was 1792606000000 ms. ClientTime 19700120-16:13:20.000, ServerTime 20261110-10:20:00.000",
    ),
    ({"timestamp": 10**17}, 424, "ClientTime should be within 30000 ms timeframe. But difference was 99998205694000000 ms. ClientTime 100000000000000000, ServerTime 20261110-10:20:00.000"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "reason"), REJECTIONS)
async def test_rejected_by_validation(
    still: Bench, changes: dict[str, Any], code: int, reason: str
) -> None:
    """The request is ok, the order is not: no number, no row, no hold."""
    order = still.client.order(clientOrderId="bad", **changes)
    reply = await still.client.ok("do_my_new_order", **order)
    assert (reply["status"], reply["orderId"], reply["executionType"]) == (
        "REJECTED",
        "NONE",
        "Rejected",
    )
    assert (reply["rejectCode"], reply["rejectReason"]) == (code, reason)
    assert reply["orderRejectReason"] == f'{{"code":{code},"reason":"{reason}"}}'
    assert (reply["feeAmount"], reply["feeCurrency"]) == (None, None)
    assert reply["executedAmountCcy1"] == "0.00000000"
    assert "lastUpdateTimestamp" not in reply
    assert await still.client.ok("get_my_orders", clientOrderId="bad") == []
    assert (await still.client.balance("trading", "USD"))[1] == "0.00000000"


@pytest.mark.parametrize(
    "changes",
    [
        {"amountCcy1": "10"},
        {"side": "SELL", "amountCcy1": "1.6"},
        {"orderType": "Market", "timeInForce": None, "amountCcy1": "1"},
        {"accountId": "savings"},
    ],
)
async def test_insufficient_funds(still: Bench, changes: dict[str, Any]) -> None:
    """Such an order is kept, with a number."""
    reply = await still.client.place(**changes)
    assert (reply["status"], reply["rejectCode"], reply["rejectReason"]) == (
        "REJECTED",
        403,
        "Insufficient funds",
    )
    assert reply["orderId"].isdecimal()
    assert "lastUpdateTimestamp" in reply
    row = await still.client.row(reply["orderId"])
    assert (row["status"], row["statusIsFinal"], row["rejectCode"]) == (
        "REJECTED",
        True,
        403,
    )


async def test_twenty_active_orders(still: Bench) -> None:
    """The 21st is rejected; one that ended makes room."""
    orders = [await still.client.place(amountCcy1="0.001") for _ in range(20)]
    reply = await still.client.place(amountCcy1="0.001")
    assert (reply["status"], reply["rejectCode"], reply["rejectReason"]) == (
        "REJECTED",
        437,
        "Too many active orders",
    )
    await still.client.ok(
        "do_cancel_my_order",
        orderId=int(orders[0]["orderId"]),
        cancelRequestId="c",
        timestamp=NOW,
    )
    assert (await still.client.place(amountCcy1="0.001"))["status"] == "NEW"
    await still.client.control("/switches", active_orders=21)
    assert (await still.client.place(amountCcy1="0.001"))["status"] == "NEW"
    reply = await still.client.place(amountCcy1="0.001")
    assert reply["rejectReason"] == "Too many active orders"


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"price": None}, "Mandatory parameter price is missing"),
    ({"accountId": None}, "Mandatory parameter accountId is missing"),
    ({"accountId": ""}, "API orders from Main account are not allowed"),
    ({"accountId": "nobody"}, "Account nobody does not exist"),
    ({"currency1": None}, "Mandatory parameter currency1 is missing"),
    ({"currency1": "NOPE"}, "pair NOPE-USD is not supported"),
    ({"side": None}, "Mandatory parameter side is missing"),
    ({"side": "buy"}, "Mandatory parameter side should be one of BUY,SELL"),
    (
        {"orderType": "limit"},
        "Mandatory parameter orderType should be one of Limit,Market,StopLimit",
    ),
    ({"orderType": "StopLimit"}, "Mandatory parameter stopPrice is missing"),
    (
        {"orderType": "Market", "stopPrice": "1"},
        "Market Trigger orders are not allowed",
    ),
    (
        {"timeInForce": "FOK"},
        "Mandatory parameter timeInForce should be one of GTC,IOC,GTD",
    ),
    ({"timeInForce": "GTD"}, "Mandatory parameter expireTime is missing"),
    ({"timestamp": None}, "Mandatory parameter timestamp is missing"),
    ({"timestamp": "now"}, "Parameter timestamp should be Number"),
    ({"amountCcy1": None}, "Mandatory parameter amountCcy1 is missing"),
    ({"amountCcy1": "many"}, "Parameter amountCcy1 should be a number"),
    ({"amountCcy1": "NaN"}, "Parameter amountCcy1 should be a number"),
    ({"amountCcy1": "1e400"}, "Parameter amountCcy1 should be a number"),
    ({"amountCcy1": True}, "Parameter amountCcy1 should be a number"),
    ({"amountCcy1": -1}, "Parameter amountCcy1 should be greater than zero"),
    ({"comment": "x" * 256}, "Comment length is limited to 255 characters"),
    ({"comment": 5}, "Parameter comment should be String"),
]


@pytest.mark.parametrize(("changes", "text"), MALFORMED)
async def test_malformed_order(
    still: Bench, changes: dict[str, Any], text: str
) -> None:
    """A request that is no order is refused before there is one."""
    status, error = await still.client.refused(
        "do_my_new_order", **still.client.order(**changes)
    )
    assert error == text
    assert status == (400 if "Trigger" in text else 422)


async def test_same_client_order_id_places_once(still: Bench) -> None:
    """The same order again gets the first one's present state; another one under the same id is rejected."""
    client = still.client
    order = client.order(clientOrderId="twice", price="60000")
    first = await client.ok("do_my_new_order", **order)
    await client.control("/market/trade", pair="BTC-USD", side="SELL", amount="0.004")
    second = await client.ok("do_my_new_order", **order)
    assert (second["orderId"], second["status"]) == (
        first["orderId"],
        "PARTIALLY_FILLED",
    )
    other = await client.ok("do_my_new_order", **order | {"amountCcy1": "0.02"})
    assert (other["status"], other["orderId"], other["rejectCode"]) == (
        "REJECTED",
        "NONE",
        406,
    )
    assert len(await client.ok("get_my_orders", clientOrderId="twice")) == 1
    await still.advance(31)
    late = await client.ok("do_my_new_order", **order)
    assert (late["status"], late["rejectCode"]) == ("REJECTED", 424)


async def test_client_order_id_is_free_again_after_a_day(still: Bench) -> None:
    """Then it names several orders, and a lookup returns all."""
    await still.client.place(clientOrderId="again")
    await still.server.clock.jump(86_400 + 1)
    await still.client.place(clientOrderId="again")
    assert len(await still.client.ok("get_my_orders", clientOrderId="again")) == 2


async def test_default_client_order_id_is_the_time(still: Bench) -> None:
    """An order without one is named after the moment."""
    assert (await still.client.place(clientOrderId=None))["clientOrderId"] == str(NOW)


async def test_cancel(still: Bench) -> None:
    """The answer is empty; the row tells."""
    placed = await still.client.place()
    answer = await still.client.ok(
        "do_cancel_my_order",
        clientOrderId=placed["clientOrderId"],
        cancelRequestId="c",
        timestamp=NOW,
    )
    assert answer == {}
    row = await still.client.row(placed["orderId"])
    assert (row["status"], row["executedAmountCcy1"]) == ("CANCELLED", None)
    assert (await still.client.balance("trading", "USD"))[1] == "0.00000000"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (
            {},
            {
                "error": "ClientOrderId or orderId should be specified",
                "statusCode": 422,
            },
        ),
        (
            {"orderId": 1, "clientOrderId": "a"},
            {
                "error": "Only one of the fields ClientOrderId or orderId should be specified, not both",
                "statusCode": 422,
            },
        ),
        ({"orderId": 1}, {"error": "Mandatory parameter cancelRequestId is missing"}),
        (
            {"orderId": 1, "cancelRequestId": "c"},
            {"error": "Mandatory parameter timestamp is missing"},
        ),
    ],
)
async def test_malformed_cancel(
    bench: Bench, data: dict[str, Any], answer: dict[str, Any]
) -> None:
    """Refusals carry the status code where the documentation shows it."""
    assert await bench.client.private("do_cancel_my_order", **data) == (422, answer)


@pytest.mark.parametrize(
    "data", [{"orderId": 1}, {"orderId": "1"}, {"clientOrderId": "never"}]
)
async def test_cancel_of_an_unknown_order_is_ok(
    bench: Bench, data: dict[str, Any]
) -> None:
    """REST never tells."""
    assert (
        await bench.client.ok(
            "do_cancel_my_order", cancelRequestId="c", timestamp=1, **data
        )
        == {}
    )


async def test_cancel_all(still: Bench) -> None:
    """All, or those of some accounts; the answer names them."""
    client = still.client
    mine = await client.place()
    saved = await client.place(accountId="savings", side="SELL", price="61000")
    assert await client.ok("do_cancel_all_orders", accountIds=["savings"]) == {
        "clientOrderIds": [saved["clientOrderId"]]
    }
    assert await client.ok("do_cancel_all_orders", accountIds=[]) == {
        "clientOrderIds": [mine["clientOrderId"]]
    }
    assert await client.ok("do_cancel_all_orders") == {"clientOrderIds": []}
    assert (await client.refused("do_cancel_all_orders", accountIds="savings"))[
        0
    ] == 422


async def test_order_lookups(still: Bench) -> None:
    """Open, archived, by id, by pair, side and account; paged from 0; newest first."""
    client = still.client
    first = await client.place()
    await still.advance(1)
    second = await client.place(
        currency1="ETH", side="SELL", price="2600", amountCcy1="1"
    )
    await still.advance(1)
    gone = await client.place(price="61000")
    ids = [first["orderId"], second["orderId"]]

    async def found(**data: Any) -> list[str]:
        """Return the numbers of the rows."""
        return [row["orderId"] for row in await client.ok("get_my_orders", **data)]

    assert await found() == ids[::-1]
    assert await found(sortOrder="ASC") == ids
    assert await found(pair="BTC-USD") == ids[:1]
    assert await found(pair="", side=None) == ids[::-1]
    assert await found(side="SELL") == ids[1:]
    assert await found(accountIds=["savings"]) == []
    assert await found(accountIds=[None]) == []
    assert await found(accountIds=[]) == ids[::-1]
    assert await found(pageSize=1, pageNumber=1) == ids[:1]
    assert await found(pageSize=1, pageNumber=2) == []
    assert await found(archived=True, serverCreateTimestampFrom=NOW) == [
        gone["orderId"]
    ]
    assert await found(orderId=int(gone["orderId"])) == [gone["orderId"]]
    assert (
        await found(clientOrderId=first["clientOrderId"], orderId=int(gone["orderId"]))
        == ids[:1]
    )
    assert (
        await found(
            serverCreateTimestampFrom=NOW + 1000, serverCreateTimestampTo=NOW + 2000
        )
        == ids[1:]
    )
    assert await found(orderId=1) == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"pageSize": 5000, "archived": True}, "Page size is limited to 1000 items"),
        ({"pageSize": 0}, "Parameter pageSize should be greater than or equal to 1"),
        (
            {"pageNumber": -1},
            "Parameter pageNumber should be greater than or equal to 0",
        ),
        ({"archived": 0}, "Archived parameter should be boolean"),
        ({"archived": None}, "Archived parameter should be boolean"),
        (
            {"archived": True},
            "Mandatory parameter serverCreateTimestampFrom is missing",
        ),
        (
            {"archived": True, "serverCreateTimestampFrom": 1},
            "Period between serverCreateTimestampFrom and serverCreateTimestampTo is limited to 365 days",
        ),
        ({"side": "UP"}, "Mandatory parameter side should be one of BUY,SELL"),
        ({"sortOrder": "UP"}, "Parameter sortOrder should be one of ASC,DESC"),
        ({"accountIds": [5]}, "accountIds array should consist of string type values"),
        ({"accountIds": ["", None]}, "accountIds array should not contain duplicates"),
        ({"orderId": "18x"}, "Parameter orderId should be Number"),
        ({"orderId": 1.5}, "Parameter orderId should be Number"),
    ],
)
async def test_malformed_lookups(still: Bench, data: dict[str, Any], text: str) -> None:
    """Refusals in the known words."""
    assert await still.client.refused("get_my_orders", **data) == (422, text)
