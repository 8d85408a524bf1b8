"""The life of an order, as reports tell it to a ledger and as the journal tells it on."""

from collections.abc import Callable
from decimal import Decimal
from time import monotonic
from typing import Any

from custom_components.cexio.database import Database
from custom_components.cexio.exchange import (
    ExecutionReport,
    ExecutionType,
    Order,
    OrderStatus,
    OrderType,
    Side,
)
from custom_components.cexio.executions import Ledger
from custom_components.cexio.feed import Feed


def state(status: OrderStatus, executed: str = "0", **fields: Any) -> Order:
    """Return an order bought at 60000 with a fee of 0.25 %, in some state."""
    amount = Decimal(executed)
    defaults: dict[str, Any] = {
        "order_id": "7",
        "client_order_id": "mine",
        "account_id": "trading",
        "pair": "BTC-USD",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "status": status,
        "status_text": status.value,
        "is_final": status.is_final,
        "price": Decimal(60000),
        "requested_amount": Decimal("0.03"),
        "executed_amount": amount,
        "executed_quote_amount": amount * 60000,
        "fee_amount": amount * 150,
        "fee_currency": "USD",
    }
    return Order(**(defaults | fields))


def report(order: Order, number: int, **fields: Any) -> ExecutionReport:
    """Return the report of a state."""
    return ExecutionReport(
        order=order,
        execution_type=ExecutionType.TRADE,
        execution_id=f"1_{number}",
        **fields,
    )


LIFE = (
    state(OrderStatus.NEW),
    state(OrderStatus.PARTIALLY_FILLED, "0.01"),
    state(OrderStatus.PARTIALLY_FILLED, "0.02"),
    state(OrderStatus.FILLED, "0.03"),
)


async def reopened(
    database: Database, clock: Callable[[], float] = monotonic
) -> Ledger:
    """Return a ledger as after a restart."""
    feed = Feed(database)
    await feed.async_load()
    ledger = Ledger(database, feed, clock=clock)
    await ledger.async_load()
    return ledger


async def told(ledger: Ledger) -> list[dict[str, Any]]:
    """Return everything that the journal tells."""
    return [entry.as_dict() for entry in await ledger._feed.async_read(0, 1000)]


def trade(number: int) -> ExecutionReport:
    """Return the report of one of the fills, which says how much it alone is."""
    return report(LIFE[number], number, last_amount=Decimal("0.01"))
