"""The flows: set-up, new credentials, options, markets and price alerts."""

from collections.abc import Mapping
from hashlib import sha256
import re
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector
from yarl import URL

from .alert_flow import PriceAlertFlow
from .const import (
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_KIND,
    CONF_PAIR,
    CONF_PAIRS,
    CONFIGURATION_URL,
    DOMAIN,
    KIND_ACCOUNT,
    KIND_PRICES,
    SECTION_SERVER,
    SUBENTRY_MARKET,
    SUBENTRY_PRICE_ALERT,
)
from .errors import set_up_error_key
from .exchange import CexioError, InvalidRequestError, OutcomeUnknownError
from .flow_steps import (
    CHANGED_CREDENTIAL_FIELDS,
    CREDENTIAL_FIELDS,
    SERVER_FIELDS,
    Found,
    StepError,
    async_ask,
    async_is_another_account,
    changed_data,
    credential_data,
    entry_data,
    named_choice,
    pair_selector,
    permission_marks,
    proposed_pairs,
)
from .options_flow import CexioOptionsFlow
from .schema import vol
from .subentry_flows import MarketFlow

CONF_ACCOUNT_ID = "account_id"
CONF_CURRENCY = "currency"
DEFAULT_SUB_ACCOUNT = "trading"
# What the exchange takes as the name of a sub-account (rest.md 3.1).
SUB_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


class CexioConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up an account or prices only, and renews the access."""

    VERSION = 1
    MINOR_VERSION = 2

    _found: Found
    _pairs: list[str]
    _wanted_account_id: str = DEFAULT_SUB_ACCOUNT

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> CexioOptionsFlow:
        """Return the flow of the options."""
        return CexioOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an entry."""
        return {
            SUBENTRY_MARKET: MarketFlow,
            SUBENTRY_PRICE_ALERT: PriceAlertFlow,
        }

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to set up."""
        return self.async_show_menu(
            step_id="user", menu_options=[KIND_ACCOUNT, KIND_PRICES]
        )

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the API key."""
        return await self._async_step_server(
            KIND_ACCOUNT, {**CREDENTIAL_FIELDS, **SERVER_FIELDS}, user_input
        )

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for nothing but, maybe, the server."""
        return await self._async_step_server(KIND_PRICES, SERVER_FIELDS, user_input)

    async def async_step_permissions(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell what the key may do, and so what will not work with it."""
        if user_input is None:
            return self.async_show_form(
                step_id="permissions",
                description_placeholders={
                    "url": CONFIGURATION_URL,
                    **permission_marks(self._found.permissions),
                },
            )
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            return self._async_keep_access()
        return await self.async_step_pairs()

    async def async_step_pairs(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the pairs to watch."""
        if user_input is not None:
            self._pairs = user_input[CONF_PAIRS]
            if self._found.data[CONF_KIND] == KIND_PRICES:
                return self._async_finish()
            if self._found.sub_accounts:
                return await self.async_step_sub_account()
            return await self.async_step_new_sub_account()
        schema = vol.Schema(
            {
                vol.Required(
                    CONF_PAIRS, default=proposed_pairs(self._found)
                ): pair_selector(self._found.pairs, multiple=True)
            }
        )
        return self.async_show_form(step_id="pairs", data_schema=schema)

    async def async_step_sub_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the sub-account of orders."""
        known = self._found.sub_accounts
        if user_input is not None:
            chosen = user_input[CONF_DEFAULT_ACCOUNT_ID].strip()
            if chosen in known:
                return self._async_finish(chosen)
            self._wanted_account_id = chosen
            return await self.async_step_new_sub_account()
        default = DEFAULT_SUB_ACCOUNT if DEFAULT_SUB_ACCOUNT in known else known[0]
        selector = named_choice({name: name for name in known})
        selector.config["custom_value"] = True
        schema = vol.Schema(
            {vol.Required(CONF_DEFAULT_ACCOUNT_ID, default=default): selector}
        )
        return self.async_show_form(step_id="sub_account", data_schema=schema)

    async def async_step_new_sub_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer to create a sub-account; without a name none is created."""
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            name = user_input.get(CONF_ACCOUNT_ID, "").strip()
            if not name:
                return self._async_finish()
            if not SUB_ACCOUNT_NAME.fullmatch(name):
                errors[CONF_ACCOUNT_ID] = "invalid_account_id"
            else:
                try:
                    await self._found.rest.do_create_account(
                        name, user_input[CONF_CURRENCY]
                    )
                except (InvalidRequestError, OutcomeUnknownError) as err:
                    # How a sixth account is refused is not documented (rest.md 4.B.4).
                    errors["base"], reason = "sub_account_refused", str(err)
                except CexioError as err:
                    errors["base"], reason = set_up_error_key(err), str(err)
                else:
                    return self._async_finish(name)
        currencies = {
            currency
            for pair in self._found.pairs.values()
            for currency in (pair.base, pair.quote)
        }
        default = "USD" if "USD" in currencies else min(currencies)
        schema = vol.Schema(
            {
                vol.Optional(CONF_ACCOUNT_ID): TextSelector(),
                vol.Required(CONF_CURRENCY, default=default): pair_selector(
                    currencies, multiple=False
                ),
            }
        )
        return self.async_show_form(
            step_id="new_sub_account",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or {CONF_ACCOUNT_ID: self._wanted_account_id}
            ),
            errors=errors,
            description_placeholders={"reason": reason},
        )

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin to renew the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a key that works."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            data = changed_data(entry.data, credential_data(user_input))
            try:
                return await self._async_update_access(entry, data)
            except StepError as err:
                errors, reason = err.errors, err.reason
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(CREDENTIAL_FIELDS),
                {CONF_API_KEY: (user_input or entry.data)[CONF_API_KEY]},
            ),
            errors=errors,
            description_placeholders={
                "title": entry.title,
                "reason": reason,
                "url": CONFIGURATION_URL,
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another server, or another key of the same account."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            data = changed_data(
                entry.data, entry_data(entry.data[CONF_KIND], user_input)
            )
            try:
                return await self._async_update_access(entry, data)
            except StepError as err:
                errors, reason = err.errors, err.reason
        is_account = entry.data[CONF_KIND] == KIND_ACCOUNT
        shown = user_input or {
            CONF_API_KEY: entry.data.get(CONF_API_KEY),
            SECTION_SERVER: {CONF_URL: entry.data[CONF_URL]},
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(
                    {**CHANGED_CREDENTIAL_FIELDS, **SERVER_FIELDS}
                    if is_account
                    else SERVER_FIELDS
                ),
                shown,
            ),
            errors=errors,
            description_placeholders={
                "title": entry.title,
                "reason": reason,
                "url": CONFIGURATION_URL,
            },
        )

    async def _async_update_access(
        self, entry: ConfigEntry, data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Try how an entry shall reach its account from now on, and keep it.

        Raises:
            StepError: It does not work.
        """
        self._found = await async_ask(self.hass, data)
        if await async_is_another_account(self.hass, entry, self._found):
            return self.async_abort(reason="account_mismatch")
        other = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, _unique_id(data)
        )
        if other is not None and other is not entry:
            return self.async_abort(reason="already_configured")
        if data[CONF_KIND] == KIND_ACCOUNT and not self._found.may_everything:
            return await self.async_step_permissions()
        return self._async_keep_access()

    @callback
    def _async_keep_access(self) -> ConfigFlowResult:
        """Let an entry use what was tried."""
        if self.source == SOURCE_REAUTH:
            entry, reason = self._get_reauth_entry(), "reauth_successful"
        else:
            entry, reason = self._get_reconfigure_entry(), "reconfigure_successful"
        data = self._found.data
        result = self.async_update_and_abort(
            entry, unique_id=_unique_id(data), data=data, reason=reason
        )
        if entry.state is not ConfigEntryState.LOADED:
            # Only a loaded entry has a listener that would do it.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    async def _async_step_server(
        self,
        kind: str,
        fields: dict[Any, Any],
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        """Ask for how to reach the exchange, and try it."""
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            try:
                self._found = await async_ask(self.hass, entry_data(kind, user_input))
            except StepError as err:
                errors, reason = err.errors, err.reason
            else:
                await self.async_set_unique_id(_unique_id(self._found.data))
                self._abort_if_unique_id_configured()
                if kind == KIND_ACCOUNT and not self._found.may_everything:
                    return await self.async_step_permissions()
                return await self.async_step_pairs()
        return self.async_show_form(
            step_id=kind,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input
            ),
            errors=errors,
            description_placeholders={"reason": reason, "url": CONFIGURATION_URL},
        )

    @callback
    def _async_finish(self, account_id: str | None = None) -> ConfigFlowResult:
        """Create the entry with a subentry for each watched market."""
        data = self._found.data
        is_account = data[CONF_KIND] == KIND_ACCOUNT
        return self.async_create_entry(
            title="CEX.IO" if is_account else "CEX.IO prices",
            data=data,
            options={} if account_id is None else {CONF_DEFAULT_ACCOUNT_ID: account_id},
            subentries=[
                ConfigSubentryData(
                    data={CONF_PAIR: pair},
                    subentry_type=SUBENTRY_MARKET,
                    title=pair,
                    unique_id=f"{SUBENTRY_MARKET}_{pair}",
                )
                for pair in self._pairs
            ],
        )


def _unique_id(data: Mapping[str, Any]) -> str:
    """Return what tells entries apart: the key (not readable back), or the server."""
    if (key := data.get(CONF_API_KEY)) is not None:
        return sha256(f"{data[CONF_URL]} {key}".encode()).hexdigest()[:32]
    return f"{KIND_PRICES}_{URL(data[CONF_URL]).host}"
