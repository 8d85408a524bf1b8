"""Diagnostics: useful, and without a secret."""

import json

from homeassistant.core import HomeAssistant

from custom_components.cexio.diagnostics import async_get_config_entry_diagnostics
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry


async def test_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Key, secret, amounts and names of accounts are not in it; states are."""
    found = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(found)
    for secret in (exchange.key, exchange.secret, "trading", "50000"):
        assert secret not in text.replace("trading_enabled", "")
    assert found["market_stream"]["connected"] is True
    assert found["market_stream"]["markets"] == {"BTC-USD": True, "ETH-USD": True}
    assert found["account"]["connected"] is True
    assert found["account"]["sub_accounts"] == 2
    assert found["points_used"].keys() == {"address", "key"}


async def test_prices_only(hass: HomeAssistant, prices: MockConfigEntry) -> None:
    """Without an account there is none in it."""
    found = await async_get_config_entry_diagnostics(hass, prices)
    assert found["account"] is None
    assert found["points_used"].keys() == {"address"}
