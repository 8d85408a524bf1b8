"""What a bot changes and takes back."""

from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
)
from telegram.error import BadRequest

from simulators.telegram.clock import ManualClock
from tests.simulators.telegram.conftest import ADA, Hands
from tests.simulators.telegram.pictures import picture

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
NOT_MODIFIED = "Message is not modified"


async def test_edit_text(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """An edited text shows as edited; its buttons go unless they are sent again."""
    sent = await bot.send_message(ADA, "one", reply_markup=KEYBOARD)
    clock.advance(60)
    edited = await bot.edit_message_text(
        "<b>two</b>", ADA, sent.message_id, parse_mode="HTML"
    )
    assert not isinstance(edited, bool)
    assert edited.edit_date is not None
    assert (edited.edit_date - sent.date).total_seconds() == 60
    shown = await hands.last()
    assert (shown["html"], shown["edited"], shown["buttons"]) == (
        "<b>two</b>",
        True,
        [],
    )


async def test_the_same_again_is_refused(bot: Bot) -> None:
    """Text and buttons must differ; how a link is previewed does not count."""
    sent = await bot.send_message(ADA, "one", reply_markup=KEYBOARD)
    with pytest.raises(BadRequest, match=NOT_MODIFIED):
        await bot.edit_message_text("one", ADA, sent.message_id, reply_markup=KEYBOARD)
    with pytest.raises(BadRequest, match=NOT_MODIFIED):
        await bot.edit_message_text(
            "one",
            ADA,
            sent.message_id,
            reply_markup=KEYBOARD,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
    with pytest.raises(BadRequest, match=NOT_MODIFIED):
        await bot.edit_message_reply_markup(ADA, sent.message_id, reply_markup=KEYBOARD)


async def test_edit_buttons_alone(bot: Bot, hands: Hands) -> None:
    """New buttons do not mark the message as edited."""
    sent = await bot.send_message(ADA, "one")
    await bot.edit_message_reply_markup(ADA, sent.message_id, reply_markup=KEYBOARD)
    shown = await hands.last()
    assert shown["buttons"] == [[{"text": "Yes", "callback_data": "y"}]]
    assert not shown["edited"]


@pytest.mark.parametrize(
    ("method", "body", "reason"),
    [
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        (
            "editMessageText",
            {"text": "x", "message_id": 99},
            "message to edit not found",
        ),
        ("editMessageText", {"text": "x", "message_id": 1}, "message can't be edited"),
        (
            "editMessageText",
            {"text": "x", "message_id": 3},
            "there is no text in the message to edit",
        ),
        (
            "editMessageText",
            {"text": "x", "inline_message_id": "a"},
            "MESSAGE_ID_INVALID",
        ),
        (
            "editMessageText",
            {"text": "x", "message_id": 2, "reply_markup": {"keyboard": []}},
            "inline keyboard expected",
        ),
        (
            "editMessageCaption",
            {"caption": "x", "message_id": 2},
            "there is no caption in the message to edit",
        ),
        (
            "editMessageCaption",
            {"caption": "x" * 1025, "message_id": 3},
            "message caption is too long",
        ),
        ("editMessageMedia", {"message_id": 3}, "media must be non-empty"),
        (
            "editMessageMedia",
            {"message_id": 3, "media": [1]},
            "object expected as media",
        ),
        (
            "editMessageMedia",
            {"message_id": 3, "media": {"type": "dance"}},
            "can't parse InputMedia: type of InputMedia is not supported",
        ),
        (
            "editMessageMedia",
            {"message_id": 3, "media": {"type": "photo", "media": "attach://gone"}},
            "attached file not found",
        ),
        (
            "editMessageMedia",
            {
                "message_id": 3,
                "media": {"type": "photo", "media": "https://e.org/a.png"},
            },
            "wrong file identifier/HTTP URL specified",
        ),
        ("deleteMessage", {"message_id": 99}, "message to delete not found"),
        (
            "deleteMessages",
            {"message_ids": []},
            "message identifiers are not specified",
        ),
    ],
)
async def test_edits_that_are_refused(
    bot: Bot, hands: Hands, method: str, body: dict[str, Any], reason: str
) -> None:
    """A refused edit changes nothing; 1 is the person's, 2 a text, 3 a picture."""
    await hands.write("one")
    await bot.send_message(ADA, "two")
    await bot.send_photo(ADA, picture(), caption="three")
    before = await hands.messages()
    assert await hands.refusal(method, chat_id=ADA, **body) == f"Bad Request: {reason}"
    assert await hands.messages() == before


async def test_edit_caption(bot: Bot, hands: Hands) -> None:
    """A caption changes like a text does, and may go altogether."""
    sent = await bot.send_photo(ADA, picture(), caption="one")
    await bot.edit_message_caption(
        ADA, sent.message_id, caption="<i>two</i>", parse_mode="HTML"
    )
    shown = await hands.last()
    assert (shown["caption"], shown["html"], shown["text"]) == ("two", "<i>two</i>", "")
    await bot.edit_message_caption(ADA, sent.message_id, show_caption_above_media=True)
    assert (await hands.last())["caption"] == ""


async def test_edit_media(bot: Bot, hands: Hands) -> None:
    """A file takes another one's place, and even a text's."""
    sent = await bot.send_message(ADA, "one")
    photo = InputMediaPhoto(
        picture(40, 10), "<b>two</b>", parse_mode="HTML", has_spoiler=True
    )
    edited = await bot.edit_message_media(
        photo, ADA, sent.message_id, reply_markup=KEYBOARD
    )
    assert not isinstance(edited, bool)
    assert (edited.photo[0].width, edited.photo[0].height) == (40, 10)
    assert edited.has_media_spoiler
    shown = await hands.last()
    assert shown["photo"]
    assert shown["edited"]
    assert shown["html"] == "<b>two</b>"
    document = InputMediaDocument(b"a,b", filename="fills.csv")
    await bot.edit_message_media(document, ADA, sent.message_id)
    shown = await hands.last()
    assert (shown["photo"], shown["document"]) == (False, "fills.csv")


async def test_delete(bot: Bot, hands: Hands, clock: ManualClock) -> None:
    """A bot takes back what is younger than two days, and what people wrote to it."""
    asked = await hands.write("one")
    sent = await bot.send_message(ADA, "two")
    assert await bot.delete_message(ADA, asked)
    assert [row["text"] for row in await hands.messages()] == ["two"]
    clock.advance(48 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(ADA, sent.message_id)
    young = [(await bot.send_message(ADA, "three")).message_id for _ in range(2)]
    assert await bot.delete_messages(ADA, [*young, sent.message_id, 999])
    assert [row["text"] for row in await hands.messages()] == ["two"]


async def test_a_person_deletes(bot: Bot, hands: Hands) -> None:
    """What a person deleted cannot be edited or answered any more."""
    sent = await bot.send_message(ADA, "one", reply_markup=KEYBOARD)
    await hands.delete(f"/chats/{ADA}/messages/{sent.message_id}")
    await hands.delete(f"/chats/{ADA}/messages/{sent.message_id}", status=400)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("two", ADA, sent.message_id)
    assert await hands.messages() == []
    again = await bot.send_message(ADA, "three")
    assert again.message_id > sent.message_id
