"""What the tests of the integration have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
import sqlite3
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryData,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.cexio.const import DOMAIN
from simulators.exchange.keys import ApiKey
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.patience import PATIENCE

type Automate = Callable[..., Awaitable[None]]

SWITCH = "switch.cex_io_trading"
EXECUTIONS = "event.cex_io_executions"
STREAM = "binary_sensor.cex_io_stream"

LIMIT_BUY: dict[str, Any] = {
    "pair": "BTC-USD",
    "side": "buy",
    "order_type": "limit",
    "amount": "0.01",
    "price": "59000",
}
# The exchange takes this many active orders (rest.md 3.6).
MOST_ORDERS = 20


def markets(*pairs: str) -> list[ConfigSubentryData]:
    """Return the subentries of watched markets."""
    return [
        ConfigSubentryData(
            data={"pair": pair},
            subentry_type="market",
            title=pair,
            unique_id=f"market_{pair}",
        )
        for pair in pairs
    ]


def key_named(exchange: ExchangeServer, name: str) -> ApiKey:
    """Return one of the client's keys."""
    return next(key for key in exchange.keys if key.name == name)


def change_key(exchange: ExchangeServer, **changes: Any) -> None:
    """Change the client's first key at the exchange."""
    exchange.venue.keys_by_id[exchange.key] = replace(
        key_named(exchange, "all"), **changes
    )


def account_entry(
    exchange: ExchangeServer, *, key: str = "all", **options: Any
) -> MockConfigEntry:
    """Return an account that is not set up yet."""
    chosen = key_named(exchange, key)
    return MockConfigEntry(
        domain=DOMAIN,
        title="CEX.IO",
        unique_id=f"account-{key}",
        entry_id=f"01ACCOUNT-{key}",
        data={
            "kind": "account",
            "url": exchange.base,
            "api_key": chosen.key,
            "api_secret": chosen.secret,
        },
        options={"default_account_id": "trading", **options},
        subentries_data=markets("BTC-USD", "ETH-USD"),
    )


def prices_entry(exchange: ExchangeServer) -> MockConfigEntry:
    """Return an entry without an account that is not set up yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="CEX.IO prices",
        unique_id="prices",
        data={"kind": "prices", "url": exchange.base},
        subentries_data=markets("BTC-USD"),
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set an entry up and wait until its streams stand and it has caught up."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)
    await hass.async_block_till_done()
    return entry


async def settled(entry: ConfigEntry[Any]) -> None:
    """Wait until the streams of an entry stand and what was missed is known."""
    runtime = entry.runtime_data
    await runtime.markets.stream.wait_connected(PATIENCE)
    await until(lambda: all(item.book for item in runtime.markets.markets.values()))
    if runtime.account is not None:
        stream = runtime.account.stream
        await until(lambda: stream.connected and stream.has_caught_up)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so, looking whenever the loop turns."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - whatever the tests wait for sets no event
            await asyncio.sleep(0.005)


async def go_to_second(
    exchange: ExchangeServer, entry: MockConfigEntry, second: float
) -> None:
    """Move the exchange's clock, and what is known of it, within the minute for which points are counted."""
    shift = second - exchange.clock.time() % 60
    await exchange.clock.jump(shift)
    entry.runtime_data.client.clock.offset += shift


async def act(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> Any:
    """Call an action and return its answer."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=context
    )


async def refused(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> str | None:
    """Call an action that has to be refused; return the key of the refusal."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, action, context, **data)
    return raised.value.translation_key


async def turn_automation(hass: HomeAssistant, on: bool) -> None:
    """Turn the automation under test on or off."""
    await hass.services.async_call(
        "automation",
        "turn_on" if on else "turn_off",
        {"entity_id": "automation.under_test"},
        blocking=True,
    )


async def switch_trading(hass: HomeAssistant, on: bool = True) -> None:
    """Turn the trading switch, and wait until it was asked whether the key may trade."""
    await hass.services.async_call(
        "switch",
        "turn_on" if on else "turn_off",
        {"entity_id": SWITCH},
        blocking=True,
    )
    if asking := {
        task for task in asyncio.all_tasks() if task.get_name() == "cexio permissions"
    }:
        await asyncio.wait(asking, timeout=PATIENCE)


async def control(
    exchange: ExchangeServer, path: str, data: Mapping[str, Any] | None = None
) -> Any:
    """Speak to the control interface of the exchange."""
    async with aiohttp.ClientSession() as session:
        method = "GET" if data is None else "POST"
        async with session.request(
            method, f"{exchange.control}/{path}", json=data
        ) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


async def truth(exchange: ExchangeServer) -> Any:
    """Return what really is at the exchange."""
    return await control(exchange, "truth")


def changed(**fields: Any) -> dict[str, Any]:
    """Return the usual order with some fields changed, None meaning left out."""
    return {
        key: value for key, value in (LIMIT_BUY | fields).items() if value is not None
    }


async def move(exchange: ExchangeServer, entry: MockConfigEntry, price: str) -> None:
    """Move the market of BTC-USD and wait until the integration has seen it."""
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": price})
    market = entry.runtime_data.markets.markets["BTC-USD"]
    await until(
        lambda: (
            market.newest.mid is not None
            and abs(market.newest.mid / Decimal(price) - 1) < Decimal("0.001")
        )
    )


async def add_alert(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Add an alert on BTC-USD at 61000."""
    defaults = {"pair": "BTC-USD", "condition": "above", "price": "61000"}
    given = {k: v for k, v in (defaults | fields).items() if v is not None}
    alert: dict[str, Any] = (await act(hass, "add_price_alert", **given))["alert"]
    return alert


async def order_elsewhere(exchange: ExchangeServer, **fields: str) -> Any:
    """Sell some BTC at the web terminal of the exchange, or order there what the fields say."""
    sale = {
        "clientOrderId": "web-1",
        "accountId": "trading",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "SELL",
        "orderType": "Market",
        "amountCcy1": "0.1",
    }
    return await control(exchange, "client-orders", sale | fields)


def full_disk(entry: MockConfigEntry) -> AbstractContextManager[object]:
    """Let the database of an entry take nothing any more."""
    full = sqlite3.OperationalError("database or disk is full")
    return patch.object(entry.runtime_data.database, "async_run", side_effect=full)


def watch(
    hass: HomeAssistant, entry: MockConfigEntry, pair: str = "LTC-USD"
) -> ConfigSubentry:
    """Watch another market."""
    described = markets(pair)[0]
    subentry = ConfigSubentry(
        data=MappingProxyType(described["data"]),
        subentry_type=described["subentry_type"],
        title=described["title"],
        unique_id=described["unique_id"],
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry
