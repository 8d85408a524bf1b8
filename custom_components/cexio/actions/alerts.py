"""Actions that add, change, remove and list price alerts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv

from custom_components.cexio.alert_conditions import (
    AlertTerms,
    Condition,
    PriceAlert,
    needed_fields,
    taken_fields,
)
from custom_components.cexio.const import CONF_PAIR
from custom_components.cexio.errors import refusal
from custom_components.cexio.price_alerts import (
    CONF_CONDITION,
    CONF_COOLDOWN,
    CONF_DIRECTION,
    CONF_ENABLED,
    CONF_PERCENTAGE,
    CONF_PRICE,
    CONF_REPEAT,
    CONF_WINDOW,
    PriceAlerts,
)
from custom_components.cexio.price_moves import (
    LONGEST_WINDOW,
    SHORTEST_WINDOW,
    Direction,
)
from custom_components.cexio.schema import vol

from .common import ENTRY, Action, check_pairs, pair_name, positive_decimal, runtime_of

ATTR_ALERT_ID = "alert_id"

SERVICE_ADD_PRICE_ALERT = "add_price_alert"
SERVICE_LIST_PRICE_ALERTS = "list_price_alerts"
SERVICE_REMOVE_PRICE_ALERT = "remove_price_alert"
SERVICE_UPDATE_PRICE_ALERT = "update_price_alert"

# What only some conditions know.
CONDITION_FIELDS = (CONF_PRICE, CONF_PERCENTAGE, CONF_WINDOW, CONF_DIRECTION)


def _whole_seconds(value: Any) -> timedelta:
    """Validate a span of time, to the second."""
    span: timedelta = cv.positive_time_period(value)
    return timedelta(seconds=int(span.total_seconds()))


def move_window(value: Any) -> timedelta:
    """Validate the span of time in which a price has to move."""
    span = _whole_seconds(value)
    if not SHORTEST_WINDOW <= span <= LONGEST_WINDOW:
        raise vol.Invalid("expected a time between one second and one day")
    return span


def _cooldown(value: Any) -> timedelta | None:
    """Validate the rest after a firing; zero is none."""
    return _whole_seconds(value) or None


def _check_fields(condition: Condition, given: Mapping[str, Any]) -> None:
    """Refuse fields that the condition does not know."""
    for name in CONDITION_FIELDS:
        if name in given and name not in taken_fields(condition):
            raise refusal(
                "alert_field_not_allowed", field=name, condition=condition.value
            )


def _alert_of(call: ServiceCall) -> tuple[PriceAlerts, PriceAlert]:
    """Return the alert that a call means, and where it lives."""
    alerts, alert_id = runtime_of(call).alerts, call.data[ATTR_ALERT_ID]
    for alert in alerts.alerts:
        if alert.alert_id == alert_id:
            return alerts, alert
    raise refusal("unknown_alert", alert_id=alert_id)


async def _async_add_price_alert(call: ServiceCall) -> ServiceResponse:
    """Add a price alert."""
    runtime = runtime_of(call)
    check_pairs(runtime, [call.data[CONF_PAIR]])
    condition = Condition(call.data[CONF_CONDITION])
    _check_fields(condition, call.data)
    for name in sorted(needed_fields(condition) - call.data.keys()):
        raise refusal("alert_field_required", field=name, condition=condition.value)
    alert = await runtime.alerts.async_add(
        AlertTerms(
            pair=call.data[CONF_PAIR],
            condition=condition,
            repeat=call.data[CONF_REPEAT],
            cooldown=call.data.get(CONF_COOLDOWN),
            **{name: call.data[name] for name in CONDITION_FIELDS if name in call.data},
        )
    )
    return {"alert": alert.as_dict()}


async def _async_update_price_alert(call: ServiceCall) -> ServiceResponse:
    """Change, pause or resume a price alert."""
    alerts, alert = _alert_of(call)
    changes = {
        name: value for name, value in call.data.items() if name in TERMS_THAT_CHANGE
    }
    _check_fields(alert.terms.condition, changes)
    if (changed := await alerts.async_update(alert.alert_id, changes)) is None:
        raise refusal("unknown_alert", alert_id=alert.alert_id)
    return {"alert": changed.as_dict()}


async def _async_remove_price_alert(call: ServiceCall) -> ServiceResponse:
    """Remove a price alert."""
    alerts, alert = _alert_of(call)
    await alerts.async_remove(alert.alert_id)
    return {"alert": alert.as_dict()}


async def _async_list_price_alerts(call: ServiceCall) -> ServiceResponse:
    """Answer which price alerts there are."""
    return {"alerts": [alert.as_dict() for alert in runtime_of(call).alerts.alerts]}


CHANGEABLE: dict[Any, Any] = {
    vol.Optional(CONF_PRICE): positive_decimal,
    vol.Optional(CONF_PERCENTAGE): positive_decimal,
    vol.Optional(CONF_WINDOW): move_window,
    vol.Optional(CONF_COOLDOWN): _cooldown,
}
TERMS_THAT_CHANGE = {CONF_ENABLED, CONF_REPEAT, *(str(key) for key in CHANGEABLE)}

ALERT_ACTIONS: dict[str, Action] = {
    SERVICE_ADD_PRICE_ALERT: Action(
        _async_add_price_alert,
        {
            **ENTRY,
            vol.Required(CONF_PAIR): pair_name,
            vol.Required(CONF_CONDITION): vol.In([item.value for item in Condition]),
            **CHANGEABLE,
            vol.Optional(CONF_DIRECTION): vol.Coerce(Direction),
            vol.Optional(CONF_REPEAT, default=False): cv.boolean,
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_UPDATE_PRICE_ALERT: Action(
        _async_update_price_alert,
        {
            **ENTRY,
            vol.Required(ATTR_ALERT_ID): cv.string,
            **CHANGEABLE,
            vol.Optional(CONF_REPEAT): cv.boolean,
            vol.Optional(CONF_ENABLED): cv.boolean,
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
