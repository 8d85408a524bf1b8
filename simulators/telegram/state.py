"""Keep the world in a file, so that the chats are still there after a restart."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from simulators.telegram.entities import Entity, EntityType
from simulators.telegram.models import (
    Answer,
    Bot,
    CallbackQuery,
    Chat,
    ChatType,
    Json,
    MediaType,
    Message,
    StoredFile,
    User,
)
from simulators.telegram.world import World

VERSION = 1
# What lives only as long as the process does.
_PASSING = ("history", "inline_queries", "poll")


def dump_state(world: World) -> bytes:
    """Return the world as JSON, files in base64."""
    bots = []
    for bot in world.bots.values():
        data = asdict(bot)
        for name in _PASSING:
            del data[name]
        data["chats"] = list(data["chats"].values())
        for chat in data["chats"]:
            chat["messages"] = list(chat["messages"].values())
        data["callback_queries"] = list(data["callback_queries"].values())
        bots.append(data)
    return orjson.dumps(
        {
            "version": VERSION,
            "revision": world.revision,
            "number": world.number(),
            "users": [asdict(user) for user in world.users.values()],
            "files": [
                asdict(stored) | {"content": base64.b64encode(stored.content).decode()}
                for stored in world.files.values()
            ],
            "bots": bots,
        },
        option=orjson.OPT_NON_STR_KEYS,
    )


def write_state(path: Path, content: bytes) -> None:
    """Write a state to a file, whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def load_state(world: World, content: bytes) -> None:
    """Put the world back as it was saved. ValueError if this is no such file."""
    try:
        data = orjson.loads(content)
        _check_version(data["version"])
        users = {row["id"]: User(**row) for row in data["users"]}
        files = {row["file_id"]: _load_file(row) for row in data["files"]}
        bots = {row["token"]: _load_bot(row) for row in data["bots"]}
        revision, number = int(data["revision"]), int(data["number"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not a saved state: {error}") from error
    world.restore(users, files, bots, revision, number)


def _check_version(version: int) -> None:
    """Refuse the state of another version."""
    if version != VERSION:
        raise ValueError(f"it is of version {version}, not {VERSION}")


def _load_file(row: Json) -> StoredFile:
    """Read a file."""
    return StoredFile(**row | {"content": base64.b64decode(row["content"])})


def _load_bot(row: Json) -> Bot:
    """Read a bot with its chats."""
    chats = {chat["id"]: _load_chat(chat) for chat in row["chats"]}
    queries = {query["id"]: CallbackQuery(**query) for query in row["callback_queries"]}
    fields = row | {
        "user": User(**row["user"]),
        "chats": chats,
        "callback_queries": queries,
        "menu_buttons": _numbered(row["menu_buttons"]),
    }
    return Bot(**fields)


def _load_chat(row: Json) -> Chat:
    """Read a chat with its messages."""
    return Chat(
        **row
        | {
            "type": ChatType(row["type"]),
            "topics": _numbered(row["topics"]),
            "removed": _numbered(row["removed"]),
            "messages": {
                message["message_id"]: _load_message(message)
                for message in row["messages"]
            },
            "answers": [Answer(**answer) for answer in row["answers"]],
        }
    )


def _load_message(row: Json) -> Message:
    """Read a message."""
    media = row["media"]
    entities = [
        Entity(**entity | {"type": EntityType(entity["type"])})
        for entity in row["entities"]
    ]
    return Message(**row | {"media": media and MediaType(media), "entities": entities})


def _numbered(rows: dict[str, Any]) -> dict[int, Any]:
    """Return a table with the numbers that JSON made texts of."""
    return {int(key): value for key, value in rows.items()}
