"""The stand-in's world: what the bots did, and what the people in their chats see."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import hashlib
import itertools
import re
from typing import Any

from simulators.telegram.clock import Clock, Signal
from simulators.telegram.entities import find_entities
from simulators.telegram.errors import BotApiError, bad_request, forbidden
from simulators.telegram.limits import RateLimits
from simulators.telegram.models import (
    Answer,
    CallbackQuery,
    Chat,
    ChatType,
    InlineQuery,
    Json,
    MediaType,
    Message,
    StoredFile,
    User,
)

DEFAULT_TOKEN = "7000000001:AAstand-in-for-tests-and-the-demo_00"  # noqa: S105 - opens nothing
TOKEN = re.compile(r"(\d{1,12}):[\w-]{3,64}", re.ASCII)
FIRST_PEOPLE = (
    User(1001, "Ada", "ada"),
    User(1002, "Bob", "bob"),
)
# Kinds of update that a bot gets without asking for them by name.
USUAL_UPDATES = frozenset(
    {"message", "edited_message", "callback_query", "inline_query", "my_chat_member"}
)
CALLS_KEPT = 5000
ANSWERS_KEPT = 200
UPDATES_KEPT = 100


class ControlError(Exception):
    """A person, or the one who plays them, asked for something impossible."""


@dataclass(slots=True)
class Bot:
    """One bot: its chats, its updates and its settings."""

    token: str
    user: User
    revoked: bool = False
    webhook: str = ""
    update_id: int = 1_000
    updates: list[Json] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)
    allowed_updates: list[str] | None = None
    chats: dict[int, Chat] = field(default_factory=dict)
    next_message_id: int = 1
    callback_queries: dict[str, CallbackQuery] = field(default_factory=dict)
    inline_queries: dict[str, InlineQuery] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    menu_buttons: dict[int, Json] = field(default_factory=dict)
    # Grows with each request for updates: who waits and finds it grown was replaced.
    poll: int = 0


class World:
    """Everything that happened, and who wants to hear of it.

    All changes are made between two awaits, so that nobody sees half of one.
    """

    def __init__(self, clock: Clock, token: str = DEFAULT_TOKEN) -> None:
        """Begin with one bot and two people who have started it."""
        self.clock = clock
        self.token = token
        self.limits = RateLimits(clock)
        self.changed = Signal()
        self.closed = False
        self.revision = 0
        self.generation = 0
        self.users: dict[int, User] = {}
        self.bots: dict[str, Bot] = {}
        self.files: dict[str, StoredFile] = {}
        self.calls: list[Json] = []
        self._numbers = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Forget everything but the revisions, which never go back."""
        self.generation += 1
        self.users = {
            user.id: User(user.id, user.first_name, user.username)
            for user in FIRST_PEOPLE
        }
        self.bots.clear()
        self.files.clear()
        self.calls.clear()
        self.limits.reset()
        self.bot(self.token)
        self.touch()

    def restore(
        self,
        users: dict[int, User],
        files: dict[str, StoredFile],
        bots: dict[str, Bot],
        revision: int,
        number: int,
    ) -> None:
        """Take over what was saved."""
        self.users, self.files, self.bots = users, files, bots
        self._numbers = itertools.count(number + 1)
        self.revision = max(revision, self.revision)
        self.bot(self.token)
        self.touch()

    # Who is who

    def bot(self, token: str) -> Bot:
        """Return the bot of a token; any well-formed token is one. Raise ControlError otherwise."""
        if bot := self.bots.get(token):
            return bot
        if not (match := TOKEN.fullmatch(token)):
            raise ControlError("a token looks like 123456:letters")
        number = int(match[1])
        default = token == self.token
        user = User(
            number,
            "CEX.IO Bot" if default else f"Bot {number}",
            "cexio_demo_bot" if default else f"bot_{number}_bot",
            is_bot=True,
        )
        bot = self.bots[token] = Bot(token, user)
        for person in FIRST_PEOPLE:
            bot.chats[person.id] = Chat(
                person.id, ChatType.PRIVATE, members=[person.id]
            )
        return bot

    def user(self, user_id: int) -> User:
        """Return a person; whoever is not known yet appears now."""
        if user_id <= 0:
            raise ControlError("user_id is a positive number")
        if user_id not in self.users:
            self.users[user_id] = User(user_id, f"User {user_id}")
        return self.users[user_id]

    def name_of(self, bot: Bot, user_id: int) -> User:
        """Return a person or the bot itself."""
        return bot.user if user_id == bot.user.id else self.user(user_id)

    def chat(self, bot: Bot, chat_id: int) -> Chat:
        """Return a chat as a person knows it; a private one begins with the first word."""
        if chat := bot.chats.get(chat_id):
            return chat
        if chat_id <= 0:
            raise ControlError(f"there is no chat {chat_id}")
        self.user(chat_id)
        chat = bot.chats[chat_id] = Chat(chat_id, ChatType.PRIVATE, members=[chat_id])
        return chat

    def open_chat(self, bot: Bot, chat_id: int, *, write: bool = True) -> Chat:
        """Return a chat that the bot may use, or raise the refusal that Telegram gives."""
        chat = bot.chats.get(chat_id)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None and write:
            raise bad_request(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.deleted:
            raise _DELETED[chat.type]
        if chat.blocked and write:
            raise _BLOCKED[chat.type]
        return chat

    # Changes

    def touch(self, chat: Chat | None = None) -> int:
        """Count a change, of a chat if one is given, and tell those who wait."""
        self.revision += 1
        if chat is not None:
            chat.revision = self.revision
        self.changed.fire()
        return self.revision

    def now(self) -> int:
        """Return the time in whole seconds, as messages carry it."""
        return int(self.clock.time())

    def number(self) -> int:
        """Return a number that was not given out before."""
        return next(self._numbers)

    def add_message(
        self, bot: Bot, chat: Chat, sender_id: int, **fields: Any
    ) -> Message:
        """Put a new message into a chat."""
        if chat.type is ChatType.SUPERGROUP:
            message_id = max((*chat.messages, *chat.removed), default=0) + 1
        else:
            message_id = bot.next_message_id
            bot.next_message_id += 1
        message = Message(message_id, chat.id, sender_id, self.now(), **fields)
        chat.messages[message_id] = message
        if sender_id == bot.user.id:
            chat.action = None
        message.revision = self.touch(chat)
        return message

    def remove_message(self, chat: Chat, message_id: int) -> None:
        """Take a message out of everybody's sight."""
        del chat.messages[message_id]
        chat.removed[message_id] = self.touch(chat)

    def add_update(self, bot: Bot, kind: str, content: Json) -> int | None:
        """Put an update into a bot's queue and return its id; None if the bot does not want it."""
        wanted = bot.allowed_updates or USUAL_UPDATES
        if kind not in wanted:
            return None
        bot.update_id += 1
        update = {"update_id": bot.update_id, kind: content}
        bot.updates.append(update)
        bot.history.append(update)
        del bot.history[:-UPDATES_KEPT]
        self.touch()
        return bot.update_id

    def add_file(
        self, name: str, content_type: str, content: bytes, size: tuple[int, int]
    ) -> StoredFile:
        """Keep a file and give it its ids; the same content keeps the same unique id."""
        digest = hashlib.sha256(content).hexdigest()
        width, height = size
        stored = StoredFile(
            f"{'AgAC' if width else 'BQAC'}{digest[:32]}-{self.number()}",
            f"AQAD{digest[:12]}",
            re.sub(r"[^\w.-]", "_", name)[-60:] or "file",
            content_type,
            content,
            width,
            height,
        )
        self.files[stored.file_id] = stored
        return stored

    # What the Bot API says of all that

    def chat_to_wire(self, chat: Chat) -> Json:
        """Return the Bot API's `Chat`."""
        data: Json = {"id": chat.id, "type": chat.type}
        if chat.type is ChatType.PRIVATE:
            user = self.user(chat.id)
            data["first_name"] = user.first_name
            if user.username:
                data["username"] = user.username
        else:
            data["title"] = chat.title
            if chat.forum:
                data["is_forum"] = True
        return data

    def message_to_wire(
        self, bot: Bot, message: Message, *, with_reply: bool = True
    ) -> Json:
        """Return the Bot API's `Message`."""
        chat = bot.chats[message.chat_id]
        data: Json = {
            "message_id": message.message_id,
            "from": self.name_of(bot, message.sender_id).to_wire(),
            "chat": self.chat_to_wire(chat),
            "date": message.date,
            **(message.service or {}),
        }
        if message.edit_date is not None:
            data["edit_date"] = message.edit_date
        if message.thread_id is not None:
            data |= {"message_thread_id": message.thread_id, "is_topic_message": True}
        replied = (
            chat.messages.get(message.reply_to)
            if message.reply_to is not None
            else None
        )
        if with_reply and replied is not None:
            data["reply_to_message"] = self.message_to_wire(
                bot, replied, with_reply=False
            )
        words = "text"
        if message.media is not None:
            words = "caption"
            data |= self._media_to_wire(message)
        if message.text:
            data[words] = message.text
        if message.entities:
            data["entities" if words == "text" else "caption_entities"] = [
                self._entity_to_wire(entity) for entity in message.entities
            ]
        if message.keyboard:
            data["reply_markup"] = {"inline_keyboard": message.keyboard}
        if message.link_preview:
            data["link_preview_options"] = message.link_preview
        if message.protected:
            data["has_protected_content"] = True
        return data

    def _media_to_wire(self, message: Message) -> Json:
        """Return the fields of a message's file."""
        stored = self.files[message.file_id or ""]
        file = stored.to_wire()
        if message.media is MediaType.DOCUMENT:
            return {
                "document": file
                | {"file_name": stored.name, "mime_type": stored.content_type}
            }
        data: Json = {
            "photo": [file | {"width": stored.width, "height": stored.height}]
        }
        if message.spoiler:
            data["has_media_spoiler"] = True
        if message.caption_above:
            data["show_caption_above_media"] = True
        return data

    def _entity_to_wire(self, entity: Any) -> Json:
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
            data["user"] = self.user(entity.user_id).to_wire()
        return data

    def messages(self, bot: Bot) -> Iterator[Message]:
        """Yield all messages of a bot's chats."""
        for chat in bot.chats.values():
            yield from chat.messages.values()

    # What happens to chats

    def make_group(
        self,
        bot: Bot,
        *,
        title: str,
        members: list[int],
        chat_id: int | None,
        chat_type: ChatType,
        topics: list[str],
    ) -> Chat:
        """Make a group of people with the bot in it; topics make it a forum."""
        if chat_type is ChatType.PRIVATE:
            raise ControlError("a private chat begins with a message")
        if topics:
            chat_type = ChatType.SUPERGROUP
        base = (
            -1_002_000_000_000 if chat_type is ChatType.SUPERGROUP else -4_000_000_000
        )
        chat = Chat(
            chat_id if chat_id is not None else base - self.number(), chat_type, title
        )
        if chat.id >= 0 or chat.id in bot.chats:
            raise ControlError("a group has a negative number of its own")
        chat.members = [self.user(member).id for member in members]
        chat.forum = bool(topics)
        chat.topics = {index * 2: name for index, name in enumerate(topics, 1)}
        bot.chats[chat.id] = chat
        self.touch(chat)
        return chat

    def migrate(self, bot: Bot, chat: Chat) -> Chat:
        """Turn a group into a supergroup with a new number; the old one only points to it."""
        if chat.type is not ChatType.GROUP or chat.migrated_to is not None:
            raise ControlError(f"chat {chat.id} is not a group that can be upgraded")
        upgraded = self.make_group(
            bot,
            title=chat.title,
            members=chat.members,
            chat_id=None,
            chat_type=ChatType.SUPERGROUP,
            topics=[],
        )
        who = chat.members[0]
        old = self.add_message(
            bot, chat, who, service={"migrate_to_chat_id": upgraded.id}
        )
        chat.migrated_to = upgraded.id
        new = self.add_message(
            bot, upgraded, who, service={"migrate_from_chat_id": chat.id}
        )
        self.add_update(bot, "message", self.message_to_wire(bot, old))
        self.add_update(bot, "message", self.message_to_wire(bot, new))
        return upgraded

    def block(self, bot: Bot, chat: Chat, *, blocked: bool) -> None:
        """Block the bot or throw it out of a group, or take it back; the bot is told."""
        if chat.blocked == blocked:
            return
        was, now = ("member", "kicked") if blocked else ("kicked", "member")
        chat.blocked = blocked
        self.touch(chat)
        me = bot.user.to_wire()
        self.add_update(
            bot,
            "my_chat_member",
            {
                "chat": self.chat_to_wire(chat),
                "from": self.user(chat.members[0]).to_wire(),
                "date": self.now(),
                "old_chat_member": {"status": was, "user": me}
                | ({"until_date": 0} if was == "kicked" else {}),
                "new_chat_member": {"status": now, "user": me}
                | ({"until_date": 0} if now == "kicked" else {}),
            },
        )

    def repeat_updates(self, bot: Bot, count: int) -> list[int]:
        """Put the newest updates into the queue again with their old ids, as Telegram now and then does."""
        again = bot.history[-count:] if count > 0 else []
        known = {update["update_id"] for update in bot.updates}
        bot.updates = [
            update for update in again if update["update_id"] not in known
        ] + bot.updates
        self.touch()
        return [update["update_id"] for update in again]

    # What people do

    def person_writes(
        self,
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
        chat = self.person_in_chat(bot, user_id, chat_id)
        if thread_id is not None and thread_id not in chat.topics:
            raise ControlError(f"chat {chat.id} has no topic {thread_id}")
        if reply_to is not None and reply_to not in chat.messages:
            raise ControlError(f"chat {chat.id} has no message {reply_to}")
        chat.blocked = chat.blocked and chat.type is not ChatType.PRIVATE
        text = text.strip()
        message = self.add_message(
            bot,
            chat,
            user_id,
            text=text,
            entities=find_entities(text),
            thread_id=thread_id,
            reply_to=reply_to,
        )
        if chat.blocked:
            return message, None
        return message, self.add_update(
            bot, "message", self.message_to_wire(bot, message)
        )

    def person_edits(
        self,
        bot: Bot,
        user_id: int,
        message_id: int,
        text: str,
        chat_id: int | None = None,
    ) -> int | None:
        """Let a person change a message of theirs; return the update's id."""
        chat = self.person_in_chat(bot, user_id, chat_id)
        message = chat.messages.get(message_id)
        if message is None or message.sender_id != user_id:
            raise ControlError(
                f"user {user_id} has no message {message_id} in chat {chat.id}"
            )
        message.text = text.strip()
        message.entities = find_entities(message.text)
        message.edit_date = self.now()
        message.revision = self.touch(chat)
        return self.add_update(
            bot, "edited_message", self.message_to_wire(bot, message)
        )

    def person_taps(
        self,
        bot: Bot,
        user_id: int,
        message_id: int,
        button: str,
        chat_id: int | None = None,
    ) -> Json:
        """Let a person tap a button, named by its text or its callback data.

        Returns `callback_query_id`, or what another kind of button does: `url` or `copy_text`.
        """
        chat = self.person_in_chat(bot, user_id, chat_id)
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
            str(4_000_000_000_000 + self.number()),
            user_id,
            chat.id,
            message_id,
            named[0]["callback_data"],
            self.clock.time(),
        )
        bot.callback_queries[query.id] = query
        self.add_update(
            bot,
            "callback_query",
            {
                "id": query.id,
                "from": self.user(user_id).to_wire(),
                "message": self.message_to_wire(bot, message),
                "chat_instance": str(hash((bot.user.id, chat.id))),
                "data": query.data,
            },
        )
        return {"callback_query_id": query.id}

    def person_asks_inline(self, bot: Bot, user_id: int, query: str) -> str:
        """Let a person type behind the bot's name; return the query's id."""
        asked = InlineQuery(
            str(5_000_000_000_000 + self.number()), user_id, query, self.clock.time()
        )
        bot.inline_queries[asked.id] = asked
        self.add_update(
            bot,
            "inline_query",
            {
                "id": asked.id,
                "from": self.user(user_id).to_wire(),
                "query": query,
                "offset": "",
                "chat_type": "sender",
            },
        )
        return asked.id

    def person_in_chat(self, bot: Bot, user_id: int, chat_id: int | None) -> Chat:
        """Return the chat that a person writes in: their own with the bot if none is named."""
        self.user(user_id)
        chat = self.chat(bot, user_id if chat_id is None else chat_id)
        if user_id not in chat.members or chat.deleted:
            raise ControlError(f"user {user_id} is not in chat {chat.id}")
        if chat.migrated_to is not None:
            raise ControlError(f"chat {chat.id} is now {chat.migrated_to}")
        return chat

    def answer(
        self, bot: Bot, query: CallbackQuery, text: str, *, alert: bool, url: str | None
    ) -> None:
        """Show a person the answer to their tap."""
        query.answered = True
        chat = bot.chats[query.chat_id]
        revision = self.touch(chat)
        chat.answers.append(
            Answer(
                query.id, query.user_id, query.message_id, text, alert, url, revision
            )
        )
        del chat.answers[:-ANSWERS_KEPT]


_DELETED: dict[ChatType, BotApiError] = {
    ChatType.PRIVATE: forbidden("user is deactivated"),
    ChatType.GROUP: forbidden("the group chat was deleted"),
    ChatType.SUPERGROUP: bad_request("chat not found"),
}
_BLOCKED: dict[ChatType, BotApiError] = {
    ChatType.PRIVATE: forbidden("bot was blocked by the user"),
    ChatType.GROUP: forbidden("bot was kicked from the group chat"),
    ChatType.SUPERGROUP: forbidden("bot was kicked from the supergroup chat"),
}
