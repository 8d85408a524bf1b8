"""Diagnostics: useful, and without a secret."""

import json
import sqlite3
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant

from custom_components.cexio.diagnostics import async_get_config_entry_diagnostics
from custom_components.cexio.troubles import Trouble
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser
from tests.integration.helpers import act, control, settled, switch_trading, until


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
    assert found["account"]["nothing_missed_until"].endswith("+00:00")
    assert found["account"]["stream_delay_seconds"] is None
    assert found["points"].keys() == {"address", "key"}
    key = found["points"]["key"]
    assert key["used"] == exchange.venue.key_budget.used(exchange.key)
    assert key["uses"]["get_my_orders"] >= 5
    assert (key["limit"], key["short_minutes"]) == (200, 0)
    assert abs(found["clock_offset_seconds"]) < 1
    assert found["version"] == "0.1.0"
    assert found["reference"]["up_to_date"] is True
    assert found["troubles"] == found["maintenance"] == []


async def test_how_it_went(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Connections, recoveries and requests are told, without people and amounts."""
    user = MockUser(name="Ada", is_owner=True).add_to_hass(hass)
    await switch_trading(hass)
    fields = {
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "amount": "0.0123",
        "price": "59000",
        "comment": "Telegram 1001",
    }
    await act(hass, "place_order", Context(user_id=user.id), **fields)
    await control(exchange, "sockets/close", {"kind": "all", "notice": False})
    history = entry.runtime_data.account.stream.history
    await until(lambda: len(history) == 3)
    await settled(entry)
    found = (await async_get_config_entry_diagnostics(hass, entry))["account"]
    text = json.dumps(found)
    for secret in ("Ada", user.id, "1001", "0.0123", "59000", exchange.key):
        assert secret not in text
    assert [item["event"] for item in found["stream_history"]] == [
        "connected",
        "disconnected",
        "connected",
    ]
    assert found["stream_history"][1]["reason"].startswith("TransportError")
    assert found["recovery"]["largest_points"] == 90
    assert found["recovery"]["runs"] == 2
    last = found["recovery"]["last"]
    assert last["points"] == 15
    assert last["changes"] == 0
    assert last["seconds"] >= 0
    (request,) = found["audit"]
    assert request["action"] == "place"
    assert request["by"] == "user"
    assert request["commented"] is True
    assert request["pair"] == "BTC-USD"
    assert request["outcome"].startswith("placed ")
    with patch.object(
        entry.runtime_data.database, "async_read", side_effect=sqlite3.OperationalError
    ):
        found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["account"]["audit"] == []


async def test_what_is_wrong(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Troubles are named with the time they began, not with the name of the entry."""
    hass.config_entries.async_update_entry(entry, options={}, title="Ada's account")
    await until(lambda: entry.state.value == "loaded")
    await settled(entry)
    await hass.async_block_till_done()
    entry.runtime_data.watch.troubles.async_begin(
        Trouble.PAIR_DELISTED, "DOGE-USD", pair="DOGE-USD"
    )
    found = await async_get_config_entry_diagnostics(hass, entry)
    (trouble,) = found["troubles"]
    assert trouble["trouble"] == "pair_delisted"
    assert trouble["subject"] == "DOGE-USD"
    assert trouble["since"].endswith("+00:00")
    assert "Ada" not in json.dumps(found)


async def test_prices_only(hass: HomeAssistant, prices: MockConfigEntry) -> None:
    """Without an account there is none in it."""
    found = await async_get_config_entry_diagnostics(hass, prices)
    assert found["account"] is None
    assert found["points"].keys() == {"address"}
