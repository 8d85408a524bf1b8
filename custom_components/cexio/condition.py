"""Conditions: where a price stands, what is open, whether orders may be placed."""

from abc import abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Unpack, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.typing import ConfigType

from .actions.common import ATTR_ACCOUNT_ID, ATTR_SIDE, pair_name, positive_decimal
from .automation_fields import ENTRY_FIELDS, PAIR_FIELDS, validate
from .const import CONF_PAIR
from .coordinator import CexioAccount, CexioConfigEntry
from .price_alerts import CONF_PRICE
from .representation import order_as_dict
from .schema import vol
from .watching import EntryWatch, async_watch_price, meant_entries

_ORDER_FILTERS = (CONF_PAIR, ATTR_SIDE, ATTR_ACCOUNT_ID)


class _CexioCondition(Condition):
    """What all conditions have in common: fields that are checked."""

    fields: ClassVar[Mapping[Any, Any]]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Check the fields."""
        return validate(hass, cls.fields, config)

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Keep the fields."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._entry_id: str | None = self._options.get(ATTR_CONFIG_ENTRY_ID)

    def _accounts(self) -> list[CexioAccount]:
        """Return the loaded accounts that are meant."""
        return [
            account
            for entry in meant_entries(self._hass, self._entry_id, with_account=True)
            if (account := entry.runtime_data.account) is not None
        ]


class _PriceCondition(_CexioCondition):
    """Compares the middle price of a pair with a level; an unknown one fits nothing."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **PAIR_FIELDS,
        vol.Required(CONF_PRICE): positive_decimal,
    }
    _entry: CexioConfigEntry | None = None
    _stop: CALLBACK_TYPE | None = None

    @override
    async def _async_setup(self) -> None:
        """Follow the price, so that it is known when somebody asks."""

        @callback
        def attach(entry: CexioConfigEntry) -> CALLBACK_TYPE:
            """Follow the price by one entry."""
            stop = async_watch_price(
                self._hass, entry, self._options[CONF_PAIR], lambda pair, price: None
            )
            self._entry = entry

            @callback
            def detach() -> None:
                """Let the price go."""
                self._entry = None
                stop()

            return detach

        self._stop = EntryWatch(self._hass, self._entry_id, attach).async_start()

    @override
    def _async_unload(self) -> None:
        """Let the price go."""
        if self._stop is not None:
            self._stop()

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Compare, as long as something is known of the market."""
        if self._entry is None:
            return False
        markets = self._entry.runtime_data.markets.markets
        market = markets.get(self._options[CONF_PAIR])
        if market is None or not market.last_update_success:
            return False
        price = market.newest.mid
        return price is not None and self._fits(price, self._options[CONF_PRICE])

    @abstractmethod
    def _fits(self, price: Decimal, level: Decimal) -> bool:
        """Compare a price with the level."""


class PriceAbove(_PriceCondition):
    """Holds while a price is above a level."""

    @override
    def _fits(self, price: Decimal, level: Decimal) -> bool:
        """Compare a price with the level."""
        return price > level


class PriceBelow(_PriceCondition):
    """Holds while a price is below a level."""

    @override
    def _fits(self, price: Decimal, level: Decimal) -> bool:
        """Compare a price with the level."""
        return price < level


class OrderOpen(_CexioCondition):
    """Holds while an order is open that fits."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **ENTRY_FIELDS,
        vol.Optional(CONF_PAIR): pair_name,
        vol.Optional(ATTR_SIDE): vol.In(["buy", "sell"]),
        vol.Optional(ATTR_ACCOUNT_ID): cv.string,
    }

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look for an open order."""
        wanted = {
            key: self._options[key] for key in _ORDER_FILTERS if key in self._options
        }
        return any(
            wanted.items() <= order_as_dict(order).items()
            for account in self._accounts()
            for order in account.ledger.open_orders
        )


class TradingEnabled(_CexioCondition):
    """Holds while the trading switch of every account that is meant is on."""

    fields: ClassVar[Mapping[Any, Any]] = ENTRY_FIELDS

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look at the desks."""
        accounts = self._accounts()
        return bool(accounts) and all(
            account.desk.trading_enabled for account in accounts
        )


CONDITIONS: dict[str, type[Condition]] = {
    "price_above": PriceAbove,
    "price_below": PriceBelow,
    "order_open": OrderOpen,
    "trading_enabled": TradingEnabled,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
