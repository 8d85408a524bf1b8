"""What a bot sets about itself."""

from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    MenuButtonCommands,
    MenuButtonDefault,
    MenuButtonWebApp,
    WebAppInfo,
)
from telegram.error import BadRequest

from tests.simulators.telegram.conftest import ADA, BOB, Hands


def commands(*names: str) -> list[BotCommand]:
    """Return commands by their names."""
    return [BotCommand(name, f"Do {name}") for name in names]


async def offered(hands: Hands, user: int, chat_id: int | None = None) -> list[str]:
    """Return the commands that a person is offered."""
    where = "" if chat_id is None else f"&chat_id={chat_id}"
    answer = await hands.get(f"/commands?user_id={user}{where}")
    return [command["command"] for command in answer["commands"]]


async def test_who_the_bot_is(bot: Bot) -> None:
    """The bot knows itself."""
    me = await bot.get_me()
    assert me.is_bot
    assert me.username == "cexio_demo_bot"
    assert me.supports_inline_queries
    assert await bot.log_out()
    assert await bot.close()


async def test_commands_by_scope_and_language(bot: Bot, hands: Hands) -> None:
    """The narrowest scope wins, and within it the person's own language."""
    assert await offered(hands, ADA) == []
    await bot.set_my_commands(commands("all"))
    await bot.set_my_commands(commands("private"), BotCommandScopeAllPrivateChats())
    await bot.set_my_commands(
        commands("private_en"), BotCommandScopeAllPrivateChats(), "en"
    )
    await bot.set_my_commands(commands("mine"), BotCommandScopeChat(ADA))
    assert await offered(hands, ADA) == ["mine"]
    assert await offered(hands, BOB) == ["private_en"]
    await hands.post("/users", id=BOB, first_name="Bob", language_code="fr")
    assert await offered(hands, BOB) == ["private"]
    group = (await hands.post("/chats", title="Desk", members=[ADA, BOB]))["chat_id"]
    assert await offered(hands, ADA, group) == ["all"]
    await bot.set_my_commands(commands("group"), BotCommandScopeAllGroupChats())
    await bot.set_my_commands(commands("member"), BotCommandScopeChatMember(group, BOB))
    assert await offered(hands, ADA, group) == ["group"]
    assert await offered(hands, BOB, group) == ["member"]
    assert [item.command for item in await bot.get_my_commands()] == ["all"]
    await bot.delete_my_commands(BotCommandScopeChat(ADA))
    assert await offered(hands, ADA) == ["private_en"]
    await bot.set_my_commands([])
    assert await bot.get_my_commands() == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "expected an Array of BotCommand"),
        ({"commands": "["}, "can't parse commands JSON object"),
        ({"commands": [1]}, "expected an Array of BotCommand"),
        ({"commands": [{"command": "Buy", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        (
            {"commands": [{"command": "buy", "description": " "}]},
            "command description must be non-empty",
        ),
        (
            {"commands": [{"command": "buy", "description": "x" * 257}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            {"commands": [{"command": "a", "description": "x"}] * 101},
            "BOT_COMMANDS_TOO_MUCH",
        ),
        (
            {"commands": [], "scope": {"type": "moon"}},
            "can't parse BotCommandScope: unsupported type specified",
        ),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 9}}, "chat not found"),
        (
            {"commands": [], "language_code": "english"},
            "invalid language code specified",
        ),
    ],
)
async def test_commands_that_are_refused(
    hands: Hands, body: dict[str, Any], reason: str
) -> None:
    """Wrong commands are refused in Telegram's words."""
    assert await hands.refusal("setMyCommands", **body) == f"Bad Request: {reason}"


async def test_texts(bot: Bot) -> None:
    """Name and descriptions are kept by language, and have their limits."""
    await bot.set_my_name("Desk")
    await bot.set_my_description("Long")
    await bot.set_my_description("Lang", language_code="de")
    await bot.set_my_short_description("Short")
    assert (await bot.get_my_name()).name == "Desk"
    assert (await bot.get_my_description()).description == "Long"
    assert (await bot.get_my_description("de")).description == "Lang"
    assert (await bot.get_my_short_description()).short_description == "Short"
    with pytest.raises(BadRequest, match="Bot short description is too long"):
        await bot.set_my_short_description("x" * 121)


async def test_menu_buttons(bot: Bot) -> None:
    """The button beside the message field is set for all or for one."""
    assert await bot.get_chat_menu_button() == MenuButtonCommands()
    web = MenuButtonWebApp("Open", WebAppInfo("https://e.org"))
    await bot.set_chat_menu_button(menu_button=web)
    assert await bot.get_chat_menu_button(ADA) == web
    await bot.set_chat_menu_button(ADA, MenuButtonDefault())
    assert await bot.get_chat_menu_button(ADA) == MenuButtonDefault()
