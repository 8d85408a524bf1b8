"""The control interface beyond what other tests use of it."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
import pytest

from simulators.exchange.control import ControlInterface
from tests.simulators.exchange.conftest import TUESDAY, Bench

NOW = int(TUESDAY * 1000)


async def refused(bench: Bench, path: str, **data: Any) -> str:
    """Return the words of a refusal."""
    status, answer = await bench.client.raw(
        "POST", f"{bench.server.control}{path}", json=data
    )
    assert status == 422
    text: str = answer["error"]
    return text


async def test_index_lists_every_control(bench: Bench) -> None:
    """With a line each."""
    index = await bench.client.control("/", "GET")
    assert len(index) == 24
    assert (
        index["POST /control/market/price"]
        == '{"pair","price"}: move the market; crossing resting orders fill'
    )


async def test_description_of_the_server(bench: Bench) -> None:
    """What is printed when ready is what the attributes say; five keys, one with all permissions first."""
    described = bench.server.described()
    assert described["rest_public"] == f"{bench.server.base}/rest-public"
    assert described["ws_public"].startswith("ws://127.0.0.1:")
    assert [key["name"] for key in described["keys"]] == [
        "all",
        "read-only",
        "no-trade",
        "inactive",
        "other-address",
    ]
    assert described["key"] == described["keys"][0]["key"]
    assert [key["active"] for key in described["keys"]] == [
        True,
        True,
        True,
        False,
        True,
    ]


async def test_only_this_machine_may_control(bench: Bench) -> None:
    """Anybody else is refused."""
    route = ControlInterface(bench.server.venue).routes()[1]
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = route.handler
    request = make_mocked_request("POST", "/control/market/price").clone(
        remote="192.0.2.1"
    )
    assert (await handler(request)).status == 403


@pytest.mark.parametrize("body", ["[]", "nonsense"])
async def test_bodies_are_objects(bench: Bench, body: str) -> None:
    """Anything else is refused."""
    assert (
        await bench.client.raw(
            "POST", f"{bench.server.control}/market/pause", data=body
        )
    )[0] == 400


async def test_somebodys_orders(still: Bench) -> None:
    """They rest, trade, and can be taken back as long as something is left."""
    client = still.client
    number = (
        await client.control(
            "/orders", pair="BTC-USD", side="SELL", price="60003", amount="1"
        )
    )["order_id"]
    await client.place(price="60003", amountCcy1="0.4")
    assert await client.control(f"/orders/{number}", "DELETE") == {"cancelled": True}
    assert await client.control(f"/orders/{number}", "DELETE") == {"cancelled": False}
    assert await client.control("/orders/x", "DELETE") == {"cancelled": False}
    gone = (
        await client.control(
            "/orders", pair="BTC-USD", side="SELL", price="60003", amount="0.1"
        )
    )["order_id"]
    await client.place(price="60003", amountCcy1="0.1")
    assert await client.control(f"/orders/{gone}", "DELETE") == {"cancelled": False}
    at_once = (
        await client.control(
            "/orders", pair="BTC-USD", side="BUY", price="60006", amount="0.01"
        )
    )["order_id"]
    assert await client.control(f"/orders/{at_once}", "DELETE") == {"cancelled": False}


async def test_stamps(still: Bench) -> None:
    """Requests and reports have their moments, in their order, between those at which they were asked and seen."""
    socket, began = await still.private(), monotonic()
    await still.client.place(clientOrderId="mine")
    await socket.drain()
    stamps = await still.client.control("/stamps", "GET")
    request = next(
        item for item in stamps["requests"] if item["action"] == "do_my_new_order"
    )
    [report] = stamps["reports"]
    assert request["client_order_id"] == report["client_order_id"] == "mine"
    assert report["execution_type"] == "New"
    assert began < request["time"] < report["time"] < monotonic()


async def test_cancels_of_the_web_terminal(still: Bench) -> None:
    """They are reported like a cancel of all, with the order's own id in OrigClOrdID."""
    socket = await still.private()
    placed = await still.client.place(clientOrderId="mine")
    assert (
        await still.client.control(f"/client-orders/{placed['orderId']}", "DELETE")
    )["status"] == "CANCELLED"
    frames = await socket.drain()
    assert [
        frame["data"].get("OrigClOrdID")
        for frame in frames
        if frame["e"] == "executionReport"
    ] == [None, "mine", "mine"]
    for number in ("1", "x"):
        assert (
            await still.client.raw(
                "DELETE", f"{still.server.control}/client-orders/{number}"
            )
        )[0] == 422


async def test_trades_of_somebody(still: Bench) -> None:
    """The answer lists them."""
    trades = (
        await still.client.control(
            "/market/trade", pair="BTC-USD", side="BUY", amount="0.01"
        )
    )["trades"]
    assert [(trade["side"], trade["price"], trade["amount"]) for trade in trades] == [
        ("BUY", "60006.0", "0.01000000")
    ]
    row = await still.client.control(
        "/market/trade", pair="BTC-USD", side="BUY", amount="0.001", times=3
    )
    assert [trade["amount"] for trade in row["trades"]] == ["0.00100000"] * 3


async def test_deposits(bench: Bench) -> None:
    """Money from outside arrives with an event and a row."""
    socket = await bench.private()
    number = (
        await bench.client.control(
            "/deposits", account_id="trading", currency="ETH", amount="2"
        )
    )["tx_id"]
    assert (await socket.next("account_update"))["id"] == str(number)
    assert (await bench.client.balance("trading", "ETH"))[0] == "12.00000000"
    assert (await bench.client.ok("get_my_funding_history", txId=number))[0][
        "amount"
    ] == "2.00000000"


