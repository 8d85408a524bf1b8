"""Fields in the many forms in which the exchange sends them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    AccountUpdate,
    Candle,
    ExecutionReport,
    ExecutionType,
    Order,
    OrderCancelReject,
    OrderStatus,
    OrderType,
    Pair,
    Resolution,
    Side,
    TimeInForce,
    Trade,
    UnexpectedAnswerError,
)
from custom_components.cexio.exchange.models import Currency, fields

from .examples import NEW_REPORT


def order(**changes: Any) -> Order:
    """Return an order with some fields changed."""
    return Order.from_wire({**NEW_REPORT, **changes})


def report(**changes: Any) -> ExecutionReport:
    """Return a report with some fields changed."""
    return ExecutionReport.from_wire({**NEW_REPORT, **changes})


@pytest.mark.parametrize(
    ("text", "status", "final"),
    [
        ("CANCELED", OrderStatus.CANCELLED, True),
        ("CANCELLED", OrderStatus.CANCELLED, True),
        ("EXPIRED", OrderStatus.EXPIRED, True),
        ("FILLED", OrderStatus.FILLED, True),
        ("PENDING_CANCEL", OrderStatus.PENDING_CANCEL, False),
        ("SUSPENDED", OrderStatus.UNKNOWN, False),
    ],
)
def test_statuses(text: str, status: OrderStatus, final: bool) -> None:
    """Both spellings, and words that nobody has seen yet."""
    found = order(status=text)
    assert (found.status, found.is_final, found.status_text) == (status, final, text)


def test_the_exchange_knows_better_what_is_final() -> None:
    """Where it says so, its word counts."""
    assert order(status="SUSPENDED", statusIsFinal=True).is_final
    assert order(status="FILLED", statusIsFinal="no").is_final


def test_unknown_words_survive() -> None:
    """No enumeration fails on a new value."""
    found = report(
        side="HOLD",
        orderType="Iceberg",
        timeInForce="FOK",
        executionType="Expired",
        status="X",
    )
    assert found.order.side is Side.UNKNOWN
    assert found.order.order_type is OrderType.UNKNOWN
    assert found.order.time_in_force is TimeInForce.UNKNOWN
    assert found.execution_type is ExecutionType.UNKNOWN
    assert found.execution_type_text == "Expired"


@pytest.mark.parametrize(
    ("wire", "stop_price", "expected"),
    [
        ("StopLimit", "5", OrderType.STOP_LIMIT),
        ("Stop Limit", None, OrderType.STOP_LIMIT),
        ("Limit", "5", OrderType.STOP_LIMIT),
        ("Limit", None, OrderType.LIMIT),
    ],
)
def test_stop_limit_in_all_spellings(
    wire: str, stop_price: str | None, expected: OrderType
) -> None:
    """A limit order that shows a stop price is a stop limit order."""
    assert order(orderType=wire, stopPrice=stop_price).order_type is expected


@pytest.mark.parametrize(
    ("changes", "placement", "cancel"),
    [
        ({"clientOrderId": "c1", "OrigClOrdID": "p1"}, "p1", "c1"),
        ({"clientOrderId": "p1"}, "p1", None),
        ({"clientOrderId": "p1", "OrigClOrdID": None}, "p1", None),
        (
            {"clientOrderId": "CANCEL_IT_DEMO_17062", "OrigClOrdID": "p1"},
            "p1",
            "CANCEL_IT_DEMO_17062",
        ),
        ({"clientOrderId": "CANCEL_IT_DEMO_17062"}, "", "CANCEL_IT_DEMO_17062"),
        ({"clientOrderId": None}, "", None),
    ],
)
def test_client_order_ids(
    changes: dict[str, Any], placement: str, cancel: str | None
) -> None:
    """In cancel-related reports the field holds another id than that of the placement."""
    found = report(**changes)
    assert (found.order.client_order_id, found.cancel_request_id) == (placement, cancel)


@pytest.mark.parametrize(
    ("changes", "amount", "quote_amount"),
    [
        ({"lastAmountCcy1": "2", "lastAmountCcy2": "9", "lastQuantity": "1"}, "2", "9"),
        ({"lastQuantity": "2", "lastPrice": "3.5"}, "2", "7.0"),
        ({"lastAmountCcy1": "2", "lastPrice": "3.5"}, "2", "7.0"),
        ({"lastAmountCcy2": "9", "lastQuantity": "2", "lastPrice": "1"}, "2", "9"),
        ({"lastQuantity": "2"}, "2", None),
        ({"lastPrice": "3"}, None, None),
        ({}, None, None),
    ],
)
def test_a_fill_is_read_from_the_amounts(
    changes: dict[str, Any], amount: str | None, quote_amount: str | None
) -> None:
    """The deprecated fields serve only what is missing."""
    found = report(**changes)
    assert found.last_amount == (amount and Decimal(amount))
    assert found.last_quote_amount == (quote_amount and Decimal(quote_amount))


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"rejectCode": 403, "rejectReason": "A"}, 403, "A"),
        ({"rejectCode": "403", "rejectReason": "A"}, 403, "A"),
        ({"orderRejectReason": '{"code":405,"reason":"B"}'}, 405, "B"),
        ({"rejectCode": 1, "orderRejectReason": '{"code":405,"reason":"B"}'}, 1, "B"),
        (
            {"rejectReason": "C", "orderRejectReason": '{"code":405,"reason":"B"}'},
            405,
            "C",
        ),
        ({"orderRejectReason": "plain words"}, None, "plain words"),
        ({"orderRejectReason": "[1]"}, None, "[1]"),
        ({"orderRejectReason": "{}"}, None, None),
        ({"rejectCode": True, "rejectReason": 5}, None, "5"),
        ({}, None, None),
    ],
)
def test_reject_codes(
    changes: dict[str, Any], code: int | None, reason: str | None
) -> None:
    """Own fields, or a JSON text inside a text, or plain words."""
    found = order(**changes)
    assert (found.reject_code, found.reject_reason) == (code, reason)


def test_main_account_and_no_order() -> None:
    """Null is the main account here, "NONE" is no order; ids may be numbers."""
    found = order(
        accountId=None, orderId="NONE", executedAmountCcy1=None, feeAmount=None
    )
    assert (found.account_id, found.order_id) == ("", None)
    assert found.executed_amount == 0 and found.fee_amount == 0
    assert (found.base, found.quote) == ("BTC", "USD")
    assert order(orderId=18).order_id == "18"


def test_a_cancel_reject_may_leave_out_nearly_all() -> None:
    """The table says that keys of an order not found are left out."""
    found = OrderCancelReject.from_wire({"orderStatus": None})
    assert found.order_id is None and found.account_id == ""
    assert found.order_status is OrderStatus.UNKNOWN and found.reason == ""


def test_a_repeated_account_update_says_so() -> None:
    """Only an internal transfer's are ever repeated."""
    data = {"accountId": "a", "currency": "USD", "balance": "1", "onHoldBalance": "0"}
    found = AccountUpdate.from_wire(
        {**data, "timestamp": 1, "id": 7, "possibleResend": True}
    )
    assert found.possible_resend and found.operation_id == "7" and found.action == ""


