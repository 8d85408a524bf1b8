"""The options: how prices and the portfolio are shown, what is told, what may be ordered."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)

from .const import (
    CONF_ALLOWED_PAIRS,
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_LARGEST_DAY_VALUE,
    CONF_LARGEST_DISTANCE,
    CONF_LARGEST_ORDER_VALUE,
    CONF_NOTICES,
    CONF_PORTFOLIO_CURRENCY,
    CONF_PRICE_INTERVAL,
    CONF_TRADERS,
    DEFAULT_PORTFOLIO_CURRENCY,
    DEFAULT_PRICE_INTERVAL,
    LONGEST_PRICE_INTERVAL,
)
from .coordinator import CexioConfigEntry
from .feed import OPTIONAL_KINDS
from .flow_steps import choice, named_choice, pair_selector, positive_number
from .schema import vol

NUMBERS = (CONF_LARGEST_ORDER_VALUE, CONF_LARGEST_DAY_VALUE, CONF_LARGEST_DISTANCE)
NOTICES = [kind.value for kind in OPTIONAL_KINDS]

DEFAULTS: Mapping[str, Any] = {
    CONF_PORTFOLIO_CURRENCY: DEFAULT_PORTFOLIO_CURRENCY,
    CONF_TRADERS: (),
    CONF_NOTICES: NOTICES,
    CONF_PRICE_INTERVAL: DEFAULT_PRICE_INTERVAL,
}
PRICE_FIELDS = {
    vol.Optional(CONF_PRICE_INTERVAL, default=DEFAULT_PRICE_INTERVAL): NumberSelector(
        NumberSelectorConfig(
            min=DEFAULT_PRICE_INTERVAL,
            max=LONGEST_PRICE_INTERVAL,
            step=1,
            unit_of_measurement=UnitOfTime.SECONDS,
            mode=NumberSelectorMode.BOX,
        )
    ),
}


class CexioOptionsFlow(OptionsFlow):
    """Asks for what can be changed at any time."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the guard rails, and for what is shown and told."""
        entry: CexioConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if (account := entry.runtime_data.account) is None:
            return await self.async_step_prices()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = {
                key: "invalid_number"
                for key in NUMBERS
                if key in user_input and positive_number(user_input[key]) is None
            }
            if not errors:
                return self._async_keep(user_input)
        users = {
            user.id: user.name or user.id
            for user in await self.hass.auth.async_get_users()
            if user.is_active and not user.system_generated and not user.is_admin
        }
        values = {**DEFAULTS, **(user_input or entry.options)}
        # A user that is gone would make the form refuse its own values.
        values[CONF_TRADERS] = [user for user in values[CONF_TRADERS] if user in users]
        fields = account_fields(entry, account.balances.sub_accounts, users)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), values),
            errors=errors,
        )

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what prices alone have."""
        if user_input is not None:
            return self._async_keep(user_input)
        return self.async_show_form(
            step_id="prices",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(PRICE_FIELDS), {**DEFAULTS, **self.config_entry.options}
            ),
        )

    @callback
    def _async_keep(self, user_input: Mapping[str, Any]) -> ConfigFlowResult:
        """Keep the options; a box for numbers answers with one that has a fraction."""
        seconds = int(user_input.get(CONF_PRICE_INTERVAL, DEFAULT_PRICE_INTERVAL))
        return self.async_create_entry(
            data={**user_input, CONF_PRICE_INTERVAL: seconds}
        )


def account_fields(
    entry: CexioConfigEntry, sub_accounts: Iterable[str], users: Mapping[str, str]
) -> dict[Any, Any]:
    """Return the fields of an account; users by their ids."""
    reference = entry.runtime_data.reference.data
    accounts = dict.fromkeys(sub_accounts)
    if chosen := entry.options.get(CONF_DEFAULT_ACCOUNT_ID):
        accounts[chosen] = None
    return {
        vol.Optional(CONF_DEFAULT_ACCOUNT_ID): named_choice(
            {name: name for name in accounts}
        ),
        vol.Optional(CONF_PORTFOLIO_CURRENCY): named_choice(
            {code: code for code in sorted(reference.currencies)}
        ),
        vol.Optional(CONF_LARGEST_ORDER_VALUE): TextSelector(),
        vol.Optional(CONF_LARGEST_DAY_VALUE): TextSelector(),
        vol.Optional(CONF_LARGEST_DISTANCE): TextSelector(),
        vol.Optional(CONF_ALLOWED_PAIRS, default=list): pair_selector(
            reference.pairs, multiple=True
        ),
        vol.Optional(CONF_TRADERS, default=list): named_choice(users, multiple=True),
        vol.Optional(CONF_NOTICES, default=NOTICES): choice(
            NOTICES, translation_key=CONF_NOTICES, multiple=True
        ),
        **PRICE_FIELDS,
    }
