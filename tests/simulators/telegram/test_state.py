"""The chats are still there after a restart."""

import asyncio
from pathlib import Path

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
)

from simulators.telegram.clock import ManualClock
from simulators.telegram.server import SAVE_SECONDS, TelegramServer
from simulators.telegram.state import dump_state, load_state
from simulators.telegram.view import chat_view
from simulators.telegram.world import World
from tests.patience import PATIENCE
from tests.simulators.telegram.conftest import ADA, Hands
from tests.simulators.telegram.pictures import picture


async def test_everything_is_there_again(
    telegram: TelegramServer, bot: Bot, hands: Hands
) -> None:
    """What a person saw before they see again, and the bot goes on where it was."""
    await hands.write("/start")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    sent = await bot.send_message(
        ADA,
        "<blockquote expandable>x</blockquote> <a href='https://e.org'>y</a>",
        "HTML",
        reply_markup=keyboard,
    )
    await bot.send_message(ADA, "x", reply_markup=ReplyKeyboardMarkup([["/price"]]))
    photo = await bot.send_photo(ADA, picture(), caption="z")
    await hands.post("/tap", user_id=ADA, message_id=sent.message_id, button="Yes")
    tapped = (await bot.get_updates())[-1].callback_query
    assert tapped is not None
    await tapped.answer("Done")
    await bot.delete_message(ADA, sent.message_id)
    await bot.set_my_commands([("price", "Show a price")])
    made = await hands.post("/chats", title="Forum", topics=["Fills"])
    old = telegram.world
    new = World(telegram.clock)
    load_state(new, dump_state(old))
    before, after = old.bot(telegram.token), new.bot(telegram.token)
    for chat_id in (ADA, made["chat_id"]):
        assert chat_view(new, after, after.chats[chat_id]) == chat_view(
            old, before, before.chats[chat_id]
        )
    assert after.updates == before.updates
    assert after.commands == before.commands
    assert after.callback_queries == before.callback_queries
    assert new.files == old.files
    assert photo.photo[0].file_id in new.files
    assert new.revision > old.revision
    assert new.number() >= old.number()


async def test_a_file_keeps_it(tmp_path: Path, clock: ManualClock) -> None:
    """The file is written every few seconds and at the end, and read at the start."""
    path = tmp_path / "telegram.json"
    async with (
        TelegramServer(clock=clock, state=path) as server,
        Bot(server.token, base_url=server.base_url) as bot,
    ):
        assert not path.exists()
        await bot.send_message(ADA, "one")
        async with asyncio.timeout(PATIENCE):
            await clock.somebody_waits()
        clock.advance(SAVE_SECONDS)
        async with asyncio.timeout(PATIENCE):
            while not path.exists():
                await asyncio.to_thread(path.exists)
        await bot.send_message(ADA, "two")
    async with (
        TelegramServer(clock=clock, state=path) as server,
        Bot(server.token, base_url=server.base_url) as bot,
    ):
        messages = server.world.bot(server.token).chats[ADA].messages
        assert [message.text for message in messages.values()] == ["one", "two"]
        assert (await bot.send_message(ADA, "three")).message_id == 3
    left = await asyncio.to_thread(lambda: [entry.name for entry in tmp_path.iterdir()])
    assert left == ["telegram.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 0}'])
async def test_a_broken_file(tmp_path: Path, content: str) -> None:
    """A file that holds no state is refused with words, and left as it is."""
    path = tmp_path / "telegram.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="this is not a saved state"):
        await TelegramServer(state=path).start()
    assert path.read_text() == content
