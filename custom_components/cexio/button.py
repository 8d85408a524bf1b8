"""Buttons: cancel all orders, of the whole account or of one sub-account."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cancellation import async_cancel_all_orders
from .coordinator import CexioConfigEntry
from .entity import account_device, sub_account_device
from .errors import translate_failures

PARALLEL_UPDATES = 1

CANCEL_ALL = "cancel_all_orders"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of the account, and those of sub-accounts as they appear."""
    if (account := entry.runtime_data.account) is None:
        return
    async_add_entities([CexioCancelAll(entry, None)])
    known: set[str] = set()

    @callback
    def add_new_accounts() -> None:
        """Add the buttons of sub-accounts that were not there before."""
        new = sorted(set(account.balances.sub_accounts) - known)
        known.update(new)
        async_add_entities(CexioCancelAll(entry, account_id) for account_id in new)

    add_new_accounts()
    entry.async_on_unload(account.balances.async_add_listener(add_new_accounts))


class CexioCancelAll(ButtonEntity):
    """Cancels the open orders of a sub-account, or of all accounts."""

    _attr_has_entity_name = True
    _attr_translation_key = CANCEL_ALL

    def __init__(self, entry: CexioConfigEntry, account_id: str | None) -> None:
        """Hang the button on the device whose orders it cancels."""
        account = entry.runtime_data.account
        assert account is not None
        self._entry = entry
        self._account_id = account_id
        self._attr_unique_id = f"{entry.entry_id}_{account_id or ''}_{CANCEL_ALL}"
        self._attr_device_info = (
            account_device(entry)
            if account_id is None
            else sub_account_device(account.balances, account_id)
        )

    @override
    async def async_press(self) -> None:
        """Cancel them, in the name of who pressed."""
        await translate_failures(async_cancel_all_orders)(
            self.hass, self._entry, self._context or Context(), self._account_id
        )