def test_candles_are_read_exactly() -> None:
    """A JSON float becomes the number that was written."""
    data = {
        "timestamp": 0,
        "resolution": "3h",
        "open": 0.1,
        "high": 1e-08,
        "low": 22913,
    }
    found = Candle.from_wire(data)
    assert (found.open, found.high) == (Decimal("0.1"), Decimal("1E-8"))
    assert found.low == Decimal(22913)
    assert found.resolution is Resolution.UNKNOWN and found.close is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000_123, datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)),
        ("1700000000123", datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)),
        ("2023-11-14T22:13:20.123Z", datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)),
        ("2023-11-14T23:13:20+01:00", datetime(2023, 11, 14, 22, 13, 20, 0, UTC)),
        ("2023-11-14T22:13:20", datetime(2023, 11, 14, 22, 13, 20, 0, UTC)),
    ],
)
def test_moments(value: Any, expected: datetime) -> None:
    """Milliseconds as number or text, ISO with or without zone; always UTC."""
    assert fields.moment(value) == expected
    assert fields.moment(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [True, None, "", "x", "NaN", "Infinity", "1e999", "1e-999", [], {}, float("nan")],
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    """Neither a boolean nor something without end or size."""
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        fields.decimal(value)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Order, {}),
        (Order, {**NEW_REPORT, "price": "abc"}),
        (Order, {**NEW_REPORT, "currency1": 5}),
        (Order, {**NEW_REPORT, "orderId": True}),
        (Order, {**NEW_REPORT, "serverCreateTimestamp": True}),
        (Order, {**NEW_REPORT, "serverCreateTimestamp": 10**18}),
        (Order, None),
        (Pair, {"base": "A"}),
        (Currency, {"currency": "A", "fiat": 1}),
    ],
)
def test_what_cannot_be_read_is_one_kind_of_error(model: Any, data: Any) -> None:
    """Named by the model, without the data."""
    with pytest.raises(UnexpectedAnswerError, match=f"Unreadable {model.__name__}"):
        model.from_wire(data)


def test_trades_stand_in_the_order_of_their_numbers() -> None:
    """Texts would put 10 before 2."""
    data = {
        "dateISO": "2023-11-14T22:13:20.123Z",
        "side": "BUY",
        "price": "1",
        "amount": "1",
    }
    ids = ["5-10", "5-2", "4-99", "6"]
    trades = [
        Trade.from_wire({**data, "tradeId": trade_id}, pair="A-B") for trade_id in ids
    ]
    ordered = sorted(trades, key=lambda trade: trade.position)
    assert [trade.trade_id for trade in ordered] == ["4-99", "5-2", "5-10", "6"]
    with pytest.raises(UnexpectedAnswerError):
        Trade.from_wire({**data, "tradeId": "abc"}, pair="A-B")
