"""Price alerts: once per crossing, for watched pairs and others, paused, resting, refused."""

import asyncio
from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_capture_events
from tests.integration.helpers import act, add_alert, control, move, settled, until


async def test_fires_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert fires once: bus event, event entity, journal; then it rests."""
    runtime = entry.runtime_data
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(hass)
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


async def test_pair_that_is_not_watched(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert follows its pair by itself, as long as it waits for something."""
    markets = entry.runtime_data.markets.markets
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(hass, pair="LTC-USDT", condition="below", price="1")
    await until(lambda: "LTC-USDT" in markets and markets["LTC-USDT"].book)
    second = await add_alert(hass, pair="LTC-USDT", condition="above", price="1")
    await until(lambda: events)
    assert events[0].data["alert"]["alert_id"] == second["alert_id"]
    await act(hass, "remove_price_alert", alert_id=second["alert_id"])
    assert "LTC-USDT" in markets
    await act(hass, "remove_price_alert", alert_id=alert["alert_id"])
    assert "LTC-USDT" not in markets
    last = await add_alert(hass, pair="LTC-USDT", condition="above", price="1000")
    await until(lambda: markets["LTC-USDT"].book)
    await control(exchange, "market/price", {"pair": "LTC-USDT", "price": "1001"})
    await until(lambda: len(events) == 2 and "LTC-USDT" not in markets)
    await act(hass, "remove_price_alert", alert_id=last["alert_id"])
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


MOVE: dict[str, Any] = {
    "pair": "BTC-USD",
    "condition": "moves",
    "percentage": "2",
    "window": {"minutes": 5},
}
SPREAD: dict[str, Any] = {
    "pair": "BTC-USD",
    "condition": "spread_above",
    "percentage": "1",
}


@pytest.mark.parametrize(
    ("action", "fields", "key", "field"),
    [
        ("add_price_alert", {**MOVE, "pair": "FOO-USD"}, "unknown_pair", None),
        (
            "add_price_alert",
            {"pair": "BTC-USD", "condition": "above"},
            "alert_field_required",
            "price",
        ),
        (
            "add_price_alert",
            {"pair": "BTC-USD", "condition": "moves", "percentage": "2"},
            "alert_field_required",
            "window",
        ),
        (
            "add_price_alert",
            {**SPREAD, "direction": "up"},
            "alert_field_not_allowed",
            "direction",
        ),
        (
            "add_price_alert",
            {**MOVE, "price": "60000"},
            "alert_field_not_allowed",
            "price",
        ),
        ("update_price_alert", {"alert_id": "nobody"}, "unknown_alert", None),
        ("remove_price_alert", {"alert_id": "nobody"}, "unknown_alert", None),
    ],
)
async def test_refusals(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    action: str,
    fields: dict[str, Any],
    key: str,
    field: str | None,
) -> None:
    """What cannot be is refused in words that name the field."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, action, **fields)
    assert raised.value.translation_key == key
    assert (raised.value.translation_placeholders or {}).get("field") == field
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {**MOVE, "window": 0},
        {**MOVE, "window": {"hours": 25}},
        {**MOVE, "percentage": 0},
        {**MOVE, "direction": "sideways"},
        {**SPREAD, "cooldown": {"minutes": -1}},
        {**SPREAD, "condition": "explodes"},
    ],
)
async def test_values_that_mean_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any]
) -> None:
    """Values that no alert could have are refused before anything is asked."""
    with pytest.raises(vol.Invalid):
        await act(hass, "add_price_alert", **fields)


async def test_move(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A move is told with where it came from, as often as it repeats."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(hass, price=None, **MOVE, repeat=True)
    assert alert["window"] == 300
    assert (alert["price"], alert["direction"], alert["cooldown"]) == (None, None, None)
    await move(exchange, entry, "60300")
    await move(exchange, entry, "61800")
    await until(lambda: events)
    data = events[0].data
    assert data["direction"] == "up"
    assert 2 <= Decimal(data["moved_percentage"]) < 4
    assert Decimal(data["from_price"]) < Decimal(60300)
    state = hass.states.get("event.btc_usd_price_alert")
    assert state is not None
    assert state.attributes["event_type"] == "up"
    assert state.attributes["direction"] == "up"
    assert state.attributes["percentage"] == "2"
    await move(exchange, entry, "60300")
    await until(lambda: len(events) == 2)
    assert events[1].data["direction"] == "down"


async def test_spread(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A wide spread is told without a direction."""
    events = async_capture_events(hass, "cexio_price_alert")
    await add_alert(hass, price=None, **SPREAD)
    await hass.async_block_till_done()
    assert events == []
    market = {"pair": "BTC-USD", "side": "SELL"}
    await control(exchange, "market/empty", market)
    await control(exchange, "orders", market | {"price": "62000", "amount": "1"})
    await until(lambda: events)
    data = events[0].data
    assert data["direction"] is None
    assert Decimal(data["spread_percentage"]) >= 1
    state = hass.states.get("event.btc_usd_price_alert")
    assert state is not None
    assert state.attributes["event_type"] == "spread"


