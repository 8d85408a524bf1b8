"""The actions: everything that automations and the companion bot can ask for."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import CONF_KIND, CONF_PAIR, CONF_PAIRS, DOMAIN, KIND_ACCOUNT
from .coordinator import CexioAccount, CexioConfigEntry, CexioRuntimeData
from .errors import refusal, translate_failures
from .exchange import OrderType, Side, Ticker, TimeInForce
from .market import middle
from .preview import OrderRequest
from .price_alerts import CONF_CONDITION, CONF_PRICE, CONF_REPEAT, Condition
from .representation import (
    balance_as_dict,
    conditions_as_dict,
    order_as_dict,
    plain_or_none,
)
from .schema import vol

ATTR_ACCOUNT_ID = "account_id"
ATTR_ALERT_ID = "alert_id"
ATTR_AMOUNT = "amount"
ATTR_CLIENT_ORDER_ID = "client_order_id"
ATTR_COMMENT = "comment"
ATTR_EXPIRE_TIME = "expire_time"
ATTR_ORDER_ID = "order_id"
ATTR_ORDER_TYPE = "order_type"
ATTR_QUOTE_AMOUNT = "quote_amount"
ATTR_SIDE = "side"
ATTR_STOP_PRICE = "stop_price"
ATTR_TIME_IN_FORCE = "time_in_force"

SERVICE_ADD_PRICE_ALERT = "add_price_alert"
SERVICE_CANCEL_ORDER = "cancel_order"
SERVICE_GET_BALANCES = "get_balances"
SERVICE_GET_ORDERS = "get_orders"
SERVICE_GET_TICKER = "get_ticker"
SERVICE_GET_TRADING_CONDITIONS = "get_trading_conditions"
SERVICE_LIST_PRICE_ALERTS = "list_price_alerts"
SERVICE_PLACE_ORDER = "place_order"
SERVICE_PREVIEW_ORDER = "preview_order"
SERVICE_REMOVE_PRICE_ALERT = "remove_price_alert"

# The exchange takes longer ones, but they would not fit where they are shown.
LONGEST_CLIENT_ORDER_ID = 64
LONGEST_COMMENT = 255


def positive_decimal(value: Any) -> Decimal:
    """Validate an amount or a price; a YAML number counts as it was typed."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise vol.Invalid("expected a number, best written as text")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise vol.Invalid("expected a number such as 0.01") from None
    if not number.is_finite() or number <= 0:
        raise vol.Invalid("expected a number above zero")
    if abs(number.adjusted()) > 30:
        raise vol.Invalid("expected a number of reasonable size")
    return number


def pair_name(value: Any) -> str:
    """Validate the name of a pair."""
    return cv.string(value).strip().upper()


def aware_datetime(value: Any) -> datetime:
    """Validate a moment; one without a zone is in Home Assistant's own."""
    moment = cv.datetime(value)
    return dt_util.as_utc(moment)


