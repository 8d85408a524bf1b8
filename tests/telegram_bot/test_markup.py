"""Nothing that somebody wrote breaks a message, and none is too long."""

from hypothesis import given, settings, strategies as st

from simulators.telegram.entities import utf16_length
from simulators.telegram.html_parser import parse_html
from telegram_bot import cards
from telegram_bot.alert_words import price_alert
from telegram_bot.languages import LANGUAGES, speaking
from telegram_bot.markup import Message, e, plain, shorten, split
from telegram_bot.reports import report
from telegram_bot.settings import Kind
from tests.telegram_bot.fake_desk import make_order

# What Telegram takes in one message.
LONGEST = 4096
# Without the one character that XML and Telegram both drop, and line ends that both change.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=60
)
NASTY = st.one_of(
    TEXT, st.sampled_from(["</b>", "<a href='x'>", "&lt;", "&amp;amp;", "{0}", "%s"])
)


@given(TEXT)
def test_what_was_written_is_shown(text: str) -> None:
    """Whatever is escaped reads as it was written."""
    assert parse_html(f"<b>x{e(text)}x</b>")[0] == f"x{text}x"
    assert plain(e(text)) == text


@settings(max_examples=60)
@given(NASTY, NASTY, st.sampled_from(sorted(LANGUAGES)))
def test_messages_with_anything_in_them(one: str, other: str, language: str) -> None:
    """Cards and reports are valid, whatever the exchange says, in each language."""
    order = make_order(
        pair=f"{one}-{other}",
        status="rejected",
        reject_reason=other,
        account_id=one,
        order_type=other,
        order_id=one,
        price=other,
        fee_amount="1",
        fee_currency=one,
    )
    fill = {"amount": "1", "price": one, "quote_amount": other, "fee_amount": None}
    alert = {"pair": one, "condition": other, "price": one}
    funding = {
        "amount": "1",
        "currency": one,
        "direction": other,
        "status": one,
        "account_id": other,
    }
    with speaking(language):
        texts = [
            cards.order_card(order, [fill]),
            cards.execution_line({"order": order, "fill": fill}, 0.0),
            cards.usage(one, other),
            price_alert({"alert": alert, "price": other}, 0.0),
            report(Kind.FUNDING, funding),
            report(Kind.TROUBLE, {"trouble": one, "text": other, "begins": True}),
        ]
    for text in texts:
        parse_html(text)
    assert other.strip() in parse_html(texts[0])[0]


@settings(max_examples=60)
@given(st.lists(st.text("ab <&\U0001f680", max_size=3000), max_size=8))
def test_long_messages(lines: list[str]) -> None:
    """Every part is short enough for Telegram, which counts some characters twice."""
    text = "\n".join(f"<b>{e(line)}</b>" for line in lines)
    parts = [part.text for part in split(Message(text))]
    for part in [*parts, shorten(text)]:
        assert utf16_length(parse_html(part)[0]) <= LONGEST
