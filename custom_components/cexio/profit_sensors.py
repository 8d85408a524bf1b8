"""Sensors of cost and profit: of each asset, and of the whole account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, override

from homeassistant.components.sensor import SensorEntityDescription, SensorStateClass

from .average_cost import Holding
from .coordinator import CexioConfigEntry, ReferenceCoordinator
from .currency_sensor import CexioCurrencySensor
from .portfolio import rounded
from .profit import ProfitCoordinator
from .representation import plain


@dataclass(frozen=True, kw_only=True)
class ProfitSensorDescription(SensorEntityDescription):
    """Describes a number of a holding, or of what selling it now would gain."""

    state_class: SensorStateClass | None = SensorStateClass.TOTAL
    value_fn: Callable[[Holding, Decimal | None], Decimal | None]


ASSET_SENSORS: tuple[ProfitSensorDescription, ...] = (
    ProfitSensorDescription(
        key="cost_basis",
        value_fn=lambda holding, _unrealised: holding.cost,
    ),
    ProfitSensorDescription(
        key="asset_realised_profit",
        value_fn=lambda holding, _unrealised: holding.realised,
    ),
    ProfitSensorDescription(
        key="asset_unrealised_profit",
        value_fn=lambda _holding, unrealised: unrealised,
    ),
)
TOTAL_SENSORS: tuple[ProfitSensorDescription, ...] = (
    ProfitSensorDescription(
        key="realised_profit",
        value_fn=lambda holding, _unrealised: holding.realised,
    ),
    ProfitSensorDescription(
        key="unrealised_profit",
        value_fn=lambda _holding, unrealised: unrealised,
    ),
)


class CexioProfitSensor(CexioCurrencySensor[ProfitCoordinator]):
    """A number of one asset, or of all together."""

    entity_description: ProfitSensorDescription

    def __init__(
        self,
        coordinator: ProfitCoordinator,
        entry: CexioConfigEntry,
        reference: ReferenceCoordinator,
        description: ProfitSensorDescription,
        asset: str | None = None,
    ) -> None:
        """Take an asset, None = all."""
        super().__init__(coordinator, entry, reference, description)
        self._asset = asset
        name = description.key if asset is None else f"{asset}_{description.key}"
        self._attr_unique_id = f"{entry.entry_id}_{name}"
        if asset is not None:
            self._attr_translation_placeholders = {"currency": asset}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the prices too."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.portfolio.async_add_listener(self.async_write_ha_state)
        )

    @property
    @override
    def _currency(self) -> str:
        """The currency of the reckoning."""
        data = self.coordinator.data
        return self.coordinator.portfolio.currency if data is None else data.currency

    @property
    def _holdings(self) -> Mapping[str, Holding]:
        """The holdings that the number is about."""
        if (data := self.coordinator.data) is None:
            return {}
        if self._asset is None:
            return data.holdings
        holding = data.holdings.get(self._asset)
        return {} if holding is None else {self._asset: holding}

    @property
    @override
    def native_value(self) -> str | None:
        """Return the sum of what can be told, None when nothing can."""
        numbers = [
            self.entity_description.value_fn(
                holding, self.coordinator.unrealised(currency)
            )
            for currency, holding in self._holdings.items()
        ]
        known = [number for number in numbers if number is not None]
        return rounded(sum(known, Decimal())) if known else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return what the number rests on, and what is not in it."""
        data = self.coordinator.data
        if self._asset is None or data is None:
            return {"unpriced": sorted(data.unpriced) if data else []}
        holding = data.holdings.get(self._asset, Holding())
        average = holding.average
        return {
            "amount": plain(holding.amount),
            "average_cost": None if average is None else rounded(average),
            "unexplained": plain(holding.unexplained),
            "unpriced": self._asset in data.unpriced,
        }
