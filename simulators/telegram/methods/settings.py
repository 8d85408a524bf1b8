"""Methods about the bot itself, its chats and its files."""

import re
from typing import Any

from simulators.telegram.errors import bad_request
from simulators.telegram.methods.sending import find_chat
from simulators.telegram.models import Bot, ChatType, Json
from simulators.telegram.parameters import Parameters, whole_number
from simulators.telegram.wire import chat_to_wire, member_to_wire
from simulators.telegram.world import World

COMMAND = re.compile(r"/?[a-z0-9_]{1,32}", re.ASCII)
COMMAND_LIMIT = 100
DESCRIPTION_LIMIT = 256
TEXT_LIMITS = {"name": 64, "description": 512, "short_description": 120}
SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)


def get_me(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return the bot as a user."""
    return bot.user.to_wire() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _scope_key(world: World, bot: Bot, parameters: Parameters) -> str:
    """Return where a list of commands applies, as one word."""
    scope = parameters.json("scope", "can't parse BotCommandScope JSON object") or {
        "type": "default"
    }
    if not isinstance(scope, dict) or str(scope.get("type")) not in SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    language = parameters.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    key = str(scope["type"])
    if key.startswith("chat"):
        key += f":{world.open_chat(bot, whole_number(scope.get('chat_id')), write=False).id}"
        if scope["type"] == "chat_member":
            key += f":{whole_number(scope.get('user_id'))}"
    return f"{key}/{language}"


def set_my_commands(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Set the commands that people are offered."""
    commands = parameters.json("commands", "can't parse commands JSON object")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > COMMAND_LIMIT:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    key = _scope_key(world, bot, parameters)
    kept = [_read_command(command) for command in commands]
    if kept:
        bot.commands[key] = kept
    else:
        bot.commands.pop(key, None)
    world.touch()
    return True


def _read_command(command: Any) -> Json:
    """Return one command, checked."""
    if not isinstance(command, dict):
        raise bad_request("expected an Array of BotCommand")
    name = str(command.get("command") or "").removeprefix("/")
    description = str(command.get("description") or "").strip()
    if not COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > DESCRIPTION_LIMIT:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def get_my_commands(world: World, bot: Bot, parameters: Parameters) -> list[Json]:
    """Return the commands of exactly one scope and language."""
    return bot.commands.get(_scope_key(world, bot, parameters), [])


def delete_my_commands(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Remove the commands of one scope and language."""
    bot.commands.pop(_scope_key(world, bot, parameters), None)
    world.touch()
    return True


def visible_commands(
    bot: Bot, chat_id: int, chat_type: ChatType, user_id: int, language: str
) -> list[Json]:
    """Return the commands that a person is offered in a chat, by Telegram's order of precedence."""
    scopes = (
        [f"chat:{chat_id}", "all_private_chats"]
        if chat_type is ChatType.PRIVATE
        else [f"chat_member:{chat_id}:{user_id}", f"chat:{chat_id}", "all_group_chats"]
    )
    for scope in (*scopes, "default"):
        for key in (f"{scope}/{language}", f"{scope}/"):
            if key in bot.commands:
                return bot.commands[key]
    return []


def set_my_text(name: str) -> Any:
    """Return the method that sets one of the bot's texts."""

    def method(world: World, bot: Bot, parameters: Parameters) -> bool:
        text = parameters.text(name)
        if len(text) > TEXT_LIMITS[name]:
            raise bad_request(f"bot {name.replace('_', ' ')} is too long")
        bot.texts[f"{name}/{parameters.text('language_code')}"] = text
        world.touch()
        return True

    return method


def get_my_text(name: str) -> Any:
    """Return the method that reads one of the bot's texts."""

    def method(world: World, bot: Bot, parameters: Parameters) -> Json:
        return {name: bot.texts.get(f"{name}/{parameters.text('language_code')}", "")}

    return method


def set_chat_menu_button(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Set the button beside the input field."""
    button = parameters.json("menu_button", "can't parse menu button JSON object")
    bot.menu_buttons[parameters.integer("chat_id")] = button or {"type": "default"}
    return True


def get_chat_menu_button(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return the button beside the input field."""
    chosen = bot.menu_buttons.get(
        parameters.integer("chat_id")
    ) or bot.menu_buttons.get(0)
    return chosen or {"type": "commands"}


def get_chat(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return what is known of a chat."""
    chat = find_chat(world, bot, parameters, write=False)
    return chat_to_wire(world, chat) | {
        "accent_color_id": chat.id % 7 if chat.id > 0 else 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


def get_chat_member(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return what a person is in a chat."""
    chat = find_chat(world, bot, parameters, write=False)
    user_id = parameters.integer("user_id")
    if user_id == bot.user.id:
        return member_to_wire(bot.user, "kicked" if chat.blocked else "member")
    if user_id not in world.users:
        raise bad_request("PARTICIPANT_ID_INVALID")
    status = "member" if user_id in chat.members else "left"
    return member_to_wire(world.user(user_id), status)


def get_file(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return where a file can be downloaded."""
    stored = world.files.get(parameters.text("file_id"))
    if stored is None:
        raise bad_request("invalid file_id")
    return stored.to_wire() | {"file_path": stored.path}


def agree(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Agree to what changes nothing here."""
    return True
