"""What can be added to an entry in the UI: watched markets and price alerts."""

from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers.selector import BooleanSelector, TextSelector

from .const import CONF_PAIR, SUBENTRY_MARKET
from .coordinator import CexioConfigEntry
from .flow_steps import choice, pair_selector, positive_number
from .price_alerts import (
    CONF_CONDITION,
    CONF_PRICE,
    CONF_REPEAT,
    Condition,
    alert_data,
    alert_title,
)
from .schema import vol


class MarketFlow(ConfigSubentryFlow):
    """Adds a watched market."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the pair."""
        entry: CexioConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        watched = {
            subentry.data[CONF_PAIR]
            for subentry in entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_MARKET
        }
        if user_input is not None:
            pair = user_input[CONF_PAIR]
            if pair in watched:
                return self.async_abort(reason="already_configured")
            return self.async_create_entry(
                title=pair,
                data={CONF_PAIR: pair},
                unique_id=f"{SUBENTRY_MARKET}_{pair}",
            )
        pairs = entry.runtime_data.reference.data.pairs.keys() - watched
        return self.async_show_form(
            step_id="user",
            data_schema=vol.Schema(
                {vol.Required(CONF_PAIR): pair_selector(pairs, multiple=False)}
            ),
        )


class PriceAlertFlow(ConfigSubentryFlow):
    """Adds a price alert."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for what to wait for."""
        entry: CexioConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            price = positive_number(user_input[CONF_PRICE])
            if price is not None:
                pair = user_input[CONF_PAIR]
                condition = Condition(user_input[CONF_CONDITION])
                repeat = user_input[CONF_REPEAT]
                return self.async_create_entry(
                    title=alert_title(pair, condition, price),
                    data=alert_data(pair, condition, price, repeat=repeat),
                )
            errors[CONF_PRICE] = "invalid_number"
        schema = vol.Schema(
            {
                vol.Required(CONF_PAIR): pair_selector(
                    entry.runtime_data.reference.data.pairs, multiple=False
                ),
                vol.Required(CONF_CONDITION): choice(
                    Condition, translation_key=CONF_CONDITION
                ),
                vol.Required(CONF_PRICE): TextSelector(),
                vol.Required(CONF_REPEAT, default=False): BooleanSelector(),
            }
        )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
        )
