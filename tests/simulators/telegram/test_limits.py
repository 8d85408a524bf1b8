"""Telegram's rates, switched on."""

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from simulators.telegram.clock import ManualClock
from tests.simulators.telegram.conftest import ADA, BOB, Hands


async def flood(bot: Bot, chat_id: int, limit: int = 100) -> tuple[int, str]:
    """Send until refused; return how many got through and the refusal."""
    for number in range(limit):
        try:
            await bot.send_message(chat_id, str(number))
        except RetryAfter as refused:
            return number, str(refused)
    return limit, ""


async def test_one_chat(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """A short burst passes, then one message a second; edits count."""
    await hands.post("/limits", enabled=True)
    assert await flood(bot, ADA) == (5, "Flood control exceeded. Retry in 1 seconds")
    await bot.send_message(BOB, "another chat")
    clock.advance(1)
    await bot.edit_message_text("edited", ADA, 1)
    with pytest.raises(RetryAfter):
        await bot.send_message(ADA, "x")
    assert len(await hands.messages()) == 5


async def test_the_answer(hands: Hands) -> None:
    """The refusal says how long to wait, as a number and in words."""
    await hands.post("/limits")
    for _ in range(5):
        await hands.raw("sendMessage", chat_id=ADA, text="x")
    status, answer = await hands.raw("sendMessage", chat_id=ADA, text="x")
    assert status == 429
    assert answer == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }


async def test_groups(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """A group takes twenty messages a minute."""
    await hands.post("/limits", enabled=True)
    chat_id = (await hands.post("/chats", title="Desk"))["chat_id"]
    assert await flood(bot, chat_id) == (
        20,
        "Flood control exceeded. Retry in 3 seconds",
    )
    clock.advance(60)
    assert (await flood(bot, chat_id))[0] == 20


async def test_overall(bot: Bot, hands: Hands) -> None:
    """All chats together take thirty messages a second."""
    await hands.post("/limits", enabled=True)
    for user in range(2001, 2031):
        await hands.write("/start", user=user)
        await bot.send_message(user, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(ADA, "x")


async def test_off(bot: Bot, hands: Hands) -> None:
    """Without them everything passes."""
    await hands.post("/limits", enabled=True)
    await flood(bot, ADA)
    await hands.post("/limits", enabled=False)
    assert await flood(bot, ADA, 40) == (40, "")
