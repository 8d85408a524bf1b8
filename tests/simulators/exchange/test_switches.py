"""The switches: every variant of what the documentation leaves open."""

from typing import Any

import aiohttp
import pytest

from tests.simulators.exchange.books import BTC, increments
from tests.simulators.exchange.client import Socket
from tests.simulators.exchange.conftest import Bench

DISCONNECTED = {"e": "disconnected"}


async def turn(bench: Bench, **switches: Any) -> None:
    """Turn switches."""
    await bench.client.control("/switches", **switches)


async def reports(socket: Socket) -> list[dict[str, Any]]:
    """Return the execution reports that have arrived."""
    return [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "executionReport"
    ]


async def test_failed_auth_closes(bench: Bench) -> None:
    """Error, notice, close."""
    await turn(bench, failed_auth="close")
    socket = await bench.private(auth=False)
    assert (await socket.auth(signature="00"))["data"] == {"error": "Invalid signature"}
    assert await socket.closed() == ([DISCONNECTED], 1000)


async def test_request_before_auth_stays(bench: Bench) -> None:
    """Only the error."""
    await turn(bench, before_auth="stay")
    socket = await bench.private(auth=False)
    assert (await socket.request("get_my_orders"))["data"] == {
        "error": "Authorization Failed"
    }
    assert (await socket.auth())["ok"] == "ok"


async def test_auth_grace(still: Bench) -> None:
    """A socket that never authenticates is closed soon; one that did is not."""
    await turn(still, auth_grace=3)
    good, bad = await still.private(), await still.private(auth=False)
    await still.advance(10)
    assert await bad.closed() == ([], 1006)
    assert await good.drain() == []


async def test_second_auth_is_an_error(bench: Bench) -> None:
    """The first stays valid."""
    await turn(bench, second_auth="error")
    socket = await bench.private()
    assert (await socket.auth())["data"] == {"error": "Already authenticated"}
    await socket.ok("get_fee_strategy")


async def test_missing_permission_closes(bench: Bench) -> None:
    """Error, notice, close."""
    await turn(bench, missing_permission="close")
    socket = await bench.private("read-only")
    assert "error" in (await socket.request("do_cancel_all_orders"))["data"]
    assert await socket.closed() == ([DISCONNECTED], 1000)


async def test_public_methods_on_the_private_socket(bench: Bench) -> None:
    """They answer."""
    await turn(bench, public_on_private="answer")
    socket = await bench.private()
    assert "timestamp" in await socket.ok("get_server_time")


async def test_unknown_fields_are_refused(bench: Bench) -> None:
    """On both channels; known ones still pass."""
    await turn(bench, unknown_fields="error")
    socket = await bench.private()
    assert (await socket.request("get_fee_strategy", {"x": 1}))["data"] == {
        "error": "Parameter x is not allowed"
    }
    assert await bench.client.refused("get_my_volume", y=1) == (
        422,
        "Parameter y is not allowed",
    )
    assert (await bench.client.place())["status"] == "NEW"


async def test_missing_oid_is_an_error_on_the_private_socket(bench: Bench) -> None:
    """The public one closes all the same."""
    await turn(bench, missing_oid="error")
    private, public = await bench.private(), await bench.public()
    await private.send(e="get_fee_strategy", data={})
    assert "error" in (await private.receive())["data"]
    await public.send(e="get_server_time", data={})
    assert await public.closed() == ([DISCONNECTED], 1000)


async def test_malformed_json_is_a_bad_request(bench: Bench) -> None:
    """As the documentation shows."""
    await turn(bench, malformed_json="error")
    socket = await bench.public()
    await socket.raw.send_str('{"e":"get_my_volume","data":{""}}')
    assert (await socket.receive())["data"] == {"error": "Bad Request"}
    assert await socket.drain() == []


