"""Private methods about orders (rest.md 4.B.8 to 4.B.11, websocket.md 3.20 to 3.23)."""

from dataclasses import replace
from typing import Any

from simulators.exchange import wire
from simulators.exchange.engine.orders import (
    Order,
    OrderRequest,
    OrderType,
    Side,
    TimeInForce,
)
from simulators.exchange.methods import parameters
from simulators.exchange.methods.account import sub_account
from simulators.exchange.methods.call import BAD_REQUEST, Call, RequestError

MAX_PAGE = 1000
MAX_WINDOW_MS = 365 * 24 * 3600 * 1000
MAX_COMMENT = 255


def get_my_orders(call: Call) -> list[dict[str, Any]]:
    """Return open orders, final orders, or those with one id."""
    if not call.has_data:
        raise RequestError("Internal error")
    data, engine = call.data, call.venue.engine
    if client_order_id := parameters.optional_text(data, "clientOrderId"):
        return [
            wire.order_row(order)
            for order in engine.by_client_id.get(client_order_id, [])
        ]
    if (order_id := _order_id(data)) is not None:
        found = engine.orders.get(order_id)
        return [] if found is None else [wire.order_row(found)]
    selected = _select(call)
    page = parameters.optional_integer(data, "pageNumber") or 0
    size = _page_size(data)
    return [
        wire.order_row(order) for order in selected[page * size : (page + 1) * size]
    ]


def _order_id(data: parameters.Data) -> int | None:
    """Return the order id, a number in requests; digits in a string are taken as well."""
    value = data.get("orderId")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return parameters.optional_integer(data, "orderId")


def _page_size(data: parameters.Data) -> int:
    """Return the page size."""
    size = parameters.optional_integer(data, "pageSize", least=1) or MAX_PAGE
    if size > MAX_PAGE:
        raise RequestError("Page size is limited to 1000 items")
    return size


def _select(call: Call) -> list[Order]:
    """Return the orders that the filters let through, sorted."""
    data, now = call.data, call.venue.clock.now_ms()
    _page_size(data)
    archived = data.get("archived", False)
    if not isinstance(archived, bool):
        raise RequestError("Archived parameter should be boolean")
    start = parameters.optional_integer(data, "serverCreateTimestampFrom")
    end = parameters.optional_integer(data, "serverCreateTimestampTo")
    if archived and start is None:
        raise parameters.missing("serverCreateTimestampFrom")
    if start is not None and (now if end is None else end) - start > MAX_WINDOW_MS:
        raise RequestError(
            "Period between serverCreateTimestampFrom and serverCreateTimestampTo is limited to 365 days"
        )
    side = parameters.optional_choice(data, "side", Side)
    name = parameters.optional_text(data, "pair")
    accounts = _accounts(data)
    newest_first = parameters.sort_order(data) != "ASC"
    chosen = [
        order
        for order in (
            call.venue.engine.all_orders()
            if archived
            else call.venue.engine.active.values()
        )
        if order.is_final == archived
        and (name is None or order.pair.name == name)
        and (side is None or order.side is side)
        and (not accounts or order.account_id in accounts)
        and (start is None or order.created >= start)
        and (end is None or order.created < end)
    ]
    return sorted(
        chosen,
        key=lambda order: (order.created, order.order_id or 0),
        reverse=newest_first,
    )


def _accounts(data: parameters.Data) -> list[str]:
    """Return the account filter; null stands for the main account here."""
    value = data.get("accountIds")
    if isinstance(value, list):
        value = ["" if item is None else item for item in value]
    refused = RequestError("accountIds array should consist of string type values")
    return (
        parameters.unique(
            parameters.texts({"accountIds": value}, "accountIds", refused), "accountIds"
        )
        or []
    )


def do_my_new_order(call: Call) -> dict[str, Any]:
    """Place an order.

    Over REST the answer shows the latest state, fills included; over WebSocket the first one, for the fills
    follow as events (websocket.md 4.2.1). A repeated client order id answers with the first order's present state.
    """
    placement = call.venue.engine.place(read_order(call))
    if call.websocket and call.venue.faults.switches.reply_status == "first":
        return wire.websocket_order_reply(placement.accepted)
    reply = wire.websocket_order_reply if call.websocket else wire.rest_order_reply
    return reply(replace(placement.order))


