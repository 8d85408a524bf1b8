"""System health: what the page of Home Assistant shows."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.const import DOMAIN
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, get_system_health_info
from tests.integration.helpers import prices_entry, set_up

FOLDER = Path(__file__).parents[2] / "custom_components" / "cexio"
TEXTS = json.loads((FOLDER / "translations" / "en.json").read_text("utf-8"))


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is shown, with every answer waited for."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    shown: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    return {
        key: await value if hasattr(value, "__await__") else value
        for key, value in shown.items()
    }


async def test_healthy(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Two entries that work; each line has its words."""
    await set_up(hass, prices_entry(exchange))
    shown = await health(hass)
    assert set(shown) == set(TEXTS["system_health"]["info"])
    assert shown["can_reach_server"] == "ok"
    assert shown["markets_connected"] == "2 of 2"
    assert shown["accounts_connected"] == "1 of 1"
    # The address is the same for both entries, and counts once.
    assert shown["troubles"] == 0
    address, key = shown["points_used"].split(", ")
    assert address.endswith(" of 100")
    assert key.endswith(" of 200")
    until = dt_util.parse_datetime(shown["complete_until"])
    assert until is not None
    assert until <= dt_util.utcnow()
    entry.runtime_data.account.ledger.contact = None
    assert (await health(hass))["complete_until"] == "unknown"


async def test_unreachable(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An exchange that is gone is told, not raised."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "url": "http://127.0.0.1:9/api/spot"}
    )
    shown = await health(hass)
    assert shown["can_reach_server"] == {"type": "failed", "error": "unreachable"}


@pytest.mark.parametrize("key", ["markets_connected", "accounts_connected"])
async def test_nothing_loaded(hass: HomeAssistant, key: str) -> None:
    """Without an entry there is nothing to count."""
    assert await async_setup_component(hass, "cexio", {})
    (info,) = [await _without_asking(hass)]
    assert info[key] == "0 of 0"
    assert info["points_used"] == "0"
    assert info["troubles"] == 0
    assert info["complete_until"] == "unknown"


async def _without_asking(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is shown without asking the real exchange."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    shown: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    shown.pop("can_reach_server").close()
    return shown
