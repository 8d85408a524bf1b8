"""What happened to an order between two states of it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain

from .exchange import Order, OrderStatus
from .representation import canonical, plain

# Decimals of the most finely priced pairs, with some to spare.
LONGEST_PRICE = 12

# A status never goes back to one of a lower rank (websocket.md 4.8).
_RANK = {
    OrderStatus.PENDING_NEW: 1,
    OrderStatus.NEW: 2,
    OrderStatus.PARTIALLY_FILLED: 3,
    OrderStatus.PENDING_CANCEL: 4,
    OrderStatus.FILLED: 5,
    OrderStatus.CANCELLED: 5,
    OrderStatus.EXPIRED: 5,
    OrderStatus.REJECTED: 5,
}
_STATUS_EVENTS = {
    OrderStatus.NEW: "accepted",
    OrderStatus.PENDING_CANCEL: "cancel_pending",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "rejected",
}
EXECUTION_EVENTS = [
    "accepted",
    "partially_filled",
    "filled",
    "cancel_pending",
    "cancelled",
    "rejected",
    "expired",
]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an order."""

    event: str
    order: Order
    fill: dict[str, str | None] | None

    @property
    def id(self) -> str:
        """The id that this fact has on every path."""
        key = order_key(self.order)
        if self.fill is not None:
            return f"fill:{key}:{canonical(self.order.executed_amount)}"
        return f"status:{key}:{self.order.status.name.lower()}"


def order_key(order: Order) -> str:
    """Return what the ledger knows an order by; a refused one may have no order id."""
    return order.order_id or f"client:{order.client_order_id}"


def merge(known: Order | None, new: Order) -> Order:
    """Return the order after some news, which may be older than what is known."""
    if known is None:
        return new
    progressed = new.executed_amount >= known.executed_amount
    latest, other = (new, known) if progressed else (known, new)
    status = new.status if rank(new) > rank(known) else known.status
    return replace(
        latest,
        status=status,
        status_text=status.value,
        is_final=status.is_final,
        client_order_id=known.client_order_id or new.client_order_id,
        price=_either(known.price, new.price),
        stop_price=_either(known.stop_price, new.stop_price),
        time_in_force=_either(known.time_in_force, new.time_in_force),
        requested_amount=_either(known.requested_amount, new.requested_amount),
        requested_quote_amount=_either(
            known.requested_quote_amount, new.requested_quote_amount
        ),
        average_price=_either(latest.average_price, other.average_price),
        fee_amount=max(known.fee_amount, new.fee_amount),
        fee_currency=_either(latest.fee_currency, other.fee_currency),
        comment=_either(known.comment, new.comment),
        reject_code=_either(known.reject_code, new.reject_code),
        reject_reason=_either(known.reject_reason, new.reject_reason),
        created=_either(known.created, new.created),
        updated=max(filter(None, (known.updated, new.updated)), default=None),
        expire_time=_either(known.expire_time, new.expire_time),
        # Reports do not tell them.
        initial_on_hold_amount=_either(
            known.initial_on_hold_amount, new.initial_on_hold_amount
        ),
        initial_on_hold_quote_amount=_either(
            known.initial_on_hold_quote_amount, new.initial_on_hold_quote_amount
        ),
    )


def changes_between(known: Order | None, merged: Order) -> list[Change]:
    """Return what happened between two states of an order, in order."""
    changes: list[Change] = []
    executed = known.executed_amount if known else Decimal()
    if (amount := merged.executed_amount - executed) > 0:
        is_last = merged.status is OrderStatus.FILLED
        changes.append(
            Change(
                "filled" if is_last else "partially_filled",
                merged if is_last else replace(merged, status=_filling(known)),
                _fill(known, merged, amount),
            )
        )
    has_new_status = known is None or known.status is not merged.status
    if has_new_status and (event := _STATUS_EVENTS.get(merged.status)):
        if not (merged.status is OrderStatus.FILLED and changes):
            changes.append(Change(event, merged, None))
    return changes


def rank(order: Order) -> int:
    """Return how far an order has come; an unknown status never replaces a known one."""
    return _RANK.get(order.status, 0)


def _filling(known: Order | None) -> OrderStatus:
    """Return the status of an order at a fill that is not its last."""
    if known is not None and rank(known) > _RANK[OrderStatus.PARTIALLY_FILLED]:
        return known.status
    return OrderStatus.PARTIALLY_FILLED


def before_fills(order: Order) -> Order:
    """Return the order as it was accepted, before anything was executed."""
    return replace(
        order,
        status=OrderStatus.NEW,
        status_text=OrderStatus.NEW.value,
        is_final=False,
        executed_amount=Decimal(),
        executed_quote_amount=Decimal(),
        average_price=None,
        fee_amount=Decimal(),
    )


def _either[T](first: T | None, second: T | None) -> T | None:
    """Return the first that is known."""
    return second if first is None else first


def _fill(known: Order | None, merged: Order, amount: Decimal) -> dict[str, str | None]:
    """Describe what was executed between two states; fees are cumulative too."""
    quote_amount = merged.executed_quote_amount - (
        known.executed_quote_amount if known else Decimal()
    )
    fee = merged.fee_amount - (known.fee_amount if known else Decimal())
    return {
        "amount": plain(amount),
        "quote_amount": plain(quote_amount),
        "price": plain(_price(quote_amount, amount, merged.price)),
        "fee_amount": plain(fee),
        "fee_currency": merged.fee_currency,
    }


def _price(quote_amount: Decimal, amount: Decimal, limit: Decimal | None) -> Decimal:
    """Return the limit price where it yields the quote amount, else the shortest that does.

    No report says the price of a fill, and the quote amount was cut to the
    precision of its currency, so that a plain division shows digits that never were.
    """
    exact = quote_amount / amount
    last_digit = Decimal((0, (1,), min(int(quote_amount.as_tuple().exponent), -8)))
    shortest = (
        exact.quantize(Decimal((0, (1,), -decimals)))
        for decimals in range(LONGEST_PRICE)
    )
    for price in chain(() if limit is None else (limit,), shortest):
        if abs(price * amount - quote_amount) < last_digit:
            return price
    return exact.quantize(Decimal((0, (1,), -LONGEST_PRICE)))
