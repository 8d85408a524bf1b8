"""Sensors of numbers in a currency that may change while the entry lives."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .coordinator import CexioConfigEntry, ReferenceCoordinator
from .entity import CexioAccountCoordinatorEntity, class_and_precision


class CexioCurrencySensor[CoordinatorT: DataUpdateCoordinator[Any]](
    CexioAccountCoordinatorEntity[CoordinatorT], SensorEntity
):
    """Takes class, unit and precision from its currency, at each update anew."""

    def __init__(
        self,
        coordinator: CoordinatorT,
        entry: CexioConfigEntry,
        reference: ReferenceCoordinator,
        description: SensorEntityDescription,
    ) -> None:
        """Keep the reference data, which knows the currencies."""
        super().__init__(coordinator, entry)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._reference = reference
        self._async_follow_currency()

    @property
    @abstractmethod
    def _currency(self) -> str | None:
        """The currency of the number, None when the description has its unit."""

    @callback
    def _async_follow_currency(self) -> None:
        """Be in the present currency."""
        if (currency := self._currency) is None:
            return
        self._attr_native_unit_of_measurement = currency
        self._attr_device_class, self._attr_suggested_display_precision = (
            class_and_precision(self._reference, currency)
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the new number, in the currency it is in."""
        self._async_follow_currency()
        super()._handle_coordinator_update()
