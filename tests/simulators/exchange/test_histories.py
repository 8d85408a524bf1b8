"""The histories of transactions and of funding: pages, filters, refusals."""

from typing import Any

import pytest

from tests.simulators.exchange.conftest import MOVE, NOW, TRANSFER, Bench


async def test_transaction_history(still: Bench) -> None:
    """Two rows of trade and one of commission per finished order, signed; nothing while it is open."""
    client = still.client
    placed = await client.place(price="60000", amountCcy1="0.02")
    await client.control("/market/trade", pair="BTC-USD", side="SELL", amount="0.01")
    assert await client.ok("get_my_transaction_history") == []
    await still.advance(1)
    await client.ok("do_cancel_all_orders")
    number = placed["orderId"]
    row = {
        "accountId": "trading",
        "type": "trade",
        "details": f"Finalization Trade orderId='{number}' for IT_DEMO",
        "timestamp": "2026-11-10T10:20:01.000Z",
    }
    assert await client.ok("get_my_transaction_history", sortOrder="ASC") == [
        row
        | {
            "transactionId": f"trade_{number}_finalization_BTC",
            "amount": "0.01000000",
            "currency": "BTC",
        },
        row
        | {
            "transactionId": f"trade_{number}_finalization_USD",
            "amount": "-600.00000000",
            "currency": "USD",
        },
        {
            "transactionId": f"commission_trade_{number}",
            "timestamp": "2026-11-10T10:20:01.012Z",
            "accountId": "trading",
            "type": "commission",
            "amount": "-1.50000000",
            "details": f"Commission for orderId='{number}' for IT_DEMO",
            "currency": "USD",
        },
    ]
    assert [
        entry["type"]
        for entry in await client.ok("get_my_transaction_history", type="commission")
    ] == ["commission"]


async def test_histories_of_moves(still: Bench) -> None:
    """Filters by account, kind and time; funding amounts are unsigned; pages count from 1."""
    client = still.client
    await client.ok("do_my_internal_transfer", **TRANSFER)
    await still.advance(1)
    await client.ok("do_deposit_funds_from_wallet", **MOVE)
    await still.advance(1)
    await client.ok(
        "do_withdrawal_funds_to_wallet",
        **MOVE | {"clientTxId": "tx-2", "accountId": "savings"},
    )
    await client.control("/deposits", account_id="savings", currency="BTC", amount="3")

    async def kinds(**data: Any) -> list[tuple[str, str]]:
        """Return account and signed amount of the rows."""
        return [
            (row["accountId"], row["amount"])
            for row in await client.ok("get_my_transaction_history", **data)
        ]

    assert await kinds(type="internalTransfer", sortOrder="ASC") == [
        ("trading", "-2.00000000"),
        ("savings", "2.00000000"),
    ]
    assert await kinds(accountId="savings", type="withdraw") == [
        ("savings", "-0.10000000")
    ]
    assert await kinds(accountId="trading", dateFrom=NOW + 1000, dateTo=NOW + 2000) == [
        ("trading", "0.10000000")
    ]
    assert await kinds(accountId=None) == await kinds(accountId="nobody") == []
    assert len(await kinds()) == 5
    assert len(await kinds(pageSize=2, pageNumber=3)) == 1

    async def funding(**data: Any) -> list[tuple[int, str, str]]:
        """Return number, direction and amount of the rows."""
        return [
            (row["txId"], row["direction"], row["amount"])
            for row in await client.ok("get_my_funding_history", **data)
        ]

    everything = await funding()
    assert [row[1:] for row in everything] == [
        ("deposit", "3.00000000"),
        ("withdraw", "0.10000000"),
        ("deposit", "0.10000000"),
    ]
    assert await funding(txId=everything[1][0]) == everything[1:2]
    assert await funding(direction="deposit", accountId="trading") == everything[2:]
    assert await funding(currency="EUR") == []
    assert await funding(pageSize=1, pageNumber=2) == everything[1:2]
    (row, *_) = await client.ok("get_my_funding_history", direction="withdraw")
    assert row == {
        "txId": everything[1][0],
        "clientId": "IT_DEMO",
        "accountId": "savings",
        "currency": "BTC",
        "direction": "withdraw",
        "amount": "0.10000000",
        "commissionAmount": "0.00000000",
        "status": "approved",
        "updatedAt": "2026-11-10T10:20:02.000Z",
    }


@pytest.mark.parametrize(
    "action", ["get_my_transaction_history", "get_my_funding_history"]
)
@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"pageSize": 150}, "Page size is limited to 100 items"),
        ({"pageNumber": 1}, "Mandatory parameter pageSize is missing"),
        (
            {"pageSize": 1, "pageNumber": 0},
            "Parameter pageNumber should be greater than or equal to 1",
        ),
        ({"dateFrom": 5, "dateTo": 5}, "Parameter dateFrom should be less than dateTo"),
    ],
)
async def test_history_refusals(
    bench: Bench, action: str, data: dict[str, Any], text: str
) -> None:
    """Both histories page alike."""
    assert await bench.client.refused(action, **data) == (422, text)


@pytest.mark.parametrize(
    ("action", "data", "text"),
    [
        (
            "get_my_transaction_history",
            {"type": "gift"},
            "Operation type is not supported. Supported types: trade,commission,deposit,withdraw,internalTransfer",
        ),
        (
            "get_my_transaction_history",
            {"sortOrder": "UP"},
            "Parameter sortOrder should be one of ASC,DESC",
        ),
        (
            "get_my_funding_history",
            {"direction": "up"},
            "Parameter direction should be one of deposit,withdraw",
        ),
    ],
)
async def test_history_filters_refusals(
    bench: Bench, action: str, data: dict[str, Any], text: str
) -> None:
    """Closed sets are checked."""
    assert await bench.client.refused(action, **data) == (422, text)
