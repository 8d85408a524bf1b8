"""Telegram's HTML: what it means, and the words in which it is refused."""

import html

from hypothesis import given, settings, strategies as st
import pytest

from simulators.telegram.entities import Entity, EntityType, utf16_length
from simulators.telegram.html_parser import EntityParseError, parse_html
from simulators.telegram.rendering import render_html

# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<x>", 'Unsupported start tag "x" at byte offset 0'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("a<b", "Unclosed start tag at byte offset 1"),
        ("\u20ac<Table>", 'Unsupported start tag "table" at byte offset 3'),
        ("\U0001f600<br/>", 'Unsupported start tag "br/" at byte offset 4'),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>a</i>", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b>a</i>",
            'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<b>a</b x>", "Unclosed end tag at byte offset 4"),
        ("<a =x>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href", "Unclosed start tag at byte offset 0"),
        ("<a ", "Unclosed start tag at byte offset 0"),
        ("<a href=", "Unclosed start tag at byte offset 0"),
        ("<a href=x", "Unclosed start tag at byte offset 0"),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<a href=x/y>", "Unexpected end of name token at byte offset 8"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        (
            '<span class="x">a</span>',
            'Tag "span" must have class "tg-spoiler" at byte offset 0',
        ),
        ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
        ("<tg-time>a</tg-time>", "Invalid unix time specified"),
        ('<tg-time unix="99999999999">a</tg-time>', "Invalid unix time specified"),
        (
            '<tg-time unix="1" format="x">a</tg-time>',
            "Invalid date-time format specified",
        ),
    ],
)
def test_refusals(source: str, reason: str) -> None:
    """What is wrong is refused with Telegram's reason and the place in bytes."""
    with pytest.raises(EntityParseError) as refused:
        parse_html(source)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("source", "plain", "entities"),
    [
        ("a &lt;b&gt; &amp;&quot; &#33;&#x21;", 'a <b> &" !!', []),
        ("&nbsp; &#0; &#xd800; &; &", "&nbsp; &#0; &#xd800; &; &", []),
        ("<B>a</B>", "a", [Entity(EntityType.BOLD, 0, 1)]),
        ("<strong>a</>", "a", [Entity(EntityType.BOLD, 0, 1)]),
        ("<em>a</em >", "a", [Entity(EntityType.ITALIC, 0, 1)]),
        ("<ins>a</ins>", "a", [Entity(EntityType.UNDERLINE, 0, 1)]),
        ("<del>a</del>", "a", [Entity(EntityType.STRIKETHROUGH, 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [Entity(EntityType.SPOILER, 0, 1)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [Entity(EntityType.SPOILER, 0, 1)]),
        ("<b></b>", "", []),
        (
            "\U0001f600<b>\U0001f600</b>",
            "\U0001f600" * 2,
            [Entity(EntityType.BOLD, 2, 2)],
        ),
        (
            "<a href='http://e.org?a&amp;b'>x</a>",
            "x",
            [Entity(EntityType.TEXT_LINK, 0, 1, url="http://e.org?a&b")],
        ),
        (
            "<a>e.org</a>",
            "e.org",
            [Entity(EntityType.TEXT_LINK, 0, 5, url="http://e.org/")],
        ),
        ("<a href=javascript>x</a>", "x", []),
        ('<a href="javascript:alert(1)">x</a>', "x", []),
        (
            '<a href="tg://user?id=7">x</a>',
            "x",
            [Entity(EntityType.TEXT_MENTION, 0, 1, user_id=7)],
        ),
        (
            '<a href="tg://user?id=0">x</a>',
            "x",
            [Entity(EntityType.TEXT_LINK, 0, 1, url="tg://user?id=0")],
        ),
        ("<blockquote>a</blockquote>", "a", [Entity(EntityType.BLOCKQUOTE, 0, 1)]),
        (
            "<blockquote expandable>a</blockquote>",
            "a",
            [Entity(EntityType.EXPANDABLE_BLOCKQUOTE, 0, 1)],
        ),
        ("<code class='language-py'>a</code>", "a", [Entity(EntityType.CODE, 0, 1)]),
        ("<pre>a</pre>", "a", [Entity(EntityType.PRE, 0, 1)]),
        (
            '<pre><code class="language-py">a</code></pre>',
            "a",
            [Entity(EntityType.PRE, 0, 1, language="py")],
        ),
        (
            '<code class="language-py"><pre>a</pre></code>',
            "a",
            [Entity(EntityType.PRE, 0, 1, language="py")],
        ),
        (
            '<tg-emoji emoji-id="5">a</tg-emoji>',
            "a",
            [Entity(EntityType.CUSTOM_EMOJI, 0, 1, custom_emoji_id="5")],
        ),
        (
            '<tg-time unix="1800000000" format="wDT">a</tg-time>',
            "a",
            [
                Entity(
                    EntityType.DATE_TIME,
                    0,
                    1,
                    unix_time=1_800_000_000,
                    date_time_format="wDT",
                )
            ],
        ),
    ],
)
def test_meaning(source: str, plain: str, entities: list[Entity]) -> None:
    """What is right becomes plain text and entities in UTF-16 units."""
    assert parse_html(source) == (plain, entities)


@UNHURRIED
@given(st.text())
def test_any_text_is_read_or_refused(source: str) -> None:
    """Whatever comes: plain text with entities inside it, or a reason."""
    try:
        plain, entities = parse_html(source)
    except EntityParseError:
        return
    for entity in entities:
        assert 0 <= entity.offset < entity.end <= utf16_length(plain)


@UNHURRIED
@given(st.text(alphabet="<>/abi =\"'&;#x1\n\U0001f600"))
def test_tag_soup_is_read_or_refused(source: str) -> None:
    """Texts that are full of tags do not break it either."""
    try:
        plain, entities = parse_html(source)
    except EntityParseError:
        return
    assert parse_html(render_html(plain, entities))[0] == plain


@UNHURRIED
@given(st.text())
def test_escaped_text_stays_itself(text: str) -> None:
    """Text that was escaped comes out as it was, without entities."""
    assert parse_html(html.escape(text, quote=False)) == (text, [])


TREES = st.recursive(
    st.text(min_size=1).map(lambda text: html.escape(text, quote=False)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(st.sampled_from(["b", "i", "u", "s", "tg-spoiler"]), inner).map(
            lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"
        ),
    ),
    max_leaves=8,
)


@UNHURRIED
@given(TREES)
def test_rendering_is_read_back_the_same(source: str) -> None:
    """What the page is given means the same as what the bot sent."""
    plain, entities = parse_html(source)
    again, entities_again = parse_html(render_html(plain, entities))
    assert again == plain
    assert set(entities_again) == set(entities)


ENTITIES = st.builds(
    Entity,
    st.sampled_from([EntityType.BOLD, EntityType.ITALIC, EntityType.CODE]),
    st.integers(0, 12),
    st.integers(1, 12),
)


@UNHURRIED
@given(st.text(max_size=10), st.lists(ENTITIES, max_size=5))
def test_crossing_entities_still_nest(text: str, entities: list[Entity]) -> None:
    """Entities that cross each other, or leave the text, give HTML that is well-formed."""
    assert parse_html(render_html(text, entities))[0] == text


def test_crossing_entities_are_cut() -> None:
    """Where one entity ends within another, the other is closed and opened again."""
    entities = [Entity(EntityType.BOLD, 0, 4), Entity(EntityType.ITALIC, 2, 4)]
    assert render_html("abcdef", entities) == "<b>ab<i>cd</i></b><i>ef</i>"
