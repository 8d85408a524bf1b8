"""What a bot sends, what the person sees, and what Telegram refuses."""

from typing import Any

import pytest
from telegram import (
    Bot,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import TelegramServer
from tests.simulators.telegram.conftest import ADA, BOB, Hands, MakeBot


async def test_html_arrives_as_text_and_entities(bot: Bot, hands: Hands) -> None:
    """The bot gets entities back; the person sees the formatting."""
    sent = await bot.send_message(
        ADA,
        " <b>BTC</b> &lt; <tg-time unix='1800000000' format='r'>soon</tg-time>\n",
        "HTML",
    )
    assert sent.text == "BTC < soon"
    assert [entity.type for entity in sent.entities] == ["bold", "date_time"]
    assert sent.entities[1].unix_time is not None
    shown = await hands.last()
    assert shown["text"] == "BTC < soon"
    assert shown["html"] == (
        '<b>BTC</b> &lt; <tg-time unix="1800000000" format="r">soon</tg-time>'
    )
    assert shown["from"] == "bot"
    assert shown["message_id"] == sent.message_id
    assert not shown["edited"]
    assert not shown["silent"]


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("", None, "Message text is empty"),
        (" \n ", None, "Text must be non-empty"),
        ("<b></b>", "HTML", "Text must be non-empty"),
        ("x" * 4097, None, "Message is too long"),
        (
            "<x>",
            "HTML",
            'Can\'t parse entities: unsupported start tag "x" at byte offset 0',
        ),
        ("x", "MarkdownV2", "Unsupported parse_mode"),
    ],
)
async def test_texts_that_are_refused(
    bot: Bot, hands: Hands, text: str, mode: str | None, reason: str
) -> None:
    """A refused text is not seen."""
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(ADA, text, mode)
    assert str(refused.value) == reason
    assert await hands.messages() == []


async def test_the_limit_counts_after_parsing(bot: Bot) -> None:
    """4096 characters fit, whatever the markup around them costs."""
    sent = await bot.send_message(ADA, f"<b>{'&amp;' * 4096}</b>", ParseMode.HTML)
    assert sent.text == "&" * 4096


async def test_people_and_emoji_in_a_text(bot: Bot, hands: Hands) -> None:
    """A person can be mentioned by number; a custom emoji keeps its id; a link is found once."""
    source = (
        '<a href="tg://user?id=1002">Bob</a> <tg-emoji emoji-id="5">\U0001f44d</tg-emoji> '
        "me@e.org https://e.org/?q=me@e.org"
    )
    sent = await bot.send_message(ADA, source, "HTML")
    mention, emoji, mail, link = sent.entities
    assert mention.user is not None
    assert mention.user.first_name == "Bob"
    assert emoji.custom_emoji_id == "5"
    assert (mail.type, link.type) == ("email", "url")
    assert (await hands.last())["html"] == source


