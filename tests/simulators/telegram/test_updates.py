"""How a bot hears of what people do: polling, offsets, two pollers, taps, inline queries."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Update,
)
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import TelegramServer
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, BOB, Hands, MakeBot

KEYBOARD = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("Yes", callback_data="y"),
            InlineKeyboardButton("Open", url="https://e.org"),
            InlineKeyboardButton(
                "Copy", callback_data=None, copy_text=None, url="tg://x"
            ),
        ]
    ]
)


async def polling(telegram: TelegramServer, number: int) -> None:
    """Wait until a bot has asked for updates a number of times."""
    async with asyncio.timeout(PATIENCE):
        while telegram.world.bot(telegram.token).poll < number:
            await telegram.world.changed.next.wait()


async def test_a_message(bot: Bot, hands: Hands) -> None:
    """A person's message comes with the person, the chat and the command in it."""
    await hands.post(
        "/users", id=ADA, first_name="Ada L", username="ada_l", language_code="de"
    )
    answer = await hands.post("/send", user_id=ADA, text="/price BTC-USD")
    (update,) = await bot.get_updates()
    assert update.update_id == answer["update_id"]
    assert update.message is not None
    assert update.message.message_id == answer["message_id"]
    assert update.message.text == "/price BTC-USD"
    assert update.message.entities[0].type == "bot_command"
    assert update.effective_user is not None
    assert update.effective_user.id == ADA
    assert update.effective_user.language_code == "de"
    assert update.effective_chat is not None
    assert (update.effective_chat.id, update.effective_chat.username) == (ADA, "ada_l")


async def test_offsets(bot: Bot, hands: Hands) -> None:
    """An update comes again until a higher offset confirms it."""
    for text in "abc":
        await hands.write(text)
    first, second, third = await bot.get_updates()
    assert await bot.get_updates(limit=1) == (first,)
    assert await bot.get_updates(offset=second.update_id) == (second, third)
    assert len((await hands.get("/updates"))["updates"]) == 2
    assert await bot.get_updates(offset=-1) == (third,)
    assert await bot.get_updates(offset=third.update_id + 1) == ()
    again = await hands.post("/updates/repeat", count=2)
    assert again["update_ids"] == [second.update_id, third.update_id]
    assert await bot.get_updates() == (second, third)
    assert (await hands.post("/updates/repeat", count=2))["update_ids"] == []


async def test_edited_messages(bot: Bot, hands: Hands) -> None:
    """A person's edit comes as such."""
    number = await hands.write("one")
    await hands.post("/edit", user_id=ADA, message_id=number, text="/two")
    update = (await bot.get_updates())[-1]
    assert update.edited_message is not None
    assert update.edited_message.text == "/two"
    assert (await hands.last())["edited"]
    for user, message_id, text in (
        (BOB, number, "x"),
        (ADA, 99, "x"),
        (ADA, number, " "),
    ):
        await hands.post(
            "/edit",
            user_id=user,
            chat_id=ADA,
            message_id=message_id,
            text=text,
            status=400,
        )


async def test_long_polling(bot: Bot, hands: Hands, telegram: TelegramServer) -> None:
    """A waiting bot hears at once."""
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await polling(telegram, 1)
    await bot.send_message(BOB, "nothing that concerns updates")
    await hands.write("/start")
    (update,) = await waiting
    assert update.message is not None
    assert update.message.text == "/start"


async def test_a_poll_ends_without_news(
    bot: Bot, telegram: TelegramServer, clock: ManualClock
) -> None:
    """A bot that waited in vain gets an empty list."""
    waiting = asyncio.create_task(bot.get_updates(timeout=10))
    await polling(telegram, 1)
    async with asyncio.timeout(PATIENCE):
        await clock.somebody_waits()
    clock.advance(10)
    assert await waiting == ()


async def test_two_pollers(
    bot: Bot, telegram: TelegramServer, make_bot: MakeBot
) -> None:
    """The newer of two pollers wins, the older is told why."""
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await polling(telegram, 1)
    async with make_bot(telegram.token) as rival:
        assert await rival.get_updates() == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await waiting


