"""The status: what the companion bot is told of how an entry is doing."""

from typing import Any

from homeassistant.const import __version__ as HOME_ASSISTANT_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, WebSocketGenerator
from tests.integration.helpers import (
    SWITCH,
    account_entry,
    act,
    changed,
    control,
    go_to_second,
    set_up,
    settled,
    switch_trading,
    until,
)

RESTING = changed(amount="0.02")


async def ask(client: Any, **fields: Any) -> dict[str, Any]:
    """Ask for the status and return the whole answer."""
    await client.send_json_auto_id({"type": "cexio/status"} | fields)
    answer: dict[str, Any] = await client.receive_json()
    return answer


async def test_account(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anybody who may speak to Home Assistant is told, and nothing is asked for it."""
    client = await hass_ws_client(hass, hass_read_only_access_token)
    # So that no minute ends, and its points with it; that the clock was moved is no trouble here.
    monkeypatch.setattr("custom_components.cexio.trouble_watch.CLOCK_TOLERANCE", 120)
    await go_to_second(exchange, entry, 1)
    await switch_trading(hass)
    await act(hass, "place_order", **RESTING)
    await until(lambda: entry.runtime_data.account.balances.push_delay is not None)
    await control(exchange, "sockets/close", {"kind": "all", "notice": False})
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    await until(lambda: entry.runtime_data.account.stream.recovery.runs == 2)
    await settled(entry)
    used = exchange.venue.key_budget.used(exchange.key)
    answer = await ask(client, config_entry_id=entry.entry_id)
    assert exchange.venue.key_budget.used(exchange.key) == used
    found = answer["result"]
    recovery = found.pop("last_recovery")
    delay = found.pop("stream_delay_ms")
    assert isinstance(delay, int) and 0 <= delay < 10_000
    assert found["points"]["key"]["limit"] == 200
    assert found["points"]["key"]["used"] >= 15
    assert found["points"].pop("address")["limit"] == 100
    del found["points"]
    assert found == {
        "home_assistant_version": HOME_ASSISTANT_VERSION,
        "integration_version": "0.1.0",
        "stream_connected": True,
        "maintenance": [],
        "trading_enabled": True,
        "trading_entity_id": SWITCH,
        "troubles": [],
        "watched_pairs": ["BTC-USD", "ETH-USD"],
    }
    assert recovery["missed_fills"] == 1
    assert recovery["points"] == 15
    assert recovery["seconds"] >= 0
    assert recovery["at"].endswith("+00:00")


async def test_prices_only(
    hass: HomeAssistant, prices: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """What belongs to an account is not there."""
    answer = await ask(await hass_ws_client())
    found = answer["result"]
    assert found["stream_connected"] is True
    assert found["points"]["key"] is None
    assert found["watched_pairs"] == ["BTC-USD"]
    for name in ("last_recovery", "stream_delay_ms", "trading_entity_id"):
        assert found[name] is None
    assert found["trading_enabled"] is False


async def test_which_entry(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """The entry has to be loaded and plain."""
    client = await hass_ws_client()
    await set_up(hass, account_entry(exchange, key="no-trade"))
    answer = await ask(client)
    assert answer["error"]["code"] == "several_entries"
    assert (await ask(client, config_entry_id=entry.entry_id))["success"]
    answer = await ask(client, config_entry_id="nobody")
    assert answer["error"]["code"] == "entry_not_loaded"
    await hass.config_entries.async_unload(entry.entry_id)
    answer = await ask(client, config_entry_id=entry.entry_id)
    assert answer["error"]["code"] == "entry_not_loaded"


async def test_maintenance(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A part that refuses is named until it lets something pass again."""
    client = await hass_ws_client()
    await control(exchange, "faults", {"kind": "maintenance", "match": "order_status"})
    with pytest.raises(HomeAssistantError):
        await act(hass, "get_orders")
    assert (await ask(client))["result"]["maintenance"] == ["order_status"]
    exchange.venue.faults.rules.clear()
    await act(hass, "get_orders")
    assert (await ask(client))["result"]["maintenance"] == []


async def test_before_anything_was_found_out(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """While the stream has not come up yet, there is no recovery to tell of."""
    refuse = {"kind": "refuse", "match": "connect", "channel": "private"}
    await control(exchange, "faults", refuse)
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    answer = await ask(await hass_ws_client(hass))
    assert answer["result"]["last_recovery"] is None
    assert answer["result"]["stream_connected"] is False
