"""What Telegram finds in plain text, and what it does with entities that get in each other's way."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from simulators.telegram.entities import (
    Entity,
    EntityType,
    check_link,
    combine,
    find_entities,
    trim,
    utf16_length,
)
from simulators.telegram.rendering import render_html


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/price BTC-USD", [(EntityType.BOT_COMMAND, 0, 6)]),
        ("try /price@my_bot now", [(EntityType.BOT_COMMAND, 4, 13)]),
        ("a/b /", []),
        ("see https://e.org/a?b=1.", [(EntityType.URL, 4, 19)]),
        ("me@e.org", [(EntityType.EMAIL, 0, 8)]),
        ("hi @ada_l and @no", [(EntityType.MENTION, 3, 6)]),
        ("\U0001f600 #tag #1", [(EntityType.HASHTAG, 3, 4)]),
        ("$BTC $btc", [(EntityType.CASHTAG, 0, 4)]),
    ],
)
def test_found_in_plain_text(
    text: str, found: list[tuple[EntityType, int, int]]
) -> None:
    """Commands, links, mentions and tags need no markup."""
    assert [
        (entity.type, entity.offset, entity.length) for entity in find_entities(text)
    ] == found


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://e.org", "https://e.org/"),
        ("https://e.org/a", "https://e.org/a"),
        ("e.org/a", "http://e.org/a"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("nothing", None),
    ],
)
def test_links(address: str, kept: str | None) -> None:
    """Only what leads somewhere stays a link."""
    assert check_link(address) == kept


def test_code_tolerates_nothing_within() -> None:
    """Markup and found entities inside code are dropped; a quotation around it stays."""
    marked = [
        Entity(EntityType.BLOCKQUOTE, 0, 10),
        Entity(EntityType.CODE, 0, 6),
        Entity(EntityType.BOLD, 2, 2),
        Entity(EntityType.CODE, 1, 2),
    ]
    assert combine("/price now", marked) == marked[:2]


def test_quotations_do_not_nest() -> None:
    """The outer quotation wins."""
    outer, inner = (
        Entity(EntityType.BLOCKQUOTE, 0, 5),
        Entity(EntityType.BLOCKQUOTE, 1, 2),
    )
    assert combine("abcde", [inner, outer, Entity(EntityType.BOLD, 0, 0)]) == [outer]


def test_found_entities_join_the_marked() -> None:
    """A command in bold is both; one within a link is the link alone."""
    bold, link = (
        Entity(EntityType.BOLD, 0, 2),
        Entity(EntityType.TEXT_LINK, 3, 2, url="http://e/"),
    )
    assert combine("/a /b", [bold, link]) == [
        bold,
        Entity(EntityType.BOT_COMMAND, 0, 2),
        link,
    ]


def test_blank_ends_are_cut() -> None:
    """Blank space at both ends goes, and entities move or vanish with it."""
    entities = [Entity(EntityType.BOLD, 0, 4), Entity(EntityType.ITALIC, 0, 2)]
    assert trim("  ab  ", entities) == ("ab", [Entity(EntityType.BOLD, 0, 2)])


@settings(deadline=None)
@given(st.text(max_size=200))
def test_found_entities_lie_within(text: str) -> None:
    """Whatever is found lies within the text and does not overlap."""
    found = sorted(find_entities(text), key=lambda entity: entity.offset)
    assert all(entity.end <= utf16_length(text) for entity in found)
    assert all(one.end <= other.offset for one, other in pairwise(found))


def test_rendering_escapes_everything() -> None:
    """Neither text nor arguments can break out of their place."""
    nasty = '"><script>alert(1)</script>'
    entities = [
        Entity(EntityType.TEXT_LINK, 0, 1, url=nasty),
        Entity(EntityType.PRE, 1, 1, language=nasty),
        Entity(EntityType.CUSTOM_EMOJI, 2, 1, custom_emoji_id=nasty),
        Entity(EntityType.DATE_TIME, 3, 1, unix_time=1, date_time_format=nasty),
    ]
    rendered = render_html(nasty, entities)
    assert "<script" not in rendered
    assert 'href="&quot;&gt;&lt;script' in rendered
