"""Devices: those that stand for nothing any more can be deleted, the others cannot."""

from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, WebSocketGenerator


async def test_stale_devices(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A person deletes a device in the UI, as far as the entry lets it go."""
    assert await async_setup_component(hass, "config", {})
    registry = dr.async_get(hass)
    registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("cexio", f"{entry.entry_id}_account_gone")},
        name="gone",
    )
    client = await hass_ws_client(hass)

    async def remove(device: dr.DeviceEntry) -> bool:
        """Ask to delete a device."""
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "config_entry_id": entry.entry_id,
                "device_id": device.id,
            }
        )
        answer: dict[str, Any] = await client.receive_json()
        return answer["success"] is True

    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    }
    assert set(devices) == {
        *("CEX.IO", "trading", "savings", "gone", "BTC-USD", "ETH-USD")
    }
    deleted = {name for name, device in devices.items() if await remove(device)}
    assert deleted == {"gone"}
    await hass.config_entries.async_unload(entry.entry_id)
    assert await remove(devices["trading"]) is False


async def test_look_ups_of_a_market(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The device of a market is looked up once for prices, fee and alerts each, however many entities it has."""
    with patch.object(
        dr.DeviceRegistry,
        "async_get_or_create",
        autospec=True,
        side_effect=dr.DeviceRegistry.async_get_or_create,
    ) as look_ups:
        assert await hass.config_entries.async_reload(entry.entry_id)
    market = {("cexio", f"{entry.entry_id}_market_BTC-USD")}
    asked = [
        call for call in look_ups.mock_calls if call.kwargs["identifiers"] == market
    ]
    assert len(asked) == 3
