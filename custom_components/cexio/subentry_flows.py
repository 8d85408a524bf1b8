"""Watched markets in the UI."""

from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)

from .const import CONF_PAIR, SUBENTRY_MARKET
from .coordinator import CexioConfigEntry
from .flow_steps import pair_selector
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
