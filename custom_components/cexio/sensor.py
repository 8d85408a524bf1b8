"""Sensors: prices of markets, balances of accounts, and those of the whole account."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import PERCENTAGE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_sensors import (
    CexioFee,
    CexioLastExecution,
    CexioWalletSensor,
    account_sensors,
)
from .const import CONF_PAIR
from .coordinator import AccountCoordinator, CexioConfigEntry, ReferenceCoordinator
from .diagnostic_sensors import diagnostic_sensors
from .entity import (
    CexioBalanceEntity,
    CexioMarketEntity,
    async_each_market,
    async_market_device,
    class_and_precision,
    market_subentries,
)
from .exchange import Balance, Pair
from .feed import FeedKind
from .market import Market, MarketData
from .profit_sensors import ASSET_SENSORS, CexioProfitSensor
from .representation import canonical, plain

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MarketSensorDescription(SensorEntityDescription):
    """Describes a sensor of a market; the unit is a currency of its pair or its own."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    value_fn: Callable[[MarketData], Decimal | None]
    unit_fn: Callable[[Pair], str] = lambda pair: pair.quote
    precision_fn: Callable[[Pair], int] = lambda pair: pair.price_precision


@dataclass(frozen=True, kw_only=True)
class BalanceSensorDescription(SensorEntityDescription):
    """Describes a sensor of one asset's balance."""

    state_class: SensorStateClass | None = SensorStateClass.TOTAL
    value_fn: Callable[[Balance], Decimal]


def _of_ticker(data: MarketData, name: str) -> Decimal | None:
    """Return a number of the ticker where there is one."""
    value: Decimal | None = getattr(data.ticker, name, None)
    return value


MARKET_SENSORS: tuple[MarketSensorDescription, ...] = (
    MarketSensorDescription(
        key="last_price",
        value_fn=lambda data: _of_ticker(data, "last_trade_price"),
    ),
    MarketSensorDescription(
        key="bid",
        value_fn=lambda data: data.bid,
    ),
    MarketSensorDescription(
        key="ask",
        value_fn=lambda data: data.ask,
    ),
    MarketSensorDescription(
        key="mid",
        value_fn=lambda data: data.mid,
    ),
    MarketSensorDescription(
        key="spread",
        entity_registry_enabled_default=False,
        value_fn=lambda data: data.spread,
    ),
    MarketSensorDescription(
        key="high",
        entity_registry_enabled_default=False,
        value_fn=lambda data: _of_ticker(data, "high"),
    ),
    MarketSensorDescription(
        key="low",
        entity_registry_enabled_default=False,
        value_fn=lambda data: _of_ticker(data, "low"),
    ),
    MarketSensorDescription(
        key="volume",
        entity_registry_enabled_default=False,
        value_fn=lambda data: _of_ticker(data, "volume"),
        unit_fn=lambda pair: pair.base,
        precision_fn=lambda _pair: 2,
    ),
    MarketSensorDescription(
        key="change",
        entity_registry_enabled_default=False,
        value_fn=lambda data: _of_ticker(data, "price_change_percentage"),
        unit_fn=lambda _pair: PERCENTAGE,
        precision_fn=lambda _pair: 2,
    ),
)

