"""The HTML that Telegram understands, with the texts in which it refuses the rest."""

from dataclasses import dataclass, field, replace
import re

from simulators.telegram.entities import Entity, EntityType, check_link, utf16_length

SIMPLE_TAGS = {
    "b": EntityType.BOLD,
    "strong": EntityType.BOLD,
    "i": EntityType.ITALIC,
    "em": EntityType.ITALIC,
    "u": EntityType.UNDERLINE,
    "ins": EntityType.UNDERLINE,
    "s": EntityType.STRIKETHROUGH,
    "strike": EntityType.STRIKETHROUGH,
    "del": EntityType.STRIKETHROUGH,
    "span": EntityType.SPOILER,
    "tg-spoiler": EntityType.SPOILER,
}
TAGS = frozenset(
    {*SIMPLE_TAGS, "a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
)
NAMED_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

_SPACE = " \t\r\n\0\v"
_CHARACTER = re.compile(
    r"&(?:#(?P<decimal>\d+)|#[xX](?P<hex>[0-9a-fA-F]+)|(?P<name>[a-zA-Z]+));?"
)
_USER_LINK = re.compile(r"tg://user/?\?id=(\d{1,16})", re.IGNORECASE)
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")


class EntityParseError(Exception):
    """The text is not Telegram's HTML; `str` is Telegram's reason."""


@dataclass(slots=True)
class _OpenTag:
    """A tag that waits for its end."""

    name: str
    attributes: dict[str, str]
    offset: int
    position: int


@dataclass(slots=True)
class _Parser:
    """Walk once over the source and collect plain text and entities."""

    source: str
    index: int = 0
    offset: int = 0
    plain: list[str] = field(default_factory=list)
    open_tags: list[_OpenTag] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def run(self) -> tuple[str, list[Entity]]:
        """Parse the whole source."""
        while self.index < len(self.source):
            character = self.source[self.index]
            if character == "&":
                self._add(self._character())
            elif character != "<":
                self._add(character)
                self.index += 1
            elif self.source.startswith("</", self.index):
                self._end_tag()
            else:
                self._start_tag()
        if self.open_tags:
            raise EntityParseError(
                f'Can\'t find end tag corresponding to start tag "{self.open_tags[-1].name}"'
            )
        return "".join(self.plain), [
            # A language makes sense on a block only.
            replace(entity, language=None) if entity.type is EntityType.CODE else entity
            for entity in self.entities
        ]

    def _add(self, text: str) -> None:
        """Append to the plain text."""
        self.plain.append(text)
        self.offset += utf16_length(text)

    def _byte(self, index: int) -> int:
        """Return the place in UTF-8 bytes, in which the texts count."""
        return len(self.source[:index].encode())

    def _peek(self) -> str:
        """Return the character here, or nothing at the end."""
        return self.source[self.index : self.index + 1]

    def _skip(self, characters: str) -> None:
        """Go on behind any of these characters."""
        while (here := self._peek()) and here in characters:
            self.index += 1

    def _until(self, characters: str) -> str:
        """Go on to any of these characters and return what was passed."""
        start = self.index
        while (here := self._peek()) and here not in characters:
            self.index += 1
        return self.source[start : self.index]

    def _character(self) -> str:
        """Read a character reference, or the ampersand itself."""
        match = _CHARACTER.match(self.source, self.index)
        decoded = _decode(match) if match else None
        if match is None or decoded is None:
            self.index += 1
            return "&"
        self.index = match.end()
        return decoded

    def _start_tag(self) -> None:
        """Read a start tag with its attributes."""
        begin = self.index
        self.index += 1
        name = self._until(_SPACE + ">").lower()
        if not self._peek():
            raise EntityParseError(
                f"Unclosed start tag at byte offset {self._byte(begin)}"
            )
        if name not in TAGS:
            raise EntityParseError(
                f'Unsupported start tag "{name}" at byte offset {self._byte(begin)}'
            )
        attributes: dict[str, str] = {}
        while True:
            self._skip(_SPACE)
            if self._peek() == ">":
                break
            key, value = self._attribute(name, begin)
            attributes[key] = value
        self.index += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise EntityParseError(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}'
            )
        self.open_tags.append(_OpenTag(name, attributes, self.offset, len(self.plain)))

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        """Read one attribute; one without a value is its own value."""
        unclosed = EntityParseError(
            f"Unclosed start tag at byte offset {self._byte(begin)}"
        )
        key = self._until(_SPACE + "=>/\"'").lower()
        if not key:
            raise (
                EntityParseError(
                    f'Empty attribute name in the tag "{tag}" at byte offset {self._byte(begin)}'
                )
                if self._peek()
                else unclosed
            )
        self._skip(_SPACE)
        if self._peek() != "=":
            if not self._peek():
                raise unclosed
            return key, key
        self.index += 1
        self._skip(_SPACE)
        quote = self._peek()
        if quote not in {"'", '"'}:
            value = self._token()
        else:
            self.index += 1
            value = ""
            while (here := self._peek()) and here != quote:
                if here == "&":
                    value += self._character()
                else:
                    value += here
                    self.index += 1
            self.index += 1
        if not self._peek():
            raise unclosed
        return key, value

    def _token(self) -> str:
        """Read a value without quotation marks."""
        start = self.index
        while (
            (here := self._peek())
            and here.isascii()
            and (here.isalnum() or here in ".-")
        ):
            self.index += 1
        if (here := self._peek()) and here not in _SPACE + ">":
            raise EntityParseError(
                f"Unexpected end of name token at byte offset {self._byte(start)}"
            )
        return self.source[start : self.index].lower()

    def _end_tag(self) -> None:
        """Read an end tag and make the entity that it ends."""
        begin = self.index
        if not self.open_tags:
            raise EntityParseError(
                f"Unexpected end tag at byte offset {self._byte(begin)}"
            )
        self.index += 2
        name = self._until(_SPACE + ">").lower()
        self._skip(_SPACE)
        if self._peek() != ">":
            raise EntityParseError(
                f"Unclosed end tag at byte offset {self._byte(begin)}"
            )
        self.index += 1
        tag = self.open_tags.pop()
        if name not in {"", tag.name}:
            raise EntityParseError(
                f"Unmatched end tag at byte offset {self._byte(begin)}, "
                f'expected "</{tag.name}>", found "</{name}>"'
            )
        if self.offset > tag.offset:
            self._finish(tag)

    def _finish(self, tag: _OpenTag) -> None:
        """Make the entity of a tag with content."""
        length = self.offset - tag.offset
        if tag.name in {"code", "pre"}:
            self._finish_code(tag, length)
        elif entity := _ENTITY_MAKERS.get(tag.name, _simple)(
            tag, length, "".join(self.plain[tag.position :])
        ):
            self.entities.append(entity)

    def _finish_code(self, tag: _OpenTag, length: int) -> None:
        """Make code, or one block of a `pre` and the `code` that fills it."""
        style = tag.attributes.get("class", "")
        language = (
            style.removeprefix("language-") if style.startswith("language-") else None
        )
        last = self.entities[-1] if self.entities else None
        fills = last is not None and (last.offset, last.length) == (tag.offset, length)
        kind = EntityType(tag.name)
        if (
            last
            and fills
            and tag.name == "pre"
            and last.type is EntityType.CODE
            and last.language
        ):
            self.entities[-1] = replace(last, type=EntityType.PRE)
        elif (
            last
            and fills
            and tag.name == "code"
            and last.type is EntityType.PRE
            and language
        ):
            self.entities[-1] = replace(last, language=language)
        else:
            self.entities.append(Entity(kind, tag.offset, length, language=language))


