"""Groups, topics, upgrades."""

from typing import Any

import pytest
from telegram import Bot, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.simulators.telegram.conftest import ADA, BOB, Hands


async def group(hands: Hands, **body: Any) -> int:
    """Make a group of Ada and Bob."""
    made = await hands.post("/chats", title="Desk", members=[ADA, BOB], **body)
    return int(made["chat_id"])


async def test_what_reaches_the_bot(bot: Bot, hands: Hands) -> None:
    """In a group a bot hears commands, its name, and answers to it; everybody sees all."""
    chat_id = await group(hands)
    sent = await bot.send_message(chat_id, "x")
    for text in (
        "just talk",
        "/price",
        "/price@cexio_demo_bot",
        "/price@other_bot",
        "hello @cexio_demo_bot",
        "hello @nobody",
    ):
        await hands.write(text, user=BOB, chat_id=chat_id)
    await hands.write("a reply", chat_id=chat_id, reply_to=sent.message_id)
    heard = [
        update.message.text for update in await bot.get_updates() if update.message
    ]
    assert heard == [
        "/price",
        "/price@cexio_demo_bot",
        "hello @cexio_demo_bot",
        "a reply",
    ]
    assert len(await hands.messages(chat_id)) == 8
    chat = await bot.get_chat(chat_id)
    assert (chat.type, chat.title) == ("group", "Desk")


async def test_members(bot: Bot, hands: Hands) -> None:
    """The bot can ask who is in a group."""
    chat_id = await group(hands)
    await hands.write("x", user=4004)
    assert (await bot.get_chat_member(chat_id, BOB)).status == "member"
    assert (await bot.get_chat_member(chat_id, 4004)).status == "left"
    assert (await bot.get_chat_member(chat_id, bot.id)).status == "member"
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await bot.get_chat_member(chat_id, 5005)
    assert (
        "is not in chat"
        in (
            await hands.post(
                "/send", user_id=4004, chat_id=chat_id, text="x", status=400
            )
        )["error"]
    )


async def test_a_bot_deletes_only_its_own(bot: Bot, hands: Hands) -> None:
    """Others' messages in a group are not the bot's to delete."""
    chat_id = await group(hands)
    number = await hands.write("/price", chat_id=chat_id)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(chat_id, number)
    sent = await bot.send_message(chat_id, "x")
    assert await bot.delete_message(chat_id, sent.message_id)


async def test_thrown_out_and_back(bot: Bot, hands: Hands) -> None:
    """A bot that was thrown out hears nothing and may not write until it is let in again."""
    for kind, name in (("group", "group chat"), ("supergroup", "supergroup chat")):
        chat_id = await group(hands, type=kind)
        await hands.post(f"/chats/{chat_id}/block")
        with pytest.raises(Forbidden, match=f"bot was kicked from the {name}"):
            await bot.send_message(chat_id, "x")
        answer = await hands.post("/send", user_id=ADA, chat_id=chat_id, text="/price")
        assert answer["update_id"] is None
        await hands.post(f"/chats/{chat_id}/block", blocked=False)
        await bot.send_message(chat_id, "x")
        update = (await bot.get_updates())[-1]
        assert update.my_chat_member is not None
        assert update.my_chat_member.new_chat_member.status == "member"


async def test_deleted_groups(bot: Bot, hands: Hands) -> None:
    """A deleted group is gone, each kind in its own words."""
    plain, super_one = await group(hands), await group(hands, type="supergroup")
    await hands.delete(f"/chats/{plain}")
    await hands.delete(f"/chats/{super_one}")
    with pytest.raises(Forbidden, match="the group chat was deleted"):
        await bot.send_message(plain, "x")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(super_one, "x")


async def test_an_upgrade(bot: Bot, hands: Hands) -> None:
    """A group that became a supergroup says so to who writes to the old one."""
    chat_id = await group(hands)
    sent = await bot.send_message(chat_id, "before")
    new_id = (await hands.post(f"/chats/{chat_id}/migrate"))["chat_id"]
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(chat_id, "after")
    assert moved.value.new_chat_id == new_id
    with pytest.raises(ChatMigrated):
        await bot.edit_message_text("after", chat_id, sent.message_id)
    after = await bot.send_message(new_id, "after")
    assert after.message_id == 2
    assert after.chat.type == "supergroup"
    old, new = (update.message for update in await bot.get_updates())
    assert old is not None
    assert old.migrate_to_chat_id == new_id
    assert new is not None
    assert new.migrate_from_chat_id == chat_id
    shown = await hands.messages(new_id)
    assert shown[0]["service"] == {"migrate_from_chat_id": chat_id}
    assert (
        "is now"
        in (
            await hands.post(
                "/send", user_id=ADA, chat_id=chat_id, text="x", status=400
            )
        )["error"]
    )
    await hands.post(f"/chats/{new_id}/migrate", status=400)


async def test_topics(bot: Bot, hands: Hands) -> None:
    """A forum has topics, and a message belongs to one of them."""
    made = await hands.post(
        "/chats", title="Forum", members=[ADA], topics=["Fills", "Alerts"]
    )
    chat_id, fills = made["chat_id"], made["topics"]["Fills"]
    assert (await bot.get_chat(chat_id)).is_forum
    sent = await bot.send_message(chat_id, "filled", message_thread_id=fills)
    assert sent.is_topic_message
    assert sent.message_thread_id == fills
    assert (await hands.last(chat_id))["thread_id"] == fills
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(chat_id, "x", message_thread_id=99)
    await hands.write("/price", chat_id=chat_id, thread_id=fills)
    update = (await bot.get_updates())[-1]
    assert update.message is not None
    assert update.message.message_thread_id == fills
    await hands.post(
        "/send", user_id=ADA, chat_id=chat_id, thread_id=99, text="x", status=400
    )


async def test_replies_of_people(bot: Bot, hands: Hands) -> None:
    """A person answers what is there."""
    sent = await bot.send_message(ADA, "x")
    await hands.write("y", reply_to=sent.message_id)
    update = (await bot.get_updates())[-1]
    assert update.message is not None
    assert update.message.reply_to_message is not None
    assert update.message.reply_to_message.text == "x"
    await hands.post("/send", user_id=ADA, text="y", reply_to=99, status=400)
    again = await bot.send_message(ADA, "z", reply_parameters=ReplyParameters(2))
    assert again.reply_to_message is not None
    assert again.reply_to_message.reply_to_message is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "private"},
        {"type": "channel"},
        {"chat_id": 5},
        {"chat_id": -7},
        {"members": ["Ada"]},
        {"members": 5},
        {"members": [-1]},
    ],
)
async def test_groups_that_cannot_be(hands: Hands, body: dict[str, object]) -> None:
    """What makes no sense is refused with words."""
    await hands.post("/chats", chat_id=-7)
    assert (await hands.post("/chats", status=400, **body))["error"]
