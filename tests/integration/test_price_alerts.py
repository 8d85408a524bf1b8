"""Price alerts: once per crossing, across restarts, for watched pairs and others."""

from decimal import Decimal
import sqlite3
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_capture_events
from tests.integration.helpers import act, control, settled, until


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


async def add(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Add an alert on BTC-USD at 61000."""
    defaults = {"pair": "BTC-USD", "condition": "above", "price": "61000"}
    alert: dict[str, Any] = (await act(hass, "add_price_alert", **(defaults | fields)))[
        "alert"
    ]
    return alert


async def test_fires_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert fires once: bus event, event entity, journal; then it rests."""
    runtime = entry.runtime_data
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add(hass)
    assert alert["active"] is True
    assert alert["price"] == "61000"
    assert entry.runtime_data is runtime
    await move(exchange, entry, "61500")
    await until(lambda: events)
    await move(exchange, entry, "60000")
    await move(exchange, entry, "61500")
    await hass.async_block_till_done()
    assert len(events) == 1
    data = events[0].data
    assert data["direction"] == "up"
    assert data["alert"]["alert_id"] == alert["alert_id"]
    assert Decimal(data["price"]) >= 61000
    state = hass.states.get("event.btc_usd_price_alert")
    assert state is not None
    assert state.attributes["event_type"] == "up"
    assert state.attributes["alert_id"] == alert["alert_id"]
    other = hass.states.get("event.eth_usd_price_alert")
    assert other is not None
    assert other.state == "unknown"
    (listed,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert listed["active"] is False
    assert listed["last_fired"] is not None


async def test_survives_a_restart(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert is kept with what it has seen: a crossing while off fires once, late or not."""
    events = async_capture_events(hass, "cexio_price_alert")
    once = await add(hass, condition="crosses", repeat=True)
    await until(lambda: entry.runtime_data.alerts.alerts[0].state.is_above is not None)
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "61500"})
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    await until(lambda: events)
    assert events[0].data["alert"]["alert_id"] == once["alert_id"]
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    await hass.async_block_till_done()
    assert len(events) == 1


async def test_pair_that_is_not_watched(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert follows its pair by itself, as long as it waits for something."""
    markets = entry.runtime_data.markets.markets
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add(hass, pair="LTC-USDT", condition="below", price="1")
    await until(lambda: "LTC-USDT" in markets and markets["LTC-USDT"].book)
    second = await add(hass, pair="LTC-USDT", condition="above", price="1")
    await until(lambda: events)
    assert events[0].data["alert"]["alert_id"] == second["alert_id"]
    await act(hass, "remove_price_alert", alert_id=second["alert_id"])
    assert "LTC-USDT" in markets
    await act(hass, "remove_price_alert", alert_id=alert["alert_id"])
    assert "LTC-USDT" not in markets
    last = await add(hass, pair="LTC-USDT", condition="above", price="1")
    await until(lambda: len(events) == 2 and "LTC-USDT" not in markets)
    await act(hass, "remove_price_alert", alert_id=last["alert_id"])
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


async def test_refusals(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unknown pairs and alerts are refused in words."""
    with pytest.raises(ServiceValidationError) as raised:
        await add(hass, pair="FOO-USD")
    assert raised.value.translation_key == "unknown_pair"
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, "remove_price_alert", alert_id="nobody")
    assert raised.value.translation_key == "unknown_alert"


async def test_promised_alerts_survive_a_kill(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What was promised or removed before Home Assistant wrote its file is so afterwards."""
    fields: dict[str, Any] = {"pair": "ETH-USD", "condition": "above", "price": "9999"}
    kept = (await act(hass, "add_price_alert", **fields, repeat=True))["alert"]
    gone = (await act(hass, "add_price_alert", **fields))["alert"]
    stale = entry.subentries
    await act(hass, "remove_price_alert", alert_id=gone["alert_id"])
    await hass.config_entries.async_unload(entry.entry_id)
    # The file of before: without the one, still with the other.
    old = {key: item for key, item in stale.items() if key != kept["alert_id"]}
    assert gone["alert_id"] in old
    object.__setattr__(entry, "subentries", MappingProxyType(old))
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert (await act(hass, "list_price_alerts"))["alerts"] == [kept]


async def test_alerts_removed_while_unloaded_stay_removed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Once Home Assistant has written its file, that file counts."""
    fields: dict[str, Any] = {"pair": "ETH-USD", "condition": "above", "price": "9999"}
    alert = (await act(hass, "add_price_alert", **fields))["alert"]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, alert["alert_id"])
    later = dt_util.utcnow().timestamp() + 2
    with patch("custom_components.cexio.alert_journal._written", return_value=later):
        await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


async def test_alert_that_cannot_be_kept_is_not_promised(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """With a full disk no alert is set."""
    with (
        patch.object(
            entry.runtime_data.database,
            "async_run",
            side_effect=sqlite3.OperationalError("database or disk is full"),
        ),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(
            hass, "add_price_alert", pair="ETH-USD", condition="above", price="9999"
        )
    assert raised.value.translation_key == "storage_failed"
    assert (await act(hass, "list_price_alerts"))["alerts"] == []
