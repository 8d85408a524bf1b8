"""Faults on demand: each does what it says, as often as it says."""

import asyncio
from typing import Any

import aiohttp
import pytest

from simulators.exchange.clock import Clock
from simulators.exchange.faults import Faults, parse_rule, parse_setting
from tests.patience import PATIENCE
from tests.simulators.exchange.books import BTC, increments
from tests.simulators.exchange.client import Socket
from tests.simulators.exchange.conftest import TUESDAY, Bench

DISCONNECTED = {"e": "disconnected"}


async def pongs(socket: Socket, count: int) -> int:
    """Send some pings and return how many pongs come."""
    for number in range(count):
        await socket.send(e="ping")
        await socket.send(e="get_server_time", oid=str(number), data={})
    answers = 0
    while True:
        frame = await socket.receive()
        answers += 1 if frame["e"] == "pong" else 0
        if frame.get("oid") == str(count - 1):
            return answers


async def struck(bench: Bench) -> None:
    """Wait until the first rule has struck."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if bench.server.venue.faults.rules[0].done:
                return
            await asyncio.sleep(0.001)


async def test_drop(bench: Bench) -> None:
    """After some that pass, so many frames are lost."""
    await bench.client.control("/faults", kind="drop", match="pong", skip=1, count=2)
    assert await pongs(await bench.public(), 5) == 3


async def test_drop_with_a_probability_is_the_same_for_a_seed() -> None:
    """Chance is seeded."""
    lost = []
    for _ in range(2):
        async with Bench(
            faults=[{"kind": "drop", "match": "pong", "probability": 0.5}], seed=5
        ) as bench:
            lost.append(await pongs(await bench.public(), 20))
    assert lost[0] == lost[1]
    assert 0 < lost[0] < 20


async def test_duplicate(bench: Bench) -> None:
    """A frame comes twice."""
    await bench.client.control(
        "/faults", kind="duplicate", match="pong", channel="public"
    )
    assert await pongs(await bench.public(), 3) == 6


async def test_reorder(bench: Bench) -> None:
    """A frame comes after the next one."""
    await bench.client.control(
        "/faults", kind="reorder", match="get_server_time", count=1
    )
    socket = await bench.public()
    await socket.send(e="get_server_time", oid="1", data={})
    await socket.send(e="ping")
    assert [(await socket.receive())["e"] for _ in range(2)] == [
        "pong",
        "get_server_time",
    ]


async def test_delay(still: Bench) -> None:
    """A frame, and what follows, waits."""
    socket = await still.public()
    await still.client.control(
        "/faults", kind="delay", match="pong", seconds=3, count=1
    )
    await socket.send(e="ping")
    await socket.send(e="get_server_time", oid="1", data={})
    with pytest.raises(TimeoutError):
        await socket.raw.receive_str(timeout=0.05)
    await still.advance(2.9)
    with pytest.raises(TimeoutError):
        await socket.raw.receive_str(timeout=0.05)
    await still.advance(0.2)
    assert await socket.receive() == {"e": "pong"}
    assert (await socket.receive())["oid"] == "1"


@pytest.mark.parametrize(
    ("notice", "frames", "code"), [(True, [DISCONNECTED], 1000), (False, [], 1006)]
)
async def test_close_after_a_frame(
    bench: Bench, notice: bool, frames: list[Any], code: int
) -> None:
    """With or without notice."""
    await bench.client.control("/faults", kind="close", match="pong", notice=notice)
    socket = await bench.public()
    await socket.send(e="ping")
    seen, closed = await socket.closed()
    assert [frame for frame in seen if frame != {"e": "pong"}] == frames
    assert closed == code


async def test_garbage(bench: Bench) -> None:
    """What comes is not JSON: over REST with a status, nothing done; over WebSocket instead of a frame."""
    await bench.client.control(
        "/faults", kind="garbage", channel="rest", match="do_my_new_order", status=502
    )
    with pytest.raises(aiohttp.ContentTypeError) as answer:
        await bench.client.private(
            "do_my_new_order", **bench.client.order(clientOrderId="x")
        )
    assert answer.value.status == 502
    assert await bench.client.ok("get_my_orders", clientOrderId="x") == []
    socket = await bench.public()
    await bench.client.control("/faults", kind="garbage", match="pong")
    await socket.send(e="ping")
    assert await socket.raw.receive_str() == "<html>502 Bad Gateway</html>"


async def test_stall(still: Bench) -> None:
    """Half-open: nothing is heard, nothing is said, nothing is closed."""
    stalled, other = await still.private(), await still.public()
    rule = await still.client.control("/faults", kind="stall", channel="private")
    await stalled.send(e="ping")
    await still.advance(30)
    assert await other.drain() == []
    await still.advance(45)
    assert await other.drain() == []
    with pytest.raises(TimeoutError):
        await stalled.raw.receive_str(timeout=0.05)
    await still.client.control(f"/faults/{rule['number']}", "DELETE")
    await still.advance(6)
    assert await stalled.closed() == ([DISCONNECTED], 1000)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "Authorization Failed"),
        (429, "API rate limit reached"),
        (500, "Unexpected error"),
        (503, "Service Unavailable"),
        (418, "Unexpected error"),
    ],
)
async def test_refuse_over_rest(bench: Bench, status: int, text: str) -> None:
    """Refused once, with nothing done; then served."""
    await bench.client.control(
        "/faults", kind="refuse", match="do_my_new_order", status=status, count=1
    )
    order = bench.client.order(clientOrderId="x")
    assert await bench.client.private("do_my_new_order", **order) == (
        status,
        {"error": text},
    )
    assert await bench.client.ok("get_my_orders", clientOrderId="x") == []
    assert (await bench.client.ok("do_my_new_order", **order))["status"] == "NEW"
    await bench.client.control(
        "/faults", kind="refuse", match="get_server_time", status=status, text="Oops"
    )
    assert await bench.client.public("get_server_time") == (status, {"error": "Oops"})


async def test_refuse_over_websocket(bench: Bench) -> None:
    """The words come as an error reply; a rate limit closes as well."""
    socket = await bench.private()
    await bench.client.control(
        "/faults", kind="refuse", match="get_fee_strategy", status=500, count=1
    )
    assert (await socket.request("get_fee_strategy"))["data"] == {
        "error": "Unexpected error"
    }
    await bench.client.control(
        "/faults",
        kind="refuse",
        channel="private",
        match="get_fee_strategy",
        status=429,
    )
    await socket.send(e="get_fee_strategy", oid="1", data={})
    frames, code = await socket.closed()
    assert (frames[0]["data"], frames[1], code) == (
        {"error": "API rate limit reached"},
        DISCONNECTED,
        1000,
    )


async def test_refuse_auth_and_handshake(bench: Bench) -> None:
    """Authentication and connecting can be refused too."""
    await bench.client.control(
        "/faults", kind="refuse", match="auth", text="API key is not activated", count=1
    )
    socket = await bench.private(auth=False)
    assert (await socket.auth())["data"] == {"error": "API key is not activated"}
    assert (await socket.auth())["data"] == {"ok": "ok"}
    await bench.client.control(
        "/faults", kind="refuse", match="connect", status=503, count=1
    )
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bench.public()
    assert refused.value.status == 503
    await bench.public()


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("market_data", "get_order_book"),
        ("order_placement", "do_my_new_order"),
        ("order_cancellation", "do_cancel_all_orders"),
        ("order_status", "get_my_orders"),
    ],
)
async def test_maintenance(bench: Bench, service: str, action: str) -> None:
    """One part is down, on every channel; the others are not."""
    await bench.client.control("/faults", kind="maintenance", match=service)
    text = f"{service} is on maintenance"
    assert await bench.client.refused(action) == (500, text)
    socket = await bench.private()
    assert (await socket.request(action))["data"] == {"error": text}
    await bench.client.ok("get_fee_strategy")
    if service == "market_data":
        assert (await socket.request("order_book_subscribe", BTC))["data"] == {
            "error": text
        }


async def test_reply_lost_over_rest(bench: Bench) -> None:
    """The order is taken, the connection is cut."""
    await bench.client.control(
        "/faults", kind="lose_reply", match="do_my_new_order", count=1
    )
    with pytest.raises(aiohttp.ClientError):
        await bench.client.private(
            "do_my_new_order", **bench.client.order(clientOrderId="lost")
        )
    (row,) = await bench.client.ok("get_my_orders", clientOrderId="lost")
    assert row["status"] == "NEW"


async def test_reply_hangs_over_rest(still: Bench) -> None:
    """With seconds, the cut comes late; whoever is impatient has gone by then."""
    await still.client.control(
        "/faults", kind="lose_reply", match="do_my_new_order", seconds=20
    )
    pending = asyncio.create_task(
        still.client.private(
            "do_my_new_order", **still.client.order(clientOrderId="lost")
        )
    )
    await struck(still)
    assert await still.client.ok("get_my_orders", clientOrderId="lost")
    assert not pending.done()
    await still.advance(21)
    with pytest.raises(aiohttp.ClientError):
        await pending


async def test_slow_rest_reply(still: Bench) -> None:
    """A delayed call is carried out late."""
    await still.client.control(
        "/faults", kind="delay", channel="rest", match="get_fee_strategy", seconds=5
    )
    pending = asyncio.create_task(still.client.ok("get_fee_strategy"))
    await struck(still)
    await still.advance(4)
    assert not pending.done()
    await still.advance(2)
    assert "strategyConfig" in await pending


@pytest.mark.parametrize("seconds", [0, 5])
async def test_reply_lost_over_websocket(bench: Bench, seconds: int) -> None:
    """The order is taken; the socket is cut, or stays and only the reply is missing."""
    await bench.client.control(
        "/faults", kind="lose_reply", match="do_my_new_order", seconds=seconds
    )
    socket = await bench.private()
    await socket.send(
        e="do_my_new_order", oid="1", data=bench.client.order(clientOrderId="lost")
    )
    if seconds:
        assert [frame["e"] for frame in await socket.drain()] == [
            "account_update",
            "executionReport",
        ]
    else:
        assert await socket.closed() == ([], 1006)
    assert len(await bench.client.ok("get_my_orders", clientOrderId="lost")) == 1


async def test_gap(still: Bench) -> None:
    """Increments of one pair are lost; the sequence shows it."""
    socket = await still.public()
    first = (await socket.ok("order_book_subscribe", BTC))["seqId"]
    await still.client.control("/faults", kind="gap", pair="BTC-USD", count=2)
    for price in ("60001", "60002", "60003"):
        await still.client.control(
            "/orders", pair="BTC-USD", side="BUY", price=price, amount="1"
        )
        await still.advance(1)
    assert [increment["seqId"] for increment in await increments(socket)] == [first + 3]


async def test_sequence_reset(still: Bench) -> None:
    """After a restart inside the exchange the sequence goes on lower, without a snapshot."""
    socket = await still.public()
    first = (await socket.ok("order_book_subscribe", BTC))["seqId"]
    await still.client.control("/faults", kind="reset", pair="BTC-USD", count=1)
    for price in ("60001", "60002"):
        await still.client.control(
            "/orders", pair="BTC-USD", side="BUY", price=price, amount="1"
        )
        await still.advance(1)
    assert [increment["seqId"] - first for increment in await increments(socket)] == [
        -999,
        -998,
    ]
    assert (await socket.ok("order_book_subscribe", BTC))["seqId"] == first - 998


async def test_rules_are_listed_and_removed(bench: Bench) -> None:
    """The interface explains itself."""
    first = await bench.client.control("/faults", kind="drop", match="pong")
    await bench.client.control("/faults", kind="stall")
    described = await bench.client.control("/faults", "GET")
    assert [rule["kind"] for rule in described["rules"]] == ["drop", "stall"]
    assert set(described["kinds"]) >= {"drop", "lose_reply", "reset"}
    assert described["switches"]["idle_limit"]["value"] == 60
    assert await bench.client.control(f"/faults/{first['number']}", "DELETE") == {
        "removed": 1
    }
    assert await bench.client.control("/faults", "DELETE") == {"removed": 1}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({}, "kind should be one of drop, delay"),
        ({"kind": "fire"}, "kind should be one of drop, delay"),
        ({"kind": "drop", "colour": 1}, "Unknown field colour"),
        ({"kind": "drop", "count": "2"}, "count should be int"),
        ({"kind": "drop", "count": True}, "count should be int"),
        (
            {"kind": "drop", "channel": "sea"},
            "channel should be one of rest, public, private",
        ),
    ],
)
async def test_bad_rules(bench: Bench, rule: dict[str, Any], text: str) -> None:
    """A refusal says what would be right."""
    status, answer = await bench.client.raw(
        "POST", f"{bench.server.control}/faults", json=rule
    )
    assert status == 422
    assert answer["error"].startswith(text)
    assert (await bench.client.raw("DELETE", f"{bench.server.control}/faults/x"))[
        0
    ] == 422


def test_command_line_rules() -> None:
    """Rules and settings as they are typed."""
    assert parse_rule("stall") == {"kind": "stall"}
    rule = parse_rule("drop:match=pong,probability=0.5,count=3,notice=true")
    assert rule == {
        "kind": "drop",
        "match": "pong",
        "probability": 0.5,
        "count": 3,
        "notice": True,
    }
    assert Faults().add(rule).count == 3
    assert parse_setting("idle_limit=10") == ("idle_limit", 10)
    with pytest.raises(ValueError, match="name=value"):
        parse_setting("idle_limit")


SWITCHES: list[tuple[str, Any, str]] = [
    ("colour", 1, "Unknown switch colour"),
    ("idle_limit", "long", "Switch idle_limit should be float"),
    ("idle_limit", True, "Switch idle_limit should be float"),
    ("failed_auth", "explode", "Switch failed_auth should be one of stay, close"),
    ("pending_new", 1, "Switch pending_new should be bool"),
]


@pytest.mark.parametrize(("name", "value", "text"), SWITCHES)
async def test_bad_switches(bench: Bench, name: str, value: Any, text: str) -> None:
    """A refusal says what would be right."""
    status, answer = await bench.client.raw(
        "POST", f"{bench.server.control}/switches", json={name: value}
    )
    assert status == 422
    assert answer["error"].startswith(text)


async def test_bad_options_are_refused_at_the_start() -> None:
    """So are those given in the process."""
    with pytest.raises(ValueError, match="kind should be"):
        Bench(faults=[{"kind": "fire"}])
    with pytest.raises(ValueError, match="Unknown switch"):
        Bench(clock=Clock(TUESDAY, frozen=True), switches={"colour": 1})
