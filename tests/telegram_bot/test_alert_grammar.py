"""How price alerts are written."""

from hypothesis import given, strategies as st
import pytest

from telegram_bot.alert_words import alert_row, span as span_words
from telegram_bot.commands.alert_grammar import alert, change, span
from telegram_bot.commands.base import UsageError
from telegram_bot.markup import plain

HOUR = 3600


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("BTC-USD > 70000", {"condition": "above", "price": "70000"}),
        ("BTC-USD>70000", {"condition": "above", "price": "70000"}),
        ("BTC-USD < 0.5", {"condition": "below", "price": "0.5"}),
        ("BTC-USD above 70000", {"condition": "above", "price": "70000"}),
        ("BTC-USD Crosses 7", {"condition": "crosses", "price": "7"}),
        ("BTC-USD > 7 repeat", {"condition": "above", "price": "7", "repeat": True}),
        (
            "BTC-USD > 7 every 1h",
            {"condition": "above", "price": "7", "repeat": True, "cooldown": HOUR},
        ),
        (
            "BTC-USD > 7 repeat every 30 min",
            {"condition": "above", "price": "7", "repeat": True, "cooldown": 1800},
        ),
        (
            "BTC-USD ±5% in 1h",
            {"condition": "moves", "percentage": "5", "window": HOUR},
        ),
        (
            "BTC-USD +-5 % in 90 minutes",
            {"condition": "moves", "percentage": "5", "window": 5400},
        ),
        (
            "BTC-USD +/-5% in 1h",
            {"condition": "moves", "percentage": "5", "window": HOUR},
        ),
        (
            "BTC-USD 5% in 1d",
            {"condition": "moves", "percentage": "5", "window": 24 * HOUR},
        ),
        (
            "BTC-USD +5% in 1h",
            {
                "condition": "moves",
                "percentage": "5",
                "window": HOUR,
                "direction": "up",
            },
        ),
        (
            "BTC-USD -0.5% in 30s repeat",
            {
                "condition": "moves",
                "percentage": "0.5",
                "window": 30,
                "direction": "down",
                "repeat": True,
            },
        ),
        ("BTC-USD spread > 0.5%", {"condition": "spread_above", "percentage": "0.5"}),
        ("BTC-USD spread>1", {"condition": "spread_above", "percentage": "1"}),
    ],
)
def test_understood(text: str, fields: dict[str, object]) -> None:
    """Each way to write an alert."""
    assert alert(tuple(text.split())) == {"pair": "BTC-USD", **fields}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTC-USD",
        "BTC-USD > ",
        "BTC-USD > 70,000",
        "BTC-USD > 0",
        "BTC-USD > -5",
        "BTC-USD ±5%",
        "BTC-USD ±5% in",
        "BTC-USD ±5% in soon",
        "BTC-USD ±x% in 1h",
        "BTC-USD spread < 0.5%",
        "BTC-USD > 7 every never",
        "BTC-USD > 7 > 8",
        "repeat",
    ],
)
def test_refused(text: str) -> None:
    """What is not understood for sure is refused."""
    with pytest.raises(UsageError):
        alert(tuple(text.split()))


@given(st.text(alphabet="BTC-USD><±+%. 0123456789inrepeatvy 1hmxs/", max_size=40))
def test_anything(text: str) -> None:
    """Whatever is typed is understood or refused, and never more than digits gets through."""
    try:
        fields = alert(tuple(text.split()))
    except UsageError:
        return
    assert fields["condition"] in {"above", "below", "crosses", "moves", "spread_above"}
    figure = str(fields.get("price") or fields.get("percentage"))
    assert figure.replace(".", "").isdigit()


@pytest.mark.parametrize(
    ("condition", "text", "fields"),
    [
        ("above", "65000", {"price": "65000"}),
        ("below", "< 65000", {"price": "65000"}),
        ("moves", "±3%", {"percentage": "3"}),
        ("moves", "3% in 2h", {"percentage": "3", "window": 7200}),
        ("spread_above", "> 0.7 %", {"percentage": "0.7"}),
    ],
)
def test_change(condition: str, text: str, fields: dict[str, object]) -> None:
    """The new terms of an alert are written as the old ones were."""
    assert change({"condition": condition}, text) == fields


def test_spans() -> None:
    """A span is read in the units that people use, and told in the largest one that fits."""
    assert [span(text) for text in ("30s", "5 min", "2h", "1 day")] == [
        30,
        300,
        7200,
        86_400,
    ]
    assert [span_words(seconds) for seconds in (1, 300, 3600, 172_800, 5400)] == [
        "1 second",
        "5 minutes",
        "1 hour",
        "2 days",
        "90 minutes",
    ]
    with pytest.raises(UsageError):
        span("0h")


@pytest.mark.parametrize(
    ("alert_", "words"),
    [
        ({"condition": "above", "price": "70000"}, "X-Y > 70,000"),
        (
            {"condition": "moves", "percentage": "5", "window": 3600, "repeat": True},
            "X-Y ±5 % in 1 hour · repeats",
        ),
        (
            {
                "condition": "moves",
                "percentage": "5",
                "window": 3600,
                "direction": "down",
                "cooldown": 7200,
            },
            "X-Y -5 % in 1 hour · at most once in 2 hours",
        ),
        (
            {"condition": "spread_above", "percentage": "0.5", "enabled": False},
            "X-Y spread > 0.5 % · paused",
        ),
        ({"condition": "glows", "active": False}, "X-Y glows · has fired"),
    ],
)
def test_words(alert_: dict[str, object], words: str) -> None:
    """An alert is told as it was written."""
    assert plain(alert_row({"pair": "X-Y", **alert_})) == words
