"""Actions that add, remove and list price alerts."""

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv

from custom_components.cexio.const import CONF_PAIR
from custom_components.cexio.errors import refusal
from custom_components.cexio.price_alerts import (
    CONF_CONDITION,
    CONF_PRICE,
    CONF_REPEAT,
    Condition,
)
from custom_components.cexio.schema import vol

from .common import ENTRY, Action, check_pairs, pair_name, positive_decimal, runtime_of

ATTR_ALERT_ID = "alert_id"

SERVICE_ADD_PRICE_ALERT = "add_price_alert"
SERVICE_LIST_PRICE_ALERTS = "list_price_alerts"
SERVICE_REMOVE_PRICE_ALERT = "remove_price_alert"


async def _async_add_price_alert(call: ServiceCall) -> ServiceResponse:
    """Add a price alert."""
    runtime = runtime_of(call)
    check_pairs(runtime, [call.data[CONF_PAIR]])
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
    if (alert := await runtime_of(call).alerts.async_remove(alert_id)) is None:
        raise refusal("unknown_alert", alert_id=alert_id)
    return {"alert": alert.as_dict()}


async def _async_list_price_alerts(call: ServiceCall) -> ServiceResponse:
    """Answer which price alerts there are."""
    return {"alerts": [alert.as_dict() for alert in runtime_of(call).alerts.alerts]}


ALERT_ACTIONS: dict[str, Action] = {
    SERVICE_ADD_PRICE_ALERT: Action(
        _async_add_price_alert,
        {
            **ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Required(CONF_CONDITION): vol.In([item.value for item in Condition]),
            vol.Required(CONF_PRICE): positive_decimal,
            vol.Optional(CONF_REPEAT, default=False): cv.boolean,
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_REMOVE_PRICE_ALERT: Action(
        _async_remove_price_alert,
        {**ENTRY, vol.Required(ATTR_ALERT_ID): cv.string},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_LIST_PRICE_ALERTS: Action(
        _async_list_price_alerts, ENTRY, SupportsResponse.ONLY
    ),
}
