"""WebSocket: greeting, authentication, requests, what closes a socket."""

from decimal import Decimal
import hashlib
import hmac
from typing import Any

import aiohttp
import pytest

from simulators.exchange.engine.orders import Side
from simulators.exchange.signing import websocket_signature
from simulators.exchange.sockets import connection
from tests.simulators.exchange.client import Client
from tests.simulators.exchange.conftest import Bench

DISCONNECTED = {"e": "disconnected"}


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [
        (
            "1700000000",
            "92a84b09d193ff2bce3c44f3e2d410fe8839f64579e2f6fdc8f64a906119231d",
        ),
        (
            "1700000000.123",
            "dec5a6460b2bde26a644a8ea26fd4a41c900d36840befb8b394bb7fde656dbf8",
        ),
    ],
)
def test_signature_of_the_reference(timestamp: str, signature: str) -> None:
    """The published vectors come out."""
    assert websocket_signature("test_secret", timestamp, "test_key") == signature


async def test_no_compression_is_negotiated(bench: Bench) -> None:
    """As seen live, even for a client that offers it."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{bench.client.base}/ws-public", compress=15) as socket,
    ):
        assert socket.compress == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key": "nobody"}, "Invalid API key"),
        ({"key": None}, "Invalid API key"),
        ({"signature": "00"}, "Invalid signature"),
        ({"signature": None}, "Invalid signature"),
        ({"timestamp": 1_700_000_000}, "Timestamp is not in 20sec range"),
        ({"timestamp": "1794306000"}, "Timestamp is not in 20sec range"),
        ({"timestamp": True}, "Timestamp is not in 20sec range"),
    ],
)
async def test_failed_auth_may_be_repeated(
    still: Bench, changes: dict[str, Any], text: str
) -> None:
    """The socket stays open, and the right signature opens it after all."""
    socket = await still.private(auth=False)
    assert await socket.auth(**changes) == {"e": "auth", "data": {"error": text}}
    assert (await socket.auth())["data"] == {"ok": "ok"}
    assert (await socket.auth())["data"] == {"ok": "ok"}


@pytest.mark.parametrize("auth", [None, "key", {}])
async def test_auth_without_anything(bench: Bench, auth: Any) -> None:
    """Nothing is an invalid key."""
    socket = await bench.private(auth=False)
    await socket.send(e="auth", auth=auth, oid="auth")
    assert await socket.receive() == {
        "e": "auth",
        "oid": "auth",
        "data": {"error": "Invalid API key"},
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("inactive", "API key is not activated"),
        ("other-address", "IP address is not allowed for this API key"),
    ],
)
async def test_auth_with_an_unusable_key(bench: Bench, name: str, text: str) -> None:
    """Such keys are refused although the signature is right."""
    socket = await bench.private(name, auth=False)
    assert (await socket.auth())["data"] == {"error": text}


async def test_auth_with_a_fractional_timestamp(still: Bench) -> None:
    """The exchange's own client sends one; the literal text of the number is what is signed."""
    socket = await still.private(auth=False)
    literal = "1794306000.120"
    mac = hmac.new(
        still.client.secret.encode(),
        f"{literal}{still.client.key}".encode(),
        hashlib.sha256,
    ).hexdigest()
    await socket.raw.send_str(
        f'{{"e":"auth","oid":"auth","auth":{{"key":"{still.client.key}","signature":"{mac}","timestamp":{literal}}}}}'
    )
    assert await socket.receive() == {
        "e": "auth",
        "oid": "auth",
        "data": {"ok": "ok"},
        "ok": "ok",
    }


async def test_auth_is_unknown_on_the_public_socket(bench: Bench) -> None:
    """There it is a message like any other, and not a known one."""
    socket = await bench.public()
    await socket.send(e="auth", oid="1", auth={})
    failure = {
        "e": "auth",
        "oid": "1",
        "data": {"error": "Unsupported message type auth"},
    }
    assert await socket.closed() == ([failure, DISCONNECTED], 1000)


@pytest.mark.parametrize("private", [False, True])
async def test_unknown_message_type_closes(bench: Bench, private: bool) -> None:
    """Error reply, notice, close 1000."""
    socket = await (bench.private() if private else bench.public())
    await socket.send(e="order-book-subscribe", oid="7", data={})
    failure = {
        "e": "order-book-subscribe",
        "oid": "7",
        "data": {"error": "Unsupported message type order-book-subscribe"},
    }
    assert await socket.closed() == ([failure, DISCONNECTED], 1000)


