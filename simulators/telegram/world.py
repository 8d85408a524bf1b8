"""The stand-in's world: what the bots did, and what the people in their chats see."""

import asyncio
from dataclasses import fields
import hashlib
import itertools
import re
from typing import Any

from simulators.telegram.clock import Clock, Signal
from simulators.telegram.errors import BotApiError, bad_request, forbidden
from simulators.telegram.limits import RateLimits
from simulators.telegram.models import (
    Answer,
    Bot,
    CallbackQuery,
    Chat,
    ChatType,
    Json,
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
# How the bot is called that is there from the start.
BOT_USERNAME = "cexio_demo_bot"
# Kinds of update that a bot gets without asking for them by name.
USUAL_UPDATES = frozenset(
    {"message", "edited_message", "callback_query", "inline_query", "my_chat_member"}
)
CALLS_KEPT = 5000
ANSWERS_KEPT = 200
UPDATES_KEPT = 100
# What a reset leaves as it is.
LASTING = frozenset(
    {"token", "user", "update_id", "next_message_id", "allowed_updates", "poll"}
)


class ControlError(Exception):
    """A person, or the one who plays them, asked for something impossible."""


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
        self.stopping = asyncio.Event()
        self.revision = 0
        self.generation = 0
        self.users: dict[int, User] = {}
        self.bots: dict[str, Bot] = {}
        self.files: dict[str, StoredFile] = {}
        self.calls: list[Json] = []
        # When each tap was first handed to its bot, by the monotonic clock.
        self.handed: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Forget everything but the revisions, which never go back."""
        self.generation += 1
        self.users = {
            user.id: User(user.id, user.first_name, user.username)
            for user in FIRST_PEOPLE
        }
        # A bot may be waiting for updates: it stays the same object, and its numbers never go back.
        for bot in self.bots.values():
            fresh = self._new_bot(bot.token)
            for item in fields(Bot):
                if item.name not in LASTING:
                    setattr(bot, item.name, getattr(fresh, item.name))
        self.files.clear()
        self.calls.clear()
        self.handed.clear()
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
        bot = self.bots[token] = self._new_bot(token)
        return bot

    def _new_bot(self, token: str) -> Bot:
        """Make a bot whom the first people have started."""
        if not (match := TOKEN.fullmatch(token)):
            raise ControlError("a token looks like 123456:letters")
        number = int(match[1])
        default = token == self.token
        user = User(
            number,
            "CEX.IO Bot" if default else f"Bot {number}",
            BOT_USERNAME if default else f"bot_{number}_bot",
            is_bot=True,
        )
        bot = Bot(token, user)
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
        """Return a chat as a person knows it; a private one appears when it is looked at."""
        if chat := bot.chats.get(chat_id):
            return chat
        if chat_id <= 0:
            raise ControlError(f"there is no chat {chat_id}")
        self.user(chat_id)
        chat = Chat(chat_id, ChatType.PRIVATE, members=[chat_id], started=False)
        bot.chats[chat_id] = chat
        return chat

    def open_chat(self, bot: Bot, chat_id: int, *, write: bool = True) -> Chat:
        """Return a chat that the bot may use, or raise the refusal that Telegram gives."""
        chat = bot.chats.get(chat_id)
        if chat is None or not chat.started:
            if any(
                chat_id in group.members for group in bot.chats.values() if group.id < 0
            ):
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        if chat.migrated_to is not None and write:
            raise bad_request(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.deleted:
            raise BotApiError(*_DELETED[chat.type])
        if chat.blocked and write:
            raise forbidden(_BLOCKED[chat.type])
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

    def repeat_updates(self, bot: Bot, count: int) -> list[int]:
        """Put the newest updates into the queue again with their old ids, as Telegram now and then does."""
        again = bot.history[-count:] if count > 0 else []
        known = {update["update_id"] for update in bot.updates}
        repeated = [update for update in again if update["update_id"] not in known]
        bot.updates = repeated + bot.updates
        self.touch()
        return [update["update_id"] for update in repeated]

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


_DELETED: dict[ChatType, tuple[int, str]] = {
    ChatType.PRIVATE: (403, "Forbidden: user is deactivated"),
    ChatType.GROUP: (403, "Forbidden: the group chat was deleted"),
    ChatType.SUPERGROUP: (400, "Bad Request: chat not found"),
}
_BLOCKED: dict[ChatType, str] = {
    ChatType.PRIVATE: "bot was blocked by the user",
    ChatType.GROUP: "bot was kicked from the group chat",
    ChatType.SUPERGROUP: "bot was kicked from the supergroup chat",
}
