"""What all actions have in common: which entry is meant, and which values are valid."""

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

from custom_components.cexio.const import CONF_KIND, DOMAIN, KIND_ACCOUNT
from custom_components.cexio.coordinator import (
    CexioAccount,
    CexioConfigEntry,
    CexioRuntimeData,
)
from custom_components.cexio.errors import refusal
from custom_components.cexio.schema import vol

ATTR_ACCOUNT_ID = "account_id"
ATTR_AMOUNT = "amount"
ATTR_CLIENT_ORDER_ID = "client_order_id"
ATTR_COMMENT = "comment"
ATTR_CURRENCY = "currency"
ATTR_END = "end"
ATTR_LIMIT = "limit"
ATTR_ORDER_ID = "order_id"
ATTR_PAGE = "page"
ATTR_SIDE = "side"
ATTR_START = "start"

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


@dataclass(frozen=True, slots=True)
class Action:
    """One action: who answers it, what it takes, whether its answer is the point."""

    handler: Handler
    fields: Mapping[Any, Any]
    response: SupportsResponse


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


def currency_code(value: Any) -> str:
    """Validate the code of a currency."""
    return cv.string(value).strip().upper()


def aware_datetime(value: Any) -> datetime:
    """Validate a moment; one without a zone is in Home Assistant's own."""
    moment = cv.datetime(value)
    return dt_util.as_utc(moment)


ENTRY: dict[Any, Any] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
ONE_ORDER: dict[Any, Any] = {
    vol.Exclusive(ATTR_ORDER_ID, "order"): cv.string,
    vol.Exclusive(ATTR_CLIENT_ORDER_ID, "order"): cv.string,
}
SPAN: dict[Any, Any] = {
    vol.Optional(ATTR_START): aware_datetime,
    vol.Optional(ATTR_END): aware_datetime,
}
# The exchange takes longer ones, but they would not fit where they are shown.
LONGEST_COMMENT = 255
COMMENT: dict[Any, Any] = {
    vol.Optional(ATTR_COMMENT): vol.All(cv.string, vol.Length(max=LONGEST_COMMENT))
}
PAIRS = vol.All(cv.ensure_list, [pair_name])


def entry_of(call: ServiceCall, *, with_account: bool = False) -> CexioConfigEntry:
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


def runtime_of(call: ServiceCall) -> CexioRuntimeData:
    """Return what lives with the entry of a call."""
    return entry_of(call).runtime_data


def account_of(call: ServiceCall) -> CexioAccount:
    """Return the account of the entry of a call."""
    account = entry_of(call, with_account=True).runtime_data.account
    assert account is not None
    return account


def check_pairs(runtime: CexioRuntimeData, pairs: list[str]) -> None:
    """Refuse pairs that the exchange does not trade."""
    for pair in pairs:
        if pair not in runtime.reference.data.pairs:
            raise refusal("unknown_pair", pair=pair)


def check_currency(runtime: CexioRuntimeData, currency: str) -> None:
    """Refuse a currency that the exchange does not have."""
    if currency not in runtime.reference.data.currencies:
        raise refusal("unknown_currency", currency=currency)


def check_span(call: ServiceCall) -> None:
    """Refuse a span that ends before it begins."""
    start, end = call.data.get(ATTR_START), call.data.get(ATTR_END)
    if start is not None and end is not None and start >= end:
        raise refusal("span_reversed")
