"""Keeping the exchange in a file; starting it from the command line."""

import asyncio
import contextlib
import json
from pathlib import Path
import signal
import sys
from typing import Any

import pytest

from simulators.exchange.__main__ import main
from simulators.exchange.clock import Clock
from simulators.exchange.server import ExchangeServer
from simulators.exchange.state import StateError
from tests.patience import PATIENCE
from tests.simulators.exchange.conftest import TUESDAY, Bench

ROOT = Path(__file__).parents[3]


async def everything(bench: Bench) -> dict[str, Any]:
    """Return what must survive."""
    truth: dict[str, Any] = await bench.client.control("/truth", "GET")
    del truth["requests"]
    return truth | {
        "transactions": await bench.client.ok("get_my_transaction_history"),
        "funding": await bench.client.ok("get_my_funding_history"),
        "volume": await bench.client.ok("get_my_volume"),
        "open": await bench.client.ok("get_my_orders"),
    }


async def test_second_start_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """Orders, holds, fills, histories, accounts and prices are back; open orders still trade."""
    path = tmp_path / "state.json"
    async with Bench(clock=Clock(TUESDAY, frozen=True), state_file=path) as bench:
        await bench.client.control("/market/price", pair="BTC-USD", price="62000")
        resting = await bench.client.place(
            price="61000", amountCcy1="0.01", comment="kept"
        )
        stop = await bench.client.place(
            side="SELL", orderType="StopLimit", stopPrice="61500", price="61000"
        )
        await bench.client.place(price="62500")
        await bench.client.place(
            currency1="LTC",
            currency2="USDT",
            price=None,
            orderType="Market",
            timeInForce=None,
            amountCcy1=None,
            amountCcy2="20",
        )
        await bench.client.place(amountCcy1="20", clientOrderId="rejected")
        await bench.client.place(
            timeInForce="GTD", expireTime=int(TUESDAY * 1000) + 50_000
        )
        await bench.client.ok("do_create_account", accountId="third", currency="BTC")
        await bench.client.ok(
            "do_my_internal_transfer",
            fromAccountId="trading",
            toAccountId="third",
            currency="BTC",
            amount="0.1",
            clientTxId="t",
        )
        await bench.client.ok(
            "do_deposit_funds_from_wallet",
            clientTxId="1",
            accountId="third",
            currency="BTC",
            amount="0.1",
        )
        before = await everything(bench)
    async with Bench(clock=Clock(TUESDAY, frozen=True), state_file=path) as bench:
        assert await everything(bench) == before
        book = (await bench.client.public("get_order_book", pair="BTC-USD"))[1]["data"]
        assert float(book["bids"][0][0]) < 62000 < float(book["asks"][0][0])
        again = await bench.client.place(
            price="61000",
            amountCcy1="0.01",
            comment="kept",
            clientOrderId=resting["clientOrderId"],
        )
        assert again["orderId"] == resting["orderId"]
        repeated = {
            "fromAccountId": "trading",
            "toAccountId": "third",
            "currency": "BTC",
            "amount": "0.1",
            "clientTxId": "t",
        }
        await bench.client.ok("do_my_internal_transfer", **repeated)
        move = {
            "clientTxId": "1",
            "accountId": "third",
            "currency": "BTC",
            "amount": "0.1",
        }
        assert (
            "already exists"
            in (await bench.client.refused("do_deposit_funds_from_wallet", **move))[1]
        )
        assert (await bench.client.balance("third", "BTC"))[0] == "0.20000000"
        fresh = await bench.client.place()
        assert int(fresh["orderId"]) > int(stop["orderId"])
        await bench.client.control("/market/price", pair="BTC-USD", price="60900")
        statuses = {
            row["orderId"]: row["status"]
            for row in (await bench.client.control("/truth", "GET"))["orders"]
        }
        assert (statuses[resting["orderId"]], statuses[stop["orderId"]]) == (
            "FILLED",
            "NEW",
        )
        await bench.advance(51)
        assert {row["status"] for row in await bench.client.ok("get_my_orders")} == {
            "NEW"
        }


async def test_state_is_saved_while_running(tmp_path: Path) -> None:
    """Every few seconds, whole at every moment."""
    path = tmp_path / "state.json"
    async with Bench(clock=Clock(TUESDAY, frozen=True), state_file=path) as bench:
        await bench.client.place(clientOrderId="kept")
        await bench.advance(3.1)
        async with asyncio.timeout(PATIENCE):
            while not path.exists():  # noqa: ASYNC110  # another thread writes it
                await asyncio.sleep(0.01)
        assert json.loads(path.read_text())["orders"][0]["client_order_id"] == "kept"


async def test_a_smaller_exchange_refuses_the_file_of_a_larger_one(
    tmp_path: Path,
) -> None:
    """The error says what to do."""
    path = tmp_path / "state.json"
    async with Bench(
        clock=Clock(TUESDAY, frozen=True), state_file=path, pairs=20
    ) as bench:
        await bench.client.control(
            "/deposits", account_id="trading", currency="AAVE", amount="100"
        )
        await bench.client.place(
            currency1="AAVE", side="SELL", amountCcy1="20", price="1.5"
        )
    with pytest.raises(StateError, match="more pairs"):
        ExchangeServer(state_file=path)


@pytest.mark.parametrize("content", ["nonsense", "[]", '{"version": 0}'])
def test_unusable_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """They are not overwritten; the error says which."""
    path = tmp_path / "state.json"
    path.write_text(content)
    assert main(["--state", str(path)]) == 1
    assert "state.json" in capsys.readouterr().err
    assert path.read_text() == content


async def test_prices_of_pairs_that_are_gone_do_no_harm(tmp_path: Path) -> None:
    """Without orders or money in them a smaller exchange takes the file."""
    path = tmp_path / "state.json"
    async with Bench(clock=Clock(TUESDAY, frozen=True), state_file=path, pairs=20):
        pass
    async with Bench(clock=Clock(TUESDAY, frozen=True), state_file=path) as bench:
        assert len(bench.server.exchange.listing.pairs) == 14


async def test_port_in_use() -> None:
    """It is an error, and nothing stays behind."""
    async with Bench() as bench:
        port = int(bench.server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address"):
            async with ExchangeServer(port=port):
                pytest.fail("two servers on a port")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--fault", "fire"], "kind should be one of"),
        (["--switch", "x=1"], "Unknown switch x"),
        (["--switch", "x"], "should be name=value"),
    ],
)
def test_bad_arguments(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    """A sentence on stderr, status 1."""
    assert main(arguments) == 1
    assert text in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """It shows examples."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "curl" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_command_line(tmp_path: Path, number: signal.Signals) -> None:
    """One line of JSON when ready, the same keys for the same seed, a clean end by signal."""
    arguments = [
        "--seed",
        "3",
        "--still",
        "--state",
        str(tmp_path / "state.json"),
        "--fault",
        "drop:match=pong",
        "--switch",
        "idle_limit=10",
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators.exchange",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            ready = json.loads(await process.stdout.readline())
            assert set(ready) == {
                "rest_public",
                "rest",
                "ws_public",
                "ws",
                "base",
                "control",
                "key",
                "secret",
                "keys",
            }
            assert ready["ws"] == ready["base"].replace("http", "ws") + "/ws"
            assert ready["keys"][1]["name"] == "read-only"
            assert ready["keys"][1]["permissions"] == ["Read"]
            assert ready["key"] == ExchangeServer(seed=3).key
            process.send_signal(number)
            assert await process.wait() == 0
            assert await process.stdout.read() == b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert (tmp_path / "state.json").exists()
