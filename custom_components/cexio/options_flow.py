"""The options: the portfolio's currency, what may be ordered and by whom."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import TextSelector

from .const import (
    CONF_ALLOWED_PAIRS,
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_LARGEST_DAY_VALUE,
    CONF_LARGEST_DISTANCE,
    CONF_LARGEST_ORDER_VALUE,
    CONF_PORTFOLIO_CURRENCY,
    CONF_TRADERS,
    DEFAULT_PORTFOLIO_CURRENCY,
)
from .coordinator import CexioConfigEntry
from .flow_steps import named_choice, pair_selector, positive_number
from .schema import vol

NUMBERS = (CONF_LARGEST_ORDER_VALUE, CONF_LARGEST_DAY_VALUE, CONF_LARGEST_DISTANCE)


class CexioOptionsFlow(OptionsFlow):
    """The guard rails: what may be ordered, and by whom."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the guard rails."""
        entry: CexioConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if (account := entry.runtime_data.account) is None:
            return self.async_abort(reason="account_required")
        errors: dict[str, str] = {}
        if user_input is not None:
            for key in NUMBERS:
                if key in user_input and positive_number(user_input[key]) is None:
                    errors[key] = "invalid_number"
            if not errors:
                return self.async_create_entry(data=user_input)
        accounts = dict.fromkeys(account.balances.sub_accounts)
        if chosen := entry.options.get(CONF_DEFAULT_ACCOUNT_ID):
            accounts[chosen] = None
        currencies = entry.runtime_data.reference.data.currencies
        users = {
            user.id: user.name or user.id
            for user in await self.hass.auth.async_get_users()
            if user.is_active and not user.system_generated and not user.is_admin
        }
        schema = vol.Schema(
            {
                vol.Optional(CONF_DEFAULT_ACCOUNT_ID): named_choice(
                    {name: name for name in accounts}
                ),
                vol.Optional(CONF_PORTFOLIO_CURRENCY): named_choice(
                    {code: code for code in sorted(currencies)}
                ),
                vol.Optional(CONF_LARGEST_ORDER_VALUE): TextSelector(),
                vol.Optional(CONF_LARGEST_DAY_VALUE): TextSelector(),
                vol.Optional(CONF_LARGEST_DISTANCE): TextSelector(),
                vol.Optional(CONF_ALLOWED_PAIRS, default=list): pair_selector(
                    entry.runtime_data.reference.data.pairs, multiple=True
                ),
                vol.Optional(CONF_TRADERS, default=list): named_choice(
                    users, multiple=True
                ),
            }
        )
        # A user that is gone would make the form refuse its own values.
        values = {
            CONF_PORTFOLIO_CURRENCY: DEFAULT_PORTFOLIO_CURRENCY,
            **(user_input or entry.options),
        }
        values[CONF_TRADERS] = [
            user for user in values.get(CONF_TRADERS, ()) if user in users
        ]
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
        )