def read_order(call: Call) -> OrderRequest:
    """Read the parameters of a new order; what they may be worth is the engine's to judge."""
    data = call.data
    account_id = sub_account(
        call, "accountId", "API orders from Main account are not allowed"
    )
    base, quote = parameters.text(data, "currency1"), parameters.text(data, "currency2")
    name = f"{base}-{quote}"
    pair = call.venue.engine.listing.pairs.get(name)
    if pair is None:
        raise parameters.unsupported_pair(call, name)
    side = parameters.choice(data, "side", Side)
    order_type = _order_type(data)
    price = parameters.optional_amount(data, "price")
    stop_price = parameters.optional_amount(data, "stopPrice")
    if order_type is OrderType.MARKET:
        price = None
    elif price is None:
        raise parameters.missing("price")
    if order_type is OrderType.STOP_LIMIT and stop_price is None:
        raise parameters.missing("stopPrice")
    base_amount, quote_amount = (
        parameters.optional_amount(data, "amountCcy1"),
        parameters.optional_amount(data, "amountCcy2"),
    )
    if base_amount is None and quote_amount is None:
        raise parameters.missing("amountCcy1")
    time_in_force = parameters.optional_choice(data, "timeInForce", TimeInForce)
    if time_in_force is None and order_type is not OrderType.MARKET:
        time_in_force = TimeInForce.GTC
    expire_time = parameters.optional_integer(data, "expireTime")
    if time_in_force is TimeInForce.GTD and expire_time is None:
        raise parameters.missing("expireTime")
    timestamp = parameters.integer(data, "timestamp")
    comment = parameters.optional_text(data, "comment")
    if comment is not None and len(comment) > MAX_COMMENT:
        raise RequestError(f"Comment length is limited to {MAX_COMMENT} characters")
    return OrderRequest(
        account_id=account_id,
        pair=pair,
        side=side,
        order_type=order_type,
        client_order_id=parameters.optional_text(data, "clientOrderId")
        or str(call.venue.clock.now_ms()),
        client_time=timestamp,
        time_in_force=time_in_force,
        base_amount=base_amount,
        quote_amount=quote_amount,
        price=price,
        stop_price=stop_price,
        expire_time=expire_time,
        comment=comment,
    )


_ORDER_TYPES = {
    "Limit": OrderType.LIMIT,
    "Market": OrderType.MARKET,
    "StopLimit": OrderType.STOP_LIMIT,
    # The prose's spelling.
    "Stop Limit": OrderType.STOP_LIMIT,
}


def _order_type(data: parameters.Data) -> OrderType:
    """Return the order type; a stop price makes a limit order a stop-limit order, as one public client sends it."""
    value = parameters.text(data, "orderType")
    order_type = _ORDER_TYPES.get(value)
    if order_type is None:
        raise RequestError(
            f"Mandatory parameter orderType should be one of {','.join(OrderType)}"
        )
    if data.get("stopPrice") is None:
        return order_type
    if order_type is OrderType.MARKET:
        raise RequestError("Market Trigger orders are not allowed", BAD_REQUEST)
    return OrderType.STOP_LIMIT


def do_cancel_my_order(call: Call) -> dict[str, Any]:
    """Accept a cancel; whether it works, only the events tell, an unknown order included."""
    data = call.data
    order_id, client_order_id = (
        _order_id(data),
        parameters.optional_text(data, "clientOrderId"),
    )
    if order_id is None and client_order_id is None:
        raise RequestError(
            "ClientOrderId or orderId should be specified", show_code=True
        )
    if order_id is not None and client_order_id is not None:
        raise RequestError(
            "Only one of the fields ClientOrderId or orderId should be specified, not both",
            show_code=True,
        )
    request_id = parameters.text(data, "cancelRequestId")
    parameters.integer(data, "timestamp")
    engine = call.venue.engine
    order = engine.find(order_id, client_order_id)
    call.venue.cancel(order, request_id=request_id, client_order_id=client_order_id)
    return {}


def do_cancel_all_orders(call: Call) -> dict[str, Any]:
    """Try to cancel all open orders, or those of some accounts."""
    refused = RequestError("accountIds array should consist of string type values")
    account_ids = parameters.unique(
        parameters.texts(call.data, "accountIds", refused), "accountIds"
    )
    orders = call.venue.engine.open_orders(account_ids or None)
    call.venue.cancel_all(orders)
    return {"clientOrderIds": [order.client_order_id for order in orders]}
