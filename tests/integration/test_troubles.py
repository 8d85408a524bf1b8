"""Troubles: an issue while they last, told once when they begin and once when they end."""

from collections import Counter
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest

from custom_components.cexio.const import DOMAIN
from custom_components.cexio.exchange import ELSEWHERE
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, WebSocketGenerator
from tests.integration.helpers import (
    account_entry,
    act,
    change_key,
    control,
    settled,
    switch_trading,
    until,
)
from tests.integration.troubles import (
    Fix,
    go_on,
    issues,
    list_pairs,
    permissions_are_known,
    refuse_for_a_permission,
    told,
)

MID = "sensor.btc_usd_mid_price"


def mid(hass: HomeAssistant) -> Decimal | None:
    """Return what the sensor of the market shows, None when it shows nothing."""
    state = hass.states.get(MID)
    if state is None or state.state in ("unavailable", "unknown"):
        return None
    return Decimal(state.state)


async def test_pair_that_is_delisted(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """Its sensors are unavailable, the rest goes on; the fix removes what watches it."""
    await act(
        hass, "add_price_alert", pair="BTC-USD", condition="above", price="1000000"
    )
    runtime = entry.runtime_data
    assert mid(hass) == 60000
    kept = exchange.venue.engine.listing.pairs["BTC-USD"]
    list_pairs(exchange, BTC_USD=None)
    await runtime.reference.async_refresh()
    assert list(issues(hass)) == ["pair_delisted"]
    assert hass.states.is_state(MID, "unavailable")
    assert runtime.markets.price("BTC-USD") is None
    assert not hass.states.is_state("sensor.eth_usd_mid_price", "unavailable")
    assert (await act(hass, "get_ticker", pairs=["ETH-USD"]))["tickers"]
    await runtime.markets.tickers.async_refresh()
    assert runtime.markets.tickers.last_update_success
    # It is listed again.
    list_pairs(exchange, BTC_USD=kept)
    await runtime.reference.async_refresh()
    assert issues(hass) == {}
    await control(exchange, "sockets/close", {"kind": "public", "notice": False})
    await until(lambda: mid(hass) == 60000)
    list_pairs(exchange, BTC_USD=None)
    await runtime.reference.async_refresh()
    flow = fix("pair_delisted")
    step = await flow.start()
    assert step["description_placeholders"]["pair"] == "BTC-USD"
    assert (await flow.submit())["type"] == "create_entry"
    await until(lambda: not issues(hass))
    await hass.async_block_till_done()
    await settled(entry)
    assert [item.data["pair"] for item in entry.subentries.values()] == ["ETH-USD"]
    gone = (DOMAIN, f"{entry.entry_id}_market_BTC-USD")
    with pytest.raises(ValueError, match="no device"):
        dr.async_get_device_id_by_identifier(hass, gone, config_entry_id=entry.entry_id)
    assert (
        await told(hass, entry)
        == [("pair_delisted", begins) for begins in (True, False)] * 2
    )


async def test_pair_that_is_gone_at_start(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """The rest is set up; it appears without a reload when it is listed again."""
    kept = exchange.venue.engine.listing.pairs["BTC-USD"]
    list_pairs(exchange, BTC_USD=None)
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    runtime = entry.runtime_data
    await until(lambda: runtime.markets.markets["ETH-USD"].book)
    await until(lambda: runtime.account.stream.has_caught_up)
    assert list(issues(hass)) == ["pair_delisted"]
    assert hass.states.get(MID) is None
    assert hass.states.get("sensor.eth_usd_mid_price")
    list_pairs(exchange, BTC_USD=kept)
    await runtime.reference.async_refresh()
    await until(lambda: mid(hass) == 60000)
    assert issues(hass) == {}


async def test_empty_list_of_pairs(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An answer without any pair is a failure of the exchange, not the end of all pairs."""
    list_pairs(
        exchange,
        **{
            name.replace("-", "_"): None for name in exchange.venue.engine.listing.pairs
        },
    )
    reference = entry.runtime_data.reference
    await reference.async_refresh()
    assert not reference.last_update_success
    assert issues(hass) == {}
    assert mid(hass) == 60000


async def test_too_few_points_for_long(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After more than ten minutes it says what uses them; one good minute ends it."""
    budget = entry.runtime_data.client.budgets["key"]
    uses = Counter({"get_candles": 900, ELSEWHERE: 400, "get_ticker": 10, "x": 1})
    with (
        patch.object(type(budget), "short_minutes", 10),
        patch.object(type(budget), "uses", uses),
    ):
        await go_on(hass)
        assert issues(hass) == {}
        with patch.object(type(budget), "short_minutes", 11):
            await go_on(hass, 2)
            await go_on(hass, 3)
        both = [
            issue
            for issue in ir.async_get(hass).issues.values()
            if issue.translation_key == "budget_exhausted"
        ]
        assert not any(issue.is_fixable for issue in both)
        words = [issue.translation_placeholders or {} for issue in both]
        assert {item["limit"] for item in words} == {"100", "200"}
        assert {item["uses"] for item in words} == {
            "get_candles 900, elsewhere 400, get_ticker 10"
        }
        await go_on(hass, 4)
        assert list(issues(hass)) == ["budget_exhausted"]
    await go_on(hass, 5)
    assert issues(hass) == {}
    assert (
        await told(hass, entry)
        == [("budget_exhausted", True)] * 2 + [("budget_exhausted", False)] * 2
    )
    assert caplog.text.count("points a minute have not been enough") == 4


async def test_no_sub_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """Orders need one: an existing one is chosen, a new one is created."""
    hass.config_entries.async_update_entry(entry, options={})
    assert issues(hass) == {}
    await switch_trading(hass)
    assert list(issues(hass)) == ["no_sub_account"]
    flow = fix("no_sub_account")
    assert (await flow.start())["step_id"] == "sub_account"
    step = await flow.submit(account_id="bad name", currency="USD")
    assert step["errors"] == {"account_id": "invalid_account_id"}
    await control(
        exchange,
        "faults",
        {"kind": "refuse", "match": "do_create_account", "status": 500, "text": "No"},
    )
    step = await flow.submit(account_id="fresh", currency="USD")
    assert step["errors"] == {"base": "sub_account_refused"}
    exchange.venue.faults.remove()
    step = await flow.submit(account_id="fresh", currency="EUR")
    assert step["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.options == {"default_account_id": "fresh"}
    assert "fresh" in exchange.venue.engine.accounts.ids
    assert issues(hass) == {}
    hass.config_entries.async_update_entry(entry, options={})
    await hass.async_block_till_done()
    flow = fix("no_sub_account")
    await flow.start()
    before = list(exchange.venue.engine.accounts.ids)
    assert (await flow.submit(account_id="savings", currency="USD"))["type"] == (
        "create_entry"
    )
    assert exchange.venue.engine.accounts.ids == before
    assert entry.options == {"default_account_id": "savings"}


async def test_troubles_survive_a_restart(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """What lasts is not told again; what is over meanwhile is told when it is found out."""
    await refuse_for_a_permission(hass, exchange)
    (issue,) = issues(hass).values()
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    await permissions_are_known()
    assert list(issues(hass)) == ["permission_missing"]
    assert await told(hass, entry) == [("permission_missing", True)]
    await hass.config_entries.async_unload(entry.entry_id)
    flow = Fix(fix("permission_missing")._client, issue.issue_id)
    step = await flow.start()
    assert (step["type"], step["reason"]) == ("abort", "entry_not_loaded")
    change_key(exchange)
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: not issues(hass))
    await hass.async_block_till_done()
    assert await told(hass, entry) == [
        ("permission_missing", True),
        ("permission_missing", False),
    ]


async def test_issues_go_with_the_entry(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Neither an entry that is disabled nor one that is removed leaves an issue behind."""
    hass.config_entries.async_update_entry(entry, options={})
    await switch_trading(hass)
    assert list(issues(hass)) == ["no_sub_account"]
    await hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )
    assert issues(hass) == {}
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settled(entry)
    assert list(issues(hass)) == ["no_sub_account"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


async def test_subscribers_are_told(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """The companion bot hears of it with words, and finds it in the status."""
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "cexio/feed/subscribe"})
    assert (await client.receive_json())["success"]
    list_pairs(exchange, ETH_USD=None)
    await entry.runtime_data.reference.async_refresh()
    (item,) = (await client.receive_json())["event"]["entries"]
    (begun,) = entry.runtime_data.watch.troubles.current
    assert item["kind"] == "trouble"
    assert item["id"] == f"trouble:pair_delisted:{begun.since.isoformat()}:true"
    assert item["late"] is False
    assert item["data"] == {
        "trouble": "pair_delisted",
        "text": "CEX.IO: ETH-USD is no longer traded",
        "begins": True,
    }
    await client.send_json_auto_id({"type": "cexio/status"})
    assert (await client.receive_json())["result"]["troubles"] == [
        {"trouble": "pair_delisted", "text": "CEX.IO: ETH-USD is no longer traded"}
    ]