@pytest.mark.parametrize(
    "action", ["get_ticker", "get_server_time", "get_pairs_info", "get_currencies_info"]
)
async def test_public_only_methods_close_the_private_socket(
    bench: Bench, action: str
) -> None:
    """They are unknown there."""
    socket = await bench.private()
    await socket.send(e=action, oid="7", data={})
    frames, code = await socket.closed()
    assert (frames[0]["data"], code) == (
        {"error": f"Unsupported message type {action}"},
        1000,
    )


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "5",
        '{"e":5,"oid":"1"}',
        '{"oid":"1"}',
        '{"e":"get_server_time","data":{}}',
        '{"e":"get_server_time","oid":5}',
    ],
)
async def test_what_is_no_request_closes_with_a_notice_only(
    bench: Bench, text: str
) -> None:
    """Not JSON, no type, no oid: the notice is all."""
    socket = await bench.public()
    await socket.raw.send_str(text)
    assert await socket.closed() == ([DISCONNECTED], 1000)


async def test_binary_frame_closes(bench: Bench) -> None:
    """Only text frames are messages."""
    socket = await bench.public()
    await socket.raw.send_bytes(b"{}")
    assert await socket.closed() == ([DISCONNECTED], 1000)


async def test_request_before_auth_closes(bench: Bench) -> None:
    """Error reply, notice, close."""
    socket = await bench.private(auth=False)
    await socket.send(e="get_my_orders", oid="1", data={})
    frames, code = await socket.closed()
    assert frames == [
        {"e": "get_my_orders", "oid": "1", "data": {"error": "Authorization Failed"}},
        DISCONNECTED,
    ]
    assert code == 1000


async def test_rate_limit_closes(still: Bench) -> None:
    """Request 101 of a minute is refused and ends the socket; the next minute serves a new one."""
    socket = await still.public()
    for _ in range(100):
        await socket.ok("get_server_time")
    await socket.send(e="get_server_time", oid="1", data={})
    failure = {
        "e": "get_server_time",
        "oid": "1",
        "data": {"error": "API rate limit reached"},
    }
    assert await socket.closed() == ([failure, DISCONNECTED], 1000)
    again = await still.public()
    assert (await again.request("get_server_time"))["data"] == {
        "error": "API rate limit reached"
    }
    await still.advance(60)
    assert (await (await still.public()).request("get_server_time"))["ok"] == "ok"


async def test_ping_costs_nothing(bench: Bench) -> None:
    """Pings keep a socket alive for free."""
    socket = await bench.public()
    for _ in range(120):
        await socket.send(e="ping")
    for _ in range(120):
        assert await socket.receive() == {"e": "pong"}
    assert (await bench.client.control("/budgets", "GET"))["address"] == 0


async def test_silent_socket_that_never_spoke_is_cut(still: Bench) -> None:
    """After 60 s: 1006, no notice."""
    socket = await still.public()
    await still.advance(59)
    assert not socket.raw.closed
    await still.advance(6)
    assert await socket.closed() == ([], 1006)


async def test_silent_socket_that_spoke_is_closed(still: Bench) -> None:
    """60 s after its last message, whatever it receives: notice and 1000."""
    socket = await still.public()
    await socket.ok("order_book_subscribe", {"pair": "BTC-USD"})
    await still.advance(66)
    frames, code = await socket.closed()
    assert (frames[-1], code) == (DISCONNECTED, 1000)