async def test_ready_made_entities(bot: Bot, hands: Hands) -> None:
    """Entities may come ready-made; a link that leads nowhere is dropped."""
    entities = [
        MessageEntity(MessageEntity.BOLD, 0, 2),
        MessageEntity(MessageEntity.TEXT_LINK, 2, 2, url="javascript:alert(1)"),
        MessageEntity(MessageEntity.TEXT_LINK, 4, 2, url="https://e.org/"),
    ]
    await bot.send_message(ADA, "abcdef", entities=entities)
    assert (await hands.last())["html"] == '<b>ab</b>cd<a href="https://e.org/">ef</a>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"text": "x", "chat_id": 5}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody"}, "chat not found"),
        ({"chat_id": ADA}, "message text is empty"),
        (
            {"text": "x", "chat_id": ADA, "entities": 1},
            "expected an Array of MessageEntity",
        ),
        (
            {
                "text": "x",
                "chat_id": ADA,
                "entities": [{"type": "huge", "offset": 0, "length": 1}],
            },
            "can't parse MessageEntity: Unsupported type specified",
        ),
        (
            {"text": "x", "chat_id": ADA, "entities": "["},
            "can't parse entities JSON object",
        ),
        (
            {"text": "x", "chat_id": ADA, "message_thread_id": 4},
            "message thread not found",
        ),
        (
            {"text": "x", "chat_id": ADA, "reply_to_message_id": 4},
            "message to be replied not found",
        ),
        (
            {"text": "x", "chat_id": ADA, "reply_parameters": []},
            "object expected as reply parameters",
        ),
    ],
)
async def test_requests_that_are_refused(
    hands: Hands, body: dict[str, Any], reason: str
) -> None:
    """Wrong parameters are refused in Telegram's words."""
    assert await hands.refusal("sendMessage", **body) == f"Bad Request: {reason}"
    assert await hands.messages() == []


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("{", "can't parse reply keyboard markup JSON object"),
        ([], "object expected as reply markup"),
        (
            {"inline_keyboard": [{}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        (
            {"inline_keyboard": [[1]]},
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
        ),
        (
            {"inline_keyboard": [[{"callback_data": "x"}]]},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"inline_keyboard": [[{"text": 1, "callback_data": "x"}]]},
            'can\'t parse inline keyboard button: Field "text" must be of type String',
        ),
        (
            {"inline_keyboard": [[{"text": "x"}]]},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {
                "inline_keyboard": [
                    [{"text": "x", "callback_data": "x", "style": "huge"}]
                ]
            },
            "can't parse inline keyboard button: invalid button style specified",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "url": "nowhere"}]]},
            "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "callback_data": "\u20ac" * 22}]]},
            "BUTTON_DATA_INVALID",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "copy_text": {"text": "x" * 257}}]]},
            "BUTTON_COPY_TEXT_INVALID",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]] * 101},
            "reply markup is too long",
        ),
    ],
)
async def test_keyboards_that_are_refused(
    hands: Hands, markup: Any, reason: str
) -> None:
    """Wrong keyboards are refused in Telegram's words."""
    refused = await hands.refusal(
        "sendMessage", chat_id=ADA, text="x", reply_markup=markup
    )
    assert refused == f"Bad Request: {reason}"
    assert await hands.messages() == []


async def test_keyboards(bot: Bot, hands: Hands) -> None:
    """Buttons come with what they do and with their style."""
    markup = InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(
                    "Confirm", callback_data="\u20ac" * 21, style="success"
                ),
                InlineKeyboardButton("Discard", callback_data="n", style="danger"),
            ],
            [InlineKeyboardButton("Open", url="https://e.org")],
            [InlineKeyboardButton("Copy", copy_text=CopyTextButton("x" * 256))],
            [InlineKeyboardButton("Ask", switch_inline_query_current_chat="BTC")],
        ]
    )
    sent = await bot.send_message(ADA, "x", reply_markup=markup)
    assert sent.reply_markup == markup
    assert (await hands.last())["buttons"] == [
        [
            {"text": "Confirm", "callback_data": "\u20ac" * 21, "style": "success"},
            {"text": "Discard", "callback_data": "n", "style": "danger"},
        ],
        [{"text": "Open", "url": "https://e.org"}],
        [{"text": "Copy", "copy_text": "x" * 256}],
        [{"text": "Ask"}],
    ]


async def test_other_keyboards(bot: Bot, hands: Hands) -> None:
    """Keyboards beside the message field are kept as they came."""
    await bot.send_message(ADA, "x", reply_markup=ReplyKeyboardMarkup([["/price"]]))
    shown = await hands.last()
    assert shown["reply_keyboard"]["keyboard"] == [[{"text": "/price"}]]
    assert shown["buttons"] == []
    await bot.send_message(ADA, "x", reply_markup=ForceReply())
    assert (await hands.last())["reply_keyboard"]["force_reply"] is True


async def test_replies(bot: Bot, hands: Hands) -> None:
    """A reply shows what it answers, and may do without it if so said."""
    asked = await hands.write("/price")
    sent = await bot.send_message(ADA, "x", reply_parameters=ReplyParameters(asked))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/price"
    assert (await hands.last())["reply_to"] == asked
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(ADA, "x", reply_parameters=ReplyParameters(999))
    await bot.send_message(
        ADA,
        "x",
        reply_parameters=ReplyParameters(999, allow_sending_without_reply=True),
    )
    assert (await hands.last())["reply_to"] is None


