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


@pytest.mark.parametrize("path", ["ws", "ws/", "ws-public", "ws-public/"])
async def test_greeting(bench: Bench, path: str) -> None:
    """Unasked, on both sockets, with or without a slash."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{bench.client.base}/{path}") as socket,
    ):
        assert await socket.receive_str() == '{"e":"connected"}'


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
