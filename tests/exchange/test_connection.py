"""The rare moments of a connection: both ends act at once, or the line breaks while sending."""

import asyncio

import aiohttp
import pytest

from custom_components.cexio.exchange import (
    Budget,
    Disconnected,
    OutcomeUnknownError,
    Stream,
    TransportError,
)
from custom_components.cexio.exchange.connection import Connection

from .conftest import MakeStream
from .fakes import FakeClock, ScriptedExchange, Socket, says_nothing


class BrokenSocket:
    """A socket on which nothing can be sent."""

    def __init__(self, *, closed: bool) -> None:
        """Break."""
        self.closed = closed

    async def send_str(self, text: str) -> None:
        """Fail as aiohttp does."""
        raise aiohttp.ClientConnectionResetError("Cannot write to ws://secret")


def connection(clock: FakeClock, *, closed: bool) -> Connection:
    """Return a connection whose line is broken."""
    return Connection(
        BrokenSocket(closed=closed),  # type: ignore[arg-type]  # it has what a connection uses of a socket
        clock=clock,
        budget=Budget(200, clock=clock),
        credentials=None,
        on_event=lambda name, data: None,
        on_answer=lambda action, data: None,
        is_unwanted=lambda frame: False,
    )


async def test_a_line_known_to_be_closed_sends_nothing(clock: FakeClock) -> None:
    """Even an order is then surely not sent."""
    with pytest.raises(TransportError, match="lost"):
        await connection(clock, closed=True).call("do_my_new_order", {}, 5)


@pytest.mark.parametrize(
    ("action", "kind"),
    [("do_my_new_order", OutcomeUnknownError), ("get_my_orders", TransportError)],
)
async def test_a_line_that_breaks_while_sending(
    clock: FakeClock, action: str, kind: type[Exception]
) -> None:
    """Who knows how much of it went out."""
    with pytest.raises(kind, match="lost"):
        await connection(clock, closed=False).call(action, {}, 5)


async def test_a_ping_that_cannot_be_sent_ends_the_session(clock: FakeClock) -> None:
    """The reason quotes no address."""
    ended = asyncio.create_task(connection(clock, closed=False).keep_alive())
    await clock.asleep(5, 5)
    clock.advance(5)
    with pytest.raises(TransportError) as caught:
        await ended
    assert str(caught.value) == "The connection to the exchange was lost"


class FloodingSocket:
    """A socket whose frames are all there already."""

    def __init__(self, *frames: str) -> None:
        """Hold the frames; the line ends after them."""
        self._frames = list(frames)

    async def receive(self) -> aiohttp.WSMessage:
        """Give the next frame without waiting."""
        if not self._frames:
            return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, self._frames.pop(0), None)


@pytest.mark.parametrize(("milliseconds", "turn"), [(0.2, 3), (0.5, 1), (50, 1)])
async def test_a_flood_of_frames_leaves_turns_to_others(
    clock: FakeClock, milliseconds: float, turn: int
) -> None:
    """However many frames are waiting, the loop is held for half a millisecond and the last frame, no longer."""
    seen: list[str] = []

    def take(name: str, _data: object) -> None:
        """Take some time with each frame."""
        seen.append(name)
        clock.advance(milliseconds / 1000)

    flooded = Connection(
        FloodingSocket(*('{"e":"tick","data":{}}' for _ in range(3 * turn))),  # type: ignore[arg-type]  # it has what a connection uses of a socket
        clock=clock,
        budget=Budget(200, clock=clock),
        credentials=None,
        on_event=take,
        on_answer=lambda action, data: None,
        is_unwanted=lambda frame: False,
    )

    async def others() -> None:
        """Do something whenever there is a turn."""
        while True:
            seen.append("others")
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    with pytest.raises(TransportError):
        await flooded.read()
    busy.cancel()
    assert seen == [*["tick"] * turn, "others"] * 3


@pytest.mark.parametrize("moment", ["answer", "error", "end"])
async def test_a_caller_who_leaves_in_the_same_moment(
    exchange: ScriptedExchange, make_stream: MakeStream, moment: str
) -> None:
    """Answer, refusal or end of the session find nobody and disturb nobody."""
    exchange.answers["get_my_volume"] = says_nothing
    stream, socket = await _up(exchange, make_stream)
    asking = asyncio.create_task(stream.get_my_volume())
    oid = (await socket.received("get_my_volume"))["oid"]
    held = stream._connection
    assert held is not None
    asking.cancel()
    if moment == "answer":
        held._take(f'{{"e":"get_my_volume","oid":"{oid}","ok":"ok","data":{{}}}}')
    elif moment == "error":
        held._take(f'{{"e":"get_my_volume","oid":"{oid}","data":{{"error":"x"}}}}')
    else:
        held.fail_pending(TransportError())
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert stream.connected and held._pending == {}


async def test_a_peer_that_does_not_say_goodbye_is_left(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """Closing takes two seconds at most."""
    stream, socket = await _up(exchange, make_stream)
    lost = stream.listen(Disconnected)
    held = stream._connection
    assert held is not None

    close = held._socket.close

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await close()

    held._socket.close = never  # type: ignore[method-assign, assignment]  # the peer hangs
    await socket.send({"e": "disconnected"})
    await anext(lost)
    await clock.waiting(2, 2)
    clock.advance(2)
    await clock.asleep(0.5, 1)
    assert not stream.connected


async def _up(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> tuple[Stream, Socket]:
    """Return a stream and the exchange's end of its session."""
    stream = make_stream()
    await stream.start()
    socket = await exchange.socket()
    await stream.wait_connected(5)
    return stream, socket
