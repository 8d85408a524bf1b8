"""Price alerts in the UI: add one, change or pause one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelector,
    DurationSelectorConfig,
    TextSelector,
)

from .alert_conditions import AlertTerms, Condition
from .const import CONF_PAIR
from .coordinator import CexioConfigEntry
from .flow_steps import choice, pair_selector, positive_number
from .price_alerts import (
    CONF_CONDITION,
    CONF_COOLDOWN,
    CONF_DIRECTION,
    CONF_ENABLED,
    CONF_PERCENTAGE,
    CONF_PRICE,
    CONF_REPEAT,
    CONF_WINDOW,
    alert_data,
)
from .price_moves import LONGEST_WINDOW, SHORTEST_WINDOW, Direction
from .schema import vol
from .trigger_base import EITHER

CHOICE_OF_DIRECTION = "price_direction"

_SPAN = DurationSelector(DurationSelectorConfig(enable_day=True))
_EVERY: dict[Any, Any] = {
    vol.Required(CONF_REPEAT, default=False): BooleanSelector(),
    vol.Optional(CONF_COOLDOWN): _SPAN,
}
# The steps by what they ask; a step has the fields that its conditions need.
_FIELDS: dict[str, dict[Any, Any]] = {
    "level": {vol.Required(CONF_PRICE): TextSelector()},
    "move": {
        vol.Required(CONF_PERCENTAGE): TextSelector(),
        vol.Required(CONF_WINDOW, default={"minutes": 15}): _SPAN,
        vol.Required(CONF_DIRECTION, default=EITHER): choice(
            [EITHER, *Direction], translation_key=CHOICE_OF_DIRECTION
        ),
    },
    "spread": {vol.Required(CONF_PERCENTAGE): TextSelector()},
}
_STEPS = {
    Condition.ABOVE: "level",
    Condition.BELOW: "level",
    Condition.CROSSES: "level",
    Condition.MOVES: "move",
    Condition.SPREAD_ABOVE: "spread",
}


class PriceAlertFlow(ConfigSubentryFlow):
    """Adds a price alert, or changes one."""

    _pair: str
    _condition: Condition
    # What the form of an alert shows at first.
    _shown: Mapping[str, Any] | None = None

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the pair and for what to wait for."""
        entry: CexioConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            self._pair = user_input[CONF_PAIR]
            self._condition = Condition(user_input[CONF_CONDITION])
            return await self._async_step_terms(None)
        schema = vol.Schema(
            {
                vol.Required(CONF_PAIR): pair_selector(
                    entry.runtime_data.reference.data.pairs, multiple=False
                ),
                vol.Required(CONF_CONDITION): choice(
                    Condition, translation_key=CONF_CONDITION
                ),
            }
        )
        return self.async_show_form(step_id="user", data_schema=schema, last_step=False)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the terms of an alert."""
        entry: CexioConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        terms = AlertTerms.from_stored(self._get_reconfigure_subentry().data)
        self._pair, self._condition = terms.pair, terms.condition
        self._shown = _shown(terms)
        return await self._async_step_terms(None)

    async def async_step_level(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a price."""
        return await self._async_step_terms(user_input)

    async def async_step_move(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how far the price has to move, and how quickly."""
        return await self._async_step_terms(user_input)

    async def async_step_spread(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the width of the spread."""
        return await self._async_step_terms(user_input)

    async def _async_step_terms(
        self, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask for the fields of the condition, then keep the alert."""
        step_id = _STEPS[self._condition]
        is_change = self.source == SOURCE_RECONFIGURE
        errors: dict[str, str] = {}
        if user_input is not None:
            values, errors = _read(user_input)
            if not errors:
                return (
                    await self._async_change(values)
                    if is_change
                    else self._async_create(values)
                )
        fields = {**_FIELDS[step_id], **_EVERY}
        if is_change:
            fields[vol.Required(CONF_ENABLED)] = BooleanSelector()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input or self._shown
            ),
            errors=errors,
            description_placeholders={
                "pair": self._pair,
                "currency": self._pair.partition("-")[2],
            },
            last_step=True,
        )

    def _async_create(self, values: Mapping[str, Any]) -> SubentryFlowResult:
        """Add the alert."""
        terms = AlertTerms(pair=self._pair, condition=self._condition, **values)
        return self.async_create_entry(title=terms.title, data=alert_data(terms))

    async def _async_change(self, values: Mapping[str, Any]) -> SubentryFlowResult:
        """Change the alert as the action would."""
        entry: CexioConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        alert_id = self._reconfigure_subentry_id
        try:
            changed = await entry.runtime_data.alerts.async_update(alert_id, values)
        except HomeAssistantError:
            return self.async_abort(reason="storage_failed")
        return self.async_abort(
            reason="alert_gone" if changed is None else "reconfigure_successful"
        )


def _read(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the terms that fields mean, and what is wrong with them."""
    values: dict[str, Any] = dict(fields)
    errors: dict[str, str] = {}
    for name in (CONF_PRICE, CONF_PERCENTAGE):
        if name in fields:
            values[name] = positive_number(fields[name])
            if values[name] is None:
                errors[name] = "invalid_number"
    if CONF_WINDOW in fields:
        values[CONF_WINDOW] = _span(fields[CONF_WINDOW])
        if not SHORTEST_WINDOW <= values[CONF_WINDOW] <= LONGEST_WINDOW:
            errors[CONF_WINDOW] = "invalid_window"
    if CONF_DIRECTION in fields:
        way = fields[CONF_DIRECTION]
        values[CONF_DIRECTION] = None if way == EITHER else Direction(way)
    values[CONF_COOLDOWN] = _span(fields.get(CONF_COOLDOWN, {})) or None
    return values, errors


def _span(value: Mapping[str, float]) -> timedelta:
    """Return the time that the parts of a duration make, to the second."""
    whole = cv.time_period_dict({"seconds": 0, **value}).total_seconds()
    return timedelta(seconds=int(whole))


def _shown(terms: AlertTerms) -> dict[str, Any]:
    """Return the terms of an alert as its form shows them."""
    shown = terms.to_stored()
    shown[CONF_DIRECTION] = shown[CONF_DIRECTION] or EITHER
    for name, span in ((CONF_WINDOW, terms.window), (CONF_COOLDOWN, terms.cooldown)):
        if span is not None:
            minutes, seconds = divmod(span.seconds, 60)
            hours, minutes = divmod(minutes, 60)
            parts = {"days": span.days, "hours": hours}
            shown[name] = parts | {"minutes": minutes, "seconds": seconds}
    return shown
