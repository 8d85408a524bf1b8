"""Options: checked, kept, and in force at once."""

from datetime import timedelta
from decimal import Decimal

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.exchange import TransportError
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser, async_fire_time_changed
from tests.integration.helpers import control, until


async def test_options(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Guard rails are checked, kept, and in force without a reload."""
    user = MockUser(name="Ada").add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "traders": ["gone"]}
    )
    runtime = entry.runtime_data
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["step_id"] == "init"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"],
        {"largest_order_value": "a lot", "largest_distance": "-1"},
    )
    assert result["errors"] == {
        "largest_order_value": "invalid_number",
        "largest_distance": "invalid_number",
    }
    chosen = {
        "portfolio_currency": "EUR",
        "default_account_id": "savings",
        "largest_order_value": "1000",
        "largest_distance": "2.5",
        "allowed_pairs": ["BTC-USD"],
        "traders": [user.id],
        "notices": ["funding"],
        "price_interval": 30,
    }
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], chosen
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == chosen
    assert entry.runtime_data is runtime


async def test_options_of_an_entry_without_a_sub_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Somebody who went on without a sub-account chooses one here."""
    hass.config_entries.async_update_entry(entry, options={})
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"default_account_id": "savings"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["default_account_id"] == "savings"


async def test_options_of_prices(
    hass: HomeAssistant, exchange: ExchangeServer, prices: MockConfigEntry
) -> None:
    """Prices only have no guard rails, and an entry that is not loaded cannot be asked."""
    result = await hass.config_entries.options.async_init(prices.entry_id)
    assert result["step_id"] == "prices"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"price_interval": 600.0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert prices.options == {"price_interval": 600}
    assert isinstance(prices.options["price_interval"], int)
    await hass.config_entries.async_unload(prices.entry_id)
    result = await hass.config_entries.options.async_init(prices.entry_id)
    assert result["reason"] == "entry_not_loaded"


async def test_prices_are_written_as_rarely_as_wanted(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The recorder sees few states, whoever listens to prices sees all of them."""
    options = {**entry.options, "price_interval": 600}
    hass.config_entries.async_update_entry(entry, options=options)
    market = entry.runtime_data.markets.markets["BTC-USD"]
    # The pause that began before is still a short one.
    await until(lambda: hass.loop.time() >= market._rests_until)
    seen: list[Decimal] = []
    entry.runtime_data.markets.async_listen_prices(lambda _pair, mid: seen.append(mid))

    async def move(price: int) -> None:
        """Move the market and wait until everybody could know."""
        data = {"pair": "BTC-USD", "price": str(price)}
        await control(exchange, "market/price", data)
        await until(lambda: seen and abs(seen[-1] - price) < 20)
        await hass.async_block_till_done()

    def shown() -> float:
        """Return the state."""
        state = hass.states.get("sensor.btc_usd_mid_price")
        assert state is not None
        return float(state.state)

    await move(60100)
    written = shown()
    for price in (60200, 60300):
        await move(price)
        assert shown() == written
    assert float(market.newest.mid or 0) == pytest.approx(60300, abs=20)
    # What was lost and is back is not kept waiting.
    market.async_set_update_error(TransportError())
    assert hass.states.is_state("sensor.btc_usd_mid_price", "unavailable")
    await move(60400)
    assert shown() == pytest.approx(60400, abs=20)
    await move(60500)
    assert shown() == pytest.approx(60400, abs=20)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=601))
    await hass.async_block_till_done()
    assert shown() == pytest.approx(60500, abs=20)
