"""Set-up, unloading, and what goes wrong at it."""

import asyncio
import logging
import threading
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.const import DOMAIN, TICKER_INTERVAL
from custom_components.cexio.database import database_path
from custom_components.cexio.database_issues import (
    async_report_set_aside,
    async_report_unwritable,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import (
    account_entry,
    act,
    key_named,
    prices_entry,
    set_up,
    switch_trading,
    until,
)


def our_tasks() -> list[str]:
    """Return the names of running tasks that belong to the integration."""
    return [
        name
        for task in asyncio.all_tasks()
        if (name := task.get_name()).lower().startswith(("cexio", "cex.io"))
    ]


async def test_unloading_leaves_nothing_behind(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Tasks, threads, sockets and states go with the entry; it can come back."""
    assert hass.states.is_state("sensor.trading_btc_total", "1.50000000")
    assert our_tasks()
    assert len(exchange.venue.hub.sessions) == 2
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    await until(lambda: not exchange.venue.hub.sessions)
    assert our_tasks() == []
    await until(
        lambda: not [item for item in threading.enumerate() if "cexio" in item.name]
    )
    assert hass.states.is_state("sensor.trading_btc_total", STATE_UNAVAILABLE)
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_stop_of_home_assistant(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Sockets are closed when Home Assistant stops."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await until(lambda: not exchange.venue.hub.sessions)
    assert our_tasks() == []


async def test_removing_deletes_the_file(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What an entry kept is deleted with it."""
    path = database_path(hass, entry.entry_id)
    assert path.exists()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not list(path.parent.glob(f"*{entry.entry_id}*"))


async def test_removing_takes_its_issues_along(
    hass: HomeAssistant, entry: MockConfigEntry, exchange: ExchangeServer
) -> None:
    """Nobody is asked to repair what is no longer there; others keep theirs."""
    other = await set_up(hass, prices_entry(exchange))
    for owner in (entry, other):
        path = database_path(hass, owner.entry_id)
        async_report_set_aside(hass, owner, path)
        async_report_unwritable(hass, owner, path, OSError("full"))
    await hass.config_entries.async_remove(entry.entry_id)
    left = [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and "database" in issue_id
    ]
    assert len(left) == 2
    assert all(issue_id.endswith(other.entry_id) for issue_id in left)


async def test_unreachable(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Without the exchange set-up is tried again later."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "url": "http://127.0.0.1:9/api/spot"}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"
    assert our_tasks() == []


@pytest.mark.parametrize("key", ["inactive", "other-address"])
async def test_refused_key(
    hass: HomeAssistant, exchange: ExchangeServer, key: str
) -> None:
    """A key that the exchange refuses starts a flow that asks for another."""
    entry = account_entry(exchange, key=key)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_failure_while_coming_up(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """When the last step fails, what was started before is stopped."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    with patch(
        "custom_components.cexio.price_alerts.PriceAlerts.async_start",
        side_effect=ValueError,
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert our_tasks() == []


@pytest.mark.parametrize(
    "step",
    ["trading.TradingDesk.async_stop", "executions.Ledger.async_release"],
)
async def test_step_of_stopping_that_fails(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    """All else is stopped and closed, so that the entry can come back."""
    with patch(f"custom_components.cexio.{step}", side_effect=ValueError):
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert "did not stop cleanly" in caplog.text
    await until(lambda: not exchange.venue.hub.sessions)
    assert our_tasks() == []
    await until(
        lambda: not [item for item in threading.enumerate() if "cexio" in item.name]
    )
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_kept_state_that_cannot_be_read(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A failure before anything is started does not leave the file open."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    with patch(
        "custom_components.cexio.executions.Ledger.async_load", side_effect=ValueError
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await until(
        lambda: not [item for item in threading.enumerate() if "cexio" in item.name]
    )


async def test_market_removed_in_the_ui(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Removing a market takes its device and entities along."""
    subentry = next(
        item for item in entry.subentries.values() if item.title == "ETH-USD"
    )
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert "ETH-USD" not in entry.runtime_data.markets.markets
    assert hass.states.get("sensor.eth_usd_last_price") is None


async def test_delisted_market(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """A pair that the exchange no longer trades does not break the others."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    subentry = next(iter(entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        entry, subentry, data={"pair": "GONE-USD"}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await until(lambda: entry.runtime_data.markets.markets["ETH-USD"].book)


async def test_exchange_lost_and_back(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Prices become unavailable when neither stream nor REST answers."""
    assert not hass.states.is_state("sensor.btc_usd_bid", STATE_UNAVAILABLE)
    await exchange.__aexit__(None, None, None)
    await until(lambda: not entry.runtime_data.markets.stream.connected)
    async_fire_time_changed(hass, dt_util.utcnow() + TICKER_INTERVAL * 1.1)
    await until(lambda: hass.states.is_state("sensor.btc_usd_bid", STATE_UNAVAILABLE))


async def test_no_secret_in_the_log(
    hass: HomeAssistant, exchange: ExchangeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither key nor secret is logged, however much is logged."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("custom_components.cexio").setLevel(logging.DEBUG)
    await set_up(hass, account_entry(exchange))
    await switch_trading(hass)
    await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="buy",
        order_type="market",
        amount="0.01",
    )
    refused: Any = account_entry(exchange, key="inactive")
    refused.add_to_hass(hass)
    await hass.config_entries.async_setup(refused.entry_id)
    for name in ("all", "inactive"):
        key = key_named(exchange, name)
        assert key.key not in caplog.text
        assert key.secret not in caplog.text


async def test_two_entries_side_by_side(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Prices only beside an account: actions without an entry mean the account."""
    await set_up(hass, prices_entry(exchange))
    assert (await act(hass, "get_balances"))["balances"]
    first, second = (
        item.runtime_data.client.budgets["address"]
        for item in hass.config_entries.async_entries("cexio")
    )
    assert first is second
