"""Whatever somebody types, the grammar answers with fields or with a reason."""

from decimal import Decimal
import re

from hypothesis import given, strategies as st
import pytest

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
from tests.telegram_bot.manual_clock import START

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
            "50%",
            "stop",
            "until",
            "2h",
            "ioc",
            "on",
            "savings",
        ]
    ),
)

# As a message is taken apart: no word is empty, none has a space in it.
WORDS = st.lists(PIECES, max_size=9).map(lambda pieces: " ".join(pieces).split())


@given(WORDS)
def test_orders(words: list[str]) -> None:
    """An order that is understood has plain, positive digits only, and says the same when it is written out."""
    try:
        draft = grammar.order(tuple(words), START)
    except UsageError:
        return
    command = draft.command("buy").split()
    assert grammar.order(tuple(command[1:]), START) == draft
    if draft.price is None:
        return
    try:
        fields = draft.fields("buy", "BTC-USD", START)
    except UsageError:
        return
    for name in ("amount", "quote_amount", "price", "stop_price"):
        if name in fields:
            assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", fields[name])
            assert Decimal(fields[name]) > 0
    sized = ("amount" in fields) + ("quote_amount" in fields)
    assert sized == (draft.amount is not None)
    assert ("price" in fields) == (fields["order_type"] != "market")
    assert ("stop_price" in fields) == (fields["order_type"] == "stop_limit")


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
