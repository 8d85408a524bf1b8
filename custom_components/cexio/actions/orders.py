"""Actions that preview, place, cancel and tell of orders."""

from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv

from custom_components.cexio.const import CONF_PAIR
from custom_components.cexio.coordinator import CexioAccount
from custom_components.cexio.errors import refusal
from custom_components.cexio.exchange import OrderType, Side, TimeInForce
from custom_components.cexio.preview import OrderRequest
from custom_components.cexio.price_alerts import CONF_PRICE
from custom_components.cexio.representation import order_as_dict
from custom_components.cexio.schema import vol

from .common import (
    ATTR_ACCOUNT_ID,
    ATTR_AMOUNT,
    ATTR_CLIENT_ORDER_ID,
    ATTR_COMMENT,
    ATTR_ORDER_ID,
    ATTR_SIDE,
    COMMENT,
    ENTRY,
    ONE_ORDER,
    Action,
    account_of,
    aware_datetime,
    entry_of,
    pair_name,
    positive_decimal,
)

ATTR_EXPIRE_TIME = "expire_time"
ATTR_ORDER_TYPE = "order_type"
ATTR_QUOTE_AMOUNT = "quote_amount"
ATTR_STOP_PRICE = "stop_price"
ATTR_TIME_IN_FORCE = "time_in_force"

SERVICE_CANCEL_ORDER = "cancel_order"
SERVICE_GET_ORDERS = "get_orders"
SERVICE_PLACE_ORDER = "place_order"
SERVICE_PREVIEW_ORDER = "preview_order"

# The exchange takes longer ones, but they would not fit where they are shown.
LONGEST_CLIENT_ORDER_ID = 64

_ORDER_FIELDS: dict[Any, Any] = {
    **ENTRY,
    vol.Optional(ATTR_ACCOUNT_ID): cv.string,
    vol.Required(CONF_PAIR): pair_name,
    vol.Required(ATTR_SIDE): vol.In(["buy", "sell"]),
    vol.Required(ATTR_ORDER_TYPE): vol.In(["limit", "market", "stop_limit"]),
    vol.Optional(ATTR_AMOUNT): positive_decimal,
    vol.Optional(ATTR_QUOTE_AMOUNT): positive_decimal,
    vol.Optional(CONF_PRICE): positive_decimal,
    vol.Optional(ATTR_STOP_PRICE): positive_decimal,
    vol.Optional(ATTR_TIME_IN_FORCE): vol.In(["gtc", "ioc", "gtd"]),
    vol.Optional(ATTR_EXPIRE_TIME): aware_datetime,
}


def _request(call: ServiceCall, account: CexioAccount) -> OrderRequest:
    """Return the order that a call describes."""
    data = call.data
    order_type = OrderType[data[ATTR_ORDER_TYPE].upper()]
    time_in_force: TimeInForce | None = None
    if (word := data.get(ATTR_TIME_IN_FORCE)) is not None:
        time_in_force = TimeInForce[word.upper()]
    elif order_type is not OrderType.MARKET:
        is_dated = ATTR_EXPIRE_TIME in data
        time_in_force = TimeInForce.GTD if is_dated else TimeInForce.GTC
    return OrderRequest(
        account_id=account.desk.account_id(data.get(ATTR_ACCOUNT_ID)),
        pair=data[CONF_PAIR],
        side=Side[data[ATTR_SIDE].upper()],
        order_type=order_type,
        amount=data.get(ATTR_AMOUNT),
        quote_amount=data.get(ATTR_QUOTE_AMOUNT),
        price=data.get(CONF_PRICE),
        stop_price=data.get(ATTR_STOP_PRICE),
        time_in_force=time_in_force,
        expire_time=data.get(ATTR_EXPIRE_TIME),
    )


async def _async_get_orders(call: ServiceCall) -> ServiceResponse:
    """Answer which orders are open by the exchange's word, or how one order stands."""
    runtime = entry_of(call, with_account=True).runtime_data
    order_id = call.data.get(ATTR_ORDER_ID)
    client_order_id = call.data.get(ATTR_CLIENT_ORDER_ID)
    if order_id is None and client_order_id is None:
        orders = await runtime.rest.get_my_orders()
    else:
        order = await account_of(call).desk.outcomes.async_find(
            order_id, client_order_id
        )
        orders = [] if order is None else [order]
    return {"orders": [order_as_dict(order) for order in orders]}


async def _async_preview_order(call: ServiceCall) -> ServiceResponse:
    """Answer what an order would do."""
    account = account_of(call)
    preview = await account.desk.async_preview(_request(call, account), call.context)
    return {"preview": preview.as_dict()}


async def _async_place_order(call: ServiceCall) -> ServiceResponse:
    """Place an order."""
    account = account_of(call)
    order = await account.desk.async_place(
        _request(call, account),
        call.context,
        client_order_id=call.data.get(ATTR_CLIENT_ORDER_ID),
        comment=call.data.get(ATTR_COMMENT),
    )
    return {"order": order_as_dict(order)}


async def _async_cancel_order(call: ServiceCall) -> ServiceResponse:
    """Cancel an order."""
    if not call.data.keys() & {ATTR_ORDER_ID, ATTR_CLIENT_ORDER_ID}:
        raise refusal("order_id_required")
    order = await account_of(call).desk.async_cancel(
        call.context,
        order_id=call.data.get(ATTR_ORDER_ID),
        client_order_id=call.data.get(ATTR_CLIENT_ORDER_ID),
        comment=call.data.get(ATTR_COMMENT),
    )
    return {"order": order_as_dict(order)}


ORDER_ACTIONS: dict[str, Action] = {
    SERVICE_GET_ORDERS: Action(
        _async_get_orders, {**ENTRY, **ONE_ORDER}, SupportsResponse.ONLY
    ),
    SERVICE_PREVIEW_ORDER: Action(
        _async_preview_order, _ORDER_FIELDS, SupportsResponse.ONLY
    ),
    SERVICE_PLACE_ORDER: Action(
        _async_place_order,
        {
            **_ORDER_FIELDS,
            vol.Optional(ATTR_CLIENT_ORDER_ID): vol.All(
                cv.string, vol.Length(min=1, max=LONGEST_CLIENT_ORDER_ID)
            ),
            **COMMENT,
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_CANCEL_ORDER: Action(
        _async_cancel_order,
        {**ENTRY, **ONE_ORDER, **COMMENT},
        SupportsResponse.OPTIONAL,
    ),
}
