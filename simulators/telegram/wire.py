"""The Bot API's JSON for chats and messages."""

from simulators.telegram.entities import Entity
from simulators.telegram.models import (
    Bot,
    Chat,
    ChatType,
    Json,
    MediaType,
    Message,
    User,
)
from simulators.telegram.world import World


def chat_to_wire(world: World, chat: Chat) -> Json:
    """Return the Bot API's `Chat`."""
    data: Json = {"id": chat.id, "type": chat.type}
    if chat.type is ChatType.PRIVATE:
        user = world.user(chat.id)
        data["first_name"] = user.first_name
        if user.username:
            data["username"] = user.username
    else:
        data["title"] = chat.title
        if chat.forum:
            data["is_forum"] = True
    return data


def message_to_wire(
    world: World, bot: Bot, message: Message, *, with_reply: bool = True
) -> Json:
    """Return the Bot API's `Message`."""
    chat = bot.chats[message.chat_id]
    data: Json = {
        "message_id": message.message_id,
        "from": world.name_of(bot, message.sender_id).to_wire(),
        "chat": chat_to_wire(world, chat),
        "date": message.date,
        **(message.service or {}),
    }
    if message.edit_date is not None:
        data["edit_date"] = message.edit_date
    if message.thread_id is not None:
        data |= {"message_thread_id": message.thread_id, "is_topic_message": True}
    replied = (
        chat.messages.get(message.reply_to) if message.reply_to is not None else None
    )
    if with_reply and replied is not None:
        data["reply_to_message"] = message_to_wire(
            world, bot, replied, with_reply=False
        )
    words = "text"
    if message.media is not None:
        words = "caption"
        data |= _media_to_wire(world, message)
    if message.text:
        data[words] = message.text
    if message.entities:
        data["entities" if words == "text" else "caption_entities"] = [
            _entity_to_wire(world, entity) for entity in message.entities
        ]
    if message.keyboard:
        data["reply_markup"] = {"inline_keyboard": message.keyboard}
    if message.link_preview:
        data["link_preview_options"] = message.link_preview
    if message.via_bot:
        data["via_bot"] = bot.user.to_wire()
    if message.protected:
        data["has_protected_content"] = True
    return data


def _media_to_wire(world: World, message: Message) -> Json:
    """Return the fields of a message's file."""
    stored = world.files[message.file_id or ""]
    file = stored.to_wire()
    if message.media is MediaType.DOCUMENT:
        return {
            "document": file
            | {"file_name": stored.name, "mime_type": stored.content_type}
        }
    data: Json = {"photo": [file | {"width": stored.width, "height": stored.height}]}
    if message.spoiler:
        data["has_media_spoiler"] = True
    if message.caption_above:
        data["show_caption_above_media"] = True
    return data


def _entity_to_wire(world: World, entity: Entity) -> Json:
    """Return the Bot API's `MessageEntity`."""
    data: Json = {
        "type": entity.type,
        "offset": entity.offset,
        "length": entity.length,
    }
    for name in ("url", "language", "custom_emoji_id", "unix_time"):
        if (value := getattr(entity, name)) is not None:
            data[name] = value
    if entity.date_time_format:
        data["date_time_format"] = entity.date_time_format
    if entity.user_id is not None:
        # To be mentioned is not yet to be here.
        stranger = User(entity.user_id, f"User {entity.user_id}")
        data["user"] = world.users.get(entity.user_id, stranger).to_wire()
    return data


def member_to_wire(user: User, status: str) -> Json:
    """Return the Bot API's `ChatMember`; who is banned is so for ever."""
    data: Json = {"status": status, "user": user.to_wire()}
    return data | {"until_date": 0} if status == "kicked" else data
