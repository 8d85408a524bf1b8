"""What a person sees of a chat, as plain data for the control interface and the chat page."""

from simulators.telegram.models import (
    Answer,
    Bot,
    Chat,
    ChatType,
    Json,
    MediaType,
    Message,
)
from simulators.telegram.rendering import render_html
from simulators.telegram.world import World

# Telegram shows a chat action for five seconds.
ACTION_SECONDS = 5
BUTTON_FIELDS = ("text", "callback_data", "url", "style")


def button_row(button: Json) -> Json:
    """Return a button: its text and what it does."""
    row = {name: button[name] for name in BUTTON_FIELDS if name in button}
    if "copy_text" in button:
        row["copy_text"] = button["copy_text"]["text"]
    return row


def message_row(world: World, bot: Bot, message: Message) -> Json:
    """Return a message as it shows."""
    stored = world.files.get(message.file_id) if message.file_id else None
    with_file = message.media is not None
    html = render_html(message.text, message.entities)
    row: Json = {
        "message_id": message.message_id,
        "from": "bot" if message.sender_id == bot.user.id else message.sender_id,
        "name": world.name_of(bot, message.sender_id).first_name,
        "text": "" if with_file else message.text,
        "html": html,
        "caption": message.text if with_file else "",
        "photo": message.media is MediaType.PHOTO,
        "document": stored.name
        if stored and message.media is MediaType.DOCUMENT
        else None,
        "file": None,
        "buttons": [[button_row(button) for button in row] for row in message.keyboard],
        "reply_keyboard": message.reply_keyboard,
        "edited": message.edit_date is not None,
        "silent": message.silent,
        "date": message.date,
        "reply_to": message.reply_to,
        "thread_id": message.thread_id,
        "service": message.service,
        "via": bot.user.username if message.via_bot else None,
        "revision": message.revision,
    }
    if stored is not None:
        row["file"] = {
            "url": f"/control/files/{stored.file_id}",
            "name": stored.name,
            "size": len(stored.content),
            "width": stored.width,
            "height": stored.height,
            "spoiler": message.spoiler,
            "above": message.caption_above,
        }
    return row


def answer_row(answer: Answer) -> Json:
    """Return the answer to a tap as it shows."""
    return {
        "callback_query_id": answer.callback_query_id,
        "user_id": answer.user_id,
        "message_id": answer.message_id,
        "text": answer.text,
        "alert": answer.alert,
        "url": answer.url,
        "revision": answer.revision,
    }


def chat_title(world: World, bot: Bot, chat: Chat) -> str:
    """Return the name at the head of a chat."""
    return bot.user.first_name if chat.type is ChatType.PRIVATE else chat.title


def chat_row(world: World, bot: Bot, chat: Chat) -> Json:
    """Return a chat without its messages."""
    return {
        "chat_id": chat.id,
        "type": chat.type,
        "title": chat_title(world, bot, chat),
        "members": [world.user(member).to_wire() for member in chat.members],
        "topics": {str(number): name for number, name in chat.topics.items()},
        "blocked": chat.blocked,
        "deleted": chat.deleted,
        "migrated_to": chat.migrated_to,
        "revision": chat.revision,
    }


def chat_view(world: World, bot: Bot, chat: Chat) -> Json:
    """Return a chat with all that a person sees in it, oldest first."""
    return chat_row(world, bot, chat) | {
        "messages": [
            message_row(world, bot, chat.messages[number])
            for number in sorted(chat.messages)
        ],
        "answers": [answer_row(answer) for answer in chat.answers],
        "action": current_action(world, chat),
    }


def current_action(world: World, chat: Chat) -> str | None:
    """Return what the bot shows that it is doing."""
    fresh = world.clock.time() - chat.action_time < ACTION_SECONDS
    return chat.action if fresh else None