async def test_silent_and_protected(bot: Bot, hands: Hands) -> None:
    """A silent message says so."""
    sent = await bot.send_message(
        ADA,
        "https://e.org",
        disable_notification=True,
        protect_content=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    assert sent.has_protected_content
    assert sent.link_preview_options is not None
    assert sent.link_preview_options.is_disabled
    assert (await hands.last())["silent"]


async def test_a_stranger_cannot_be_written_to(bot: Bot, hands: Hands) -> None:
    """A person hears of a bot only after writing to it; to look is not to write."""
    assert (await hands.get("/chats/4004"))["messages"] == []
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(4004, "x")
    await hands.write("/start", user=4004)
    await bot.send_message(4004, "x")
    assert (await hands.last(4004))["text"] == "x"


async def test_a_member_of_a_group_is_still_a_stranger(bot: Bot, hands: Hands) -> None:
    """Who shares a group with the bot has not started it."""
    await hands.post("/chats", title="Desk", members=[ADA, 4004])
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(4004, "x")


async def test_blocked(bot: Bot, hands: Hands) -> None:
    """A blocked bot is refused, and told of the change; the next word of the person ends it."""
    await hands.post(f"/chats/{ADA}/block")
    await hands.post(f"/chats/{ADA}/block", blocked=True)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(ADA, "x")
    assert (await bot.get_chat(ADA)).first_name == "Ada"
    assert (await bot.get_chat_member(ADA, bot.id)).status == "kicked"
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    await hands.write("/start")
    await bot.send_message(ADA, "x")
    await bot.send_message(BOB, "x")


async def test_a_deleted_account(bot: Bot, hands: Hands) -> None:
    """Nobody is there any more."""
    await hands.delete(f"/chats/{ADA}")
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(ADA, "x")
    assert (
        "is not in chat"
        in (await hands.post("/send", user_id=ADA, text="x", status=400))["error"]
    )


async def test_chat_actions(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """What the bot is doing shows for five seconds, or until it says something."""
    await bot.send_chat_action(ADA, ChatAction.TYPING)
    assert (await hands.get(f"/chats/{ADA}"))["action"] == "typing"
    clock.advance(5)
    assert (await hands.get(f"/chats/{ADA}"))["action"] is None
    await bot.send_chat_action(ADA, ChatAction.UPLOAD_PHOTO)
    await bot.send_message(ADA, "x")
    assert (await hands.get(f"/chats/{ADA}"))["action"] is None
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(ADA, "dancing")


async def test_tokens(
    telegram: TelegramServer, hands: Hands, make_bot: MakeBot, bot: Bot
) -> None:
    """Any well-formed token is a bot with chats of its own; a malformed one is nothing."""
    async with make_bot("42:another") as other:
        assert other.id == 42
        await other.send_message(ADA, "from the other")
    assert await hands.messages() == []
    assert (await hands.get("/chats/1001?bot=42"))["messages"][0][
        "text"
    ] == "from the other"
    assert (await hands.raw("getMe", token="nonsense"))[0] == 404
    assert (await hands.raw("getNothing"))[1][
        "description"
    ] == "Not Found: method not found"
    await hands.post("/revoke")
    with pytest.raises(InvalidToken):
        await bot.send_message(ADA, "x")
    await hands.post("/revoke", revoked=False)
    await bot.send_message(ADA, "x")
    assert (
        "there is no bot 77"
        in (await hands.get("/chats?bot=77:secret", status=400))["error"]
    )


async def test_kinds_of_body(telegram: TelegramServer, hands: Hands) -> None:
    """Address, form, multipart and JSON all carry parameters; broken ones are refused."""
    session = hands._session
    address = f"{telegram.base_url}{telegram.token}/SENDMESSAGE"
    async with session.get(
        address, params={"chat_id": ADA, "text": "address"}
    ) as response:
        assert response.status == 200
    async with session.post(
        address, data={"chat_id": str(ADA), "text": "form"}
    ) as response:
        assert response.status == 200
    await hands.raw("sendMessage", chat_id=ADA, text="json", disable_notification=True)
    assert [row["text"] for row in await hands.messages()] == [
        "address",
        "form",
        "json",
    ]
    json_type = {"Content-Type": "application/json"}
    for broken, kind in (
        (b"{", json_type),
        (b"[]", json_type),
        (b"--x", {"Content-Type": "multipart/form-data; boundary=y"}),
        (b"--x", {"Content-Type": "multipart/form-data"}),
    ):
        async with session.post(address, data=broken, headers=kind) as response:
            assert response.status == 400
    async with session.post(address, data=b"", headers=json_type) as response:
        assert (await response.json())[
            "description"
        ] == "Bad Request: message text is empty"
