"""Triggers: what happens to orders; those on prices and accounts stand beside this file."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerNotTriggeredReporter,
)

from .account_triggers import BalanceChanged, StreamLost
from .actions.common import ATTR_ACCOUNT_ID, ATTR_SIDE, pair_name
from .automation_fields import ENTRY_FIELDS
from .const import CONF_PAIR, EVENT_EXECUTION
from .price_triggers import PriceCrossed, PriceMoved
from .schema import vol
from .trigger_base import CexioTrigger

CONF_OUTCOMES = "outcomes"
# An order ends in one of these ways when it is not filled.
OUTCOMES = ("cancelled", "rejected", "expired")

_ORDER_FILTERS = (ATTR_CONFIG_ENTRY_ID, CONF_PAIR, ATTR_SIDE, ATTR_ACCOUNT_ID)
_ORDER_FIELDS: dict[Any, Any] = {
    **ENTRY_FIELDS,
    vol.Optional(CONF_PAIR): pair_name,
    vol.Optional(ATTR_SIDE): vol.In(["buy", "sell"]),
    vol.Optional(ATTR_ACCOUNT_ID): cv.string,
}


class _OrderTrigger(CexioTrigger):
    """Fires when something happens to an order."""

    fields: ClassVar[Mapping[Any, Any]] = _ORDER_FIELDS
    events: ClassVar[tuple[str, ...]]

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the executions of every account that is meant."""
        options = self._options
        events = options.get(CONF_OUTCOMES, self.events)
        wanted = {key: options[key] for key in _ORDER_FILTERS if key in options}

        @callback
        def take(event: Event) -> None:
            """Fire for an execution that fits."""
            data = event.data
            if data["event"] in events and all(
                data[key] == value for key, value in wanted.items()
            ):
                # The id in the data of a trigger is the one that the user gave it.
                payload = {key: value for key, value in data.items() if key != "id"}
                run_action(
                    payload | {"event_id": data["id"]},
                    f"order {data['order_id']} {data['event']}",
                    event.context,
                )

        return self._hass.bus.async_listen(EVENT_EXECUTION, take)


class OrderFilled(_OrderTrigger):
    """Fires when an order has been filled completely."""

    events = ("filled",)


class OrderPartiallyFilled(_OrderTrigger):
    """Fires at each fill that leaves something open."""

    events = ("partially_filled",)


class OrderEnded(_OrderTrigger):
    """Fires when an order ends without having been filled completely."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **_ORDER_FIELDS,
        vol.Optional(CONF_OUTCOMES, default=list(OUTCOMES)): vol.All(
            cv.ensure_list, vol.Length(min=1), [vol.In(OUTCOMES)]
        ),
    }
    events = OUTCOMES


TRIGGERS: dict[str, type[Trigger]] = {
    "order_filled": OrderFilled,
    "order_partially_filled": OrderPartiallyFilled,
    "order_ended": OrderEnded,
    "price_crossed": PriceCrossed,
    "price_moved": PriceMoved,
    "balance_changed": BalanceChanged,
    "stream_lost": StreamLost,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