async def test_reader_that_is_too_far_behind_is_cut(
    still: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's slowness fills the memory."""
    monkeypatch.setattr(connection, "MAX_QUEUED", 3)
    socket = await still.public()
    await socket.ok("trade_subscribe", {"pair": "BTC-USD"})
    still.server.venue.engine.others_take(
        still.server.exchange.listing.pairs["BTC-USD"], Side.BUY, Decimal(5)
    )
    still.server.venue.publish()
    frames, code = await socket.closed()
    assert (len(frames), code) == (3, 1006)


async def test_pings_keep_a_socket_open(still: Bench) -> None:
    """Any message counts."""
    socket = await still.public()
    for _ in range(5):
        await still.advance(30)
        assert await socket.drain() == []


async def test_permissions(bench: Bench) -> None:
    """A request without permission is refused, the socket stays."""
    socket = await bench.private("read-only")
    reply = await socket.request("do_cancel_all_orders")
    assert reply == {
        "e": "do_cancel_all_orders",
        "oid": "1",
        "data": {"error": "API key does not have permission Trade"},
    }
    await socket.ok("get_fee_strategy")


@pytest.mark.parametrize(
    "action", ["get_my_orders", "get_my_transaction_history", "get_my_funding_history"]
)
async def test_missing_data(bench: Bench, action: str) -> None:
    """List requests without data are an internal error."""
    socket = await bench.private()
    await socket.send(e=action, oid="1")
    assert await socket.receive() == {
        "e": action,
        "oid": "1",
        "data": {"error": "Internal error"},
    }


async def test_data_that_is_no_object(bench: Bench) -> None:
    """It is refused; the socket stays."""
    socket = await bench.private()
    assert (await socket.request("get_fee_strategy", ["x"]))["data"] == {
        "error": "Bad Request"
    }
    await socket.ok("get_fee_strategy")


async def test_reply_shape(still: Bench) -> None:
    """Keys come in the order seen on the wire; the oid is echoed."""
    socket = await still.public()
    await socket.send(
        e="get_server_time", oid="1790135070649_1_get_server_time", data={}
    )
    assert await socket.raw.receive_str() == (
        '{"e":"get_server_time","oid":"1790135070649_1_get_server_time",'
        '"data":{"timestamp":1794306000000,"ISODate":"2026-11-10T10:20:00.000Z"},"ok":"ok"}'
    )


async def test_errors_inside_ok(bench: Bench) -> None:
    """Two documented failures carry ok; those of processing info do so on REST alone."""
    socket = await bench.public()
    error: dict[str, Any] = {
        "error": "Parameter pairs should be Array of Strings",
        "statusCode": 422,
    }
    assert await socket.request("get_pairs_info", {"pairs": []}) == {
        "e": "get_pairs_info",
        "oid": "1",
        "data": error,
        "ok": "ok",
    }
    error = {"error": "Parameter currencies should be Array of Strings"}
    assert await socket.request("get_currencies_info", {"currencies": []}) == {
        "e": "get_currencies_info",
        "oid": "1",
        "data": error,
        "ok": "ok",
    }
    error = {"error": "Currencies should be array."}
    assert await socket.request("get_processing_info", {"currencies": {}}) == {
        "e": "get_processing_info",
        "oid": "1",
        "data": error,
    }


@pytest.mark.parametrize("pair", ["NOPE-USD", "btc-usd", "BTC/USD"])
async def test_unsupported_pair(bench: Bench, pair: str) -> None:
    """The WebSocket is strict about pairs, in words of its own, and stays open."""
    socket = await bench.public()
    for action in (
        "order_book_subscribe",
        "order_book_unsubscribe",
        "trade_subscribe",
        "trade_unsubscribe",
        "get_order_book",
    ):
        reply = await socket.request(action, {"pair": pair})
        assert reply == {
            "e": action,
            "oid": "1",
            "data": {"error": f"Currency pair {pair} is not supported"},
        }


async def test_book_request_prints_prices_without_trailing_zeros(bench: Bench) -> None:
    """REST keeps them, the WebSocket does not."""
    socket = await bench.public()
    book = await socket.ok("get_order_book", {"pair": "BTC-USD"})
    assert book["bids"][0][0] == "59994"
    assert book["asks"][0][0] == "60006"


def limit(client: Client, **changes: Any) -> dict[str, Any]:
    """Return a limit order."""
    return client.order(**changes)


async def test_limit_order_filled_at_once(still: Bench) -> None:
    """The documented sequence: reply New, hold, report New, proceeds, fee, report Trade."""
    client, socket = still.client, await still.private()
    await socket.send(
        e="do_my_new_order",
        oid="9",
        data=limit(client, clientOrderId="s", side="SELL", price=59000),
    )
    frames = await socket.drain()
    assert [frame["e"] for frame in frames] == [
        "do_my_new_order", "account_update", "executionReport", "account_update", "account_update", "executionReport",
    ]  # fmt: skip
    reply, hold, new, proceeds, fee, trade = (frame["data"] for frame in frames)
    order_id = reply["orderId"]
    assert reply == {
        "clientId": "IT_DEMO",
        "orderId": order_id,
        "clientOrderId": "s",
        "accountId": "trading",
        "status": "NEW",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "SELL",
        "executedAmountCcy1": "0.00000000",
        "executedAmountCcy2": "0.00000000",
        "requestedAmountCcy1": "0.01000000",
        "requestedAmountCcy2": None,
        "orderType": "Limit",
        "timeInForce": "GTC",
        "comment": None,
        "executionType": "New",
        "executionId": new["executionId"],
        "transactTime": None,
        "expireTime": None,
        "effectiveTime": None,
        "price": "59000.0",
        "averagePrice": None,
        "feeAmount": "0.00000000",
        "feeCurrency": "USD",
    }
    assert new == {"messageType": "executionReport"} | reply
    update = {
        "clientId": "IT_DEMO",
        "accountId": "trading",
        "timestamp": 1794306000000,
        "action": "order",
        "id": order_id,
    }
    assert hold == update | {
        "currency": "BTC",
        "balance": "1.49000000",
        "onHoldBalance": "0.01000000",
    }
    assert proceeds == update | {
        "currency": "USD",
        "balance": "50599.94000000",
        "onHoldBalance": "0.00000000",
    }
    assert fee == update | {
        "currency": "USD",
        "balance": "50598.44015000",
        "onHoldBalance": "0.00000000",
    }
    assert trade == new | {
        "status": "FILLED",
        "executedAmountCcy1": "0.01000000",
        "executedAmountCcy2": "599.94000000",
        "executionType": "Trade",
        "executionId": trade["executionId"],
        "averagePrice": "59994.0",
        "lastQuantity": "0.01000000",
        "lastPrice": "59994.0",
        "lastAmountCcy1": "0.01000000",
        "lastAmountCcy2": "599.94000000",
        "feeAmount": "1.49985000",
    }
    assert trade["executionId"] != new["executionId"]


async def test_purchase_settles_in_one_update(still: Bench) -> None:
    """Base arrives, then hold, cost and fee together."""
    socket = await still.private()
    await socket.send(
        e="do_my_new_order", oid="9", data=still.client.order(price="61000")
    )
    frames = await socket.drain()
    updates = [
        (
            frame["data"]["currency"],
            frame["data"]["balance"],
            frame["data"]["onHoldBalance"],
        )
        for frame in frames
        if frame["e"] == "account_update"
    ]
    assert updates == [
        ("USD", "49388.47500000", "611.52500000"),
        ("BTC", "1.51000000", "0.00000000"),
        ("USD", "49398.43985000", "0.00000000"),
    ]


async def test_partial_fills_report_last_and_cumulative(still: Bench) -> None:
    """Each fill has its own report and id."""
    socket = await still.private()
    await socket.ok(
        "do_my_new_order", still.client.order(price="60000", amountCcy1="0.03")
    )
    for _ in range(3):
        await still.client.control(
            "/market/trade", pair="BTC-USD", side="SELL", amount="0.01"
        )
    reports = [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "executionReport"
    ]
    assert [
        (report["status"], report["executedAmountCcy1"], report.get("lastAmountCcy1"))
        for report in reports
    ] == [
        ("NEW", "0.00000000", None),
        ("PARTIALLY_FILLED", "0.01000000", "0.01000000"),
        ("PARTIALLY_FILLED", "0.02000000", "0.01000000"),
        ("FILLED", "0.03000000", "0.01000000"),
    ]
    assert len({report["executionId"] for report in reports}) == 4


async def test_cancel_sequence(still: Bench) -> None:
    """Reply, PendingCancel, hold freed, Canceled; the client order id is that of the cancel."""
    socket = await still.private()
    placed = await socket.ok(
        "do_my_new_order", still.client.order(clientOrderId="mine")
    )
    await socket.drain()
    data = {"orderId": int(placed["orderId"]), "cancelRequestId": "c-1", "timestamp": 1}
    await socket.send(e="do_cancel_my_order", oid="2", data=data)
    reply, pending, update, cancelled = await socket.drain()
    assert reply == {"e": "do_cancel_my_order", "oid": "2", "data": {}, "ok": "ok"}
    for frame, status, kind in (
        (pending, "PENDING_CANCEL", "PendingCancel"),
        (cancelled, "CANCELLED", "Canceled"),
    ):
        report = frame["data"]
        assert (report["status"], report["executionType"]) == (status, kind)
        assert (report["clientOrderId"], report["OrigClOrdID"], report["orderId"]) == (
            "c-1",
            "mine",
            placed["orderId"],
        )
    assert update["data"]["onHoldBalance"] == "0.00000000"


async def test_cancel_all_sequence(still: Bench) -> None:
    """All go pending first, then each is freed and ends, under generated ids."""
    socket = await still.private()
    orders = [
        await socket.ok("do_my_new_order", still.client.order()) for _ in range(2)
    ]
    await socket.drain()
    await socket.send(e="do_cancel_all_orders", oid="2", data={})
    reply, *events = await socket.drain()
    assert reply["data"] == {
        "clientOrderIds": [order["clientOrderId"] for order in orders]
    }
    assert [event["data"].get("executionType", "update") for event in events] == [
        "PendingCancel", "PendingCancel", "update", "Canceled", "update", "Canceled",
    ]  # fmt: skip
    assert (
        events[0]["data"]["clientOrderId"] == f"CANCEL_IT_DEMO_{orders[0]['orderId']}"
    )


async def test_cancel_of_an_unknown_order(still: Bench) -> None:
    """The reply is ok, the event tells."""
    socket = await still.private()
    await socket.send(
        e="do_cancel_my_order",
        oid="2",
        data={"clientOrderId": "never", "cancelRequestId": "c", "timestamp": 1},
    )
    reply, event = await socket.drain()
    assert reply["ok"] == "ok"
    assert event == {
        "e": "orderCancelReject",
        "data": {
            "messageType": "orderCancelReject",
            "clientId": "IT_DEMO",
            "orderId": "NONE",
            "cancelRequestId": "c",
            "clientOrderId": "never",
            "accountId": None,
            "orderStatus": "REJECTED",
            "responseTo": "order_cancel_request",
            "cancelRejectReason": "unknown_order",
        },
        "ok": "ok",
    }


async def test_cancel_of_a_finished_order(still: Bench) -> None:
    """The event names the order and its status."""
    socket = await still.private()
    placed = await socket.ok("do_my_new_order", still.client.order(price="61000"))
    await socket.drain()
    await socket.ok(
        "do_cancel_my_order",
        {
            "clientOrderId": placed["clientOrderId"],
            "cancelRequestId": "c",
            "timestamp": 1,
        },
    )
    event = await socket.next("orderCancelReject")
    assert (event["orderId"], event["orderStatus"], event["accountId"]) == (
        placed["orderId"],
        "FILLED",
        "trading",
    )


async def test_rejected_order_has_no_event(still: Bench) -> None:
    """Only the reply tells, and it is ok."""
    socket = await still.private()
    reply = await socket.request("do_my_new_order", still.client.order(amountCcy1="10"))
    assert (reply["ok"], reply["data"]["status"], reply["data"]["rejectCode"]) == (
        "ok",
        "REJECTED",
        403,
    )
    assert await socket.drain() == []


async def test_refused_order_is_an_error(still: Bench) -> None:
    """A request that is no order is not ok."""
    socket = await still.private()
    reply = await socket.request("do_my_new_order", still.client.order(price=None))
    assert reply == {
        "e": "do_my_new_order",
        "oid": "1",
        "data": {"error": "Mandatory parameter price is missing"},
    }


async def test_every_socket_of_the_client_hears_everything(still: Bench) -> None:
    """Orders over REST, by other keys or in the web terminal; sockets without auth hear nothing."""
    listening, reading = await still.private(), await still.private("read-only")
    deaf, public = await still.private(auth=False), await still.public()
    await still.client.place(clientOrderId="rest")
    await still.client.control(
        "/client-orders", **still.client.order(clientOrderId="terminal", timestamp=None)
    )
    for socket in (listening, reading):
        reports = [
            frame["data"]["clientOrderId"]
            for frame in await socket.drain()
            if frame["e"] == "executionReport"
        ]
        assert reports == ["rest", "terminal"]
    for socket in (deaf, public):
        assert await socket.drain() == []


async def test_ioc_rest_keeps_the_placement_id(still: Bench) -> None:
    """The cancel of a rest is reported under the order's own id, without PendingCancel."""
    socket = await still.private()
    await still.client.control(
        "/orders", pair="BTC-USD", side="SELL", price="60001", amount="0.004"
    )
    await socket.ok(
        "do_my_new_order",
        still.client.order(clientOrderId="ioc", price="60001", timeInForce="IOC"),
    )
    reports = [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "executionReport"
    ]
    assert [report["executionType"] for report in reports] == [
        "New",
        "Trade",
        "Canceled",
    ]
    assert (reports[-1]["clientOrderId"], reports[-1]["status"]) == ("ioc", "CANCELLED")
    assert "OrigClOrdID" not in reports[-1]
    assert reports[-1]["executedAmountCcy1"] == "0.00400000"
    assert "lastAmountCcy1" not in reports[-1]


async def test_expiry_report(still: Bench) -> None:
    """Canceled with EXPIRED."""
    socket = await still.private()
    await socket.ok(
        "do_my_new_order",
        still.client.order(timeInForce="GTD", expireTime=1794306001000),
    )
    await socket.drain()
    await still.advance(1.2)
    update, report = await socket.drain()
    assert update["data"]["onHoldBalance"] == "0.00000000"
    assert (report["data"]["executionType"], report["data"]["status"]) == (
        "Canceled",
        "EXPIRED",
    )