def _simple(tag: _OpenTag, length: int, content: str) -> Entity | None:
    """Make an entity that has no argument."""
    return Entity(SIMPLE_TAGS[tag.name], tag.offset, length)


def _link(tag: _OpenTag, length: int, content: str) -> Entity | None:
    """Make a link or the mention of a person; Telegram drops what leads nowhere."""
    url = tag.attributes.get("href") or content
    if (match := _USER_LINK.fullmatch(url)) and int(match[1]) > 0:
        return Entity(
            EntityType.TEXT_MENTION, tag.offset, length, user_id=int(match[1])
        )
    checked = check_link(url)
    if checked is None:
        return None
    return Entity(EntityType.TEXT_LINK, tag.offset, length, url=checked)


def _quote(tag: _OpenTag, length: int, content: str) -> Entity | None:
    """Make a quotation."""
    kind = (
        EntityType.EXPANDABLE_BLOCKQUOTE
        if "expandable" in tag.attributes
        else EntityType.BLOCKQUOTE
    )
    return Entity(kind, tag.offset, length)


def _emoji(tag: _OpenTag, length: int, content: str) -> Entity | None:
    """Make a custom emoji."""
    number = tag.attributes.get("emoji-id", "")
    if not number.isdecimal():
        raise EntityParseError("Invalid custom emoji identifier specified")
    return Entity(EntityType.CUSTOM_EMOJI, tag.offset, length, custom_emoji_id=number)


def _time(tag: _OpenTag, length: int, content: str) -> Entity | None:
    """Make a moment that the reader's phone writes in its own zone."""
    moment = tag.attributes.get("unix", "")
    if not re.fullmatch(r"\d{1,10}", moment, re.ASCII) or int(moment) > 0x7FFFFFFF:
        raise EntityParseError("Invalid unix time specified")
    style = tag.attributes.get("format", "")
    if not _TIME_FORMAT.fullmatch(style):
        raise EntityParseError("Invalid date-time format specified")
    return Entity(
        EntityType.DATE_TIME,
        tag.offset,
        length,
        unix_time=int(moment),
        date_time_format=style,
    )


_ENTITY_MAKERS = {
    "a": _link,
    "blockquote": _quote,
    "tg-emoji": _emoji,
    "tg-time": _time,
}


def _decode(match: re.Match[str]) -> str | None:
    """Return the character that a reference stands for, if it stands for one."""
    if name := match["name"]:
        return NAMED_CHARACTERS.get(name)
    code = int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
    if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return None
    return chr(code)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return the plain text and the entities of a text in Telegram's HTML.

    Offsets and lengths count UTF-16 code units.

    Raises:
        EntityParseError: with Telegram's reason, its places in UTF-8 bytes.
    """
    return _Parser(source).run()