async def test_a_webhook_ends_polling(
    bot: Bot, telegram: TelegramServer, hands: Hands
) -> None:
    """Nobody polls while a webhook is set."""
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await polling(telegram, 1)
    assert await bot.set_webhook("https://e.org/hook", allowed_updates=["message"])
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await waiting
    with pytest.raises(
        Conflict, match="can't use getUpdates method while webhook is active"
    ):
        await bot.get_updates()
    await hands.write("x")
    assert (await bot.get_webhook_info()).pending_update_count == 1
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()
    with pytest.raises(BadRequest, match="an https url must be provided"):
        await bot.set_webhook("http://e.org")


async def test_a_revoked_token_ends_polling(
    bot: Bot, telegram: TelegramServer, hands: Hands
) -> None:
    """A waiting bot hears that its token is worth nothing any more."""
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await polling(telegram, 1)
    await hands.post("/revoke")
    with pytest.raises(InvalidToken):
        await waiting


async def test_a_stopping_server_lets_go(bot: Bot, telegram: TelegramServer) -> None:
    """Nobody waits for a server that stops."""
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await polling(telegram, 1)
    await telegram.stop()
    # By itself the bot would hang up later.
    done, _ = await asyncio.wait({waiting}, timeout=20)
    assert done
    assert waiting.exception() is None or isinstance(waiting.exception(), NetworkError)


async def test_wanted_kinds(bot: Bot, hands: Hands) -> None:
    """A bot gets the kinds that it asked for last."""
    await bot.get_updates(allowed_updates=[Update.CALLBACK_QUERY])
    assert (await hands.post("/send", user_id=ADA, text="x"))["update_id"] is None
    await bot.get_updates(allowed_updates=[])
    assert (await hands.post("/send", user_id=ADA, text="x"))["update_id"] is not None


async def test_when_taps_are_handed_over(bot: Bot, hands: Hands) -> None:
    """A tap is stamped when the bot gets it, and keeps that when it gets it again."""
    message = await bot.send_message(ADA, "sure?", reply_markup=KEYBOARD)
    tapped = await hands.post(
        "/tap", user_id=ADA, message_id=message.message_id, button="Yes"
    )
    assert await hands.get("/stamps") == {"taps": {}}
    before = monotonic()
    await bot.get_updates()
    stamps = await hands.get("/stamps")
    assert before < stamps["taps"][tapped["callback_query_id"]] < monotonic()
    await bot.get_updates()
    assert await hands.get("/stamps") == stamps


async def test_a_tap_and_its_answer(bot: Bot, hands: Hands) -> None:
    """A tap comes with its data and message; the answer shows once."""
    sent = await bot.send_message(ADA, "Sure?", reply_markup=KEYBOARD)
    tapped = await hands.post(
        "/tap", user_id=ADA, message_id=sent.message_id, button="Yes"
    )
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (
        tapped["callback_query_id"],
        "y",
        ADA,
    )
    assert query.message is not None
    assert query.message.message_id == sent.message_id
    assert await query.answer("Done", show_alert=True, url="https://t.me/x")
    assert (await hands.get(f"/chats/{ADA}"))["answers"] == [
        {
            "callback_query_id": query.id,
            "user_id": ADA,
            "message_id": sent.message_id,
            "text": "Done",
            "alert": True,
            "url": "https://t.me/x",
            "revision": telegram_revision(await hands.get(f"/chats/{ADA}")),
        }
    ]
    with pytest.raises(BadRequest, match="Query is too old"):
        await query.answer()


def telegram_revision(chat: dict[str, int]) -> int:
    """Return the revision of a chat."""
    return chat["revision"]


