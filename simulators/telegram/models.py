"""People, chats, messages and files of the stand-in's small world."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulators.telegram.entities import Entity

type Json = dict[str, Any]
type Keyboard = list[list[Json]]


class ChatType(StrEnum):
    """The kinds of chat."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class MediaType(StrEnum):
    """The kinds of file that a message can show."""

    PHOTO = "photo"
    DOCUMENT = "document"


@dataclass(slots=True)
class User:
    """A person, or a bot's face."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = "en"
    is_bot: bool = False

    def to_wire(self) -> Json:
        """Return the Bot API's `User`."""
        data: Json = {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.first_name,
        }
        if self.username:
            data["username"] = self.username
        if self.language_code and not self.is_bot:
            data["language_code"] = self.language_code
        return data


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was uploaded; photos know their size in pixels."""

    file_id: str
    unique_id: str
    name: str
    content_type: str
    content: bytes
    width: int = 0
    height: int = 0

    @property
    def path(self) -> str:
        """Return the path below the file address."""
        folder = "photos" if self.width else "documents"
        return f"{folder}/{self.unique_id}_{self.name}"

    def to_wire(self) -> Json:
        """Return the Bot API's `File`."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
        }


@dataclass(slots=True)
class Message:
    """A message, as everybody in its chat sees it."""

    message_id: int
    chat_id: int
    sender_id: int
    date: int
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    media: MediaType | None = None
    file_id: str | None = None
    spoiler: bool = False
    caption_above: bool = False
    keyboard: Keyboard = field(default_factory=list)
    reply_keyboard: Json | None = None
    edit_date: int | None = None
    silent: bool = False
    protected: bool = False
    reply_to: int | None = None
    thread_id: int | None = None
    link_preview: Json | None = None
    # Chosen from what the bot offered to a person who typed its name.
    via_bot: bool = False
    service: Json | None = None
    revision: int = 0


@dataclass(slots=True)
class Answer:
    """A bot's answer to a tap, as the person sees it."""

    callback_query_id: str
    user_id: int
    message_id: int
    text: str
    alert: bool
    url: str | None
    revision: int


@dataclass(slots=True)
class Chat:
    """A conversation between a bot and one or more people."""

    id: int
    type: ChatType
    title: str = ""
    members: list[int] = field(default_factory=list)
    topics: dict[int, str] = field(default_factory=dict)
    forum: bool = False
    # A bot may write to a person only after the person wrote first.
    started: bool = True
    # Who has blocked the bot or thrown it out.
    blocked: bool = False
    deleted: bool = False
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    removed: dict[int, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    action: str | None = None
    action_time: float = 0
    revision: int = 0


@dataclass(slots=True)
class CallbackQuery:
    """A tap that waits for its answer."""

    id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    time: float
    answered: bool = False


@dataclass(slots=True)
class InlineQuery:
    """A question typed behind the bot's name in any chat."""

    id: str
    user_id: int
    query: str
    time: float
    results: list[Json] | None = None


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