async def test_market_refills(still: Bench) -> None:
    """The maker stays away until it is called back."""
    empty = await still.client.control("/market/empty", pair="BTC-USD")
    assert (empty["best_bid"], empty["best_ask"]) == (None, None)
    await still.advance(3)
    full = await still.client.control("/market/refill", pair="BTC-USD")
    assert (full["best_bid"], full["best_ask"]) == ("59994.0", "60006.0")


async def test_pause_and_resume() -> None:
    """The seeded process obeys."""
    async with Bench(market_moves=True) as bench:
        assert await bench.client.control("/market/pause") == {"moving": False}
        assert await bench.client.control("/market/resume") == {"moving": True}


async def test_truth(still: Bench) -> None:
    """Orders, fills, balances, requests."""
    await still.client.place(price="61000")
    truth = await still.client.control("/truth", "GET")
    (fill,) = truth["fills"]
    assert fill == {
        "order_id": truth["orders"][0]["orderId"],
        "execution_id": fill["execution_id"],
        "pair": "BTC-USD",
        "side": "BUY",
        "amount": "0.01000000",
        "quote_amount": "600.06000000",
        "price": "60006.0",
        "fee": "1.50015000",
        "fee_currency": "USD",
        "time": "2026-11-10T10:20:00.000Z",
    }
    assert set(truth["balances"]) == {"", "trading", "savings", "wallet"}
    assert truth["balances"]["trading"]["BTC"] == {
        "total": "1.51000000",
        "on_hold": "0.00000000",
    }
    assert truth["requests"] == {"do_my_new_order": 1}


async def test_clock(still: Bench) -> None:
    """Set, leapt, advanced, run and frozen."""
    drive = still.client.control
    assert await drive("/clock", "GET") == {
        "timestamp": NOW,
        "ISODate": "2026-11-10T10:20:00.000Z",
        "frozen": True,
    }
    assert (await drive("/clock", advance=2.5))["timestamp"] == NOW + 2500
    assert (await drive("/clock", jump=-1))["timestamp"] == NOW + 1500
    assert (await drive("/clock", now=NOW))["timestamp"] == NOW
    assert (await drive("/clock", now="2026-11-10T10:20:00.000Z"))["timestamp"] == NOW
    assert (await drive("/clock", run=True))["frozen"] is False
    assert (await drive("/clock", freeze=True))["frozen"] is True
    assert (await drive("/clock", advance=0.3))["timestamp"] >= NOW + 300


@pytest.mark.parametrize(
    ("path", "data", "text"),
    [
        (
            "/clock",
            {"advance": -1},
            "advance should be between 0 and 3600 seconds; jump goes further in one leap",
        ),
        (
            "/clock",
            {"advance": 9999},
            "advance should be between 0 and 3600 seconds; jump goes further in one leap",
        ),
        ("/clock", {"jump": "far"}, "jump should be a number of seconds"),
        ("/clock", {"jump": True}, "jump should be a number of seconds"),
        ("/clock", {"now": "noon"}, "now should be milliseconds or an ISO date"),
        ("/market/price", {"pair": "BTC-USD"}, "Mandatory parameter price is missing"),
        (
            "/market/price",
            {"pair": "NOPE-USD", "price": 1},
            "pair NOPE-USD is not supported",
        ),
        (
            "/market/trade",
            {"pair": "BTC-USD", "amount": 1},
            "Mandatory parameter side is missing",
        ),
        (
            "/market/trade",
            {"pair": "BTC-USD", "side": "BUY", "amount": 1, "times": "often"},
            "Parameter times should be Number",
        ),
        (
            "/market/trade",
            {"pair": "BTC-USD", "side": "BUY", "amount": 1, "times": 0},
            "Parameter times should be greater than or equal to 1",
        ),
        (
            "/deposits",
            {"account_id": "", "currency": "BTC", "amount": 1},
            "Name a sub-account",
        ),
        (
            "/deposits",
            {"account_id": "trading", "currency": "XXX", "amount": 1},
            "Unsupported currency XXX",
        ),
        ("/client-orders", {}, "Mandatory parameter accountId is missing"),
        (
            "/sockets/close",
            {"kind": "odd"},
            "Parameter kind should be one of public,private,all",
        ),
    ],
)
async def test_refusals(
    bench: Bench, path: str, data: dict[str, Any], text: str
) -> None:
    """Each says what is wrong."""
    assert await refused(bench, path, **data) == text


async def test_closing_sockets(bench: Bench) -> None:
    """By kind, with and without notice."""
    public, private = await bench.public(), await bench.private()
    counts = await bench.client.control("/sockets", "GET")
    assert (counts["public"], counts["private"], counts["authenticated"]) == (1, 1, 1)
    assert await bench.client.control(
        "/sockets/close", kind="private", notice=False
    ) == {"closed": 1}
    assert await private.closed() == ([], 1006)
    assert await bench.client.control("/sockets/close", kind="all") == {"closed": 1}
    assert await public.closed() == ([{"e": "disconnected"}], 1000)


async def test_exhausting_budgets(still: Bench) -> None:
    """Of keys, or of the address."""
    assert (await still.client.control("/budgets/exhaust"))["keys"]["all"] == 200
    assert (await still.client.refused("get_fee_strategy"))[0] == 429
    assert (await still.client.control("/budgets/exhaust", kind="address"))[
        "address"
    ] == 100
    assert (await still.client.public("get_server_time"))[0] == 429
