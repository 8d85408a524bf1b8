"""Message entities: what Telegram makes of marked-up and of plain text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
import re
from typing import Any, Self


class EntityType(StrEnum):
    """The kinds of entity that the stand-in knows."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKETHROUGH = "strikethrough"
    SPOILER = "spoiler"
    CODE = "code"
    PRE = "pre"
    BLOCKQUOTE = "blockquote"
    EXPANDABLE_BLOCKQUOTE = "expandable_blockquote"
    TEXT_LINK = "text_link"
    TEXT_MENTION = "text_mention"
    CUSTOM_EMOJI = "custom_emoji"
    DATE_TIME = "date_time"
    BOT_COMMAND = "bot_command"
    URL = "url"
    EMAIL = "email"
    MENTION = "mention"
    HASHTAG = "hashtag"
    CASHTAG = "cashtag"


CODE_TYPES = frozenset({EntityType.CODE, EntityType.PRE})
QUOTE_TYPES = frozenset({EntityType.BLOCKQUOTE, EntityType.EXPANDABLE_BLOCKQUOTE})


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text, in UTF-16 code units, and what it is."""

    type: EntityType
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    user_id: int | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None

    @property
    def end(self) -> int:
        """Return the offset behind the last code unit."""
        return self.offset + self.length

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Self:
        """Read an entity as a bot sends it; KeyError, TypeError or ValueError for nonsense."""
        user_id = None if data.get("user") is None else int(data["user"]["id"])
        if user_id is not None and user_id <= 0:
            raise ValueError("no person has this number")
        return cls(
            type=EntityType(data["type"]),
            offset=int(data["offset"]),
            length=int(data["length"]),
            url=_text(data, "url"),
            language=_text(data, "language"),
            user_id=user_id,
            custom_emoji_id=_text(data, "custom_emoji_id"),
            unix_time=int(data["unix_time"]) if "unix_time" in data else None,
            date_time_format=_text(data, "date_time_format"),
        )


def _text(data: Mapping[str, Any], name: str) -> str | None:
    """Return a text that may be absent."""
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is a text")
    return value


_LINK = re.compile(r"(?:https?|tg|ton|ftp|mailto|tel):\S+", re.IGNORECASE)
_BARE_LINK = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?")


def check_link(url: str) -> str | None:
    """Return a link as Telegram keeps it, None for what it would not open."""
    if not _LINK.fullmatch(url):
        if not _BARE_LINK.fullmatch(url):
            return None
        url = f"http://{url}"
    return f"{url}/" if re.fullmatch(r"https?://[^/?#]+", url) else url


def utf16_length(text: str) -> int:
    """Return the number of UTF-16 code units, in which Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


_URL = r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}']"
_FOUND: tuple[tuple[EntityType, re.Pattern[str]], ...] = (
    (EntityType.URL, re.compile(_URL)),
    (
        EntityType.EMAIL,
        re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}\b"),
    ),
    (
        EntityType.BOT_COMMAND,
        re.compile(r"(?<![\w/<>@.])/\w{1,64}(?:@\w{3,32})?(?![\w/<>])", re.ASCII),
    ),
    (EntityType.MENTION, re.compile(r"(?<![\w`@])@[a-zA-Z]\w{3,31}\b", re.ASCII)),
    (EntityType.CASHTAG, re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?!\w)")),
    (EntityType.HASHTAG, re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}")),
)


def find_entities(text: str) -> list[Entity]:
    """Find what needs no markup: commands, links, mentions, tags."""
    taken: list[tuple[int, int]] = []
    found: list[Entity] = []
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(
                start < other_end and other_start < end
                for other_start, other_end in taken
            ):
                continue
            taken.append((start, end))
            found.append(
                Entity(kind, utf16_length(text[:start]), utf16_length(match[0]))
            )
    return found


def arrange(entities: Iterable[Entity]) -> list[Entity]:
    """Put entities in Telegram's order: by start, the longer one first."""
    return sorted(entities, key=lambda entity: (entity.offset, -entity.length))


def combine(text: str, marked: Iterable[Entity]) -> list[Entity]:
    """Return the marked entities, less what Telegram drops, plus those it finds itself."""
    marked = [entity for entity in marked if entity.length > 0]
    code = [entity for entity in marked if entity.type in CODE_TYPES]
    kept: list[Entity] = []
    for entity in arrange(marked):
        # Nothing but a quotation survives around or within code; quotations do not nest.
        rivals = (
            [other for other in kept if other.type in QUOTE_TYPES]
            if entity.type in QUOTE_TYPES
            else [other for other in code if other is not entity]
        )
        if entity.type in CODE_TYPES:
            rivals = [other for other in kept if other.type in CODE_TYPES]
        if not any(_overlap(entity, other) for other in rivals):
            kept.append(entity)
    solid = [
        entity
        for entity in kept
        if entity.type in CODE_TYPES
        or entity.type
        in {EntityType.TEXT_LINK, EntityType.TEXT_MENTION, EntityType.DATE_TIME}
    ]
    found = (
        entity
        for entity in find_entities(text)
        if not any(_overlap(entity, other) for other in solid)
    )
    return arrange([*kept, *found])


def _overlap(one: Entity, other: Entity) -> bool:
    """Return whether two entities have a character in common."""
    return one.offset < other.end and other.offset < one.end


def trim(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """Cut blank space off both ends, as Telegram does, and move the entities along."""
    without_end = text.rstrip()
    trimmed = without_end.lstrip()
    cut = utf16_length(without_end) - utf16_length(trimmed)
    length = utf16_length(trimmed)
    moved: list[Entity] = []
    for entity in entities:
        start = min(max(entity.offset - cut, 0), length)
        end = min(max(entity.end - cut, 0), length)
        if end > start:
            moved.append(replace(entity, offset=start, length=end - start))
    return trimmed, moved
