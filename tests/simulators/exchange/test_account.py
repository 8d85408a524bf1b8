"""Accounts, balances, fees."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from simulators.exchange.clock import Clock
from simulators.exchange.engine.fees import Fees
from tests.simulators.exchange.conftest import Bench


async def test_account_status(bench: Bench) -> None:
    """Totals and holds by account, at the currency's precision, converted at the market."""
    data = await bench.client.ok("get_my_account_status_v3")
    assert data["convertedCurrency"] == "USD"
    assert list(data["balancesPerAccounts"]) == ["", "trading", "savings"]
    assert data["balancesPerAccounts"]["trading"]["USD"] == {
        "balance": "50000.00000000",
        "balanceOnHold": "0.00000000",
        "balanceInConvertedCurrency": "50000.00000000",
    }
    assert data["balancesPerAccounts"]["trading"]["SHIB"]["balance"] == "100000000"
    assert (
        data["balancesPerAccounts"][""]["BTC"]["balanceInConvertedCurrency"]
        == "14998.50000000"
    )
    assert "tradingFeeBalancesPerAccounts" not in data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"currencies": [], "accountIds": []},
            {"": {"USD", "BTC"}, "savings": {"BTC", "EUR"}},
        ),
        (
            {"currencies": ["BTC"]},
            {"": {"BTC"}, "trading": {"BTC"}, "savings": {"BTC"}},
        ),
        (
            {"currencies": ["EUR"], "accountIds": ["", "savings", "nobody"]},
            {"savings": {"EUR"}},
        ),
        ({"accountIds": ["nobody"]}, {}),
    ],
)
async def test_account_status_filters(
    bench: Bench, data: dict[str, Any], expected: dict[str, set[str]]
) -> None:
    """Unknown accounts and those without the currency are left out."""
    found = (await bench.client.ok("get_my_account_status_v3", **data))[
        "balancesPerAccounts"
    ]
    assert {
        account: set(rows) for account, rows in found.items() if account in expected
    } == expected
    if data.get("accountIds"):
        assert set(found) == set(expected)


async def test_account_status_v2_has_what_is_available(still: Bench) -> None:
    """The deprecated form computes it."""
    await still.client.place()
    data = await still.client.ok(
        "get_my_account_status_v2", accountIds=["trading"], currencies=["USD"]
    )
    assert data["balancesPerAccounts"]["trading"]["USD"] == {
        "balance": "50000.00000000",
        "balanceOnHold": "591.47500000",
        "balanceInConvertedCurrency": "50000.00000000",
        "balanceAvailable": "49408.52500000",
    }


@pytest.mark.parametrize("name", ["currencies", "accountIds"])
@pytest.mark.parametrize("value", [3, "USD", [1], {}])
async def test_account_status_refusals(bench: Bench, name: str, value: Any) -> None:
    """Lists of strings, nothing else; the body shows the status code."""
    error = {
        "error": f"{name} array should consist of string type values",
        "statusCode": 422,
    }
    assert await bench.client.private("get_my_account_status_v3", **{name: value}) == (
        422,
        error,
    )


async def test_account_status_refuses_repetitions(bench: Bench) -> None:
    """The documentation forbids them."""
    assert (
        await bench.client.refused(
            "get_my_account_status_v3", currencies=["BTC", "BTC"]
        )
    )[0] == 422


async def test_zero_balance_is_not_converted(still: Bench) -> None:
    """The converted amount is left out at zero."""
    await still.client.ok(
        "do_withdrawal_funds_to_wallet",
        clientTxId="1",
        accountId="savings",
        currency="EUR",
        amount="5000",
    )
    data = await still.client.ok("get_my_account_status_v3", accountIds=["savings"])
    assert data["balancesPerAccounts"]["savings"]["EUR"] == {
        "balance": "0.00000000",
        "balanceOnHold": "0.00000000",
    }


async def test_wallet_balance(bench: Bench) -> None:
    """At wallet precision."""
    assert await bench.client.ok("get_my_wallet_balance") == {
        "USD": {"balance": "10000.00"},
        "EUR": {"balance": "3000.00"},
        "BTC": {"balance": "0.50000000"},
        "ETH": {"balance": "4.000000"},
    }


async def test_creating_accounts(bench: Bench) -> None:
    """Five accounts with main; an existing one is a success."""
    for name in ("trading", "a", "a", "b-_9"):
        assert await bench.client.ok(
            "do_create_account", accountId=name, currency="BTC"
        ) == {"accountId": name}
    answer = await bench.client.private(
        "do_create_account", accountId="c", currency="BTC"
    )
    assert answer == (
        500,
        {"error": "Maximum number of accounts is reached", "statusCode": 500},
    )
    assert (
        await bench.client.ok("do_create_account", accountId="a", currency="BTC")
    ) == {"accountId": "a"}


