"""Triggers on prices: a level that is crossed, a move within some time."""

from abc import abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.trigger import (
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .actions.alerts import move_window
from .actions.common import positive_decimal
from .automation_fields import PAIR_FIELDS
from .const import CONF_PAIR
from .coordinator import CexioConfigEntry
from .price_alerts import CONF_PERCENTAGE, CONF_PRICE
from .price_moves import Direction, PriceWindow
from .representation import plain
from .schema import vol
from .trigger_base import DIRECTION_FIELDS, CexioTrigger, is_wanted
from .watching import EntryWatch, async_watch_price

CONF_WITHIN = "within"


class _PriceTrigger(CexioTrigger):
    """Fires on the middle price of a pair, watched as a market or not."""

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the price while an entry is loaded."""

        @callback
        def attach(entry: CexioConfigEntry) -> CALLBACK_TYPE:
            """Follow the price by one entry."""

            @callback
            def take(pair: str, price: Decimal) -> None:
                """Fire if the price did what is waited for."""
                if (found := self._see(price)) is not None:
                    payload = {
                        ATTR_CONFIG_ENTRY_ID: entry.entry_id,
                        CONF_PAIR: pair,
                        CONF_PRICE: plain(price),
                    }
                    run_action(payload | found, f"price of {pair}")

            return async_watch_price(self._hass, entry, self._options[CONF_PAIR], take)

        return EntryWatch(self._hass, self._entry_id, attach).async_start()

    @abstractmethod
    def _see(self, price: Decimal) -> dict[str, Any] | None:
        """Return what to tell of a price, None if it is not waited for."""


class PriceCrossed(_PriceTrigger):
    """Fires when a price gets to the other side of a level."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **PAIR_FIELDS,
        vol.Required(CONF_PRICE): positive_decimal,
        **DIRECTION_FIELDS,
    }
    _was_above: bool | None = None

    @override
    def _see(self, price: Decimal) -> dict[str, Any] | None:
        """Compare with the level; a price exactly at it counts as above."""
        level: Decimal = self._options[CONF_PRICE]
        was_above, self._was_above = self._was_above, price >= level
        if was_above in (None, self._was_above):
            return None
        direction = Direction.UP if self._was_above else Direction.DOWN
        if not is_wanted(self._options, direction):
            return None
        return {"level": plain(level), "direction": direction.value}


class PriceMoved(_PriceTrigger):
    """Fires when a price has moved by some percent within some time."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **PAIR_FIELDS,
        vol.Required(CONF_PERCENTAGE): positive_decimal,
        vol.Required(CONF_WITHIN): move_window,
        **DIRECTION_FIELDS,
    }

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Begin with an empty window."""
        super().__init__(hass, config)
        self._window = PriceWindow(self._options[CONF_WITHIN].total_seconds())

    @override
    def _see(self, price: Decimal) -> dict[str, Any] | None:
        """Compare with the extremes of the window; a firing begins a new one."""
        self._window.add(self._hass.loop.time(), price)
        move = self._window.find(
            self._options[CONF_PERCENTAGE],
            [item for item in Direction if is_wanted(self._options, item)],
        )
        if move is None:
            return None
        self._window.restart()
        return {
            "from_price": plain(move.start),
            "direction": move.direction.value,
            "percentage": plain(move.percentage),
        }
