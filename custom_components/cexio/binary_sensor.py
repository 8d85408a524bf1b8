"""Binary sensor: whether the account's stream is connected."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_stream import AccountStream
from .coordinator import CexioConfigEntry
from .entity import CexioAccountEntity

PARALLEL_UPDATES = 0

STREAM = "stream"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensor where there is an account."""
    if (account := entry.runtime_data.account) is not None:
        async_add_entities([CexioStreamConnected(entry, account.stream)])


class CexioStreamConnected(CexioAccountEntity, BinarySensorEntity):
    """Whether executions and balances are pushed at this moment."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: CexioConfigEntry, stream: AccountStream) -> None:
        """Keep the stream."""
        super().__init__(entry, STREAM)
        self._stream = stream

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the stream is connected."""
        return self._stream.connected

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the connection."""
        await super().async_added_to_hass()
        self.async_on_remove(self._stream.async_listen(self.async_write_ha_state))
