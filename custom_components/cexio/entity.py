"""Base entities: the devices that everything hangs on."""

import asyncio
from collections.abc import Callable
from typing import Any, override

from homeassistant.components.sensor.const import SensorDeviceClass
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)

from .const import (
    CONF_PAIR,
    CONFIGURATION_URL,
    DOMAIN,
    MANUFACTURER,
    MARKET_SIGNAL,
    SUBENTRY_MARKET,
)
from .coordinator import AccountCoordinator, CexioConfigEntry, ReferenceCoordinator
from .market import Market


def account_device(entry: CexioConfigEntry) -> DeviceInfo:
    """Return the device of the account, which also stands for its main account."""
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model="Account",
        name=entry.title,
        configuration_url=CONFIGURATION_URL,
    )


def known_devices(entry: CexioConfigEntry) -> set[tuple[str, str]]:
    """Return the identifiers of what a loaded entry has devices for."""
    account = entry.runtime_data.account
    devices = [market_device(entry, item) for item in market_subentries(entry)]
    if account is not None:
        devices.append(account_device(entry))
        devices += [
            sub_account_device(account.balances, account_id)
            for account_id in account.balances.sub_accounts
        ]
    return {
        identifier for device in devices for identifier in device.get("identifiers", ())
    }


def sub_account_device(coordinator: AccountCoordinator, account_id: str) -> DeviceInfo:
    """Return the device of a sub-account."""
    entry = coordinator.config_entry
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry.entry_id}_account_{account_id}")},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model="Sub-account",
        name=account_id,
        configuration_url=CONFIGURATION_URL,
        via_device_id=dr.async_get_device_id_by_identifier(
            coordinator.hass,
            (DOMAIN, entry.entry_id),
            config_entry_id=entry.entry_id,
        ),
    )


def market_device(entry: CexioConfigEntry, subentry: ConfigSubentry) -> DeviceInfo:
    """Return the device of a watched market."""
    pair = subentry.data[CONF_PAIR]
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry.entry_id}_market_{pair}")},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model="Market",
        name=pair,
        configuration_url=CONFIGURATION_URL,
    )


@callback
def async_market_device(
    hass: HomeAssistant, entry: CexioConfigEntry, subentry: ConfigSubentry
) -> dr.DeviceEntry:
    """Have the device of a watched market; asked for once, not by each of the many entities that hang on it."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        **market_device(entry, subentry),
    )


class CexioAccountEntity(Entity):
    """Something of the account as a whole."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: CexioConfigEntry, key: str) -> None:
        """Hang the entity on the device of the account."""
        self.entry = entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The device of the account; asked for once, so that none keeps its own."""
        return account_device(self.entry)


class CexioAccountCoordinatorEntity[CoordinatorT: DataUpdateCoordinator[Any]](
    CoordinatorEntity[CoordinatorT]
):
    """Something of the account as a whole that a coordinator keeps."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CoordinatorT, entry: CexioConfigEntry) -> None:
        """Hang the entity on the device of the account."""
        super().__init__(coordinator)
        self.entry = entry

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The device of the account."""
        return account_device(self.entry)


class CexioBalanceEntity(CoordinatorEntity[AccountCoordinator]):
    """Something of one asset in one account."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: AccountCoordinator, account_id: str, currency: str, key: str
    ) -> None:
        """Hang the entity on the device of its account."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.account_id = account_id
        self.currency = currency
        self._attr_unique_id = f"{entry.entry_id}_{account_id}_{currency}_{key}"
        self._attr_translation_placeholders = {"currency": currency}

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The device of the account that the asset is in."""
        if self.account_id:
            return sub_account_device(self.coordinator, self.account_id)
        return account_device(self.coordinator.config_entry)


class CexioMarketEntity(CoordinatorEntity[Market]):
    """Something of one watched market."""

    _attr_has_entity_name = True

    def __init__(self, market: Market, device: dr.DeviceEntry, key: str) -> None:
        """Hang the entity on the device of its market."""
        super().__init__(market)
        self.device_entry = device
        self._attr_unique_id = f"{market.config_entry.entry_id}_{market.pair}_{key}"


def market_subentries(entry: CexioConfigEntry) -> list[ConfigSubentry]:
    """Return the subentries of the watched markets."""
    return [
        subentry
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_MARKET
    ]


async def async_each_market(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    add: Callable[[ConfigSubentry], None],
) -> None:
    """Add what each watched market has, and what each has that is watched later."""
    for subentry in market_subentries(entry):
        add(subentry)
        # Adding many in one turn of the event loop would block it.
        await asyncio.sleep(0)
    signal = MARKET_SIGNAL.format(entry.entry_id)
    entry.async_on_unload(async_dispatcher_connect(hass, signal, add))


def flat_execution(data: dict[str, Any]) -> dict[str, Any]:
    """Return an execution's feed data with the order's fields beside the event."""
    return {"event": data["event"], **data["order"], "fill": data["fill"]}


def class_and_precision(
    reference: ReferenceCoordinator, currency: str
) -> tuple[SensorDeviceClass | None, int | None]:
    """Return device class and display precision of an amount of a currency.

    Only what a state issues is money to Home Assistant.
    """
    if reference.is_fiat(currency):
        return SensorDeviceClass.MONETARY, 2
    known = reference.data.currencies.get(currency)
    return None, None if known is None else known.precision
