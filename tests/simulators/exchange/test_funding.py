"""Transfers, wallet moves, addresses, and what moving funds costs."""

from typing import Any

import pytest

from tests.simulators.exchange.conftest import MOVE, NOW, TRANSFER, Bench


async def test_transfer(still: Bench) -> None:
    """The source's event comes before the reply, the target's after; ids are numbers."""
    socket = await still.private()
    await socket.send(e="do_my_internal_transfer", oid="1", data=TRANSFER)
    first, reply, second = await socket.drain()
    assert reply["data"] == {"transactionId": 100001}
    event = {
        "clientId": "IT_DEMO",
        "currency": "USD",
        "onHoldBalance": "0.00000000",
        "timestamp": NOW,
        "action": "internalTransfer",
    }
    assert first["data"] == event | {
        "accountId": "trading",
        "balance": "49998.00000000",
        "id": 100002,
    }
    assert second["data"] == event | {
        "accountId": "savings",
        "balance": "2.00000000",
        "id": 100003,
    }


async def test_repeated_transfer_moves_nothing(still: Bench) -> None:
    """Even with another amount: the first answer, its events again and marked so."""
    first = await still.client.ok("do_my_internal_transfer", **TRANSFER)
    socket = await still.private()
    assert (
        await still.client.ok("do_my_internal_transfer", **TRANSFER | {"amount": "5"})
        == first
    )
    events = [frame["data"] for frame in await socket.drain()]
    assert [
        (event["accountId"], event["possibleResend"], event["id"]) for event in events
    ] == [("trading", True, 100002), ("savings", True, 100003)]
    assert await still.client.balance("savings", "USD") == ("2.00000000", "0.00000000")


async def test_transfers_without_an_id_are_all_done(still: Bench) -> None:
    """No id, no protection."""
    data = {name: value for name, value in TRANSFER.items() if name != "clientTxId"}
    await still.client.ok("do_my_internal_transfer", **data)
    await still.client.ok("do_my_internal_transfer", **data)
    assert await still.client.balance("savings", "USD") == ("4.00000000", "0.00000000")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"amount": "50000.01"}, "Insufficient funds"),
        ({"amount": 0}, "Amount should be greater than zero"),
        ({"amount": "-1"}, "Amount should be greater than zero"),
        ({"amount": "0.000000001"}, "Amount should have at most 8 decimals"),
        ({"amount": None}, "Mandatory parameter amount is missing"),
        ({"fromAccountId": None}, "Mandatory parameter fromAccountId is missing"),
        ({"toAccountId": None}, "Mandatory parameter toAccountId is missing"),
        (
            {"toAccountId": "trading"},
            "fromAccountId and toAccountId should be different",
        ),
        ({"toAccountId": ""}, "Transfers of main account are not allowed"),
        ({"toAccountId": "nobody"}, "Account nobody does not exist"),
        ({"currency": "ABC"}, "Unsupported currency ABC"),
    ],
)
async def test_transfer_refusals(
    still: Bench, changes: dict[str, Any], text: str
) -> None:
    """Nothing moves."""
    data = {
        name: value for name, value in (TRANSFER | changes).items() if value is not None
    }
    assert await still.client.private("do_my_internal_transfer", **data) == (
        422,
        {"error": text},
    )
    assert await still.client.balance("trading", "USD") == (
        "50000.00000000",
        "0.00000000",
    )


async def test_transfer_cannot_take_what_orders_hold(still: Bench) -> None:
    """Funds on hold stay."""
    await still.client.place(amountCcy1="0.5")
    assert (
        await still.client.refused(
            "do_my_internal_transfer", **TRANSFER | {"amount": "30000"}
        )
    )[1] == "Insufficient funds"


@pytest.mark.parametrize(
    ("action", "kind", "after", "wallet"),
    [
        ("do_deposit_funds_from_wallet", "deposit", "1.60000000", "0.40000000"),
        ("do_withdrawal_funds_to_wallet", "withdraw", "1.40000000", "0.60000000"),
    ],
)
async def test_wallet_moves(
    still: Bench, action: str, kind: str, after: str, wallet: str
) -> None:
    """Both directions; a repeated id is refused."""
    socket = await still.private()
    assert await still.client.ok(action, **MOVE) == {
        "accountId": "trading",
        "clientTxId": "tx-1",
        "currency": "BTC",
        "status": "approved",
    }
    assert await still.client.balance("trading", "BTC") == (after, "0.00000000")
    assert (await still.client.ok("get_my_wallet_balance"))["BTC"]["balance"] == wallet
    (event,) = await socket.drain()
    assert (event["data"]["action"], event["data"]["balance"], event["data"]["id"]) == (
        kind,
        after,
        "100001",
    )
    assert await still.client.refused(action, **MOVE) == (
        422,
        "Transaction with clientTxId tx-1 already exists",
    )


