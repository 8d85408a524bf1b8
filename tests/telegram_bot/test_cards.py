"""What messages look like where the way through the chat does not come by."""

import pytest

from telegram_bot import cards
from telegram_bot.desk import question_cards
from telegram_bot.errors import AuthenticationError
from telegram_bot.languages import number
from telegram_bot.markup import plain
from telegram_bot.records import ConfirmationRow
from telegram_bot.words import explain
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import FakeHomeAssistant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("600.00000000", "600"),
        ("0.00000001", "0.00000001"),
        ("1E-8", "0.00000001"),
        ("1000", "1,000"),
        ("-0.50", "-0.5"),
        ("0.00", "0"),
        (None, "?"),
        ("<odd>", "&lt;odd&gt;"),
        ("NaN", "NaN"),
    ],
)
def test_number(value: str | None, text: str) -> None:
    """Plain digits, never a float's."""
    assert number(value) == text


def test_market_preview_by_value() -> None:
    """A market order says what is only about right."""
    data = FakeHomeAssistant()._preview_order(
        {
            "pair": "BTC-USD",
            "side": "sell",
            "order_type": "market",
            "quote_amount": "605",
        }
    )["preview"]
    data |= {"warnings": [{"key": "x", "text": "The book is <thin>."}], "fee": None}
    row = ConfirmationRow("1", "order", 1, 1, {}, data, 0.0, "pending")
    assert plain(question_cards.question(row)).splitlines() == [
        "Sell BTC for 605 USD at the market price?",
        "BTC-USD · Market · account trading",
        "⚠️ The book is <thin>.",
        "Amount about 0.01 BTC",
        "Price of the market, now 60,500 USD, slippage 0.02 %",
        "Value about 605 USD",
        "Fee not known",
        "You receive after fee about 603.4875 USD",
        "Balance BTC 1.5 → 1.49",
        "Balance USD 50,000 → 50,603.4875",
        "Holds until 00:00:00 UTC",
    ]


def test_order_by_value_and_stop() -> None:
    """Orders without a base amount and with a stop price have their words."""
    order = make_order(
        amount=None,
        quote_amount="100",
        order_type="stop_limit",
        stop_price="59000",
        executed_amount="0.001",
        executed_quote_amount="60",
        fee_amount="0",
        account_id="",
        order_id=None,
    )
    assert plain(cards.order_card(order)).splitlines() == [
        "🟢 Accepted: Buy BTC for 100 USD at 60,000 USD",
        "Filled 0.001 BTC for 60 USD",
        "BTC-USD · Stop-limit · stop 59,000 · good till cancelled",
    ]


def test_many_fills_are_cut() -> None:
    """A card stays readable after a hundred fills."""
    fill = {
        "amount": "0.0001",
        "price": "60000",
        "quote_amount": "6",
        "fee_amount": None,
        "fee_currency": None,
    }
    text = cards.order_card(make_order(), [fill] * 100)
    assert "… 60 earlier fills" in text
    assert text.count("•") == 40


def test_lines_for_a_digest() -> None:
    """What is no fill is told by its state."""
    order = make_order(status="cancelled")
    assert (
        cards.execution_line({"order": order, "fill": None}, None)
        == "🚫 Cancelled: Buy 0.01 BTC at 60,000 USD"
    )
    assert cards.progress(order) == "Nothing was filled"


def test_other_errors_have_words() -> None:
    """Whatever else goes wrong on the way is told in general."""
    assert (
        explain(AuthenticationError("no"))
        == "Something went wrong on the way to Home Assistant."
    )
