"""Sensors of the whole account: portfolio, orders, fees, wallet, last execution."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import CexioConfigEntry, ReferenceCoordinator
from .currency_sensor import CexioCurrencySensor
from .entity import (
    CexioAccountCoordinatorEntity,
    CexioAccountEntity,
    class_and_precision,
    flat_execution,
)
from .exchange import Order
from .executions import Ledger
from .feed import FeedEntry, FeedKind
from .fees import Fees, FeesCoordinator, NextTier
from .portfolio import Portfolio, PortfolioCoordinator, WalletCoordinator, rounded
from .profit_sensors import TOTAL_SENSORS, CexioProfitSensor
from .representation import order_as_dict, plain

FEE = "fee"
LAST_EXECUTION = "last_execution"
NEXT_FEE_TIER = "next_fee_tier"
OPEN_ORDERS = "open_orders"
VOLUME_30D = "volume_30d"
WALLET = "wallet"


@dataclass(frozen=True, kw_only=True)
class PortfolioSensorDescription(SensorEntityDescription):
    """Describes a sensor of the portfolio; the unit is its currency or percent."""

    state_class: SensorStateClass | None = SensorStateClass.TOTAL
    value_fn: Callable[[Portfolio], Decimal | None]
    is_percentage: bool = False
    attributes_fn: Callable[[Portfolio], Mapping[str, Any]] = lambda _portfolio: {}


def _details(portfolio: Portfolio) -> Mapping[str, Any]:
    """Return what a value is made of, how it was converted and what is missing."""
    return {
        "unpriced": list(portfolio.unpriced),
        "wallet_included": portfolio.has_wallet,
        "values": {
            item.currency: rounded(item.worth.value)
            for item in portfolio.positions
            if item.worth is not None
        },
        "paths": {
            item.currency: list(item.worth.pairs)
            for item in portfolio.positions
            if item.worth is not None
        },
    }


PORTFOLIO_SENSORS: tuple[PortfolioSensorDescription, ...] = (
    PortfolioSensorDescription(
        key="portfolio_value",
        value_fn=lambda portfolio: portfolio.value,
        attributes_fn=_details,
    ),
    PortfolioSensorDescription(
        key="portfolio_on_hold",
        value_fn=lambda portfolio: portfolio.on_hold,
    ),
    PortfolioSensorDescription(
        key="portfolio_change",
        value_fn=lambda portfolio: portfolio.change,
    ),
    PortfolioSensorDescription(
        key="portfolio_change_percentage",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        is_percentage=True,
        value_fn=lambda portfolio: portfolio.change_percentage,
    ),
)


def account_sensors(entry: CexioConfigEntry) -> list[SensorEntity]:
    """Return the sensors that every account has once."""
    runtime = entry.runtime_data
    account = runtime.account
    assert account is not None
    return [
        *(
            CexioPortfolioSensor(
                account.portfolio, entry, runtime.reference, description
            )
            for description in PORTFOLIO_SENSORS
        ),
        *(
            CexioProfitSensor(account.profit, entry, runtime.reference, description)
            for description in TOTAL_SENSORS
        ),
        CexioOpenOrders(entry, account.ledger),
        CexioVolume(account.fees, entry),
        CexioNextFeeTier(account.fees, entry),
    ]


class CexioPortfolioSensor(CexioCurrencySensor[PortfolioCoordinator]):
    """A number of the portfolio, in the currency that is chosen at this moment."""

    _unrecorded_attributes = frozenset({"paths", "values"})
    entity_description: PortfolioSensorDescription

    def __init__(
        self,
        coordinator: PortfolioCoordinator,
        entry: CexioConfigEntry,
        reference: ReferenceCoordinator,
        description: PortfolioSensorDescription,
    ) -> None:
        """Name the entity."""
        super().__init__(coordinator, entry, reference, description)
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"

    @property
    @override
    def _currency(self) -> str | None:
        """The currency of the portfolio, None for what is in percent."""
        return (
            None if self.entity_description.is_percentage else self.coordinator.currency
        )

    @property
    @override
    def native_value(self) -> str | None:
        """Return the number in plain digits."""
        if self.coordinator.data is None:
            return None
        value = self.entity_description.value_fn(self.coordinator.data)
        return None if value is None else rounded(value)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what the number is made of."""
        if self.coordinator.data is None:
            return None
        return self.entity_description.attributes_fn(self.coordinator.data)


class CexioOpenOrders(CexioAccountEntity, SensorEntity):
    """How many orders are open, and which."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _unrecorded_attributes = frozenset({"orders"})

    def __init__(self, entry: CexioConfigEntry, ledger: Ledger) -> None:
        """Keep the ledger."""
        super().__init__(entry, OPEN_ORDERS)
        self._ledger = ledger
        self._showing: asyncio.Handle | None = None

    @property
    @override
    def native_value(self) -> int:
        """Return how many orders are open."""
        return len(self._ledger.open_orders)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the orders, in the order in which they came."""
        return {"orders": [order_as_dict(item) for item in self._ledger.open_orders]}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the ledger."""
        await super().async_added_to_hass()
        self.async_on_remove(self._ledger.async_listen(self._async_take))

    @callback
    def _async_take(self, _order: Order) -> None:
        """Show what is open once everything that came together is taken in."""
        if self._showing is None:
            self._showing = self.hass.loop.call_soon(self._async_show)

    @callback
    def _async_show(self) -> None:
        """Show what is open now."""
        self._showing = None
        self.async_write_ha_state()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Show nothing any more."""
        if self._showing is not None:
            self._showing.cancel()
        await super().async_will_remove_from_hass()


