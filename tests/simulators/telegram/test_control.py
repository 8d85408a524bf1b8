"""The control interface itself: help, waiting, records, reset, words for nonsense."""

import asyncio
from time import monotonic

import pytest
from telegram import Bot

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, BOB, Hands
from tests.simulators.telegram.pictures import picture


async def test_help(hands: Hands) -> None:
    """Every address is listed with a line."""
    listed = await hands.get("/")
    assert "POST /control/send" in listed
    assert "POST /control/faults" in listed
    assert all(listed.values())


async def test_a_chat_is_waited_for(bot: Bot, hands: Hands) -> None:
    """A reader hears of a change above the revision that it knows."""
    known = (await hands.get(f"/chats/{ADA}"))["revision"]
    waiting = asyncio.create_task(hands.get(f"/chats/{ADA}?after={known}&timeout=30"))
    await bot.send_message(BOB, "not this chat")
    await bot.send_message(ADA, "this one")
    chat = await waiting
    assert chat["revision"] > known
    assert [row["text"] for row in chat["messages"]] == ["this one"]


async def test_nothing_happens(hands: Hands, clock: ManualClock) -> None:
    """In vain the reader waits to the end and gets the chat as it is."""
    known = (await hands.get(f"/chats/{ADA}"))["revision"]
    waiting = asyncio.create_task(hands.get(f"/chats/{ADA}?after={known}&timeout=3"))
    async with asyncio.timeout(PATIENCE):
        await clock.somebody_waits()
    clock.advance(3)
    assert (await waiting)["revision"] == known
    assert (await hands.get(f"/chats/{ADA}?after={known}"))["revision"] == known


async def test_calls(bot: Bot, hands: Hands) -> None:
    """Calls are recorded with parameters, without the token."""
    await bot.send_photo(ADA, picture(), caption="x")
    await hands.raw("sendMessage", chat_id=ADA, text="{ no JSON")
    await hands.raw("sendMessage")
    calls = (await hands.get("/calls"))["calls"]
    assert [call["method"] for call in calls] == [
        "getMe",
        "sendPhoto",
        "sendMessage",
        "sendMessage",
    ]
    moments = [call["monotonic"] for call in calls]
    assert moments == sorted(moments)
    assert moments[-1] < monotonic()
    assert calls[1]["parameters"]["caption"] == "x"
    assert calls[1]["parameters"]["photo"]["size"] > 0
    assert bot.token not in str(calls)
    filtered = (await hands.get("/calls?method=sendmessage"))["calls"]
    assert [call["status"] for call in filtered] == [200, 400]


async def test_people_and_chats(hands: Hands) -> None:
    """Everybody and every chat can be listed."""
    await hands.write("x", user=4004)
    users = (await hands.get("/users"))["users"]
    assert [user["first_name"] for user in users] == ["Ada", "Bob", "User 4004"]
    chats = (await hands.get("/chats"))["chats"]
    assert [chat["chat_id"] for chat in chats] == [ADA, BOB, 4004]


async def test_reset(bot: Bot, hands: Hands, telegram: TelegramServer) -> None:
    """A reset forgets all but the numbers; who waits goes on waiting and hears what comes."""
    sent = await bot.send_message(ADA, "before")
    await hands.write("before")
    await hands.post("/faults", kind="cut", method="sendMessage")
    before = (await hands.get(f"/chats/{ADA}"))["revision"]
    (old,) = await bot.get_updates()
    polling = asyncio.create_task(bot.get_updates(offset=old.update_id + 1, timeout=30))
    reading = asyncio.create_task(hands.get(f"/chats/{ADA}?after={before}&timeout=30"))
    async with asyncio.timeout(PATIENCE):
        while telegram.world.bot(telegram.token).poll < 2:
            await telegram.world.changed.next.wait()
    assert (await hands.post("/reset"))["revision"] > before
    await hands.write("after")
    (update,) = await polling
    assert update.update_id > old.update_id
    assert (await reading)["revision"] > before
    again = await bot.send_message(ADA, "after")
    assert again.message_id > sent.message_id
    assert [row["text"] for row in await hands.messages()] == ["after", "after"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/send", {"text": "x"}),
        ("POST", "/send", {"user_id": "Ada", "text": "x"}),
        ("POST", "/send", {"user_id": -1, "text": "x"}),
        ("POST", "/send", {"user_id": ADA, "text": " "}),
        ("POST", "/send", {"user_id": ADA, "text": "x", "chat_id": -5}),
        ("POST", "/send", {"user_id": ADA, "text": "x", "bot": "9:abc"}),
        ("POST", "/send", ["x"]),
        ("GET", "/chats/x", None),
        ("GET", "/chats/-5", None),
        ("GET", f"/chats/{ADA}?timeout=x", None),
        ("DELETE", "/chats/-5", None),
        ("POST", "/updates/repeat", {"count": "x"}),
    ],
)
async def test_nonsense(
    hands: Hands, method: str, path: str, body: dict[str, object]
) -> None:
    """Nonsense is answered with words."""
    assert (await hands.call(method, f"/control{path}", body, 400))["error"]


async def test_a_body_that_is_no_json(hands: Hands, telegram: TelegramServer) -> None:
    """A broken body is answered with words."""
    async with hands._session.post(f"{telegram.control}/send", data=b"{") as response:
        assert response.status == 400
        assert (await response.json())["error"] == "the body is a JSON object"
