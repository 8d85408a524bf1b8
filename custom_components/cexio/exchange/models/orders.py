"""Orders, execution reports and what is said of a cancel."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self, override

import orjson

from .fields import (
    FAULTS,
    ZERO,
    StreamEvent,
    Wire,
    WireEnum,
    Words,
    account,
    identifier,
    milliseconds,
    moments,
    optional_decimal,
    optional_moment,
    optional_text,
    order_identifier,
    plain,
    readable,
    received,
    sparse_numbers,
    text,
    unreadable,
)
from .market import SIDES, Side


class OrderType(WireEnum):
    """The kind of an order."""

    LIMIT = "Limit"
    MARKET = "Market"
    STOP_LIMIT = "StopLimit"
    UNKNOWN = "UNKNOWN"

    @classmethod
    @override
    def _missing_(cls, value: object) -> OrderType:
        """Accept the other spelling of the documentation's prose."""
        return cls.STOP_LIMIT if value == "Stop Limit" else cls.UNKNOWN


class TimeInForce(WireEnum):
    """How long an order rests."""

    GTC = "GTC"
    IOC = "IOC"
    GTD = "GTD"
    UNKNOWN = "UNKNOWN"


class OrderStatus(WireEnum):
    """The state of an order."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"

    @classmethod
    @override
    def _missing_(cls, value: object) -> OrderStatus:
        """Accept the exchange's second spelling of CANCELLED."""
        return cls.CANCELLED if value == "CANCELED" else cls.UNKNOWN

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in _FINAL


_FINAL = frozenset(
    (
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
    )
)


class ExecutionType(WireEnum):
    """What happened to an order."""

    PENDING_NEW = "PendingNew"
    NEW = "New"
    TRADE = "Trade"
    PENDING_CANCEL = "PendingCancel"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    ORDER_STATUS = "OrderStatus"
    UNKNOWN = "UNKNOWN"


_STATUSES = Words(OrderStatus)
_ORDER_TYPES = Words(OrderType)
_TIMES_IN_FORCE = Words(TimeInForce)
_EXECUTION_TYPES = Words(ExecutionType)


# As the last fields of an order, which they fill.
_ORDER_NUMBERS = (
    *("executedAmountCcy1", "executedAmountCcy2", "feeAmount", "price", "stopPrice"),
    *("requestedAmountCcy1", "requestedAmountCcy2", "averagePrice"),
    *("initialOnHoldAmountCcy1", "initialOnHoldAmountCcy2"),
)
_order_numbers = sparse_numbers(*_ORDER_NUMBERS)
_report_numbers = sparse_numbers("lastAmountCcy1", "lastAmountCcy2", *_ORDER_NUMBERS)
_order_moments = moments(
    *("serverCreateTimestamp", "lastUpdateTimestamp", "expireTime", "effectiveTime")
)


@received
class Order:
    """An order as the exchange knows it (rest.md 4.B.8, 4.B.9, websocket.md 4.2).

    Amounts in base, quote amounts in quote, price, stop_price and average_price in quote per base,
    fee_amount in fee_currency and cumulative. order_id is None for an order that never was.
    account_id is "" for the main account. client_order_id is always the one of the placement,
    "" in the rare report that does not tell it. status_text is the exchange's own word.
    """

    order_id: str | None
    client_order_id: str
    pair: str
    side: Side
    order_type: OrderType
    status: OrderStatus
    status_text: str = ""
    is_final: bool = False
    client_id: str = ""
    account_id: str = ""
    time_in_force: TimeInForce | None = None
    fee_currency: str | None = None
    comment: str | None = None
    reject_code: int | None = None
    reject_reason: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    expire_time: datetime | None = None
    effective_time: datetime | None = None
    executed_amount: Decimal = ZERO
    executed_quote_amount: Decimal = ZERO
    fee_amount: Decimal = ZERO
    price: Decimal | None = None
    stop_price: Decimal | None = None
    requested_amount: Decimal | None = None
    requested_quote_amount: Decimal | None = None
    average_price: Decimal | None = None
    initial_on_hold_amount: Decimal | None = None
    initial_on_hold_quote_amount: Decimal | None = None

    @property
    def base(self) -> str:
        """The currency that is bought or sold."""
        return self.pair.partition("-")[0]

    @property
    def quote(self) -> str:
        """The currency that pays."""
        return self.pair.partition("-")[2]

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a row of get_my_orders, an answer of do_my_new_order or an executionReport."""
        return cls.read(data, _client_order_ids(data)[0], _order_numbers(data))

    @classmethod
    def read(
        cls, data: Wire, client_order_id: str, numbers: list[Decimal | None]
    ) -> Self:
        """Read an order of which the placement's id and the numbers are known."""
        get = data.get
        status_text = text(data["status"])
        status = _STATUSES[status_text]
        final = get("statusIsFinal")
        force = get("timeInForce")
        created, updated, expire_time, effective_time = _order_moments(data)
        reject_code, reject_reason = _reject(data)
        executed, executed_quote, fee, price, stop_price, *others = numbers
        requested, requested_quote, average_price, on_hold, on_hold_quote = others
        return cls(
            order_identifier(data["orderId"]),
            client_order_id,
            "-".join((data["currency1"], data["currency2"])),
            SIDES[data["side"]],
            _order_type(data),
            status,
            status_text,
            final if isinstance(final, bool) else status.is_final,
            text(get("clientId") or ""),
            account(get("accountId")),
            None if force is None else _TIMES_IN_FORCE[force],
            optional_text(get("feeCurrency")),
            optional_text(get("comment")),
            reject_code,
            reject_reason,
            created,
            updated,
            expire_time,
            effective_time,
            executed or ZERO,
            executed_quote or ZERO,
            fee or ZERO,
            price,
            stop_price,
            requested,
            requested_quote,
            average_price,
            on_hold,
            on_hold_quote,
        )


