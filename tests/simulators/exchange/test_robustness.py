"""Whatever is sent, the answer is the exchange's, never a crash."""

from contextlib import suppress
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from simulators.exchange.clock import Clock
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.methods.fields import FIELDS
from simulators.exchange.methods.table import METHODS
from simulators.exchange.venue import Venue
from tests.simulators.exchange.conftest import Bench

# Right for whichever method reads it.
RIGHT: dict[str, Any] = {
    "pair": "BTC-USD",
    "resolution": "1h",
    "dataType": "bestAsk",
    "limit": 1,
    "fromISO": 1_794_306_000_000,
    "accountId": "trading",
    "fromAccountId": "trading",
    "toAccountId": "savings",
    "currency": "BTC",
    "blockchain": "bitcoin",
    "amount": "0.1",
    "clientTxId": "1",
    "currency1": "BTC",
    "currency2": "USD",
    "side": "BUY",
    "orderType": "Limit",
    "timestamp": 1_794_306_000_000,
    "amountCcy1": "0.01",
    "price": "59000",
    "cancelRequestId": "c",
    "orderId": 1,
    "pageSize": 5,
}
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            "BTC-USD",
            "trading",
            "savings",
            "",
            "BTC",
            "USD",
            "BUY",
            "SELL",
            "Limit",
            "Market",
            "StopLimit",
            "GTD",
            "1h",
            "bestAsk",
            "0.01",
            "60000",
        ]
    ),
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.text(max_size=3), scalars, max_size=2),
)


@settings(deadline=None, max_examples=300)
@given(st.data(), st.sampled_from(sorted(METHODS)), st.booleans(), st.booleans())
def test_any_parameters_are_served_or_refused(
    data: st.DataObject, action: str, private: bool, websocket: bool
) -> None:
    """Every method, any JSON in any of its fields."""
    venue = Venue(seed=1, clock=Clock(1_794_306_000, frozen=True), pairs=0)
    venue.open_accounts()
    names = sorted(FIELDS[action])
    drawn = data.draw(
        st.dictionaries(st.sampled_from(names), values) if names else st.just({})
    )
    call = Call(venue, action, json.loads(json.dumps(drawn)), private, websocket)
    with suppress(RequestError):
        json.dumps(venue.handle(METHODS[action], call))
    venue.publish()


ODD: tuple[Any, ...] = (
    [],
    {},
    [1],
    [[]],
    [None],
    {"a": []},
    1.5,
    -1,
    0,
    True,
    None,
    "",
    "x",
    10**30,
    float("inf"),
)


@pytest.mark.parametrize("action", sorted(METHODS))
def test_odd_values_in_every_field(action: str) -> None:
    """Alone, and among parameters that are right."""
    venue = Venue(seed=1, clock=Clock(1_794_306_000, frozen=True), pairs=0)
    venue.open_accounts()
    for name in FIELDS[action]:
        for value in ODD:
            for data in ({name: value}, RIGHT | {name: value}):
                call = Call(venue, action, data, private=True, websocket=True)
                with suppress(RequestError):
                    venue.handle(METHODS[action], call)
    venue.publish()


order_like = st.fixed_dictionaries(
    {
        "accountId": st.sampled_from(["trading", "savings"]),
        "currency1": st.sampled_from(["BTC", "ETH", "SHIB"]),
        "currency2": st.just("USD"),
        "side": st.sampled_from(["BUY", "SELL"]),
        "orderType": st.sampled_from(["Limit", "Market", "StopLimit"]),
        "timestamp": st.just(1_794_306_000_000),
    },
    optional={
        "timeInForce": st.sampled_from(["GTC", "IOC", "GTD", None]),
        "amountCcy1": st.one_of(
            st.integers(), st.floats(), st.decimals(allow_nan=False).map(str)
        ),
        "amountCcy2": st.one_of(st.integers(), st.floats(0, 100_000)),
        "price": st.one_of(
            st.integers(), st.floats(), st.decimals(0, 100_000).map(str)
        ),
        "stopPrice": st.one_of(st.integers(), st.decimals(0, 100_000).map(str)),
        "expireTime": st.integers(),
    },
)


@settings(deadline=None, max_examples=300)
@given(order_like)
def test_any_order_is_accepted_rejected_or_refused(order: dict[str, Any]) -> None:
    """Whatever the amounts and prices."""
    venue = Venue(seed=1, clock=Clock(1_794_306_000, frozen=True), pairs=0)
    venue.open_accounts()
    call = Call(venue, "do_my_new_order", order, private=True, websocket=False)
    with suppress(RequestError):
        reply = venue.handle(METHODS["do_my_new_order"], call)
        assert reply["status"] in {
            "NEW",
            "FILLED",
            "PARTIALLY_FILLED",
            "CANCELLED",
            "REJECTED",
        }
        json.dumps(reply)
    venue.publish()


@pytest.mark.parametrize("path", ["rest", "rest-public"])
async def test_no_method_answers_with_a_crash(bench: Bench, path: str) -> None:
    """Every method without parameters answers JSON."""
    for action in METHODS:
        if path == "rest":
            status, answer = await bench.client.private(action)
        else:
            status, answer = await bench.client.public(action)
        assert status in {200, 400, 422}
        assert set(answer) <= {"ok", "data", "error", "statusCode"}
