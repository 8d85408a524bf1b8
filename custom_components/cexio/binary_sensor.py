"""Binary sensors: whether the account's stream is connected, and maintenance."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_stream import AccountStream
from .coordinator import CexioConfigEntry
from .entity import CexioAccountEntity
from .exchange import MaintenanceError

PARALLEL_UPDATES = 0

MAINTENANCE = "maintenance"
STREAM = "stream"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors where there is an account."""
    if (account := entry.runtime_data.account) is not None:
        async_add_entities(
            [CexioStreamConnected(entry, account.stream), CexioMaintenance(entry)]
        )


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


class CexioMaintenance(CexioAccountEntity, BinarySensorEntity):
    """Whether the exchange refuses questions because it is on maintenance."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: CexioConfigEntry) -> None:
        """Keep whoever asks the exchange."""
        super().__init__(entry, MAINTENANCE)
        runtime = entry.runtime_data
        assert runtime.account is not None
        self._coordinators = (runtime.markets.tickers, runtime.account.balances)
        self._streams = [runtime.client.public_stream]
        if runtime.client.private_stream is not None:
            self._streams.append(runtime.client.private_stream)

    @property
    @override
    def is_on(self) -> bool:
        """Return whether somebody was refused for maintenance last."""
        refusals: list[BaseException | None] = [
            stream.last_error for stream in self._streams
        ]
        refusals += [
            item.last_exception.__cause__
            for item in self._coordinators
            if not item.last_update_success and item.last_exception is not None
        ]
        return any(isinstance(item, MaintenanceError) for item in refusals)

    @override
    async def async_added_to_hass(self) -> None:
        """Look whenever somebody was answered."""
        await super().async_added_to_hass()
        for coordinator in self._coordinators:
            self.async_on_remove(
                coordinator.async_add_listener(self.async_write_ha_state)
            )
