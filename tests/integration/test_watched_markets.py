"""Markets that come and go while the entry lives: no reload, and nothing is left behind."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import until, watch

MID = "sensor.ltc_usd_mid_price"


async def test_added(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A new market has its device and its entities at once, and nothing else moves."""
    runtime = entry.runtime_data
    before = {state.entity_id for state in hass.states.async_all()}
    watch(hass, entry)
    await until(lambda: runtime.markets.markets.get("LTC-USD"))
    await until(lambda: runtime.markets.markets["LTC-USD"].book)
    await hass.async_block_till_done()
    assert entry.runtime_data is runtime
    state = hass.states.get(MID)
    assert state is not None
    assert float(state.state) > 0
    assert hass.states.get("event.ltc_usd_price_alert") is not None
    assert before < {state.entity_id for state in hass.states.async_all()}
    registry = er.async_get(hass)
    keys = {
        item.translation_key
        for item in registry.entities.values()
        if "LTC-USD" in item.unique_id
    }
    others = {
        item.translation_key
        for item in registry.entities.values()
        if "BTC-USD" in item.unique_id
    }
    assert keys == others


async def test_removed_and_added_again(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What is not watched any more is gone, and can be watched again."""
    runtime = entry.runtime_data
    for _ in range(2):
        subentry = watch(hass, entry)
        await until(lambda: hass.states.get(MID) is not None)
        await until(lambda: runtime.markets.markets["LTC-USD"].book)
        await hass.async_block_till_done()
        assert not hass.states.is_state(MID, "unavailable")
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
        await hass.async_block_till_done()
        await until(lambda: "LTC-USD" not in runtime.markets.markets)
        assert hass.states.get(MID) is None
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        assert "LTC-USD" not in [device.name for device in devices]
        assert "BTC-USD" in [device.name for device in devices]
    assert entry.runtime_data is runtime
    assert not hass.states.is_state("sensor.btc_usd_mid_price", "unavailable")


async def test_many_at_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Changes that follow each other closely all count."""
    subentries = [
        watch(hass, entry, pair) for pair in ("LTC-USD", "ETH-BTC", "SHIB-USD")
    ]
    hass.config_entries.async_remove_subentry(entry, subentries[1].subentry_id)
    await hass.async_block_till_done()
    hub = entry.runtime_data.markets
    await until(lambda: {"LTC-USD", "SHIB-USD"} <= hub.markets.keys())
    await until(lambda: "ETH-BTC" not in hub.markets)
    await hass.async_block_till_done()
    assert hass.states.get(MID) is not None
    assert hass.states.get("sensor.shib_usd_mid_price") is not None
    assert hass.states.get("sensor.eth_btc_mid_price") is None
