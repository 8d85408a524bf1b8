"""How the engine's facts look on the wire: field names, nulls against "0.00000000", precisions.

The quirks are the documented and observed ones (rest.md 4.B.8, 4.B.9, 7; websocket.md 4).
"""

from decimal import Decimal
import json
from typing import Any

from simulators.exchange.clock import iso
from simulators.exchange.engine.events import BalanceChange, CancelReject, Report, Trade
from simulators.exchange.engine.floor import CLIENT_ID
from simulators.exchange.engine.money import floor, plain, quotient, text
from simulators.exchange.engine.orders import ExecutionType, Order, OrderType, Status
from simulators.exchange.engine.reference import Pair

BOOK_DEPTH = 20


def amount_or_none(value: Decimal | None, precision: int) -> str | None:
    """Write an amount, null for none."""
    return None if value is None else text(value, precision)


def number(value: Decimal) -> int | float:
    """Return a JSON number, whole ones without a fraction: only candles are written so."""
    return int(value) if value == value.to_integral_value() else float(value)


def _executed_or_none(value: Decimal, precision: int) -> str | None:
    """Write an amount, null for zero: so do order rows."""
    return text(value, precision) if value else None


def average_price(order: Order) -> str | None:
    """Write the average price, cut (not rounded) at the price precision; null before any fill."""
    if not order.executed_base:
        return None
    precision = order.pair.price_precision
    return text(
        floor(quotient(order.executed_quote, order.executed_base), precision), precision
    )


def order_row(order: Order) -> dict[str, Any]:
    """Return a row of get_my_orders: null where nothing was executed or charged."""
    pair = order.pair
    base, quote = pair.base_precision, pair.quote_precision
    holds_base = order.hold_currency == pair.base
    initial_hold = order.initial_hold or None
    row = {
        "orderId": _order_id(order),
        "clientOrderId": order.client_order_id,
        "clientId": CLIENT_ID,
        "accountId": order.account_id or None,
        "status": order.status.value,
        "statusIsFinal": order.is_final,
        "currency1": pair.base,
        "currency2": pair.quote,
        "side": order.side.value,
        "orderType": order.order_type.value,
        # Rows of market orders show IOC where the reply to the new order shows null.
        "timeInForce": "IOC"
        if order.order_type is OrderType.MARKET
        else order.time_in_force,
        "comment": order.comment,
        "rejectCode": order.reject_code,
        "rejectReason": order.reject_reason,
        "executedAmountCcy1": _executed_or_none(order.executed_base, base),
        "executedAmountCcy2": _executed_or_none(order.executed_quote, quote),
        "requestedAmountCcy1": amount_or_none(order.requested_base, base),
        "requestedAmountCcy2": amount_or_none(order.requested_quote, quote),
        "initialOnHoldAmountCcy1": amount_or_none(initial_hold, base)
        if holds_base
        else None,
        "initialOnHoldAmountCcy2": None
        if holds_base
        else amount_or_none(initial_hold, quote),
        "feeAmount": _executed_or_none(order.fee, quote),
        "feeCurrency": pair.quote,
        "price": amount_or_none(order.price, pair.price_precision),
        "averagePrice": average_price(order),
        "clientCreateTimestamp": order.client_time,
        "serverCreateTimestamp": order.created,
        "lastUpdateTimestamp": order.updated,
        "expireTime": order.expire_time,
        "effectiveTime": None,
    }
    if order.original_quote is not None:
        row["originalAmountCcy2"] = text(order.original_quote, quote)
    return row


def _order_id(order: Order) -> str:
    """Write the id: NONE for an order that never got a number."""
    return "NONE" if order.order_id is None else str(order.order_id)