async def test_keepalive_costs(still: Bench) -> None:
    """Pings and auth may cost points, and then they can run out."""
    await turn(still, keepalive_cost=1, address_points=3)
    socket = await still.private()
    assert (await still.client.control("/budgets", "GET"))["keys"]["all"] == 1
    assert await socket.drain() == []
    assert (await still.client.control("/budgets", "GET"))["keys"]["all"] == 2
    public = await still.public()
    for _ in range(3):
        assert await public.drain() == []
    await public.send(e="ping")
    assert (await public.closed())[0] == [
        {"e": "ping", "data": {"error": "API rate limit reached"}},
        DISCONNECTED,
    ]


async def test_connecting_in_an_exhausted_minute(still: Bench) -> None:
    """The handshake is refused."""
    await turn(still, exhausted_connect="refuse")
    await still.client.control("/budgets/exhaust", kind="address")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await still.public()
    assert refused.value.status == 429
    await still.advance(60)
    await still.public()


async def test_events_before_the_reply(bench: Bench) -> None:
    """The order of frames is not promised."""
    await turn(bench, reply_order="events_first")
    socket = await bench.private()
    await socket.send(e="do_my_new_order", oid="1", data=bench.client.order())
    assert [frame["e"] for frame in await socket.drain()] == [
        "account_update",
        "executionReport",
        "do_my_new_order",
    ]


async def test_reply_with_the_latest_state(bench: Bench) -> None:
    """A fast fill may show already."""
    await turn(bench, reply_status="latest")
    socket = await bench.private()
    assert (await socket.ok("do_my_new_order", bench.client.order(price="61000")))[
        "status"
    ] == "FILLED"


async def test_pending_new(bench: Bench) -> None:
    """PendingNew goes before New."""
    await turn(bench, pending_new=True)
    socket = await bench.private()
    await socket.ok("do_my_new_order", bench.client.order())
    assert [
        (report["executionType"], report["status"]) for report in await reports(socket)
    ] == [("PendingNew", "PENDING_NEW"), ("New", "NEW")]


async def test_rejections_are_reported(bench: Bench) -> None:
    """With codes."""
    await turn(bench, rejected_report=True)
    socket = await bench.private()
    await socket.ok("do_my_new_order", bench.client.order(amountCcy1="10"))
    (report,) = await reports(socket)
    assert (report["executionType"], report["rejectCode"], report["feeCurrency"]) == (
        "Rejected",
        403,
        None,
    )


@pytest.mark.parametrize(
    ("remainder", "spelling", "kinds", "original"),
    [
        ("plain", "CANCELED", ["Canceled"], False),
        ("generated_id", "CANCELLED", ["Canceled"], True),
        ("pending_cancel", "CANCELLED", ["PendingCancel", "Canceled"], True),
    ],
)
async def test_remainders(
    bench: Bench, remainder: str, spelling: str, kinds: list[str], original: bool
) -> None:
    """How the rest of a market order ends."""
    await turn(bench, remainder=remainder, cancelled_spelling=spelling)
    await bench.client.control("/market/empty", pair="BTC-USD")
    socket = await bench.private()
    placed = await socket.ok("do_my_new_order", bench.client.market(clientOrderId="m"))
    _, *ends = await reports(socket)
    assert [report["executionType"] for report in ends] == kinds
    assert ends[-1]["status"] == spelling
    expected = f"CANCEL_IT_DEMO_{placed['orderId']}" if original else "m"
    assert {report["clientOrderId"] for report in ends} == {expected}
    assert all(
        report.get("OrigClOrdID") == ("m" if original else None) for report in ends
    )


@pytest.mark.parametrize("kind", ["Canceled", "Expired", "OrderStatus"])
@pytest.mark.parametrize("status", ["EXPIRED", "CANCELLED"])
async def test_expiries(still: Bench, kind: str, status: str) -> None:
    """Any execution type with either status."""
    await turn(still, expiry_execution_type=kind, expiry_status=status)
    socket = await still.private()
    placed = await socket.ok(
        "do_my_new_order",
        still.client.order(timeInForce="GTD", expireTime=1794306001000),
    )
    await still.advance(1.2)
    *_, report = await reports(socket)
    assert (report["executionType"], report["status"]) == (kind, status)
    assert (await still.client.row(placed["orderId"]))["status"] == status