BAD_NAME = 'Sub-account name should contain only lower and uppercase Latin letters, numbers, underscore ("_") or hyphen ("-")'


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        ({}, 422, "Mandatory parameter accountId is missing"),
        ({"accountId": ""}, 422, "Mandatory parameter accountId is missing"),
        ({"accountId": 5}, 422, "Parameter accountId should be String"),
        ({"accountId": "account%2"}, 500, BAD_NAME),
        ({"accountId": "ä"}, 500, BAD_NAME),
        ({"accountId": "x" * 256}, 500, BAD_NAME),
        ({"accountId": "x"}, 422, "Mandatory parameter currency is missing"),
        ({"accountId": "x", "currency": "XXX"}, 422, "Unsupported currency XXX"),
    ],
)
async def test_creating_accounts_refusals(
    bench: Bench, data: dict[str, Any], status: int, text: str
) -> None:
    """A refusal carries the status code in the body."""
    assert await bench.client.private("do_create_account", **data) == (
        status,
        {"error": text, "statusCode": status},
    )


@pytest.mark.parametrize("data", [{}, {"pairs": ""}, {"pairs": None}, {"pairs": []}])
async def test_current_fee_of_all_pairs(still: Bench, data: dict[str, Any]) -> None:
    """Missing, empty and null mean all."""
    fees = (await still.client.ok("get_my_current_fee", **data))["tradingFee"]
    assert len(fees) == 14
    assert fees["BTC-USD"] == {"percent": "0.25"}
    assert fees["USDT-USD"] == {"percent": "0.15"}
    assert fees["ETH-EUR"] == {"percent": "0.20"}


async def test_current_fee_at_the_weekend() -> None:
    """Saturday and Sunday UTC have a schedule of their own."""
    saturday = datetime(2026, 11, 14, 12, tzinfo=UTC).timestamp()
    async with Bench(clock=Clock(saturday, frozen=True)) as bench:
        data = await bench.client.ok(
            "get_my_current_fee", pairs=["BTC-USD", "USDT-USD", "NOPE-USD"]
        )
        assert data == {
            "tradingFee": {
                "BTC-USD": {"percent": "0.22"},
                "USDT-USD": {"percent": "0.14"},
            }
        }


@pytest.mark.parametrize(
    ("volume", "percent"),
    [
        ("0", "0.25"),
        ("10000", "0.25"),
        ("10000.01", "0.23"),
        ("20000000", "0.10"),
        ("20000001", "0.10"),
    ],
)
def test_tiers(volume: str, percent: str) -> None:
    """A tier reaches up to its volume; above the last one its fee stays."""
    fees = Fees()
    tuesday = 1_794_306_000_000
    fees.record(tuesday, Decimal(volume))
    assert fees.percent("BTC-USD", tuesday) == Decimal(percent)


def test_volume_is_forgotten_after_thirty_days() -> None:
    """Only the last 30 days count."""
    fees = Fees()
    fees.record(0, Decimal(50_000))
    day = 86_400_000
    assert fees.volume(30 * day) == 50_000
    assert fees.volume(30 * day + 1) == 0
    assert fees.trades() == []


async def test_volume(still: Bench) -> None:
    """In USD, whatever the pair."""
    assert await still.client.ok("get_my_volume") == {
        "period": "30d",
        "volume": "0",
        "currency": "USD",
    }
    await still.client.place(price="61000")
    await still.client.place(currency2="EUR", side="SELL", price="50000")
    data = await still.client.ok("get_my_volume")
    assert Decimal(data["volume"]) == Decimal("600.06") + Decimal("1.09") * Decimal(
        "550.44"
    )


async def test_fee_strategy(bench: Bench) -> None:
    """Fees are strings, volumes numbers; the current fees follow from it."""
    strategy = (await bench.client.ok("get_fee_strategy"))["strategyConfig"]
    assert strategy["default"][0] == {"fee": "0.25", "volume": 10000}
    assert strategy["perTier"]["reducedFee"]["pairList"] == ["BCH-USD", "USDT-USD"]
    assert set(strategy["perWeekend"]) == {"default", "perTier"}
    assert strategy["perWeekend"]["perTier"]["hotPairs"]["schedule"][0] == {
        "fee": "0.18",
        "volume": 10000,
    }