async def test_update_begins_anew(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert that had fired waits for what it is told next, also after a restart."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(hass)
    await move(exchange, entry, "61500")
    await until(lambda: events)
    (fired,) = (await act(hass, "list_price_alerts"))["alerts"]
    changes = {"alert_id": alert["alert_id"], "price": "62000"}
    changed = (await act(hass, "update_price_alert", **changes))["alert"]
    assert changed == fired | {"price": "62000", "active": True}
    assert entry.subentries[alert["alert_id"]].title == "BTC-USD above 62000"
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    await hass.async_block_till_done()
    assert len(events) == 1
    await move(exchange, entry, "62500")
    await until(lambda: len(events) == 2)
    assert events[1].data["id"] != events[0].data["id"]
    # The same terms once more.
    await act(hass, "update_price_alert", alert_id=alert["alert_id"])
    await until(lambda: len(events) == 3)


async def test_pause(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A paused alert is silent, and takes what happened meanwhile as its beginning."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(
        hass, condition="crosses", repeat=True, cooldown={"minutes": 1}
    )
    change = {"alert_id": alert["alert_id"]}
    paused = await act(hass, "update_price_alert", **change, enabled=False)
    assert paused["alert"] == alert | {"enabled": False, "active": False}
    await move(exchange, entry, "61500")
    resumed = await act(
        hass, "update_price_alert", **change, enabled=True, cooldown=0, repeat=False
    )
    assert resumed["alert"] == alert | {"cooldown": None, "repeat": False}
    await hass.async_block_till_done()
    assert events == []
    await move(exchange, entry, "60000")
    await until(lambda: events)
    assert events[0].data["direction"] == "down"


async def test_rest(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A repeating alert rests after it fired, across a restart and a change."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add_alert(hass, repeat=True, cooldown={"hours": 1})
    change = {"alert_id": alert["alert_id"]}
    await move(exchange, entry, "61500")
    await until(lambda: events)
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    await move(exchange, entry, "60000")
    await move(exchange, entry, "61500")
    await act(hass, "update_price_alert", **change, cooldown={"minutes": 30})
    await hass.async_block_till_done()
    assert len(events) == 1
    await act(hass, "update_price_alert", **change, cooldown=0)
    await until(lambda: len(events) == 2)


async def test_changed_and_removed_at_once(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whoever changes an alert that is being removed is told that it is gone."""
    alert_id = (await add_alert(hass))["alert_id"]
    results: tuple[Any, Any] = await asyncio.gather(
        act(hass, "remove_price_alert", alert_id=alert_id),
        act(hass, "update_price_alert", alert_id=alert_id, price="70000"),
        return_exceptions=True,
    )
    removed, changed = results
    assert removed["alert"]["alert_id"] == alert_id
    assert isinstance(changed, ServiceValidationError)
    assert changed.translation_key == "unknown_alert"
    await hass.config_entries.async_reload(entry.entry_id)
    assert (await act(hass, "list_price_alerts"))["alerts"] == []