def _order_type(data: Wire) -> OrderType:
    """Return the kind; a stop order placed by an old client says "Limit" and shows its stop."""
    found = _ORDER_TYPES[data["orderType"]]
    stop = found is OrderType.LIMIT and data.get("stopPrice") is not None
    return OrderType.STOP_LIMIT if stop else found


def _client_order_ids(data: Wire) -> tuple[str, str | None]:
    """Return the placement's id and, in cancel-related reports, the cancel's (websocket.md 4.3)."""
    given = identifier(data.get("clientOrderId") or "")
    placement = data.get("OrigClOrdID")
    if placement is not None:
        return identifier(placement), given
    if (
        given.startswith("CANCEL_")
        and given == f"CANCEL_{data.get('clientId')}_{data['orderId']}"
    ):
        return "", given
    return given, None


def _reject(data: Wire) -> tuple[int | None, str | None]:
    """Return code and reason, from their own fields or from the JSON text of orderRejectReason."""
    code: Any = data.get("rejectCode")
    reason: Any = data.get("rejectReason")
    told = data.get("orderRejectReason")
    if code is reason is told is None:
        return None, None
    if isinstance(told, str) and (code is None or reason is None):
        try:
            inner = orjson.loads(told)
        except orjson.JSONDecodeError:
            inner = None
        if not isinstance(inner, dict):
            inner = {"reason": told}
        code = inner.get("code") if code is None else code
        reason = inner.get("reason") if reason is None else reason
    return _number_or_none(code), None if reason is None else str(reason)


def _number_or_none(value: Any) -> int | None:
    """Return a code that comes as a number, or as a text of digits."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@received
class ExecutionReport(StreamEvent):
    """Something happened to an order (websocket.md 4.2).

    order is the state after it. last_amount (base) and last_quote_amount (quote) are this fill
    alone and only given for a trade. cancel_request_id is set in cancel-related reports.
    """

    order: Order
    execution_type: ExecutionType
    execution_type_text: str = ""
    execution_id: str | None = None
    last_amount: Decimal | None = None
    last_quote_amount: Decimal | None = None
    transaction_time: datetime | None = None
    cancel_request_id: str | None = None

    @classmethod
    def from_wire(cls, data: Wire) -> Self:
        """Read an executionReport, or an answer of do_my_new_order as one."""
        try:
            kind = text(data["executionType"])
            amount, quote_amount, *numbers = _report_numbers(data)
            if amount is None or quote_amount is None:
                amount, quote_amount = _last_fill(data, amount, quote_amount)
            execution_id = data.get("executionId")
            client_order_id, cancel_request_id = _client_order_ids(data)
            return cls(
                Order.read(data, client_order_id, numbers),
                _EXECUTION_TYPES[kind],
                kind,
                None if execution_id is None else identifier(execution_id),
                amount,
                quote_amount,
                optional_moment(data.get("transactTime")),
                cancel_request_id,
            )
        except FAULTS as err:
            raise unreadable(cls.__name__, err) from err


def _last_fill(
    data: Wire, amount: Decimal | None, quote_amount: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Return this fill in base and quote; the deprecated pair serves only what is missing."""
    if amount is None:
        amount = optional_decimal(data.get("lastQuantity"))
    if quote_amount is None and amount is not None:
        price = optional_decimal(data.get("lastPrice"))
        quote_amount = None if price is None else amount * price
    return amount, quote_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelReject(StreamEvent):
    """A cancel was refused (websocket.md 4.4); order_status REJECTED only means: not found."""

    order_id: str | None
    client_order_id: str
    cancel_request_id: str
    account_id: str
    order_status: OrderStatus
    reason: str

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an orderCancelReject."""
        return cls(
            order_id=order_identifier(data.get("orderId")),
            client_order_id=identifier(data.get("clientOrderId") or ""),
            cancel_request_id=identifier(data.get("cancelRequestId") or ""),
            account_id=account(data.get("accountId")),
            order_status=OrderStatus(text(data.get("orderStatus") or "")),
            reason=text(data.get("cancelRejectReason") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order to place (rest.md 4.B.9).

    Exactly one of amount (base) and quote_amount (quote). price and stop_price in quote per base.
    timestamp in epoch milliseconds, None = the moment of sending; to repeat a request whose
    outcome is unknown, repeat the very same fields, timestamp included.
    """

    account_id: str
    pair: str
    side: Side
    order_type: OrderType
    client_order_id: str
    amount: Decimal | None = None
    quote_amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    expire_time: datetime | None = None
    comment: str | None = None
    timestamp: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the parameters of do_my_new_order; what is None is left out."""
        base, _, quote = self.pair.partition("-")
        numbers = {
            "amountCcy1": self.amount,
            "amountCcy2": self.quote_amount,
            "price": self.price,
            "stopPrice": self.stop_price,
        }
        fields: dict[str, Any] = {
            "clientOrderId": self.client_order_id,
            "accountId": self.account_id,
            "currency1": base,
            "currency2": quote,
            "side": self.side.value,
            "orderType": self.order_type.value,
            "timeInForce": self.time_in_force and self.time_in_force.value,
            "expireTime": self.expire_time and milliseconds(self.expire_time),
            "comment": self.comment,
            "timestamp": self.timestamp,
        }
        fields |= {key: None if n is None else plain(n) for key, n in numbers.items()}
        return {key: value for key, value in fields.items() if value is not None}
