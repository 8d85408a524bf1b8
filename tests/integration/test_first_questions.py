"""What a set-up asks: all that depends on nothing at once, and what it makes of failures."""

import asyncio
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cexio.exchange import CexioError, RestClient
from simulators.exchange.server import ExchangeServer
from tests.integration.helpers import account_entry, set_up
from tests.patience import PATIENCE

NEEDED = (
    *("get_pairs_info", "get_currencies_info"),
    *("get_my_account_status_v3", "get_my_wallet_balance"),
)
WALLET_FAILED = "Error fetching cexio wallet data"


async def test_asked_at_once(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """No question waits for the answer to another, but for the prices of what is traded and held."""
    asked: list[str] = []
    all_asked = asyncio.Event()
    request = RestClient._request

    async def hold(self: RestClient, action: str, *arguments: Any) -> Any:
        """Answer nothing before everything was asked."""
        asked.append(action)
        if len(asked) == len(NEEDED):
            all_asked.set()
        await all_asked.wait()
        return await request(self, action, *arguments)

    with patch.object(RestClient, "_request", hold):
        async with asyncio.timeout(PATIENCE):
            await set_up(hass, account_entry(exchange))
    assert sorted(asked[: len(NEEDED)]) == sorted(NEEDED)
    assert asked[len(NEEDED)] == "get_ticker"


async def test_wallet_alone_is_missing(
    hass: HomeAssistant, exchange: ExchangeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry works without it, and that is logged once."""
    with patch.object(
        RestClient, "get_my_wallet_balance", side_effect=CexioError("no")
    ):
        entry = await set_up(hass, account_entry(exchange))
        await entry.runtime_data.account.wallet.async_refresh()
    assert caplog.text.count(WALLET_FAILED) == 1


@pytest.mark.parametrize("method", ["get_pairs_info", "get_currencies_info"])
async def test_nothing_is_known(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    """Without reference data the set-up is tried again, and nothing but that is logged."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    with (
        patch.object(RestClient, method, side_effect=CexioError("no")),
        patch.object(RestClient, "get_my_wallet_balance", side_effect=CexioError("no")),
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert WALLET_FAILED not in caplog.text
