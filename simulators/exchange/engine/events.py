"""What the engine tells the outside, in the order in which it happens."""

from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.orders import Order, Side, Status


@dataclass(frozen=True, slots=True)
class Report:
    """An execution report: the order as it was right after the event."""

    order: Order
    last_base: Decimal | None = None
    last_quote: Decimal | None = None
    # Set in reports about a cancel: it takes the place of the client order id.
    cancel_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReject:
    """A cancel that could not be done; `order_id` is None for an unknown order."""

    order_id: int | None
    client_order_id: str | None
    cancel_request_id: str
    account_id: str | None
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """A snapshot of one balance after an action; `operation` is the order id or transaction number."""

    account_id: str
    currency: str
    available: Decimal
    on_hold: Decimal
    time: int
    action: str
    operation: int
    before_reply: bool = False
    resend: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade on the public tape."""

    pair: str
    time: int
    sequence: int
    side: Side
    price: Decimal
    amount: Decimal

    @property
    def trade_id(self) -> str:
        """Return `<epoch ms>-<sequence>`."""
        return f"{self.time}-{self.sequence}"


type Event = Report | CancelReject | BalanceChange | Trade
