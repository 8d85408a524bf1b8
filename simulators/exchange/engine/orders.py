"""An order of the client, and what happens to it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from simulators.exchange.engine.money import HUNDRED, ZERO
from simulators.exchange.engine.reference import Pair


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order trades."""

    LIMIT = "Limit"
    MARKET = "Market"
    STOP_LIMIT = "StopLimit"


class TimeInForce(StrEnum):
    """How long an order lives."""

    GTC = "GTC"
    IOC = "IOC"
    GTD = "GTD"


class Status(StrEnum):
    """Where an order is in its life."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


FINAL = frozenset({Status.FILLED, Status.CANCELLED, Status.EXPIRED, Status.REJECTED})


class ExecutionType(StrEnum):
    """What an execution report reports."""

    PENDING_NEW = "PendingNew"
    NEW = "New"
    TRADE = "Trade"
    PENDING_CANCEL = "PendingCancel"
    CANCELED = "Canceled"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as the client asks for it, types checked, rules not yet."""

    account_id: str
    pair: Pair
    side: Side
    order_type: OrderType
    client_order_id: str
    client_time: int
    time_in_force: TimeInForce | None = None
    base_amount: Decimal | None = None
    quote_amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    expire_time: int | None = None
    comment: str | None = None


@dataclass(slots=True)
class Order:
    """An order of the client."""

    order_id: (
        int | None
    )  # None is the exchange's "NONE": refused before it got a number
    client_order_id: str
    account_id: str
    pair: Pair
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce | None
    client_time: int
    created: int
    updated: int
    requested_base: Decimal | None = None
    requested_quote: Decimal | None = None
    # What was sent for a market order by quote amount; the requested amount is this without the fee.
    original_quote: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    expire_time: int | None = None
    comment: str | None = None
    status: Status = Status.NEW
    fee_percent: Decimal = ZERO
    executed_base: Decimal = ZERO
    executed_quote: Decimal = ZERO
    fee: Decimal = ZERO
    held: Decimal = ZERO
    initial_hold: Decimal = ZERO
    reject_code: int | None = None
    reject_reason: str | None = None
    execution_type: ExecutionType = ExecutionType.NEW
    execution_id: str = ""
    # A stop-limit order waits outside the book until its stop price is passed.
    triggered: bool = True

    @property
    def is_final(self) -> bool:
        """Tell whether nothing can happen any more."""
        return self.status in FINAL

    @property
    def hold_currency(self) -> str:
        """Return what the order locks: quote to buy, base to sell."""
        return self.pair.quote if self.side is Side.BUY else self.pair.base

    @property
    def fee_rate(self) -> Decimal:
        """Return the fee as a fraction."""
        return self.fee_percent / HUNDRED

    @property
    def remaining_base(self) -> Decimal:
        """Return what remains of a base amount (zero for orders by quote amount)."""
        return (
            ZERO
            if self.requested_base is None
            else self.requested_base - self.executed_base
        )

    @property
    def remaining_quote(self) -> Decimal:
        """Return what remains of a quote amount (zero for orders by base amount)."""
        return (
            ZERO
            if self.requested_quote is None
            else self.requested_quote - self.executed_quote
        )

    @property
    def is_filled(self) -> bool:
        """Tell whether the whole requested amount was executed."""
        return not self.remaining_base and not self.remaining_quote