def report(event: Report) -> dict[str, Any]:
    """Return the data of an executionReport (websocket.md 4.2): zeros, not nulls, where nothing was executed."""
    order, pair = event.order, event.order.pair
    base, quote = pair.base_precision, pair.quote_precision
    rejected = order.status is Status.REJECTED
    data: dict[str, Any] = {
        "messageType": "executionReport",
        "clientId": CLIENT_ID,
        "orderId": _order_id(order),
        "clientOrderId": event.cancel_request_id or order.client_order_id,
    }
    if event.cancel_request_id is not None:
        data["OrigClOrdID"] = order.client_order_id
    data |= {
        "accountId": order.account_id or None,
        "status": order.status.value,
        "currency1": pair.base,
        "currency2": pair.quote,
        "side": order.side.value,
        "executedAmountCcy1": text(order.executed_base, base),
        "executedAmountCcy2": text(order.executed_quote, quote),
        "requestedAmountCcy1": amount_or_none(order.requested_base, base),
        "requestedAmountCcy2": amount_or_none(order.requested_quote, quote),
        "orderType": order.order_type.value,
        "timeInForce": order.time_in_force,
        "comment": order.comment,
        "executionType": order.execution_type.value,
        "executionId": order.execution_id,
        "transactTime": None,
        "expireTime": order.expire_time,
        "effectiveTime": None,
    }
    if order.price is not None:
        data["price"] = text(order.price, pair.price_precision)
    data["averagePrice"] = average_price(order)
    if event.last_base is not None and event.last_quote is not None:
        last_price = quotient(event.last_quote, event.last_base)
        data |= {
            "lastQuantity": text(event.last_base, base),
            "lastPrice": text(last_price, pair.price_precision),
            "lastAmountCcy1": text(event.last_base, base),
            "lastAmountCcy2": text(event.last_quote, quote),
        }
    data["feeAmount"] = None if rejected else text(order.fee, quote)
    data["feeCurrency"] = None if rejected else pair.quote
    if rejected:
        reason = {"code": order.reject_code, "reason": order.reject_reason}
        data["orderRejectReason"] = json.dumps(reason, separators=(",", ":"))
        data["rejectCode"] = order.reject_code
        data["rejectReason"] = order.reject_reason
    return data


def rest_order_reply(order: Order) -> dict[str, Any]:
    """Return the data of do_my_new_order over REST: the report with the extra fields seen live (rest.md 7.2, 8)."""
    last = order.execution_type is ExecutionType.TRADE
    event = (
        Report(order, order.executed_base, order.executed_quote)
        if last
        else Report(order)
    )
    data = report(event)
    data["transactTime"] = iso(order.updated)
    data["clientCreateTimestamp"] = order.client_time
    data["serverCreateTimestamp"] = order.created
    if order.order_id is not None:
        data["lastUpdateTimestamp"] = order.updated
    return data


def websocket_order_reply(order: Order) -> dict[str, Any]:
    """Return the data of do_my_new_order over WebSocket, as documented."""
    data = report(Report(order))
    del data["messageType"]
    return data


def cancel_reject(event: CancelReject) -> dict[str, Any]:
    """Return the data of an orderCancelReject (websocket.md 4.4)."""
    return {
        "messageType": "orderCancelReject",
        "clientId": CLIENT_ID,
        "orderId": "NONE" if event.order_id is None else str(event.order_id),
        "cancelRequestId": event.cancel_request_id,
        "clientOrderId": event.client_order_id,
        "accountId": event.account_id or None,
        "orderStatus": event.status.value,
        "responseTo": "order_cancel_request",
        "cancelRejectReason": event.reason,
    }


def account_update(event: BalanceChange, precision: int) -> dict[str, Any]:
    """Return the data of an account_update (websocket.md 4.5): `balance` is what is free."""
    data: dict[str, Any] = {
        "clientId": CLIENT_ID,
        "accountId": event.account_id,
        "currency": event.currency,
        "balance": text(event.available, precision),
        "onHoldBalance": text(event.on_hold, precision),
        "timestamp": event.time,
        "action": event.action,
        "id": event.operation
        if event.action == "internalTransfer"
        else str(event.operation),
    }
    if event.resend:
        data["possibleResend"] = True
    return data


def trade_row(trade: Trade, pair: Pair) -> dict[str, Any]:
    """Return a trade of the public tape."""
    return {
        "tradeId": trade.trade_id,
        "dateISO": iso(trade.time),
        "side": trade.side.value,
        "price": text(trade.price, pair.price_precision),
        "amount": text(trade.amount, pair.base_precision),
    }


def levels(
    top: list[tuple[Decimal, Decimal]], pair: Pair, *, trimmed: bool
) -> list[list[str]]:
    """Return book levels; prices without trailing zeros on the WebSocket, at price precision on REST."""
    base, price_precision = pair.base_precision, pair.price_precision
    if trimmed:
        return [[plain(price), text(amount, base)] for price, amount in top]
    return [[text(price, price_precision), text(amount, base)] for price, amount in top]


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a row of get_pairs_info: exactly the 13 documented fields."""
    return {
        "base": pair.base,
        "quote": pair.quote,
        "baseMin": plain(pair.base_min),
        "baseMax": plain(pair.base_max),
        "baseLotSize": format(pair.base_lot_size, "f"),
        "quoteMin": plain(pair.quote_min),
        "quoteMax": plain(pair.quote_max),
        "quoteLotSize": text(pair.quote_lot_size, pair.quote_precision),
        "basePrecision": pair.base_precision,
        "quotePrecision": pair.quote_precision,
        "pricePrecision": pair.price_precision,
        "minPrice": text(pair.min_price, pair.price_precision),
        "maxPrice": text(pair.max_price, pair.price_precision),
    }
