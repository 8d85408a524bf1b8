"""Sensors that tell how an account is served: points, delay, recovery."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.event import async_track_time_interval

from .coordinator import AccountCoordinator, CexioConfigEntry
from .entity import CexioAccountCoordinatorEntity, CexioAccountEntity
from .exchange import Budget
from .executions import Ledger

# Points are counted by the minute; this is often enough to see where they go.
POINTS_INTERVAL = timedelta(seconds=15)

LAST_RECOVERY = "last_recovery"
POINTS_ADDRESS = "points_address"
POINTS_KEY = "points_key"
STREAM_DELAY = "stream_delay"


def diagnostic_sensors(entry: CexioConfigEntry) -> list[SensorEntity]:
    """Return the sensors that every account has once."""
    runtime = entry.runtime_data
    account = runtime.account
    assert account is not None
    return [
        CexioPoints(entry, POINTS_KEY, runtime.client.budgets["key"]),
        CexioPoints(entry, POINTS_ADDRESS, runtime.client.budgets["address"]),
        CexioStreamDelay(account.balances, entry),
        CexioLastRecovery(account.balances, entry, account.ledger),
    ]


class CexioPoints(CexioAccountEntity, SensorEntity):
    """How many points of the exchange's rate limit this minute has used."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_native_unit_of_measurement = "points"

    def __init__(self, entry: CexioConfigEntry, key: str, budget: Budget) -> None:
        """Keep the budget."""
        super().__init__(entry, key)
        self._budget = budget

    @property
    @override
    def native_value(self) -> int:
        """Return the points."""
        return self._budget.used

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return how many there are."""
        return {"limit": self._budget.limit}

    @override
    async def async_added_to_hass(self) -> None:
        """Look now and then."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_track_time_interval(self.hass, self._async_look, POINTS_INTERVAL)
        )

    @callback
    def _async_look(self, _now: datetime) -> None:
        """Show the present count."""
        self.async_write_ha_state()


class CexioStreamDelay(CexioAccountCoordinatorEntity[AccountCoordinator], SensorEntity):
    """How long the last pushed balance was on its way, by the exchange's time."""

    _attr_translation_key = STREAM_DELAY
    _attr_device_class = SensorDeviceClass.DURATION
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 3

    def __init__(
        self, coordinator: AccountCoordinator, entry: CexioConfigEntry
    ) -> None:
        """Name the entity."""
        super().__init__(coordinator, entry)
        self._attr_unique_id = f"{entry.entry_id}_{STREAM_DELAY}"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the delay, None before anything was pushed."""
        delay = self.coordinator.push_delay
        return None if delay is None else delay.total_seconds()


class CexioLastRecovery(
    CexioAccountCoordinatorEntity[AccountCoordinator], SensorEntity
):
    """Until when it is sure that no execution was missed."""

    _attr_translation_key = LAST_RECOVERY
    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(
        self, coordinator: AccountCoordinator, entry: CexioConfigEntry, ledger: Ledger
    ) -> None:
        """Keep the ledger, which knows."""
        super().__init__(coordinator, entry)
        self._ledger = ledger
        self._attr_unique_id = f"{entry.entry_id}_{LAST_RECOVERY}"

    @property
    @override
    def available(self) -> bool:
        """Tell it also while the exchange cannot be reached: then it matters."""
        return True

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the moment."""
        return self._ledger.contact