@pytest.mark.parametrize(
    "action", ["do_deposit_funds_from_wallet", "do_withdrawal_funds_to_wallet"]
)
@pytest.mark.parametrize(
    ("changes", "status", "text", "shown"),
    [
        ({"clientTxId": None}, 422, "Mandatory parameter clientTxId is missing", False),
        ({"accountId": ""}, 422, "{} for main account is not allowed", False),
        ({"currency": "XXX"}, 422, "Unsupported currency XXX", True),
        (
            {"currency": "LUNC"},
            422,
            "Wallet transfers of LUNC are limited to no decimals",
            False,
        ),
        (
            {"currency": "ETH", "amount": "0.0000001"},
            422,
            "Wallet transfers of ETH are limited to 6 decimals",
            False,
        ),
        (
            {"amount": "0.00000002"},
            500,
            "Too low amount to {} 0.00000002 BTC. Minimum amount 0.00100000 BTC",
            True,
        ),
        (
            {"currency": "USD", "amount": "0.5"},
            500,
            "Too low amount to {} 0.50000000 USD. Minimum amount 1.00000000 USD",
            True,
        ),
        ({"amount": "900"}, 422, "Insufficient funds", False),
    ],
)
async def test_wallet_move_refusals(
    still: Bench,
    action: str,
    changes: dict[str, Any],
    status: int,
    text: str,
    shown: bool,
) -> None:
    """Codes in the body where the documentation has them."""
    word = "deposit" if "deposit" in action else "withdraw"
    expected = text.format(word.capitalize() if "main" in text else word)
    data: dict[str, Any] = {
        name: value for name, value in (MOVE | changes).items() if value is not None
    }
    assert await still.client.private(action, **data) == (
        status,
        {"error": expected} | ({"statusCode": status} if shown else {}),
    )


async def test_deposit_address(bench: Bench) -> None:
    """The same at every asking; ledger coins have destination and memo."""
    data = {"accountId": "trading", "currency": "BTC", "blockchain": "bitcoin"}
    address = await bench.client.ok("get_deposit_address", **data)
    assert set(address) == {"accountId", "address", "currency", "blockchain"}
    assert await bench.client.ok("get_deposit_address", **data) == address
    ripple = await bench.client.ok(
        "get_deposit_address", accountId="trading", currency="XRP", blockchain="ripple"
    )
    assert set(ripple) == {"accountId", "destination", "memo", "currency", "blockchain"}
    assert ripple["memo"].isdecimal()


@pytest.mark.parametrize(
    ("changes", "status", "body"),
    [
        (
            {"accountId": ""},
            422,
            {"error": "Get deposit address for main account is not allowed"},
        ),
        (
            {"currency": "XXX"},
            422,
            {"error": "Unsupported currency XXX", "statusCode": 422},
        ),
        (
            {"blockchain": "tron"},
            500,
            {"error": "Blockchain is not supported.", "statusCode": 500},
        ),
    ],
)
async def test_deposit_address_refusals(
    bench: Bench, changes: dict[str, Any], status: int, body: dict[str, Any]
) -> None:
    """In the known words."""
    data = {
        "accountId": "trading",
        "currency": "BTC",
        "blockchain": "bitcoin",
    } | changes
    assert await bench.client.private("get_deposit_address", **data) == (status, body)


async def test_processing_info(bench: Bench) -> None:
    """Public and private; coins without a chain are left out."""
    bitcoin = {
        "BTC": {
            "name": "Bitcoin",
            "blockchains": {
                "bitcoin": {
                    "type": "coin",
                    "deposit": "enabled",
                    "minDeposit": "0.0001",
                    "withdrawal": "enabled",
                    "minWithdrawal": "0.002",
                    "withdrawalFee": "0.0005",
                    "depositConfirmations": 2,
                }
            },
        }
    }
    assert await bench.client.public("get_processing_info", currencies=["BTC"]) == (
        200,
        {"ok": "ok", "data": bitcoin},
    )
    assert (
        await bench.client.ok("get_processing_info", data={"currencies": ["BTC"]})
        == bitcoin
    )
    assert await bench.client.ok("get_processing_info", currencies=["ZEC"]) == {}
    everything = await bench.client.ok("get_processing_info", currencies=[])
    assert {"BTC", "USDT", "XRP"} <= set(everything)
    assert not {"USD", "ZEC", "LUNC"} & set(everything)


@pytest.mark.parametrize(
    ("currencies", "text"),
    [
        (
            ["BTC", "ETH", "XXX", "USD"],
            "Request contains unsupported currencies: XXX, USD.",
        ),
        ([1, 2, 3], "Currencies array should consist of string type values."),
        ({}, "Currencies should be array."),
    ],
)
async def test_processing_info_refusals_are_ok(
    bench: Bench, currencies: Any, text: str
) -> None:
    """REST calls these failures ok."""
    assert await bench.client.public("get_processing_info", currencies=currencies) == (
        200,
        {"ok": "ok", "data": {"error": text}},
    )


async def test_processing_info_costs_ten_points(still: Bench) -> None:
    """Ten calls use up a minute."""
    for _ in range(10):
        await still.client.public("get_processing_info")
    assert (await still.client.public("get_server_time"))[0] == 429
