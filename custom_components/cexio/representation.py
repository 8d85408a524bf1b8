"""How orders, balances and amounts look outside: plain digits and plain words."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .exchange import Balance, Order, OrderStatus, OrderType, Pair, Side, TimeInForce


def plain(value: Decimal) -> str:
    """Return a number in plain digits; str() of a small one would be 1E-8."""
    return format(value, "f")


def plain_or_none(value: Decimal | None) -> str | None:
    """Return a number in plain digits where there is one."""
    return None if value is None else plain(value)


def canonical(value: Decimal) -> str:
    """Return the one text of a number, however many zeros it was sent with."""
    return plain(value.normalize())


def iso(value: datetime | None) -> str | None:
    """Return a time as text where there is one."""
    return None if value is None else value.isoformat()


def order_as_dict(order: Order) -> dict[str, Any]:
    """Return an order as actions, events and the feed show it."""
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "account_id": order.account_id,
        "pair": order.pair,
        "side": order.side.name.lower(),
        "order_type": order.order_type.name.lower(),
        "time_in_force": order.time_in_force and order.time_in_force.name.lower(),
        "status": order.status.name.lower(),
        "price": plain_or_none(order.price),
        "stop_price": plain_or_none(order.stop_price),
        "amount": plain_or_none(order.requested_amount),
        "quote_amount": plain_or_none(order.requested_quote_amount),
        "executed_amount": plain(order.executed_amount),
        "executed_quote_amount": plain(order.executed_quote_amount),
        "average_price": plain_or_none(order.average_price),
        "fee_amount": plain(order.fee_amount),
        "fee_currency": order.fee_currency,
        "created": iso(order.created),
        "updated": iso(order.updated),
        "reject_code": order.reject_code,
        "reject_reason": order.reject_reason,
        "comment": order.comment,
    }


def order_to_stored(order: Order) -> dict[str, Any]:
    """Return an order as it is kept on disk."""
    return order_as_dict(order) | {
        "client_id": order.client_id,
        "expire_time": iso(order.expire_time),
        "initial_on_hold_amount": plain_or_none(order.initial_on_hold_amount),
        "initial_on_hold_quote_amount": plain_or_none(
            order.initial_on_hold_quote_amount
        ),
    }


def order_from_stored(data: Mapping[str, Any]) -> Order:
    """Make an order of what was kept on disk."""
    time_in_force = data["time_in_force"]
    status = OrderStatus[data["status"].upper()]
    return Order(
        order_id=data["order_id"],
        client_order_id=data["client_order_id"],
        client_id=data["client_id"],
        account_id=data["account_id"],
        pair=data["pair"],
        side=Side[data["side"].upper()],
        order_type=OrderType[data["order_type"].upper()],
        time_in_force=time_in_force and TimeInForce[time_in_force.upper()],
        status=status,
        status_text=status.value,
        is_final=status.is_final,
        price=_decimal(data["price"]),
        stop_price=_decimal(data["stop_price"]),
        requested_amount=_decimal(data["amount"]),
        requested_quote_amount=_decimal(data["quote_amount"]),
        executed_amount=Decimal(data["executed_amount"]),
        executed_quote_amount=Decimal(data["executed_quote_amount"]),
        average_price=_decimal(data["average_price"]),
        fee_amount=Decimal(data["fee_amount"]),
        fee_currency=data["fee_currency"],
        comment=data["comment"],
        reject_code=data["reject_code"],
        reject_reason=data["reject_reason"],
        created=_datetime(data["created"]),
        updated=_datetime(data["updated"]),
        expire_time=_datetime(data["expire_time"]),
        # Not kept from the beginning.
        initial_on_hold_amount=_decimal(data.get("initial_on_hold_amount")),
        initial_on_hold_quote_amount=_decimal(data.get("initial_on_hold_quote_amount")),
    )


def balance_as_dict(balance: Balance) -> dict[str, Any]:
    """Return a balance as actions show it."""
    return {
        "account_id": balance.account_id,
        "currency": balance.currency,
        "total": plain(balance.total),
        "available": plain(balance.available),
        "on_hold": plain(balance.on_hold),
    }


def conditions_as_dict(pair: Pair) -> dict[str, Any]:
    """Return the trading conditions of a pair as actions show them."""
    return {
        "base": pair.base,
        "quote": pair.quote,
        "base_min": plain(pair.base_min),
        "base_max": plain(pair.base_max),
        "base_lot_size": plain(pair.base_lot_size),
        "quote_min": plain(pair.quote_min),
        "quote_max": plain(pair.quote_max),
        "quote_lot_size": plain(pair.quote_lot_size),
        "price_precision": pair.price_precision,
        "min_price": plain(pair.min_price),
        "max_price": plain(pair.max_price),
    }


def _decimal(value: str | None) -> Decimal | None:
    """Read an amount that was kept as text."""
    return None if value is None else Decimal(value)


def _datetime(value: str | None) -> datetime | None:
    """Read a time that was kept as text."""
    return None if value is None else datetime.fromisoformat(value)
