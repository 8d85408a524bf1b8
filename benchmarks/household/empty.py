"""Weigh the code of the integration, and as many empty entities as 40 markets have; print it, as JSON.

`python -m benchmarks.household.empty SECONDS`: nothing is asked, known, connected or stored. Home Assistant writes its
registry ten seconds after the last entity came; SECONDS is how long it is waited for that.
"""

import asyncio
import sys

from homeassistant.components.sensor import DOMAIN as SENSOR, SensorEntity
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
    setup_test_component_platform,
)

from benchmarks.home_assistant import home_assistant, set_up
from benchmarks.household.imports import load_integration
from benchmarks.household.processes import tell
from benchmarks.household.steady import resident, settle_in

# As many as the integration has with 40 markets, 5 accounts and 20 assets.
ENTITIES, DISABLED, DEVICES = 551, 248, 45
DOMAIN = "test"


class Sensor(SensorEntity):
    """Has a name, a device and a state."""

    _attr_attribution = "Data provided by CEX.IO"
    _attr_has_entity_name = True
    _attr_native_unit_of_measurement = "USD"
    _attr_native_value = 1.5
    _attr_should_poll = False

    def __init__(self, number: int) -> None:
        """Be one of many."""
        device = f"market {number % DEVICES}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device)}, name=device)
        self._attr_entity_registry_enabled_default = number >= DISABLED
        self._attr_name = f"Sensor {number}"
        self._attr_translation_key = "sensor"
        self._attr_unique_id = f"account {device} {number}"


async def main(seconds: float) -> dict[str, float]:
    """Add the code, then the entities; return the megabytes of each."""
    async with home_assistant() as hass:
        await settle_in(hass, [f"A{number}-USD" for number in range(40)])
        before = resident()
        load_integration()
        code = resident() - before
        await add_entities(hass)
        await asyncio.sleep(seconds)
        grown = resident() - before
    return {"code": code / 1e6, "entities": (grown - code) / 1e6}


async def add_entities(hass: HomeAssistant) -> None:
    """Set an integration up that has nothing but entities."""

    async def forward(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        """Have sensors."""
        await hass.config_entries.async_forward_entry_setups(entry, [SENSOR])
        return True

    mock_integration(hass, MockModule(DOMAIN, async_setup_entry=forward))
    sensors = [Sensor(number) for number in range(ENTITIES)]
    setup_test_component_platform(hass, SENSOR, sensors, from_config_entry=True)
    mock_platform(hass, f"{DOMAIN}.config_flow")
    HANDLERS[DOMAIN] = ConfigFlow
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    await set_up(hass, entry)


if __name__ == "__main__":
    tell(main(float(sys.argv[1])))
