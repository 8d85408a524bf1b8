"""Home Assistant without its recorder: no statistics, and everything else as ever."""

from homeassistant.core import HomeAssistant
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import truth, until


async def test_no_statistics(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is asked for what nobody would keep, and nothing is logged about it."""
    runtime = entry.runtime_data
    assert "recorder" not in hass.config.components
    assert not runtime.price_history.turns.is_waiting
    async_fire_time_changed(hass, fire_all=True)
    await until(lambda: runtime.account.profit.data)
    assert "get_candles" not in (await truth(exchange))["requests"]
    logged = [item for item in caplog.records if "cexio" in item.name]
    assert not [item for item in logged if "recorder" in item.getMessage()]
    assert not hass.states.is_state("sensor.btc_usd_mid_price", "unavailable")
