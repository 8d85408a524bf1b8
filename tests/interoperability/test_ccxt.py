"""ccxt's client of the exchange works against the simulator, unmodified."""

import asyncio
from pathlib import Path
import sys
from typing import Any

import orjson
import pytest

from tests.patience import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-ccxt" / "bin" / "python"
STORY = Path(__file__).with_name("ccxt_client.py")


async def use_ccxt() -> dict[str, Any]:
    """Start a simulator, let ccxt use it and return what it tells."""
    pipe = asyncio.subprocess.PIPE
    simulator = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulators.exchange", "--port", "0", "--seed", "1"),
        cwd=REPOSITORY,
        stdout=pipe,
    )
    try:
        assert simulator.stdout
        async with asyncio.timeout(PATIENCE):
            ready = await simulator.stdout.readline()
        story = await asyncio.create_subprocess_exec(
            PYTHON, STORY, ready, stdout=pipe, stderr=pipe
        )
        async with asyncio.timeout(PATIENCE):
            told, errors = await story.communicate()
        assert story.returncode == 0, errors.decode()
        result: dict[str, Any] = orjson.loads(told)
        return result
    finally:
        simulator.terminate()
        await simulator.wait()


@pytest.mark.timeout(120)
async def test_ccxt_cannot_tell_the_simulator_from_the_exchange() -> None:
    """Markets, balances, orders and errors come out as ccxt's own types."""
    told = await use_ccxt()
    assert {"BTC/USD", "ETH/BTC", "SHIB/USD"} <= set(told["markets"])
    assert set(told["tickers"]) == set(told["markets"])
    assert {"BTC", "USD", "SHIB"} <= set(told["currencies"])
    assert told["price_tick"] == 0.1
    assert 0 < told["ticker"][0] < told["ticker"][1]
    assert told["book"] == [20, 20]
    assert len(told["candles"]) == 5
    assert all(low <= open_ <= high for _, open_, high, low, _, _ in told["candles"])
    assert len(told["trades"]) >= 1
    assert told["balance"] > 0
    assert told["wallet"] == 0.5
    assert told["accounts"] == 3
    # The second one at weekends.
    assert told["fees"] in {0.25, 0.22}
    assert told["address"] == "BTC"
    assert told["transfer"].isdigit()
    assert told["limit"] == "open"
    assert told["open"] == [True]
    assert told["fetched"] == 50000
    assert told["cancelled"] == "canceled"
    assert told["market"] == ["closed", 0.01]
    assert told["trigger"] == "open"
    assert told["cancel_all"] == 1
    assert told["closed"] == 3

    assert {
        name: told[name]
        for name in (
            "insufficient",
            "main_account",
            "main_address",
            "no_price",
            "wrong_key",
            "spent",
        )
    } == {
        "insufficient": "InsufficientFunds",
        "main_account": "BadRequest",
        "main_address": "PermissionDenied",
        "no_price": "ExchangeError",
        "wrong_key": "AuthenticationError",
        "spent": "RateLimitExceeded",
    }
