"""Write a message's text and entities as HTML, escaped, for the chat page."""

from collections.abc import Callable, Sequence
from html import escape

from simulators.telegram.entities import Entity, EntityType, arrange

type _Tag = tuple[str, str]

_SIMPLE: dict[EntityType, _Tag] = {
    EntityType.BOLD: ("<b>", "</b>"),
    EntityType.ITALIC: ("<i>", "</i>"),
    EntityType.UNDERLINE: ("<u>", "</u>"),
    EntityType.STRIKETHROUGH: ("<s>", "</s>"),
    EntityType.SPOILER: ("<tg-spoiler>", "</tg-spoiler>"),
    EntityType.CODE: ("<code>", "</code>"),
    EntityType.BLOCKQUOTE: ("<blockquote>", "</blockquote>"),
    EntityType.EXPANDABLE_BLOCKQUOTE: ("<blockquote expandable>", "</blockquote>"),
}


def _link(entity: Entity) -> _Tag:
    """Return the tags of a link."""
    return f'<a href="{escape(entity.url or "")}">', "</a>"


def _person(entity: Entity) -> _Tag:
    """Return the tags of a mention."""
    return f'<a href="tg://user?id={entity.user_id}">', "</a>"


def _block(entity: Entity) -> _Tag:
    """Return the tags of a block of code."""
    if not entity.language:
        return "<pre>", "</pre>"
    return f'<pre><code class="language-{escape(entity.language)}">', "</code></pre>"


def _emoji(entity: Entity) -> _Tag:
    """Return the tags of a custom emoji."""
    return (
        f'<tg-emoji emoji-id="{escape(entity.custom_emoji_id or "")}">',
        "</tg-emoji>",
    )


def _time(entity: Entity) -> _Tag:
    """Return the tags of a moment."""
    style = (
        f' format="{escape(entity.date_time_format)}"'
        if entity.date_time_format
        else ""
    )
    return f'<tg-time unix="{entity.unix_time}"{style}>', "</tg-time>"


_WITH_ARGUMENT: dict[EntityType, Callable[[Entity], _Tag]] = {
    EntityType.TEXT_LINK: _link,
    EntityType.TEXT_MENTION: _person,
    EntityType.PRE: _block,
    EntityType.CUSTOM_EMOJI: _emoji,
    EntityType.DATE_TIME: _time,
}


def _tags(entity: Entity) -> _Tag | None:
    """Return the tags around an entity, if it shows at all."""
    if maker := _WITH_ARGUMENT.get(entity.type):
        return maker(entity)
    return _SIMPLE.get(entity.type)


def render_html(text: str, entities: Sequence[Entity]) -> str:
    """Return the text as Telegram's HTML; everything that is no tag of its own is escaped.

    Entities that cross each other are cut where they do, so that the tags nest.
    """
    shown = [(entity, tags) for entity in arrange(entities) if (tags := _tags(entity))]
    pieces: list[str] = []
    standing: list[tuple[Entity, _Tag]] = []
    waiting = list(reversed(shown))
    offset = 0
    for character in text:
        _close(pieces, standing, offset)
        while waiting and waiting[-1][0].offset <= offset:
            opened = waiting.pop()
            pieces.append(opened[1][0])
            standing.append(opened)
        pieces.append(escape(character, quote=False))
        offset += 2 if character > "\uffff" else 1
    _close(pieces, standing, None)
    return "".join(pieces)


def _close(
    pieces: list[str], standing: list[tuple[Entity, _Tag]], offset: int | None
) -> None:
    """Close the entities that end here, and reopen those that only stood in the way."""
    ending = [
        index
        for index, (entity, _) in enumerate(standing)
        if offset is None or entity.end <= offset
    ]
    if not ending:
        return
    above = standing[ending[0] :]
    del standing[ending[0] :]
    pieces.extend(tags[1] for _, tags in reversed(above))
    for entity, tags in above:
        if offset is not None and entity.end > offset:
            pieces.append(tags[0])
            standing.append((entity, tags))
