"""What counts of each model, as plain tuples that a test can compare."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.cexio.exchange import (
    AccountUpdate,
    ExecutionReport,
    OrderRejectedError,
)

D = Decimal


def moment(
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int = 0,
    second: int = 0,
    ms: int = 0,
) -> datetime:
    """Return a moment in UTC."""
    whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return whole + timedelta(milliseconds=ms)


def candle(item: Any) -> tuple[Any, ...]:
    """Return what counts of a candle."""
    return (
        item.start,
        item.open,
        item.high,
        item.low,
        item.close,
        item.volume,
        item.is_closed,
    )


def order(item: Any) -> tuple[Any, ...]:
    """Return what counts of an order."""
    return (
        item.order_id,
        item.client_order_id,
        item.account_id,
        item.status,
        item.is_final,
        item.pair,
        item.side,
        item.order_type,
        item.time_in_force,
    )


def executed(item: Any) -> tuple[Any, ...]:
    """Return the amounts of an order."""
    return (
        item.requested_amount,
        item.requested_quote_amount,
        item.executed_amount,
        item.executed_quote_amount,
        item.average_price,
        item.fee_amount,
        item.fee_currency,
    )


def rejected(item: OrderRejectedError) -> tuple[Any, ...]:
    """Return what counts of a rejection."""
    assert item.order is not None
    return type(item), item.code, item.reason[:22], item.order.order_id


def last_candles(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return what counts of one candle for each pair."""
    wrong = found["XXX-YYY"]
    return candle(found["BTC-USD"])[:2], type(wrong), str(wrong)


def pair(found: list[Any]) -> tuple[Any, ...]:
    """Return what counts of the first pair."""
    row = found[0]
    return (
        row.name,
        row.base_min,
        row.base_max,
        row.base_lot_size,
        row.quote_precision,
        row.price_precision,
        row.min_price,
        row.max_price,
    )


def bitcoin(found: dict[str, Any]) -> tuple[Any, ...]:
    """Return what counts of a network."""
    chain = found["BTC"].blockchains["bitcoin"]
    return (
        found["BTC"].name,
        chain.token_type,
        chain.deposit_enabled,
        chain.min_withdrawal,
        chain.withdrawal_fee,
        chain.withdrawal_fee_percent,
        chain.deposit_confirmations,
    )


def fees(found: Any) -> tuple[Any, ...]:
    """Return what counts of a fee strategy."""
    tier = found.week.tiers[0]
    return (
        len(found.week.default),
        found.week.default[-1].percent,
        found.week.default[-1].volume,
        (tier.tier_id, tier.name, tier.pairs, tier.schedule[0].percent),
        found.weekend.default[0].percent,
        found.weekend.tiers[0].schedule[-1].percent,
    )


def ledger(found: list[Any]) -> list[tuple[Any, ...]]:
    """Return what counts of a ledger."""
    return [
        (row.transaction_id, row.type.value, row.amount, row.currency) for row in found
    ]


def funding(found: list[Any]) -> tuple[Any, ...]:
    """Return what counts of the first deposit or withdrawal."""
    row = found[0]
    return (
        row.transaction_id,
        row.account_id,
        row.direction.value,
        row.amount,
        row.commission,
        row.status.value,
        row.updated,
    )


def address(found: Any) -> tuple[Any, ...]:
    """Return what counts of a deposit address."""
    return found.address, found.destination, found.memo


def wallet(found: Any) -> tuple[Any, ...]:
    """Return what counts of a wallet transfer."""
    return found.account_id, found.client_tx_id, found.currency, found.status.value


def trade(found: Any) -> tuple[Any, ...]:
    """Return what counts of a trade."""
    return found.pair, found.trade_id, found.time, found.side, found.price, found.amount


def book(found: Any) -> tuple[Any, ...]:
    """Return what counts of a book."""
    return found.pair, found.bids[0], found.asks[0], found.timestamp, found.sequence


def report(item: ExecutionReport) -> tuple[Any, ...]:
    """Return what counts of an execution report."""
    return (
        item.execution_type,
        item.execution_id,
        item.order.order_id,
        item.order.client_order_id,
        item.cancel_request_id,
        item.order.status,
        item.last_amount,
        item.last_quote_amount,
        item.order.fee_amount,
    )


def update(item: AccountUpdate) -> tuple[Any, ...]:
    """Return what counts of an account update."""
    return (
        item.account_id,
        item.currency,
        item.available,
        item.on_hold,
        item.total,
        item.action,
        item.operation_id,
        item.timestamp,
    )
