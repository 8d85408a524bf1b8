"""Methods that put something new into a chat."""

from typing import Any

from simulators.telegram.errors import bad_request, too_large
from simulators.telegram.images import image_size
from simulators.telegram.methods.content import (
    caption_source,
    read_caption,
    read_markup,
    read_reply,
    read_text,
    read_topic,
)
from simulators.telegram.models import Bot, Chat, Json, MediaType, StoredFile
from simulators.telegram.parameters import Parameters, Upload
from simulators.telegram.wire import message_to_wire
from simulators.telegram.world import World

PHOTO_BYTES = 10 * 1024 * 1024
DOCUMENT_BYTES = 50 * 1024 * 1024
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20
CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def find_chat(
    world: World, bot: Bot, parameters: Parameters, *, write: bool = True
) -> Chat:
    """Return the chat that a call names."""
    name = parameters.text("chat_id")
    if not name:
        raise bad_request("chat_id is empty")
    return world.open_chat(bot, parameters.integer("chat_id"), write=write)


def _send(
    world: World, bot: Bot, chat: Chat, parameters: Parameters, **content: Any
) -> Json:
    """Put a message into a chat with what all kinds of message have in common."""
    keyboard, reply_keyboard = read_markup(parameters)
    thread_id = read_topic(parameters, chat)
    reply_to = read_reply(parameters, chat)
    world.limits.take(bot.token, chat.id)
    message = world.add_message(
        bot,
        chat,
        bot.user.id,
        keyboard=keyboard,
        reply_keyboard=reply_keyboard,
        thread_id=thread_id,
        reply_to=reply_to,
        silent=parameters.boolean("disable_notification"),
        protected=parameters.boolean("protect_content"),
        **content,
    )
    return message_to_wire(world, bot, message)


def send_message(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Send a text."""
    text, entities = read_text(parameters)
    read_markup(parameters)
    return _send(
        world,
        bot,
        find_chat(world, bot, parameters),
        parameters,
        text=text,
        entities=entities,
        link_preview=parameters.json(
            "link_preview_options", "can't parse link preview options"
        ),
    )


def store_file(
    world: World, parameters: Parameters, kind: MediaType, name: str
) -> StoredFile:
    """Return the file that a value names: one sent along, or one known from before."""
    upload = find_upload(parameters, kind, name)
    if upload is None:
        stored = world.files.get(name)
        if stored is None or (kind is MediaType.PHOTO) != bool(stored.width):
            raise bad_request("wrong file identifier/HTTP URL specified")
        return stored
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind is MediaType.DOCUMENT:
        if len(upload.content) > DOCUMENT_BYTES:
            raise too_large()
        return world.add_file(upload.name, upload.content_type, upload.content, (0, 0))
    if len(upload.content) > PHOTO_BYTES:
        raise bad_request("PHOTO_SAVE_FILE_INVALID")
    size, content_type = image_size(upload.content)
    if not content_type:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if not all(size) or sum(size) > PHOTO_SIDES or max(size) > PHOTO_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return world.add_file(upload.name, content_type, upload.content, size)


def find_upload(parameters: Parameters, kind: MediaType, name: str) -> Upload | None:
    """Return the file that came with a call, by `attach://` or under the parameter's own name."""
    if name.startswith("attach://"):
        upload = parameters.uploads.get(name.removeprefix("attach://"))
        if upload is None:
            raise bad_request("attached file not found")
        return upload
    if name:
        return None
    upload = parameters.uploads.get(kind)
    if upload is None:
        raise bad_request(f"there is no {kind} in the request")
    return upload


def _send_file(world: World, bot: Bot, parameters: Parameters, kind: MediaType) -> Json:
    """Send a file with a caption."""
    text, entities = read_caption(caption_source(parameters))
    read_markup(parameters)
    chat = find_chat(world, bot, parameters)
    stored = store_file(world, parameters, kind, parameters.text(kind))
    return _send(
        world,
        bot,
        chat,
        parameters,
        text=text,
        entities=entities,
        media=kind,
        file_id=stored.file_id,
        spoiler=parameters.boolean("has_spoiler"),
        caption_above=parameters.boolean("show_caption_above_media"),
    )


def send_photo(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Send a picture."""
    return _send_file(world, bot, parameters, MediaType.PHOTO)


def send_document(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Send a file of any kind."""
    return _send_file(world, bot, parameters, MediaType.DOCUMENT)


def send_chat_action(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Show for some seconds what the bot is doing."""
    action = parameters.text("action")
    if action not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = find_chat(world, bot, parameters)
    chat.action = action
    chat.action_time = world.clock.time()
    world.touch(chat)
    return True