BALANCE_SENSORS: tuple[BalanceSensorDescription, ...] = (
    BalanceSensorDescription(
        key="total",
        value_fn=lambda balance: balance.total,
    ),
    BalanceSensorDescription(
        key="available",
        value_fn=lambda balance: balance.available,
    ),
    BalanceSensorDescription(
        key="on_hold",
        value_fn=lambda balance: balance.on_hold,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the markets, and those of the account as assets appear."""
    runtime = entry.runtime_data
    shown: set[str] = set()

    @callback
    def add_market(subentry: ConfigSubentry) -> None:
        """Add the sensors of a market, once its trading conditions are known."""
        pair = subentry.data[CONF_PAIR]
        market = runtime.markets.markets.get(pair)
        conditions = runtime.reference.data.pairs.get(pair)
        is_shown = subentry.subentry_id in shown
        if market is None or conditions is None or is_shown:
            return
        shown.add(subentry.subentry_id)
        device = async_market_device(hass, entry, subentry)
        async_add_entities(
            [
                CexioMarketSensor(market, device, description, conditions)
                for description in MARKET_SENSORS
            ],
            config_subentry_id=subentry.subentry_id,
        )

    @callback
    def add_traded_markets() -> None:
        """Add the sensors of markets that were not there before."""
        for subentry in market_subentries(entry):
            add_market(subentry)

    await async_each_market(hass, entry, add_market)
    entry.async_on_unload(runtime.reference.async_add_listener(add_traded_markets))
    if (account := runtime.account) is None:
        return
    last = await runtime.feed.async_last(FeedKind.EXECUTION)
    async_add_entities(
        [
            CexioLastExecution(entry, last),
            *account_sensors(entry),
            *diagnostic_sensors(entry),
        ]
    )

    @callback
    def add_fee(subentry: ConfigSubentry) -> None:
        """Add the sensor of what trading on a market costs."""
        device = async_market_device(hass, entry, subentry)
        async_add_entities(
            [CexioFee(account.fees, device, subentry.data[CONF_PAIR])],
            config_subentry_id=subentry.subentry_id,
        )

    await async_each_market(hass, entry, add_fee)
    known: set[tuple[str, str]] = set()
    in_wallet: set[str] = set()
    reckoned: set[str] = set()

    @callback
    def add_new_assets() -> None:
        """Add the sensors of assets that were not there before."""
        found = {
            (account_id, currency)
            for account_id, balances in account.balances.data.items()
            for currency in balances
        }
        new = sorted(found - known)
        known.update(new)
        async_add_entities(
            CexioBalanceSensor(
                account.balances, runtime.reference, account_id, currency, description
            )
            for account_id, currency in new
            for description in BALANCE_SENSORS
        )

    @callback
    def add_new_wallet_assets() -> None:
        """Add the sensors of currencies that are new in the wallet."""
        new = sorted(account.wallet.data.keys() - in_wallet)
        in_wallet.update(new)
        async_add_entities(
            CexioWalletSensor(account.wallet, runtime.reference, currency)
            for currency in new
        )

    @callback
    def add_new_profits() -> None:
        """Add the sensors of assets that the ledger tells of for the first time."""
        if (profit := account.profit.data) is None:
            return
        new = sorted(profit.holdings.keys() - reckoned - {profit.currency})
        reckoned.update(new)
        async_add_entities(
            CexioProfitSensor(
                account.profit, entry, runtime.reference, description, currency
            )
            for currency in new
            for description in ASSET_SENSORS
        )

    add_new_assets()
    add_new_profits()
    add_new_wallet_assets()
    entry.async_on_unload(account.balances.async_add_listener(add_new_assets))
    entry.async_on_unload(account.profit.async_add_listener(add_new_profits))
    entry.async_on_unload(account.wallet.async_add_listener(add_new_wallet_assets))


class CexioMarketSensor(CexioMarketEntity, SensorEntity):
    """A number of a market."""

    entity_description: MarketSensorDescription

    def __init__(
        self,
        market: Market,
        device: DeviceEntry,
        description: MarketSensorDescription,
        conditions: Pair,
    ) -> None:
        """Take unit and precision from the trading conditions."""
        super().__init__(market, device, description.key)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_native_unit_of_measurement = description.unit_fn(conditions)
        self._attr_suggested_display_precision = description.precision_fn(conditions)
        # What was written last, and whether it was available.
        self._written: tuple[Decimal | None, bool] | None = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what has changed: most news of a market leave most of its numbers alone."""
        value = self.entity_description.value_fn(self.coordinator.data)
        present = (value, self.coordinator.last_update_success)
        if present != self._written:
            self._written = present
            self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> str | None:
        """Return the number in plain digits, the same from a book and from a ticker."""
        value = self.entity_description.value_fn(self.coordinator.data)
        return None if value is None else canonical(value)


class CexioBalanceSensor(CexioBalanceEntity, SensorEntity):
    """A part of the balance of one asset in one account."""

    entity_description: BalanceSensorDescription

    def __init__(
        self,
        coordinator: AccountCoordinator,
        reference: ReferenceCoordinator,
        account_id: str,
        currency: str,
        description: BalanceSensorDescription,
    ) -> None:
        """Take class and precision from the currency."""
        super().__init__(coordinator, account_id, currency, description.key)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_native_unit_of_measurement = currency
        self._attr_device_class, self._attr_suggested_display_precision = (
            class_and_precision(reference, currency)
        )

    @property
    @override
    def native_value(self) -> str | None:
        """Return the amount in plain digits."""
        balance = self.coordinator.data.get(self.account_id, {}).get(self.currency)
        if balance is None:
            return None
        return plain(self.entity_description.value_fn(balance))
