"""Methods that change or remove what the bot sent."""

from dataclasses import replace

from simulators.telegram.entities import Entity
from simulators.telegram.errors import bad_request
from simulators.telegram.methods.content import (
    caption_source,
    read_caption,
    read_markup,
    read_text,
)
from simulators.telegram.methods.sending import find_chat, store_file
from simulators.telegram.models import (
    Bot,
    Chat,
    ChatType,
    Json,
    Keyboard,
    MediaType,
    Message,
)
from simulators.telegram.parameters import Parameters, whole_number
from simulators.telegram.wire import message_to_wire
from simulators.telegram.world import World

DELETABLE_SECONDS = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def _find(world: World, bot: Bot, parameters: Parameters) -> tuple[Chat, Message]:
    """Return the message that a call wants to change."""
    if "inline_message_id" in parameters:
        raise bad_request("MESSAGE_ID_INVALID")
    chat = find_chat(world, bot, parameters)
    message_id = parameters.integer("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != bot.user.id or message.service:
        raise bad_request("message can't be edited")
    return chat, message


def _apply(
    world: World, bot: Bot, chat: Chat, message: Message, changed: Message
) -> Json:
    """Put a changed message in place of the old one, if anything changed."""
    # What a link's preview looks like is no content of its own.
    if replace(changed, link_preview=message.link_preview) == message:
        raise bad_request(NOT_MODIFIED)
    world.limits.take(bot.token, chat.id)
    # A new keyboard alone does not mark a message as edited.
    if replace(changed, keyboard=message.keyboard) != message:
        changed.edit_date = world.now()
    chat.messages[message.message_id] = changed
    changed.revision = world.touch(chat)
    return message_to_wire(world, bot, changed)


def _keyboard(parameters: Parameters) -> Keyboard:
    """Return the new inline keyboard; an edited message can have no other kind."""
    keyboard, other = read_markup(parameters)
    if other is not None:
        raise bad_request("inline keyboard expected")
    return keyboard


def edit_message_text(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Change the text of a message."""
    text, entities = read_text(parameters)
    keyboard = _keyboard(parameters)
    chat, message = _find(world, bot, parameters)
    if message.media is not None:
        raise bad_request("there is no text in the message to edit")
    preview = parameters.json(
        "link_preview_options", "can't parse link preview options"
    )
    return _apply(
        world,
        bot,
        chat,
        message,
        replace(
            message,
            text=text,
            entities=entities,
            keyboard=keyboard,
            link_preview=preview,
        ),
    )


def edit_message_caption(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Change the text below a file."""
    text, entities = read_caption(caption_source(parameters))
    keyboard = _keyboard(parameters)
    chat, message = _find(world, bot, parameters)
    if message.media is None:
        raise bad_request("there is no caption in the message to edit")
    above = parameters.boolean("show_caption_above_media")
    return _apply(
        world,
        bot,
        chat,
        message,
        replace(
            message,
            text=text,
            entities=entities,
            keyboard=keyboard,
            caption_above=above,
        ),
    )


def edit_message_reply_markup(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Change the buttons below a message."""
    keyboard = _keyboard(parameters)
    chat, message = _find(world, bot, parameters)
    return _apply(world, bot, chat, message, replace(message, keyboard=keyboard))


def edit_message_media(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Change the file of a message, or turn a text into one."""
    media = parameters.json("media", "can't parse InputMedia JSON object")
    if not isinstance(media, dict):
        raise bad_request(
            "media must be non-empty" if media is None else "object expected as media"
        )
    try:
        kind = MediaType(str(media.get("type")))
    except ValueError:
        raise bad_request(
            "can't parse InputMedia: type of InputMedia is not supported"
        ) from None
    caption: tuple[str, list[Entity]] = read_caption(media)
    keyboard = _keyboard(parameters)
    chat, message = _find(world, bot, parameters)
    stored = store_file(world, parameters, kind, str(media.get("media") or ""))
    return _apply(
        world,
        bot,
        chat,
        message,
        replace(
            message,
            text=caption[0],
            entities=caption[1],
            media=kind,
            file_id=stored.file_id,
            spoiler=bool(media.get("has_spoiler")),
            caption_above=bool(media.get("show_caption_above_media")),
            keyboard=keyboard,
            link_preview=None,
        ),
    )


def delete_message(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Remove one message."""
    chat = find_chat(world, bot, parameters)
    message = chat.messages.get(parameters.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if chat.type is not ChatType.PRIVATE and message.sender_id != bot.user.id:
        # Others' messages in a group are for its administrators to delete.
        raise bad_request("message can't be deleted")
    if not _deletable(world, message):
        raise bad_request("message can't be deleted for everyone")
    world.remove_message(chat, message.message_id)
    return True


def delete_messages(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Remove several messages; those that are gone already do not matter."""
    chat = find_chat(world, bot, parameters)
    numbers = parameters.json(
        "message_ids", "can't parse message identifiers JSON object"
    )
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
        raise bad_request("message identifiers are not specified")
    for number in numbers:
        message = chat.messages.get(whole_number(number))
        if message is not None and _deletable(world, message):
            world.remove_message(chat, message.message_id)
    return True


def _deletable(world: World, message: Message) -> bool:
    """Return whether a message is young enough to be deleted."""
    return world.now() - message.date < DELETABLE_SECONDS and not message.service
