"""Event entities: execution reports of the account, price alerts of a market."""

from abc import abstractmethod
from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_PAIR
from .coordinator import CexioConfigEntry
from .entity import (
    CexioAccountEntity,
    async_each_market,
    async_market_device,
    flat_execution,
)
from .feed import FeedEntry, FeedKind
from .order_changes import EXECUTION_EVENTS
from .price_moves import Direction

PARALLEL_UPDATES = 0

EXECUTIONS = "executions"
PRICE_ALERT = "price_alert"
# What an alert tells that has no direction: the spread got wide.
SPREAD = "spread"

# Everything that an alert can tell.
PRICE_ALERT_EVENTS = [*(item.value for item in Direction), SPREAD]


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities."""
    if entry.runtime_data.account is not None:
        async_add_entities([CexioExecutions(entry)])

    @callback
    def add_market(subentry: ConfigSubentry) -> None:
        """Add the price alerts of a market."""
        device = async_market_device(hass, entry, subentry)
        async_add_entities(
            [CexioPriceAlert(entry, device, subentry.data[CONF_PAIR])],
            config_subentry_id=subentry.subentry_id,
        )

    await async_each_market(hass, entry, add_market)


class _FeedEventEntity(EventEntity, Entity):
    """An event entity that shows entries of the feed."""

    _attr_has_entity_name = True
    entry: CexioConfigEntry

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the feed."""
        await super().async_added_to_hass()
        feed = self.entry.runtime_data.feed
        self.async_on_remove(feed.async_listen(self._async_take))

    @callback
    @abstractmethod
    def _async_take(self, entry: FeedEntry) -> None:
        """Show an entry if it is meant for this entity."""


class CexioExecutions(CexioAccountEntity, _FeedEventEntity):
    """Whatever happens to an order of the account."""

    _attr_event_types = EXECUTION_EVENTS

    def __init__(self, entry: CexioConfigEntry) -> None:
        """Hang the entity on the device of the account."""
        super().__init__(entry, EXECUTIONS)

    @callback
    @override
    def _async_take(self, entry: FeedEntry) -> None:
        """Show an execution."""
        if entry.kind is not FeedKind.EXECUTION:
            return
        data = flat_execution(entry.data)
        del data["event"]
        self._trigger_event(
            entry.data["event"],
            {"id": entry.id, "seq": entry.seq, "late": entry.late, **data},
        )
        self.async_write_ha_state()


class CexioPriceAlert(_FeedEventEntity):
    """The price alerts on a watched market."""

    _attr_event_types = PRICE_ALERT_EVENTS
    _attr_translation_key = PRICE_ALERT

    def __init__(self, entry: CexioConfigEntry, device: DeviceEntry, pair: str) -> None:
        """Hang the entity on the device of its market."""
        self.entry = entry
        self.device_entry = device
        self.pair = pair
        self._attr_unique_id = f"{entry.entry_id}_{pair}_{PRICE_ALERT}"

    @callback
    @override
    def _async_take(self, entry: FeedEntry) -> None:
        """Show an alert on this market."""
        if entry.kind is not FeedKind.PRICE_ALERT:
            return
        finding = dict(entry.data)
        alert, price = finding.pop("alert"), finding.pop("price")
        if alert["pair"] != self.pair:
            return
        self._trigger_event(
            finding["direction"] or SPREAD,
            {
                "id": entry.id,
                "seq": entry.seq,
                "late": entry.late,
                **alert,
                **finding,
                "market_price": price,
            },
        )
        self.async_write_ha_state()
