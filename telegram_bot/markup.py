"""Messages as Telegram takes them: escaped HTML, buttons, lengths."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from html import escape, unescape
import json
import re

# Telegram allows 4096 characters after parsing; what is added at the end needs room as well.
LONGEST_TEXT = 3900
# And 1024 below a picture.
LONGEST_CAPTION = 900


class Style(StrEnum):
    """What a button looks like."""

    PRIMARY = "primary"
    SUCCESS = "success"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message.

    Attributes:
        copy: what a tap copies, at most 256 characters; such a button has no data.
    """

    text: str
    data: str
    style: Style | None = None
    copy: str | None = None


type Buttons = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What to say in a chat.

    Attributes:
        text: HTML in Telegram's dialect; every line closes the tags that it opens.
        repeat: say it once more when it is unknown whether it arrived.
        photo: a PNG above the text.
        topic: in which topic of a group; a reply goes where its message is.
    """

    text: str
    buttons: Buttons = ()
    reply_to: int | None = None
    html: bool = True
    repeat: bool = False
    may_repeat: bool = False
    photo: bytes | None = field(default=None, repr=False)
    topic: int | None = None
    silent: bool = False


def e(text: object) -> str:
    """Escape what somebody else wrote."""
    return escape(str(text), quote=False)


def plain(html: str) -> str:
    """Return the text without its markup."""
    return unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", html))


def buttons_to_json(buttons: Buttons) -> str:
    """Return buttons as the store keeps them."""
    return json.dumps(
        [
            [[button.text, button.data, button.style, button.copy] for button in line]
            for line in buttons
        ]
    )


def buttons_from_json(text: str) -> Buttons:
    """Return buttons as the store kept them."""
    return tuple(tuple(Button(*button) for button in line) for line in json.loads(text))


def length(text: str) -> int:
    """Return how long Telegram finds a text: it counts UTF-16 code units, without markup."""
    return len(plain(text).encode("utf-16-le")) // 2


def cut(text: str, longest: int) -> str:
    """Return the beginning of a text without markup, not longer than Telegram's count."""
    return text.encode("utf-16-le")[: longest * 2].decode("utf-16-le", "ignore")


def split_lines(lines: list[str], longest: int = LONGEST_TEXT) -> list[list[str]]:
    """Share lines out among messages that are not too long; Telegram counts without markup."""
    parts: list[list[str]] = [[]]
    filled = 0
    for line in lines:
        size = length(line) + 1
        # A line cut within its markup would be broken.
        fits = line if size <= longest else f"{e(cut(plain(line), longest - 2))}…"
        size = min(size, longest)
        if parts[-1] and filled + size > longest:
            parts.append([])
            filled = 0
        parts[-1].append(fits)
        filled += size
    return parts


def split(message: Message) -> list[Message]:
    """Split a message that is too long; the buttons stay with the last part."""
    longest = LONGEST_TEXT if message.photo is None else LONGEST_CAPTION
    if length(message.text) <= longest:
        return [message]
    if message.photo is not None:
        picture = replace(message, text="", buttons=())
        return [picture, *split(replace(message, photo=None))]
    parts = [
        replace(message, text="\n".join(lines), buttons=())
        for lines in split_lines(message.text.split("\n"))
    ]
    parts[-1] = replace(parts[-1], buttons=message.buttons)
    return parts


def shorten(text: str) -> str:
    """Return as many lines of a text as fit into one message."""
    if length(text) <= LONGEST_TEXT:
        return text
    return "\n".join([*split_lines(text.split("\n"), LONGEST_TEXT - 2)[0], "…"])