_ENTRY: dict[Any, Any] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_ONE_ORDER: dict[Any, Any] = {
    vol.Exclusive(ATTR_ORDER_ID, "order"): cv.string,
    vol.Exclusive(ATTR_CLIENT_ORDER_ID, "order"): cv.string,
}
_PAIRS = vol.All(cv.ensure_list, [pair_name])
_ORDER_FIELDS: dict[Any, Any] = {
    **_ENTRY,
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

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


@dataclass(frozen=True, slots=True)
class Action:
    """One action: who answers it, what it takes, whether its answer is the point."""

    handler: Handler
    fields: Mapping[Any, Any]
    response: SupportsResponse


def _entry(call: ServiceCall, *, with_account: bool = False) -> CexioConfigEntry:
    """Return the loaded entry that a call means."""
    hass = call.hass
    entry: CexioConfigEntry | None
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is not None:
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise refusal("unknown_entry", config_entry_id=entry_id)
    else:
        entry = default_entry(hass)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        raise refusal("entry_not_loaded")
    if with_account and entry.runtime_data.account is None:
        raise refusal("account_required")
    return entry


@callback
def default_entry(hass: HomeAssistant) -> CexioConfigEntry | None:
    """Return the only entry with credentials, else the only entry."""
    entries = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    accounts = [entry for entry in entries if entry.data[CONF_KIND] == KIND_ACCOUNT]
    candidates = accounts or entries
    if len(candidates) > 1:
        raise refusal("several_entries")
    return candidates[0] if candidates else None


def _runtime(call: ServiceCall) -> CexioRuntimeData:
    """Return what lives with the entry of a call."""
    return _entry(call).runtime_data


def _account(call: ServiceCall) -> CexioAccount:
    """Return the account of the entry of a call."""
    account = _entry(call, with_account=True).runtime_data.account
    assert account is not None
    return account


def _check_pairs(runtime: CexioRuntimeData, pairs: list[str]) -> None:
    """Refuse pairs that the exchange does not trade."""
    for pair in pairs:
        if pair not in runtime.reference.data.pairs:
            raise refusal("unknown_pair", pair=pair)


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


async def _async_get_ticker(call: ServiceCall) -> ServiceResponse:
    """Answer what some pairs are worth now."""
    runtime = _runtime(call)
    pairs: list[str] = list(dict.fromkeys(call.data[CONF_PAIRS]))
    _check_pairs(runtime, pairs)
    await runtime.markets.tickers.async_want(pairs)
    tickers: dict[str, Any] = {}
    for pair in pairs:
        book = await runtime.markets.async_book(pair)
        ticker = runtime.markets.tickers.data.get(pair) or Ticker(pair=pair)
        tickers[pair] = {
            "pair": pair,
            "bid": plain_or_none(book.bid),
            "ask": plain_or_none(book.ask),
            "mid": plain_or_none(middle(book.bid, book.ask)),
            "last": plain_or_none(ticker.last_trade_price),
            "high": plain_or_none(ticker.high),
            "low": plain_or_none(ticker.low),
            "volume": plain_or_none(ticker.volume),
            "change_percentage": plain_or_none(ticker.price_change_percentage),
        }
    return {"tickers": tickers}


async def _async_get_trading_conditions(call: ServiceCall) -> ServiceResponse:
    """Answer under which conditions pairs are traded."""
    runtime = _runtime(call)
    known = runtime.reference.data.pairs
    pairs: list[str] = call.data.get(CONF_PAIRS) or sorted(known)
    _check_pairs(runtime, pairs)
    return {"pairs": {pair: conditions_as_dict(known[pair]) for pair in pairs}}


async def _async_get_balances(call: ServiceCall) -> ServiceResponse:
    """Answer what the accounts hold."""
    return {
        "balances": [
            balance_as_dict(balance)
            for _, balances in sorted(_account(call).balances.data.items())
            for _, balance in sorted(balances.items())
            if balance.total or balance.on_hold
        ]
    }


async def _async_get_orders(call: ServiceCall) -> ServiceResponse:
    """Answer which orders are open by the exchange's word, or how one order stands."""
    runtime = _entry(call, with_account=True).runtime_data
    order_id = call.data.get(ATTR_ORDER_ID)
    client_order_id = call.data.get(ATTR_CLIENT_ORDER_ID)
    if order_id is None and client_order_id is None:
        orders = await runtime.rest.get_my_orders()
    else:
        order = await _account(call).desk.async_find(order_id, client_order_id)
        orders = [] if order is None else [order]
    return {"orders": [order_as_dict(order) for order in orders]}


async def _async_preview_order(call: ServiceCall) -> ServiceResponse:
    """Answer what an order would do."""
    account = _account(call)
    preview = await account.desk.async_preview(_request(call, account), call.context)
    return {"preview": preview.as_dict()}


async def _async_place_order(call: ServiceCall) -> ServiceResponse:
    """Place an order."""
    account = _account(call)
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
    order = await _account(call).desk.async_cancel(
        call.context,
        order_id=call.data.get(ATTR_ORDER_ID),
        client_order_id=call.data.get(ATTR_CLIENT_ORDER_ID),
    )
    return {"order": order_as_dict(order)}


async def _async_add_price_alert(call: ServiceCall) -> ServiceResponse:
    """Add a price alert."""
    runtime = _runtime(call)
    _check_pairs(runtime, [call.data[CONF_PAIR]])
    alert = await runtime.alerts.async_add(
        call.data[CONF_PAIR],
        Condition(call.data[CONF_CONDITION]),
        call.data[CONF_PRICE],
        repeat=call.data[CONF_REPEAT],
    )
    return {"alert": alert.as_dict()}


async def _async_remove_price_alert(call: ServiceCall) -> ServiceResponse:
    """Remove a price alert."""
    alert_id = call.data[ATTR_ALERT_ID]
    if (alert := await _runtime(call).alerts.async_remove(alert_id)) is None:
        raise refusal("unknown_alert", alert_id=alert_id)
    return {"alert": alert.as_dict()}


async def _async_list_price_alerts(call: ServiceCall) -> ServiceResponse:
    """Answer which price alerts there are."""
    return {"alerts": [alert.as_dict() for alert in _runtime(call).alerts.alerts]}


ACTIONS: dict[str, Action] = {
    SERVICE_GET_TICKER: Action(
        _async_get_ticker,
        {**_ENTRY, vol.Required(CONF_PAIRS): _PAIRS},
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_TRADING_CONDITIONS: Action(
        _async_get_trading_conditions,
        {**_ENTRY, vol.Optional(CONF_PAIRS): _PAIRS},
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_BALANCES: Action(_async_get_balances, _ENTRY, SupportsResponse.ONLY),
    SERVICE_GET_ORDERS: Action(
        _async_get_orders, {**_ENTRY, **_ONE_ORDER}, SupportsResponse.ONLY
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
            vol.Optional(ATTR_COMMENT): vol.All(
                cv.string, vol.Length(max=LONGEST_COMMENT)
            ),
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_CANCEL_ORDER: Action(
        _async_cancel_order,
        {**_ENTRY, **_ONE_ORDER},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_ADD_PRICE_ALERT: Action(
        _async_add_price_alert,
        {
            **_ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Required(CONF_CONDITION): vol.In([item.value for item in Condition]),
            vol.Required(CONF_PRICE): positive_decimal,
            vol.Optional(CONF_REPEAT, default=False): cv.boolean,
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_REMOVE_PRICE_ALERT: Action(
        _async_remove_price_alert,
        {**_ENTRY, vol.Required(ATTR_ALERT_ID): cv.string},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_LIST_PRICE_ALERTS: Action(
        _async_list_price_alerts, _ENTRY, SupportsResponse.ONLY
    ),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, whether an entry is loaded or not."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            translate_failures(action.handler),
            schema=vol.Schema(dict(action.fields)),
            supports_response=action.response,
        )