async def test_cancels_of_finished_orders(bench: Bench) -> None:
    """Another reason, or silence; an unknown order is still told."""
    await turn(bench, cancel_reject_reason="order_is_final")
    socket = await bench.private()
    placed = await socket.ok("do_my_new_order", bench.client.order(price="61000"))
    await socket.drain()
    cancel = {
        "clientOrderId": placed["clientOrderId"],
        "cancelRequestId": "c",
        "timestamp": 1,
    }
    await socket.ok("do_cancel_my_order", cancel)
    assert (await socket.next("orderCancelReject"))[
        "cancelRejectReason"
    ] == "order_is_final"
    await turn(bench, cancel_of_final="silent")
    await socket.ok("do_cancel_my_order", cancel)
    assert await socket.drain() == []
    await socket.ok("do_cancel_my_order", cancel | {"clientOrderId": "never"})
    assert (await socket.next("orderCancelReject"))[
        "cancelRejectReason"
    ] == "unknown_order"


async def test_fill_between_cancel_and_end(still: Bench) -> None:
    """A slow cancel leaves room for a partial fill, which keeps the pending status."""
    await turn(still, cancel_delay=2)
    socket = await still.private()
    placed = await socket.ok("do_my_new_order", still.client.order(price="60000"))
    cancel = {
        "clientOrderId": placed["clientOrderId"],
        "cancelRequestId": "c",
        "timestamp": 1,
    }
    await socket.ok("do_cancel_my_order", cancel)
    await socket.ok("do_cancel_my_order", cancel)
    assert await socket.ok("do_cancel_all_orders") == {"clientOrderIds": []}
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="SELL", amount="0.004"
    )
    await still.advance(2.1)
    found = [
        (report["executionType"], report["status"]) for report in await reports(socket)
    ]
    assert found == [
        ("New", "NEW"),
        ("PendingCancel", "PENDING_CANCEL"),
        ("Trade", "PENDING_CANCEL"),
        ("Canceled", "CANCELLED"),
    ]
    assert (await still.client.row(placed["orderId"]))[
        "executedAmountCcy1"
    ] == "0.00400000"


async def test_fill_wins_against_a_slow_cancel(still: Bench) -> None:
    """Then the cancel is rejected."""
    await turn(still, cancel_delay=2)
    socket = await still.private()
    await socket.ok("do_my_new_order", still.client.order(price="60000"))
    await socket.ok("do_cancel_all_orders")
    await still.client.control("/market/price", pair="BTC-USD", price="59000")
    await still.advance(2.1)
    frames = await socket.drain()
    assert frames[-1]["e"] == "orderCancelReject"
    assert frames[-1]["data"]["orderStatus"] == "FILLED"


async def test_pending_cancels_end_with_the_exchange() -> None:
    """No task stays behind."""
    async with Bench(switches={"cancel_delay": 60}) as bench:
        await bench.client.place()
        await bench.client.ok("do_cancel_all_orders")


@pytest.mark.parametrize("action", ["order_book_unsubscribe", "trade_unsubscribe"])
async def test_unsubscribing_what_is_not_held(bench: Bench, action: str) -> None:
    """An error."""
    await turn(bench, unsubscribe_not_held="error")
    socket = await bench.public()
    assert (await socket.request(action, BTC))["data"] == {
        "error": "Subscription for BTC-USD does not exist"
    }


