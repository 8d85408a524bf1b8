"""Bad days on demand; what a person sees always tells the truth."""

import asyncio
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, BOB, Hands

# Long enough for the call to arrive.
HANGS_UP = 0.5


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize(
    ("kind", "error", "cause"),
    [
        ("timeout", TimedOut, httpx.ReadTimeout),
        ("cut", NetworkError, httpx.RemoteProtocolError),
        ("bad_gateway", NetworkError, TelegramError),
        ("server_error", NetworkError, type(None)),
    ],
)
async def test_uncertain(
    bot: Bot,
    hands: Hands,
    kind: str,
    error: type[TelegramError],
    cause: type[BaseException],
    delivered: bool,
) -> None:
    """The bot cannot tell whether the message arrived; the chat can."""
    await hands.post("/faults", kind=kind, method="sendMessage", delivered=delivered)
    patience = HANGS_UP if kind == "timeout" else PATIENCE
    with pytest.raises(error) as failed:
        await bot.send_message(ADA, "x", read_timeout=patience)
    assert isinstance(failed.value.__cause__, cause)
    assert len(await hands.messages()) == delivered
    await bot.send_message(ADA, "y")
    assert (await hands.last())["text"] == "y"


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (
            {"kind": "too_many_requests", "retry_after": 37},
            RetryAfter,
            "Retry in 37 seconds",
        ),
        (
            {"kind": "too_many_requests"},
            NetworkError,
            "Too many requests|Too Many Requests",
        ),
        ({"kind": "conflict"}, Conflict, "terminated by other getUpdates request"),
        ({"kind": "forbidden"}, Forbidden, "bot was blocked by the user"),
        (
            {"kind": "bad_request", "description": "not enough rights"},
            BadRequest,
            "Not enough rights",
        ),
        (
            {"kind": "forbidden", "description": "user is deactivated"},
            Forbidden,
            "user is deactivated",
        ),
        ({"kind": "unauthorized"}, InvalidToken, "Unauthorized"),
    ],
)
async def test_refusals(
    bot: Bot,
    hands: Hands,
    fault: dict[str, Any],
    error: type[TelegramError],
    words: str,
) -> None:
    """A refused message did not arrive."""
    await hands.post("/faults", **fault)
    with pytest.raises(error, match=words):
        await bot.send_message(ADA, "x")
    assert await hands.messages() == []


async def test_one_method_some_calls_one_chat(bot: Bot, hands: Hands) -> None:
    """A fault is for the next calls of a method, and if so said of a chat."""
    await hands.post(
        "/faults", kind="forbidden", method="sendmessage", count=2, chat_id=BOB
    )
    await bot.send_message(ADA, "x")
    await bot.get_me()
    for left in (1, 0):
        with pytest.raises(Forbidden):
            await bot.send_message(BOB, "x")
        faults = (await hands.get("/faults"))["faults"]
        assert [fault["count"] for fault in faults] == [left] * bool(left)
    await bot.send_message(BOB, "x")


async def test_faults_are_forgotten(bot: Bot, hands: Hands) -> None:
    """Faults that were not used can be taken back."""
    await hands.post("/faults", kind="cut", count=5)
    await hands.delete("/faults")
    await bot.send_message(ADA, "x")


@pytest.mark.parametrize("delivered", [False, True])
async def test_slow(
    bot: Bot, hands: Hands, clock: ManualClock, delivered: bool
) -> None:
    """A slow answer comes in the end; the message shows before or after the wait."""
    await hands.post("/faults", kind="slow", seconds=3, delivered=delivered)
    sending = asyncio.create_task(bot.send_message(ADA, "x"))
    async with asyncio.timeout(PATIENCE):
        await clock.somebody_waits()
    assert len(await hands.messages()) == delivered
    clock.advance(3)
    assert (await sending).text == "x"
    assert len(await hands.messages()) == 1


async def test_a_held_call_ends_in_a_cut(
    bot: Bot, hands: Hands, clock: ManualClock
) -> None:
    """Who waits long enough for an answer that never comes loses the connection."""
    await hands.post("/faults", kind="timeout", seconds=3)
    sending = asyncio.create_task(bot.send_message(ADA, "x"))
    async with asyncio.timeout(PATIENCE):
        await clock.somebody_waits()
    clock.advance(3)
    with pytest.raises(NetworkError):
        await sending
    assert (await hands.get("/calls?method=sendMessage"))["calls"][-1][
        "status"
    ] == "cut"


async def test_a_bot_that_hangs_up(
    bot: Bot, hands: Hands, telegram: TelegramServer
) -> None:
    """The record says that nobody waited for the answer."""
    await hands.post("/faults", kind="timeout")
    with pytest.raises(TimedOut):
        await bot.send_message(ADA, "x", read_timeout=HANGS_UP)
    async with asyncio.timeout(PATIENCE):
        while telegram.world.calls[-1]["status"] is None:
            await telegram.world.changed.next.wait()
    assert telegram.world.calls[-1]["status"] == "hung up"


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "forbidden", "delivered": True},
        {"kind": "cut", "count": 0},
        {"kind": "cut", "count": "x"},
        {"kind": "cut", "seconds": []},
    ],
)
async def test_faults_that_cannot_be(hands: Hands, fault: dict[str, Any]) -> None:
    """What makes no sense is refused with words."""
    assert (await hands.post("/faults", status=400, **fault))["error"]
