"""Fix flows: what a person can do about a repair issue, step by step."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import TextSelector

from .client import async_create_client
from .config_flow import CONF_ACCOUNT_ID, CONF_CURRENCY, SUB_ACCOUNT_NAME
from .const import CONF_DEFAULT_ACCOUNT_ID, CONF_PAIR, CONFIGURATION_URL, DOMAIN
from .coordinator import CexioConfigEntry
from .exchange import CexioError, Permission, Priority
from .flow_steps import pair_selector
from .permissions import async_find_permissions
from .schema import vol
from .trouble_watch import CLOCK_TOLERANCE
from .troubles import Trouble


class TroubleFlow(RepairsFlow):
    """Ends a trouble of an entry."""

    def __init__(self, entry: CexioConfigEntry, subject: str) -> None:
        """Keep whose trouble it is, and what it is about."""
        self._entry = entry
        self._subject = subject

    @property
    def _words(self) -> dict[str, str]:
        """What the words of the issue are filled with."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        words = (issue and issue.translation_placeholders) or {}
        return {**words, "url": CONFIGURATION_URL}


class ConfirmedFlow(TroubleFlow):
    """Explains, and tries to end the trouble when the person says so."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Explain, and try to end it when the person says so."""
        errors: dict[str, str] = {}
        words: dict[str, str] = {}
        if user_input is not None:
            error, words = await self._async_try()
            if error is None:
                return self.async_create_entry(data={})
            errors["base"] = error
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self._words | words,
        )

    @abstractmethod
    async def _async_try(self) -> tuple[str | None, dict[str, str]]:
        """Return the error that keeps it from ending, None when it has ended, and its words."""


class WrongClockFlow(ConfirmedFlow):
    """Compares the clocks again."""

    @override
    async def _async_try(self) -> tuple[str | None, dict[str, str]]:
        """Measure; nothing else ends a wrong clock."""
        # Not that of the entry, which may not be loaded for this very reason.
        rest = async_create_client(self.hass, self._entry.data).rest
        try:
            offset = await rest.measure_clock(priority=Priority.INTERACTIVE)
        except CexioError as err:
            return "cannot_check", {"reason": str(err)}
        if abs(offset) > CLOCK_TOLERANCE:
            return "clock_wrong", {"seconds": f"{abs(offset):.0f}"}
        if self._entry.state is not ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
            return None, {}
        self._entry.runtime_data.watch.async_clock_is_right()
        return None, {}


class PermissionFlow(ConfirmedFlow):
    """Looks again whether the key has a permission."""

    @override
    async def _async_try(self) -> tuple[str | None, dict[str, str]]:
        """Ask for something that needs the permission and has no effect."""
        rest = self._entry.runtime_data.rest
        wanted = Permission[self._subject.upper()]
        try:
            await rest.get_my_account_status_v3()
        except CexioError as err:
            return "cannot_check", {"reason": str(err)}
        found = (await async_find_permissions(rest, (wanted,)))[wanted]
        if found is None:
            return "cannot_check", {"reason": "?"}
        return None if found else "permission_missing", {"permission": wanted.value}


class DelistedFlow(ConfirmedFlow):
    """Removes what watches a pair that is no longer traded."""

    @override
    async def _async_try(self) -> tuple[str | None, dict[str, str]]:
        """Remove the market and the price alerts of the pair."""
        for subentry_id, subentry in tuple(self._entry.subentries.items()):
            if subentry.data.get(CONF_PAIR) == self._subject:
                self.hass.config_entries.async_remove_subentry(self._entry, subentry_id)
        return None, {}


class SubAccountFlow(TroubleFlow):
    """Chooses the sub-account of orders, a new one if need be."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_sub_account()

    async def async_step_sub_account(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for a name, and make sure that there is such a sub-account."""
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            name = user_input[CONF_ACCOUNT_ID].strip()
            if SUB_ACCOUNT_NAME.fullmatch(name):
                try:
                    await self._async_choose(name, user_input[CONF_CURRENCY])
                except CexioError as err:
                    errors["base"], reason = "sub_account_refused", str(err)
                else:
                    return self.async_create_entry(data={})
            else:
                errors[CONF_ACCOUNT_ID] = "invalid_account_id"
        return self.async_show_form(
            step_id="sub_account",
            data_schema=self.add_suggested_values_to_schema(self._schema(), user_input),
            errors=errors,
            description_placeholders=self._words | {"reason": reason},
        )

    def _schema(self) -> Any:
        """Return the fields."""
        currencies = self._entry.runtime_data.reference.data.currencies.keys()
        return vol.Schema(
            {
                vol.Required(CONF_ACCOUNT_ID, default="trading"): TextSelector(),
                vol.Required(
                    CONF_CURRENCY,
                    default="USD" if "USD" in currencies else min(currencies),
                ): pair_selector(currencies, multiple=False),
            }
        )

    async def _async_choose(self, name: str, currency: str) -> None:
        """Create a sub-account unless it is there, and let orders use it."""
        runtime = self._entry.runtime_data
        account = runtime.account
        assert account is not None
        if name not in account.balances.sub_accounts:
            await runtime.rest.do_create_account(name, currency)
        self.hass.config_entries.async_update_entry(
            self._entry,
            options={**self._entry.options, CONF_DEFAULT_ACCOUNT_ID: name},
        )


FLOWS: Mapping[Trouble, Callable[[CexioConfigEntry, str], TroubleFlow]] = {
    Trouble.NO_SUB_ACCOUNT: SubAccountFlow,
    Trouble.PAIR_DELISTED: DelistedFlow,
    Trouble.PERMISSION_MISSING: PermissionFlow,
    Trouble.WRONG_CLOCK: WrongClockFlow,
}


class GoneFlow(RepairsFlow):
    """Says that there is nothing to repair at present."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """End at once."""
        return self.async_abort(reason="entry_not_loaded")


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue; one without data is only to be read."""
    if data is None:
        return ConfirmRepairFlow()
    trouble = next(item for item in FLOWS if issue_id.startswith(item))
    entry: CexioConfigEntry | None = hass.config_entries.async_get_entry(
        str(data["entry_id"])
    )
    if entry is None or (
        entry.state is not ConfigEntryState.LOADED
        and trouble is not Trouble.WRONG_CLOCK
    ):
        return GoneFlow()
    return FLOWS[trouble](entry, str(data["subject"]))