class CexioFee(CoordinatorEntity[FeesCoordinator], SensorEntity):
    """The fee in force for a watched market."""

    _attr_has_entity_name = True
    _attr_translation_key = FEE
    _attr_entity_registry_enabled_default = False
    _attr_native_unit_of_measurement = PERCENTAGE
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 3

    def __init__(
        self, coordinator: FeesCoordinator, device: DeviceEntry, pair: str
    ) -> None:
        """Hang the entity on the device of its market."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.device_entry = device
        self._pair = pair
        self._attr_unique_id = f"{entry.entry_id}_{pair}_{FEE}"

    @property
    @override
    def native_value(self) -> str | None:
        """Return the fee in percent."""
        data: Fees | None = self.coordinator.data
        fee = None if data is None else data.percentages.get(self._pair)
        return None if fee is None else plain(fee)


class CexioVolume(CexioAccountCoordinatorEntity[FeesCoordinator], SensorEntity):
    """What was traded in 30 days, which the fees depend on."""

    _attr_translation_key = VOLUME_30D
    _attr_device_class = SensorDeviceClass.MONETARY
    _attr_native_unit_of_measurement = "USD"
    _attr_suggested_display_precision = 2

    def __init__(self, coordinator: FeesCoordinator, entry: CexioConfigEntry) -> None:
        """Name the entity."""
        super().__init__(coordinator, entry)
        self._attr_unique_id = f"{entry.entry_id}_{VOLUME_30D}"

    @property
    @override
    def native_value(self) -> str | None:
        """Return the volume in USD."""
        data: Fees | None = self.coordinator.data
        return None if data is None else plain(data.volume.volume)


class CexioNextFeeTier(CexioAccountCoordinatorEntity[FeesCoordinator], SensorEntity):
    """The next lower fee, and what has to be traded to reach it."""

    _attr_translation_key = NEXT_FEE_TIER
    _attr_native_unit_of_measurement = PERCENTAGE
    _attr_suggested_display_precision = 3

    def __init__(self, coordinator: FeesCoordinator, entry: CexioConfigEntry) -> None:
        """Name the entity."""
        super().__init__(coordinator, entry)
        self._attr_unique_id = f"{entry.entry_id}_{NEXT_FEE_TIER}"

    @property
    def _tier(self) -> NextTier | None:
        """The tier, None on the lowest fee."""
        data: Fees | None = self.coordinator.data
        now = self.coordinator.rest.clock.exchange_now()
        return None if data is None else data.next_tier(now)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the fee in percent."""
        return None if (tier := self._tier) is None else plain(tier.percent)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the volume in USD that the tier needs, and how much of it is missing."""
        tier = self._tier
        return {
            "from_volume": tier and plain(tier.from_volume),
            "missing_volume": tier and plain(tier.missing_volume),
        }


class CexioWalletSensor(CexioAccountCoordinatorEntity[WalletCoordinator], SensorEntity):
    """What the wallet holds of a currency."""

    _attr_translation_key = WALLET
    _attr_entity_registry_enabled_default = False
    _attr_state_class = SensorStateClass.TOTAL

    def __init__(
        self,
        coordinator: WalletCoordinator,
        reference: ReferenceCoordinator,
        currency: str,
    ) -> None:
        """Take class and precision from the currency."""
        entry = coordinator.config_entry
        super().__init__(coordinator, entry)
        self._currency = currency
        self._attr_unique_id = f"{entry.entry_id}_wallet_{currency}"
        self._attr_translation_placeholders = {"currency": currency}
        self._attr_native_unit_of_measurement = currency
        self._attr_device_class, self._attr_suggested_display_precision = (
            class_and_precision(reference, currency)
        )

    @property
    @override
    def native_value(self) -> str | None:
        """Return the amount in plain digits."""
        amount = self.coordinator.data.get(self._currency)
        return None if amount is None else plain(amount)


class CexioLastExecution(CexioAccountEntity, SensorEntity):
    """When an order was last reported on, and what was said."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, entry: CexioConfigEntry, last: FeedEntry | None) -> None:
        """Begin with the newest execution of the journal."""
        super().__init__(entry, LAST_EXECUTION)
        self._last = last

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return when it happened."""
        return None if self._last is None else self._last.time

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what happened to which order."""
        return None if self._last is None else flat_execution(self._last.data)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the feed."""
        await super().async_added_to_hass()
        feed = self.entry.runtime_data.feed
        self.async_on_remove(feed.async_listen(self._async_take))

    @callback
    def _async_take(self, entry: FeedEntry) -> None:
        """Show a new execution."""
        if entry.kind is FeedKind.EXECUTION:
            self._last = entry
            self.async_write_ha_state()
