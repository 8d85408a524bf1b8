"""What appears while the entry is loaded: assets, sub-accounts, pairs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, control, switch_trading, until


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str | None, str]:
    """Return the devices of an entry by their names."""
    return {
        device.name: device.id
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
    }


async def test_new_asset(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A currency that arrives for the first time has its sensors at once."""
    runtime = entry.runtime_data
    assert hass.states.get("sensor.savings_doge_total") is None
    await control(
        exchange,
        "deposits",
        {"account_id": "savings", "currency": "DOGE", "amount": "12.5"},
    )
    await until(lambda: hass.states.get("sensor.savings_doge_available"))
    assert hass.states.is_state("sensor.savings_doge_total", "12.50000000")
    assert entry.runtime_data is runtime


async def test_new_sub_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A sub-account that holds something for the first time is a device at once."""
    runtime = entry.runtime_data
    await switch_trading(hass)
    await act(hass, "create_sub_account", account_id="fresh", currency="USD")
    assert "fresh" not in devices(hass, entry)
    await act(
        hass,
        "transfer",
        from_account_id="trading",
        to_account_id="fresh",
        currency="USD",
        amount="25",
    )
    await until(lambda: hass.states.get("sensor.fresh_usd_total"))
    state = hass.states.get("sensor.fresh_usd_total")
    assert state is not None and Decimal(state.state) == 25
    assert hass.states.get("button.fresh_cancel_all_orders")
    assert "fresh" in devices(hass, entry)
    assert entry.runtime_data is runtime


async def test_new_pair(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A pair that is listed from now on can be asked for, traded and watched."""
    runtime = entry.runtime_data
    engine = exchange.venue.engine
    kept = engine.listing
    pairs = {name: pair for name, pair in kept.pairs.items() if name != "LTC-USDT"}
    engine.listing = replace(kept, pairs=pairs)
    await runtime.reference.async_refresh()
    with pytest.raises(HomeAssistantError):
        await act(hass, "get_ticker", pairs=["LTC-USDT"])
    engine.listing = kept
    await runtime.reference.async_refresh()
    assert (await act(hass, "get_trading_conditions", pairs=["LTC-USDT"]))["pairs"]
    await switch_trading(hass)
    order = {
        "pair": "LTC-USDT",
        "side": "buy",
        "order_type": "market",
        "amount": "0.5",
    }
    assert (await act(hass, "preview_order", **dict[str, Any](order)))["preview"]
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "market"), context={"source": "user"}
    )
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"pair": "LTC-USDT"}
    )
    assert result["type"] == "create_entry"
    await until(lambda: hass.states.get("sensor.ltc_usdt_mid_price"))
    await until(
        lambda: not hass.states.is_state("sensor.ltc_usdt_mid_price", "unavailable")
    )
    assert "LTC-USDT" in devices(hass, entry)
