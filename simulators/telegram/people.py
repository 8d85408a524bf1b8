"""What people do: write, edit, tap, ask."""

from simulators.telegram.entities import EntityType, find_entities
from simulators.telegram.methods.inline import message_of
from simulators.telegram.models import (
    Bot,
    CallbackQuery,
    Chat,
    ChatType,
    InlineQuery,
    Json,
    Message,
)
from simulators.telegram.wire import message_to_wire
from simulators.telegram.world import ControlError, World

# What Telegram's own apps let a person send in one message.
LONGEST_TEXT = 4096


def person_writes(
    world: World,
    bot: Bot,
    user_id: int,
    text: str,
    *,
    chat_id: int | None = None,
    thread_id: int | None = None,
    reply_to: int | None = None,
) -> tuple[Message, int | None]:
    """Let a person write; return the message and the update's id."""
    if not text.strip():
        raise ControlError("there is nothing to send")
    if len(text) > LONGEST_TEXT:
        raise ControlError(f"a message has at most {LONGEST_TEXT} characters")
    chat = person_in_chat(world, bot, user_id, chat_id)
    if thread_id is not None and thread_id not in chat.topics:
        raise ControlError(f"chat {chat.id} has no topic {thread_id}")
    if reply_to is not None and reply_to not in chat.messages:
        raise ControlError(f"chat {chat.id} has no message {reply_to}")
    chat.blocked = chat.blocked and chat.type is not ChatType.PRIVATE
    chat.started = True
    text = text.strip()
    message = world.add_message(
        bot,
        chat,
        user_id,
        text=text,
        entities=find_entities(text),
        thread_id=thread_id,
        reply_to=reply_to,
    )
    if chat.blocked or not _bot_may_read(bot, chat, message):
        return message, None
    return message, world.add_update(
        bot, "message", message_to_wire(world, bot, message)
    )


def person_edits(
    world: World,
    bot: Bot,
    user_id: int,
    message_id: int,
    text: str,
    chat_id: int | None = None,
) -> int | None:
    """Let a person change a message of theirs; return the update's id."""
    chat = person_in_chat(world, bot, user_id, chat_id)
    message = chat.messages.get(message_id)
    if message is None or message.sender_id != user_id:
        raise ControlError(
            f"user {user_id} has no message {message_id} in chat {chat.id}"
        )
    if not text.strip():
        raise ControlError("there is nothing to change it to")
    message.text = text.strip()
    message.entities = find_entities(message.text)
    message.edit_date = world.now()
    message.revision = world.touch(chat)
    return world.add_update(bot, "edited_message", message_to_wire(world, bot, message))


def person_taps(
    world: World,
    bot: Bot,
    user_id: int,
    message_id: int,
    button: str,
    chat_id: int | None = None,
) -> Json:
    """Let a person tap a button, named by its text or its callback data.

    Returns `callback_query_id`, or what another kind of button does: `url` or `copy_text`.
    """
    chat = person_in_chat(world, bot, user_id, chat_id)
    message = chat.messages.get(message_id)
    if message is None:
        raise ControlError(f"chat {chat.id} has no message {message_id}")
    buttons = [item for row in message.keyboard for item in row]
    named = [item for item in buttons if item.get("callback_data") == button] or [
        item for item in buttons if item["text"] == button
    ]
    if not named:
        there = ", ".join(item["text"] for item in buttons) or "none"
        raise ControlError(
            f"message {message_id} has no button {button!r}; it has: {there}"
        )
    if "callback_data" not in named[0]:
        copied = named[0].get("copy_text", {}).get("text")
        return (
            {"copy_text": copied}
            if copied is not None
            else {"url": named[0].get("url")}
        )
    query = CallbackQuery(
        str(4_000_000_000_000 + world.number()),
        user_id,
        chat.id,
        message_id,
        named[0]["callback_data"],
        world.clock.time(),
    )
    bot.callback_queries[query.id] = query
    world.add_update(
        bot,
        "callback_query",
        {
            "id": query.id,
            "from": world.user(user_id).to_wire(),
            "message": message_to_wire(world, bot, message),
            "chat_instance": str(hash((bot.user.id, chat.id))),
            "data": query.data,
        },
    )
    return {"callback_query_id": query.id}


def person_asks_inline(world: World, bot: Bot, user_id: int, query: str) -> str:
    """Let a person type behind the bot's name; return the query's id."""
    asked = InlineQuery(
        str(5_000_000_000_000 + world.number()), user_id, query, world.clock.time()
    )
    bot.inline_queries[asked.id] = asked
    world.add_update(
        bot,
        "inline_query",
        {
            "id": asked.id,
            "from": world.user(user_id).to_wire(),
            "query": query,
            "offset": "",
            "chat_type": "sender",
        },
    )
    return asked.id


def person_chooses(
    world: World,
    bot: Bot,
    user_id: int,
    query_id: str,
    result_id: str,
    chat_id: int | None = None,
) -> Message:
    """Let a person send one of the results that they were offered; return the message."""
    query = bot.inline_queries.get(query_id)
    results = query.results if query and query.user_id == user_id else None
    chosen = next((row for row in results or [] if row["id"] == result_id), None)
    if chosen is None:
        raise ControlError(f"user {user_id} was offered no result {result_id}")
    chat = person_in_chat(world, bot, user_id, chat_id)
    text, entities = message_of(chosen)
    message = world.add_message(
        bot, chat, user_id, text=text, entities=entities, via_bot=True
    )
    # Telegram tells a bot of these in every chat, whatever its privacy mode.
    world.add_update(bot, "message", message_to_wire(world, bot, message))
    return message


def person_in_chat(world: World, bot: Bot, user_id: int, chat_id: int | None) -> Chat:
    """Return the chat that a person writes in: their own with the bot if none is named."""
    world.user(user_id)
    chat = world.chat(bot, user_id if chat_id is None else chat_id)
    if user_id not in chat.members or chat.deleted:
        raise ControlError(f"user {user_id} is not in chat {chat.id}")
    if chat.migrated_to is not None:
        raise ControlError(f"chat {chat.id} is now {chat.migrated_to}")
    return chat


def _bot_may_read(bot: Bot, chat: Chat, message: Message) -> bool:
    """Return whether a message reaches the bot: in groups only what is meant for it does."""
    if chat.type is ChatType.PRIVATE:
        return True
    replied = chat.messages.get(message.reply_to or 0)
    if replied is not None and replied.sender_id == bot.user.id:
        return True
    own_name = f"@{bot.user.username}".lower()
    encoded = message.text.encode("utf-16-le")
    for entity in message.entities:
        words = encoded[entity.offset * 2 : entity.end * 2].decode("utf-16-le").lower()
        if entity.type is EntityType.MENTION and words == own_name:
            return True
        if entity.type is EntityType.BOT_COMMAND and (
            "@" not in words or words.endswith(own_name)
        ):
            return True
    return False
