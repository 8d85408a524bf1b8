"""Numbers read together are what they are one by one, and each stands in its own field."""

from collections.abc import Callable, Sequence
from dataclasses import fields as fields_of
from decimal import Decimal
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cexio.exchange import (
    ExecutionReport,
    Order,
    Pair,
    Ticker,
    UnexpectedAnswerError,
)
from custom_components.cexio.exchange.methods.market import read_pairs
from custom_components.cexio.exchange.models import fields

from .examples import NEW_REPORT

# What the readers of many at once must leave to the one that reads a single value, and what is just bearable.
EDGES: list[Any] = [
    *("1E40", "9.99E40", "1E41", "1E-40", "1E-41", "0E-40", "0E-41", "0E40", "0E41"),
    *("NaN", "nan", "sNaN12", "Infinity", "-inf", "1" * 41, "1" * 42),
    *("0." + "0" * 39 + "1", "0." + "0" * 40, "0." + "0" * 40 + "1", "0." + "7" * 60),
    *("", " 5 ", "1_000", "\u0665", "x", "-0.00", None, True, False, 0, 5, 0.5, 0.0),
    *([], {}, [0, [1], 0]),
]

values = st.sampled_from(EDGES) | st.decimals().map(str) | st.text(max_size=5)


type Reader = Callable[[dict[str, Any]], Sequence[Decimal | None]]


def outcome(read: Reader, data: dict[str, Any]) -> str:
    """Return what was read to the last zero, or that nothing could be."""
    try:
        return repr(read(data))
    except LookupError, TypeError, ValueError, ArithmeticError:
        return "refused"


def one_by_one(read: Callable[[Any], Decimal | None]) -> Reader:
    """Return a reader of three numbers without any haste."""
    return lambda data: [read(data.get(name)) for name in "abc"]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), values))
def test_together_as_one_by_one(data: dict[str, Any]) -> None:
    """Whatever comes: the same numbers, or as unreadable."""
    for read in (fields.decimal, fields.optional_decimal):
        expected = outcome(one_by_one(read), data)
        assert outcome(fields.numbers(read, *"abc"), data) == expected
    assert outcome(fields.sparse_numbers(*"abc"), data) == expected


@pytest.mark.parametrize("value", EDGES, ids=repr)
def test_each_edge_beside_others(value: Any) -> None:
    """One that needs a closer look takes nothing from its neighbours."""
    data = {"a": "1.50", "b": value, "c": "2"}
    expected = outcome(one_by_one(fields.decimal), data)
    assert outcome(fields.numbers(fields.decimal, *"abc"), data) == expected


def camel(name: str) -> str:
    """Return a field's name as the exchange writes most of them."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


ORDERS = {
    "executed_amount": "executedAmountCcy1",
    "executed_quote_amount": "executedAmountCcy2",
    "requested_amount": "requestedAmountCcy1",
    "requested_quote_amount": "requestedAmountCcy2",
    "initial_on_hold_amount": "initialOnHoldAmountCcy1",
    "initial_on_hold_quote_amount": "initialOnHoldAmountCcy2",
}
OTHERS = {
    "best_bid_change_percentage": "bestBidChangePercentage",
    "volume_30d": "volume30d",
    "volume_usd": "volumeUSD",
}
PAIR = {
    "base": "BTC",
    "quote": "USD",
    "basePrecision": 8,
    "quotePrecision": 7,
    "pricePrecision": 1,
}


@pytest.mark.parametrize(
    ("model", "read", "others"),
    [
        (Order, Order.from_wire, NEW_REPORT),
        (Order, lambda data: ExecutionReport.from_wire(data).order, NEW_REPORT),
        (Ticker, lambda data: Ticker.from_wire(data, "BTC-USD"), {}),
        (Pair, Pair.from_wire, PAIR),
    ],
)
def test_each_number_in_its_own_field(
    model: Any, read: Callable[[Any], Any], others: dict[str, Any]
) -> None:
    """None is taken for its neighbour."""
    names = [field.name for field in fields_of(model) if "Decimal" in str(field.type)]
    assert len(names) >= 8
    expected = {name: Decimal(place) / 8 for place, name in enumerate(names, 1)}
    found = read(
        {
            **others,
            **{
                (ORDERS | OTHERS).get(name) or camel(name): str(number)
                for name, number in expected.items()
            },
        }
    )
    assert {name: getattr(found, name) for name in names} == expected


def test_a_fill_and_its_order_in_one_report() -> None:
    """What was executed last is not what was executed in all."""
    amounts = {
        "lastAmountCcy1": "1",
        "lastAmountCcy2": "2",
        "executedAmountCcy1": "3",
        "executedAmountCcy2": "4",
        "feeAmount": "5",
    }
    found = ExecutionReport.from_wire({**NEW_REPORT, **amounts})
    order = found.order
    assert [found.last_amount, found.last_quote_amount] == [1, 2]
    assert [order.executed_amount, order.executed_quote_amount] == [3, 4]
    assert order.fee_amount == 5


def test_each_moment_in_its_own_field() -> None:
    """None is taken for its neighbour."""
    names = {
        "serverCreateTimestamp": "created",
        "lastUpdateTimestamp": "updated",
        "expireTime": "expire_time",
        "effectiveTime": "effective_time",
    }
    sent = {wire: 1000 * place for place, wire in enumerate(names, 1)}
    found = Order.from_wire({**NEW_REPORT, **sent})
    for wire, name in names.items():
        assert getattr(found, name) == fields.moment(sent[wire])


PAIR_NUMBERS = [
    *("baseMin", "baseMax", "baseLotSize", "quoteMin", "quoteMax", "quoteLotSize"),
    *("minPrice", "maxPrice"),
]
ROW = PAIR | dict.fromkeys(PAIR_NUMBERS, "0.1")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*ROW]),
            values | st.sampled_from(["0.1", "0.10", "4"]),
            max_size=2,
        ).map(lambda changes: ROW | changes)
        | st.sampled_from([{}, None, [], "x", 5]),
        max_size=4,
    )
)
def test_rows_together_as_one_by_one(rows: list[Any]) -> None:
    """Whatever comes: the same pairs to the last zero, or as unreadable."""
    try:
        expected = repr([Pair.from_wire(row) for row in rows])
    except UnexpectedAnswerError:
        with pytest.raises(UnexpectedAnswerError):
            read_pairs(rows)
    else:
        assert repr(read_pairs(rows)) == expected