async def test_a_late_answer(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """After fifteen seconds a tap cannot be answered any more."""
    sent = await bot.send_message(ADA, "Sure?", reply_markup=KEYBOARD)
    taps = [
        await hands.post("/tap", user_id=ADA, message_id=sent.message_id, button="y")
        for _ in range(2)
    ]
    clock.advance(15)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(taps[0]["callback_query_id"], "x" * 201)
    assert await bot.answer_callback_query(taps[0]["callback_query_id"])
    clock.advance(0.1)
    with pytest.raises(
        BadRequest,
        match="Query is too old and response timeout expired or query id is invalid",
    ):
        await bot.answer_callback_query(taps[1]["callback_query_id"])
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("5")


async def test_taps_that_do_nothing_at_the_bot(bot: Bot, hands: Hands) -> None:
    """A link opens, a copy button copies; what is not there cannot be tapped."""
    sent = await bot.send_message(ADA, "x", reply_markup=KEYBOARD)
    opened = await hands.post(
        "/tap", user_id=ADA, message_id=sent.message_id, button="Open"
    )
    assert opened == {"url": "https://e.org"}
    refused = await hands.post(
        "/tap", user_id=ADA, message_id=sent.message_id, button="No", status=400
    )
    assert refused["error"] == "message 1 has no button 'No'; it has: Yes, Open, Copy"
    await hands.post("/tap", user_id=ADA, message_id=99, button="Yes", status=400)
    await hands.post(
        "/tap",
        user_id=BOB,
        chat_id=ADA,
        message_id=sent.message_id,
        button="Yes",
        status=400,
    )
    assert await bot.get_updates() == ()


def offer(**changes: Any) -> dict[str, Any]:
    """Return a result that a bot may offer."""
    content = {"message_text": "60000"}
    return {
        "type": "article",
        "id": "1",
        "title": "BTC-USD",
        "input_message_content": content,
    } | changes


async def test_inline_queries(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """An inline query is asked, answered once, and grows old."""
    asked = await hands.post("/inline", user_id=ADA, query="BTC")
    address = f"/inline/{asked['inline_query_id']}"
    (update,) = await bot.get_updates()
    assert update.inline_query is not None
    assert update.inline_query.query == "BTC"
    assert (await hands.get(address))["results"] is None
    article = InlineQueryResultArticle("1", "BTC-USD", InputTextMessageContent("60000"))
    assert await update.inline_query.answer([article])
    assert (await hands.get(address))["results"][0]["title"] == "BTC-USD"
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.inline_query.answer([article])
    await hands.post(address, user_id=ADA, result="2", status=400)
    await hands.post(address, user_id=BOB, result="1", status=400)
    await hands.post(address, user_id=ADA, result="1")
    (update,) = await bot.get_updates(offset=update.update_id + 1)
    assert update.message is not None
    assert update.message.text == "60000"
    assert update.message.via_bot == bot.bot
    query_id = (await hands.post("/inline", user_id=ADA, query=""))["inline_query_id"]
    for results, reason in (
        (None, "expected an Array of inline query results"),
        ([{}] * 51, "RESULTS_TOO_MUCH"),
        ([1], "can't parse inline query result: object expected"),
        ([{}], "can't parse inline query result: Can't find field \"type\""),
        (
            [offer(type="photo")],
            'can\'t parse inline query result: unsupported type "photo"',
        ),
        ([offer(id="")], "RESULT_ID_INVALID"),
        ([offer(id="x" * 65)], "RESULT_ID_INVALID"),
        ([offer(), offer()], "RESULT_ID_DUPLICATE"),
        (
            [offer(input_message_content={})],
            "can't parse inline query result: input message expected",
        ),
        ([offer(input_message_content={"message_text": " "})], "message text is empty"),
        (
            [offer(input_message_content={"message_text": "x" * 4097})],
            "message is too long",
        ),
        (
            [
                offer(
                    input_message_content={"message_text": "<b>", "parse_mode": "HTML"}
                )
            ],
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
    ):
        refused = await hands.refusal(
            "answerInlineQuery", inline_query_id=query_id, results=results
        )
        assert refused == f"Bad Request: {reason}"
    clock.advance(16)
    refused = await hands.refusal(
        "answerInlineQuery", inline_query_id=query_id, results=[]
    )
    assert "query is too old" in refused
    assert "no such inline query" in (await hands.get("/inline/0", status=400))["error"]
