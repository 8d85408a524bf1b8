"""Whatever somebody types, the grammar answers with fields or with a reason."""

from decimal import Decimal
import re

from hypothesis import given, strategies as st
import pytest

from telegram_bot import cards
from telegram_bot.commands import grammar
from telegram_bot.commands.base import UsageError
from telegram_bot.confirmations import (
    Tap,
    button_data,
    client_order_id,
    new_id,
    read_tap,
)
from telegram_bot.markup import e, plain, split_lines

PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "0.01",
            "1",
            "BTC-USD",
            "btc/usd",
            "USD",
            "BTC",
            "market",
            "60000",
            "0,5",
            "-1",
            "1e5",
            "٣",
            ">",
            "all",
        ]
    ),
)


@given(st.lists(PIECES, max_size=6))
def test_orders(words: list[str]) -> None:
    """An order that is understood has plain, positive digits only."""
    try:
        order = grammar.order(tuple(words))
        fields = order.fields("buy", "BTC-USD")
    except UsageError:
        return
    for name in ("amount", "quote_amount", "price"):
        if name in fields:
            assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", fields[name])
            assert Decimal(fields[name]) > 0
    assert ("amount" in fields) != ("quote_amount" in fields)
    assert ("price" in fields) == (fields["order_type"] == "limit")


@given(st.lists(PIECES, max_size=5))
def test_alerts(words: list[str]) -> None:
    """An alert that is understood has a known condition."""
    try:
        _, condition, price = grammar.alert(tuple(words))
    except UsageError:
        return
    assert condition in cards.CONDITION_SIGNS
    assert Decimal(price) > 0


@given(st.text())
def test_taps(data: str) -> None:
    """Buttons that others made up are no taps, or name an id that nobody has."""
    tap = read_tap(data)
    assert tap is None or data.startswith("o:")


def test_ids() -> None:
    """An id fits into a button, comes back from it, and makes one client order id."""
    made = new_id(lambda count: b"\xff" * count)
    assert made == new_id(lambda count: b"\xff" * count)
    assert len({new_id() for _ in range(100)}) == 100
    assert re.fullmatch(r"[a-z2-7]{26}", made)
    data = button_data(made, "y")
    assert len(data.encode()) <= 64
    assert read_tap(data) == Tap(made, yes=True)
    assert client_order_id(made) == f"tg-{made}"


@given(st.lists(st.text(), max_size=30), st.integers(5, 50))
def test_split(lines: list[str], longest: int) -> None:
    """Nothing is too long, nothing is lost that fits."""
    parts = split_lines([e(line) for line in lines], longest)
    assert all(
        sum(len(plain(line)) + 1 for line in part) <= longest + 1 for part in parts
    )
    assert sum(len(part) for part in parts) == len(lines)


@pytest.mark.parametrize("word", ["1" * 21, "1.", "0." + "1" * 21])
def test_long_numbers(word: str) -> None:
    """Numbers have an end."""
    if word == "1.":
        assert grammar.decimal(word, "amount") == "1"
    else:
        with pytest.raises(UsageError):
            grammar.decimal(word, "amount")
