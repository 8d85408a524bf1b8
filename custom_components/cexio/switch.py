"""Switch: whether orders may be placed at all."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CexioConfigEntry
from .entity import CexioAccountEntity
from .trading import TradingDesk

PARALLEL_UPDATES = 1

TRADING = "trading"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switch where there is an account."""
    if (account := entry.runtime_data.account) is not None:
        async_add_entities([CexioTrading(entry, account.desk)])


class CexioTrading(CexioAccountEntity, SwitchEntity):
    """The switch that opens the trading desk; off after set-up, kept across restarts."""

    def __init__(self, entry: CexioConfigEntry, desk: TradingDesk) -> None:
        """Keep the desk."""
        super().__init__(entry, TRADING)
        self._desk = desk

    @property
    @override
    def is_on(self) -> bool:
        """Return whether orders may be placed."""
        return self._desk.trading_enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Open the desk."""
        await self._async_set(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Close the desk."""
        await self._async_set(False)

    async def _async_set(self, enabled: bool) -> None:
        """Keep and show the new state."""
        await self._desk.async_set_trading(enabled)
        watch = self.entry.runtime_data.watch
        watch.async_look()
        if enabled:
            watch.async_ask_permission()
        self.async_write_ha_state()
