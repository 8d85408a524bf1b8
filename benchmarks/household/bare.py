"""An integration that does nothing: as many empty entities on as many devices as an entry has, added by hand."""

from collections.abc import Callable, Coroutine, Mapping
from itertools import groupby
from typing import Any

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

DOMAIN = "bare"
PLATFORMS = [
    *(Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT),
    *(Platform.SENSOR, Platform.SWITCH),
]


class Empty(Entity):
    """An entity that knows nothing."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, model: er.RegistryEntry, device: DeviceEntry) -> None:
        """Be called like another one, on a device of its own kind."""
        self._attr_name = model.original_name
        self._attr_unique_id = model.unique_id
        self._attr_entity_registry_enabled_default = model.disabled_by is None
        self.device_entry = device


class EmptySensor(Empty, SensorEntity):
    """A sensor that shows always the same."""

    _attr_native_value = "0"


def bare_entry(hass: HomeAssistant, model: ConfigEntry) -> MockConfigEntry:
    """Return an entry of an integration that has what another entry was seen to have, and does nothing."""

    seen = er.async_entries_for_config_entry(er.async_get(hass), model.entry_id)
    places = {item.device_id or "": item.config_subentry_id for item in seen}
    devices: dict[str, DeviceEntry] = {}

    async def set_up(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        """Add the devices, and the entities."""
        registry = dr.async_get(hass)
        for name, subentry_id in places.items():
            devices[name] = registry.async_get_or_create(
                config_entry_id=entry.entry_id,
                config_subentry_id=subentry_id,
                identifiers={(DOMAIN, name)},
                name=name,
            )
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        return True

    async def unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        """Remove the entities."""
        return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)

    HANDLERS[DOMAIN] = ConfigFlow
    mock_platform(hass, f"{DOMAIN}.config_flow")
    mock_integration(
        hass, MockModule(DOMAIN, async_setup_entry=set_up, async_unload_entry=unload)
    )
    for platform in PLATFORMS:
        models = [item for item in seen if item.domain == platform]
        kind = EmptySensor if platform is Platform.SENSOR else Empty
        adds = adder(kind, models, devices)
        mock_platform(
            hass, f"{DOMAIN}.{platform}", MockPlatform(async_setup_entry=adds)
        )
    return MockConfigEntry(
        domain=DOMAIN,
        subentries_data=[item.as_dict() for item in model.subentries.values()],
    )


def adder(
    kind: type[Empty],
    models: list[er.RegistryEntry],
    devices: Mapping[str, DeviceEntry],
) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return what adds empty entities, with as few calls as there can be: one a subentry."""

    def subentry(item: er.RegistryEntry) -> str:
        """Return what an entity belongs to."""
        return item.config_subentry_id or ""

    groups = [
        (key or None, list(items))
        for key, items in groupby(sorted(models, key=subentry), subentry)
    ]

    async def add(
        _hass: HomeAssistant,
        _entry: ConfigEntry[Any],
        async_add_entities: AddConfigEntryEntitiesCallback,
    ) -> None:
        """Add them."""
        for key, items in groups:
            async_add_entities(
                [kind(item, devices[item.device_id or ""]) for item in items],
                config_subentry_id=key,
            )

    return add