async def test_duplicate_increments(still: Bench) -> None:
    """Each comes twice with the same sequence."""
    await turn(still, duplicate_increments=True)
    socket = await still.public()
    await socket.ok("order_book_subscribe", BTC)
    await still.client.control(
        "/orders", pair="BTC-USD", side="BUY", price="60001", amount="1"
    )
    await still.advance(1)
    first, second = await increments(socket)
    assert first == second


async def test_strict_idle_limit(still: Bench) -> None:
    """Ten seconds, as documented."""
    await turn(still, idle_limit=10)
    socket = await still.public()
    await socket.drain()
    await still.advance(16)
    assert await socket.closed() == ([DISCONNECTED], 1000)


async def test_private_book_pace(still: Bench) -> None:
    """As slow as the public one, when asked for."""
    await turn(still, private_book_pace=1)
    socket = await still.private()
    await socket.ok("order_book_subscribe", BTC)
    for price in ("60001", "60002", "60003", "60004"):
        await still.client.control(
            "/orders", pair="BTC-USD", side="BUY", price=price, amount="1"
        )
        await still.advance(0.25)
    await still.advance(1)
    assert len(await increments(socket)) <= 2


async def test_orders_placed_elsewhere_are_not_reported(bench: Bench) -> None:
    """Neither their reports nor their balances; own orders are."""
    await turn(bench, orders_elsewhere=False)
    socket = await bench.private()
    await bench.client.place(clientOrderId="rest")
    await socket.ok("do_my_new_order", bench.client.order(clientOrderId="own"))
    frames = await socket.drain()
    assert [frame["e"] for frame in frames] == ["account_update", "executionReport"]
    assert frames[1]["data"]["clientOrderId"] == "own"


async def test_newest_socket_of_a_key(bench: Bench) -> None:
    """The older one of the same key is closed, other keys stay."""
    await turn(bench, sockets_per_key="newest")
    old, other, new = (
        await bench.private(),
        await bench.private("read-only"),
        await bench.private(),
    )
    assert await old.closed() == ([DISCONNECTED], 1000)
    for socket in (other, new):
        assert await socket.drain() == []


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("both", {"lastAmountCcy1", "lastAmountCcy2", "lastQuantity", "lastPrice"}),
        ("new", {"lastAmountCcy1", "lastAmountCcy2"}),
        ("old", {"lastQuantity", "lastPrice"}),
    ],
)
async def test_fields_of_a_fill(bench: Bench, value: str, fields: set[str]) -> None:
    """The deprecated ones may be gone, or the new ones not there yet."""
    await turn(bench, last_fields=value)
    socket = await bench.private()
    await socket.ok("do_my_new_order", bench.client.order(price="61000"))
    *_, report = await reports(socket)
    assert {name for name in report if name.startswith("last")} == fields


@pytest.mark.parametrize(
    ("status", "balance"), [("pending", "1.60000000"), ("rejected", "1.50000000")]
)
async def test_wallet_transfers_that_are_not_approved(
    bench: Bench, status: str, balance: str
) -> None:
    """A rejected one moves nothing."""
    await turn(bench, wallet_status=status)
    move = {
        "clientTxId": "1",
        "accountId": "trading",
        "currency": "BTC",
        "amount": "0.1",
    }
    assert (await bench.client.ok("do_deposit_funds_from_wallet", **move))[
        "status"
    ] == status
    assert (await bench.client.balance("trading", "BTC"))[0] == balance


async def test_ticker_limit(still: Bench) -> None:
    """Two calls in 60 seconds, whatever the minute; other calls are served."""
    await turn(still, ticker_limit=True)
    await still.advance(30)
    assert [(await still.client.public("get_ticker"))[0] for _ in range(3)] == [
        200,
        200,
        429,
    ]
    await still.advance(59)
    assert await still.client.public("get_ticker") == (
        429,
        {"error": "API rate limit reached"},
    )
    assert (await still.client.public("get_server_time"))[0] == 200
    await still.advance(1)
    assert (await still.client.public("get_ticker"))[0] == 200
