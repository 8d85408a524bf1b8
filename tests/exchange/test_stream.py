"""The stream keeps one session up over real sockets, whatever the exchange does, and tells its events in order."""

import asyncio
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    AuthenticationError,
    BadSignatureError,
    Budget,
    Connected,
    Credentials,
    Disconnected,
    ExecutionReport,
    OutcomeUnknownError,
    RateLimitError,
    SlowConsumerError,
    TransportError,
    Unreadable,
)
from tests.patience import PATIENCE

from .conftest import MakeStream
from .fakes import (
    CREDENTIALS,
    FakeClock,
    ScriptedExchange,
    Socket,
    refuses,
    replies,
    says_nothing,
    up,
)


async def test_it_signs_in_and_answers_a_request(
    exchange: ScriptedExchange, make_stream: MakeStream, key_budget: Budget
) -> None:
    """The first thing after the greeting is a sign-in with a right signature."""
    exchange.answers["get_my_orders"] = replies([])
    stream = make_stream()
    socket = await up(stream, exchange)
    auth = await socket.received("auth")
    assert auth["auth"]["timestamp"] == 1_700_000_020
    assert await stream.get_my_orders() == []
    assert key_budget.used == 5
    assert stream.connected and stream.last_error is None


async def test_nothing_is_sent_before_the_greeting(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """A server that does not greet is left after ten seconds."""
    exchange.greets = False
    stream = make_stream()
    await stream.start()
    socket = await exchange.socket()
    await clock.waiting(10, 10)
    assert socket.frames.empty()
    clock.advance(10)
    await clock.asleep(0.5, 1)
    assert isinstance(stream.last_error, TransportError)
    assert "greet" in str(stream.last_error)


async def test_a_wrong_secret_is_told_at_once_and_tried_again_slowly(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """Waiting longer makes no sense, hammering neither."""
    stream = make_stream(Credentials(CREDENTIALS.key, "wrong"))
    await stream.start()
    with pytest.raises(BadSignatureError, match="Invalid signature"):
        await stream.wait_connected(60)
    with pytest.raises(BadSignatureError):
        await stream.wait_connected(60)
    assert 150 <= await clock.asleep(100, 400) <= 300
    assert not stream.connected


@pytest.mark.parametrize("closes", [True, False])
async def test_a_refused_clock_is_measured_and_the_sign_in_repeated(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock, closes: bool
) -> None:
    """With a measured offset the next sign-in comes soon and with the exchange's time."""
    seen: list[int] = []

    async def strict(socket: Socket, frame: dict[str, Any]) -> None:
        seen.append(frame["auth"]["timestamp"])
        if len(seen) == 1:
            await socket.refuse(frame, "Timestamp is not in 20sec range")
            if closes:
                await socket.send({"e": "disconnected"})
                await socket.close()
        else:
            await socket.send(
                {"e": "auth", "oid": "auth", "ok": "ok", "data": {"ok": "ok"}}
            )

    async def measure() -> None:
        clock.offset = 100.0

    exchange.answers["auth"] = strict
    stream = make_stream(measure_clock=measure)
    await stream.start()
    await clock.asleep(1, 1)
    clock.advance(1)
    async with asyncio.timeout(PATIENCE):
        while not stream.connected:
            await stream._changed.wait()
            stream._changed.clear()
    assert seen == [1_700_000_020, 1_700_000_121]


async def test_a_clock_that_is_right_is_not_blamed_again_and_again(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """A refusal that measuring does not explain is retried slowly; a failed measure as well."""
    exchange.answers["auth"] = refuses("Authorization Failed")

    async def measure() -> None:
        raise TransportError

    stream = make_stream(measure_clock=measure)
    await stream.start()
    with pytest.raises(AuthenticationError):
        await stream.wait_connected(60)
    await clock.asleep(150, 300)


async def test_it_pings_every_five_seconds_and_silence_is_the_end(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """A half-open line is noticed after fifteen seconds without a word."""
    stream = make_stream()
    events = stream.listen(Connected, Disconnected)
    socket = await up(stream, exchange)
    for _ in range(3):
        await clock.asleep(5, 5)
        clock.advance(5)
        await socket.received("ping")
        # The pong was sent before the ping was noted; one answer proves that it was read.
        exchange.answers["get_my_volume"] = replies(
            {"period": "30d", "volume": "1", "currency": "USD"}
        )
        await stream.get_my_volume()
    exchange.pongs = False
    for _ in range(2):
        await clock.asleep(5, 5)
        clock.advance(5)
        await socket.received("ping")
    await clock.asleep(5, 5)
    clock.advance(5)
    assert await anext(events) == Connected()
    ended = await anext(events)
    assert isinstance(ended, Disconnected)
    assert "silent" in str(ended.error)


@pytest.mark.parametrize("end", ["close", "notice", "abort"])
async def test_a_lost_line_fails_what_is_pending_and_comes_back(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock, end: str
) -> None:
    """A read failed, an order is unknown, and the next session follows after a pause."""
    exchange.answers["get_my_volume"] = says_nothing
    exchange.answers["do_cancel_all_orders"] = says_nothing
    stream = make_stream()
    events = stream.listen(Connected, Disconnected)
    socket = await up(stream, exchange)
    read = asyncio.create_task(stream.get_my_volume())
    order = asyncio.create_task(stream.do_cancel_all_orders())
    await socket.received("do_cancel_all_orders")
    if end == "notice":
        await socket.send({"e": "disconnected"})
    elif end == "close":
        await socket.close()
    else:
        socket.abort()
    with pytest.raises(TransportError):
        await read
    with pytest.raises(OutcomeUnknownError):
        await order
    assert [type(await anext(events)) for _ in range(2)] == [Connected, Disconnected]
    with pytest.raises(TransportError, match="no connection"):
        await stream.get_my_volume()
    await clock.asleep(0.5, 1)
    clock.advance(1)
    await exchange.socket()
    await stream.wait_connected(5)
    assert type(await anext(events)) is Connected


async def test_pauses_grow_with_jitter_and_shrink_after_a_good_session(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """1, 2, 4 ... 60 seconds, each with up to half of it taken off."""
    exchange.handshake = [503] * 9
    stream = make_stream()
    await stream.start()
    for longest in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        paused = await clock.asleep(longest / 2, longest)
        assert (
            str(stream.last_error) == "The exchange refused the connection (HTTP 503)"
        )
        clock.advance(paused)
    socket = await exchange.socket()
    await stream.wait_connected(5)
    for _ in range(12):
        await clock.asleep(5, 5)
        clock.advance(5)
        await socket.received("ping")
    await socket.close()
    assert await clock.asleep(0.5, 1) <= 1


async def test_a_refused_handshake_by_rate_limit_waits_for_the_next_minute(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    clock: FakeClock,
    key_budget: Budget,
) -> None:
    """HTTP 429 empties the minute for everybody; 20 seconds of it are left."""
    exchange.handshake = [429]
    stream = make_stream()
    await stream.start()
    await clock.asleep(20, 21.5)
    assert key_budget.used == 200
    assert isinstance(stream.last_error, RateLimitError)


async def test_a_handshake_refused_for_the_key_is_an_authentication_error(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """HTTP 401 says that the key is the reason."""
    exchange.handshake = [401]
    stream = make_stream()
    await stream.start()
    with pytest.raises(AuthenticationError):
        await stream.wait_connected(5)


async def test_an_exchange_out_of_reach_is_told_without_its_address(
    make_stream: MakeStream, exchange: ScriptedExchange, clock: FakeClock
) -> None:
    """No text quotes the address."""
    stream = make_stream()
    stream._url = "ws://127.0.0.1:1/api/spot/ws"
    await stream.start()
    await clock.asleep(0.5, 1)
    assert str(stream.last_error) == "The exchange cannot be reached"
    waiting = asyncio.create_task(stream.wait_connected(3))
    await clock.waiting(3, 3)
    clock.advance(3)
    with pytest.raises(TransportError, match="cannot be reached"):
        await waiting


async def test_waiting_for_a_stream_that_was_not_started_ends(
    make_stream: MakeStream, clock: FakeClock
) -> None:
    """Even without any attempt the wait has its time."""
    waiting = asyncio.create_task(make_stream().wait_connected(3))
    await clock.waiting(3, 3)
    clock.advance(3)
    with pytest.raises(TransportError, match="in time"):
        await waiting


async def test_frames_without_sense_are_left_aside(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Not JSON, no object, no name, an unknown name, a stray pong or oid: the session goes on."""
    exchange.answers["get_my_volume"] = replies(
        {"period": "30d", "volume": "1", "currency": "USD"}
    )
    stream = make_stream()
    socket = await up(stream, exchange)
    for text in (
        '{"e":',
        "[]",
        "7",
        "{}",
        '{"e":[]}',
        '{"e":"new_event","data":{}}',
        '{"e":"pong"}',
    ):
        await socket.send_text(text)
    await socket.send_text('{"e":"get_my_volume","oid":"nobody","ok":"ok","data":{}}')
    await socket.send_text('{"e":"get_my_volume","oid":["x"],"ok":"ok","data":{}}')
    await socket.socket.send_bytes(b'{"e":"connected"}')
    assert (await stream.get_my_volume()).volume == 1


async def test_an_unreadable_event_is_told(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A listener that must not miss anything learns that it did."""
    stream = make_stream()
    events = stream.listen()
    socket = await up(stream, exchange)
    await socket.event("executionReport", {"orderId": "1"})
    await socket.event("tradeUpdate", {"pair": 3})
    assert [await anext(events) for _ in range(3)] == [
        Connected(),
        Unreadable("executionReport"),
        Unreadable("tradeUpdate"),
    ]
    assert "executionReport cannot be read" in caplog.text


async def test_events_come_in_order_and_a_slow_listener_learns_of_its_loss(
    exchange: ScriptedExchange, make_stream: MakeStream, report: dict[str, Any]
) -> None:
    """It gets what fitted, then the error, then the end; others are not held up."""
    stream = make_stream()
    slow = stream.listen(ExecutionReport, maximum=2)
    quick = stream.listen(ExecutionReport)
    socket = await up(stream, exchange)
    for number in range(4):
        await socket.event("executionReport", {**report, "executionId": f"e{number}"})
    ids = [(await anext(quick)).execution_id for _ in range(4)]
    assert ids == ["e0", "e1", "e2", "e3"]
    assert [(await anext(slow)).execution_id for _ in range(2)] == ["e0", "e1"]
    with pytest.raises(SlowConsumerError):
        await anext(slow)
    with pytest.raises(StopAsyncIteration):
        await anext(slow)


async def test_events_may_come_before_the_reply(
    exchange: ScriptedExchange, make_stream: MakeStream, report: dict[str, Any]
) -> None:
    """The exchange promises no order between the two."""

    async def event_first(socket: Socket, frame: dict[str, Any]) -> None:
        await socket.event("executionReport", report)
        await socket.reply(frame, {"clientOrderIds": ["1"]})

    exchange.answers["do_cancel_all_orders"] = event_first
    stream = make_stream()
    events = stream.listen(ExecutionReport)
    await up(stream, exchange)
    assert await stream.do_cancel_all_orders() == ["1"]
    assert (await anext(events)).order.order_id == "17062"


async def test_stopping_ends_everything_and_starting_again_works(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Pending requests fail, listeners end, no task is left."""
    exchange.answers["get_my_volume"] = says_nothing
    stream = make_stream()
    await stream.stop()
    events = stream.listen(Disconnected)
    socket = await up(stream, exchange)
    await stream.start()
    read = asyncio.create_task(stream.get_my_volume())
    await socket.received("get_my_volume")
    await stream.stop()
    with pytest.raises(TransportError):
        await read
    assert len([event async for event in events]) == 1
    assert not stream.connected
    assert [task for task in asyncio.all_tasks() if "CEX.IO" in task.get_name()] == []
    await up(stream, exchange)


async def test_an_unexpected_failure_does_not_end_the_stream(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happens in a session, the next one comes."""

    async def broken(url: object, **_: object) -> None:
        raise RuntimeError("surprise")

    stream = make_stream()
    stream._http = type("Broken", (), {"ws_connect": staticmethod(broken)})()
    await stream.start()
    await clock.asleep(0.5, 1)
    assert "failed unexpectedly" in caplog.text
