"""Price alerts: once per crossing, across restarts, for watched pairs and others."""

import asyncio
from decimal import Decimal
import sqlite3
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import orjson
import pytest
import voluptuous as vol

from custom_components.cexio.price_alerts import ALERT_DEFAULTS, alert_subentry
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
    given = {k: v for k, v in (defaults | fields).items() if v is not None}
    alert: dict[str, Any] = (await act(hass, "add_price_alert", **given))["alert"]
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
    last = await add(hass, pair="LTC-USDT", condition="above", price="1000")
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
    alert = await add(hass, price=None, **MOVE, repeat=True)
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
    await add(hass, price=None, **SPREAD)
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
    alert = await add(hass)
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
    alert = await add(hass, condition="crosses", repeat=True, cooldown={"minutes": 1})
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
    alert = await add(hass, repeat=True, cooldown={"hours": 1})
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


async def test_changes_in_the_last_second_survive_a_kill(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A change by action, and what was added in the UI, are there after a kill."""
    fields: dict[str, Any] = {"pair": "BTC-USD", "condition": "above"}
    events = async_capture_events(hass, "cexio_price_alert")
    alert = (await act(hass, "add_price_alert", **fields, price="1"))["alert"]
    await until(lambda: events)
    stale = entry.subentries
    by_hand = alert_subentry(
        {**ALERT_DEFAULTS, "pair": "ETH-USD", "condition": "above", "price": "9999"}
        | {"created": dt_util.utcnow().isoformat()}
    )
    hass.config_entries.async_add_subentry(entry, by_hand)
    await hass.async_block_till_done()
    change = {"alert_id": alert["alert_id"], "price": "99999", "repeat": True}
    await act(hass, "update_price_alert", **change)
    alerts = (await act(hass, "list_price_alerts"))["alerts"]
    assert [item["active"] for item in alerts] == [True, True]
    await hass.config_entries.async_unload(entry.entry_id)
    object.__setattr__(entry, "subentries", stale)
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert (await act(hass, "list_price_alerts"))["alerts"] == alerts
    assert entry.subentries[alert["alert_id"]].title == "BTC-USD above 99999"
    assert len(events) == 1


async def test_fresh_beginning_survives_a_kill(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert that had fired waits again, even if nothing is written after the change."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add(hass)
    await move(exchange, entry, "61500")
    await until(lambda: events)
    change = {"alert_id": alert["alert_id"], "price": "99999"}
    with patch.object(entry.runtime_data.feed, "async_append"):
        await act(hass, "update_price_alert", **change)
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    (kept,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert kept["active"] is True
    assert kept["last_fired"] is not None


async def test_journal_of_an_earlier_version(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A promise that an earlier version noted is completed."""
    old = {"pair": "ETH-USD", "condition": "above", "price": "9999"}
    data = orjson.dumps(old | {"repeat": True, "created": "2026-11-01T00:00:00+00:00"})

    def note(connection: sqlite3.Connection) -> None:
        """Leave it as the earlier version did."""
        connection.execute(
            "INSERT INTO alert_changes VALUES (?, ?, ?)",
            ("01OLD", data.decode(), dt_util.utcnow().timestamp() + 60),
        )

    await entry.runtime_data.database.async_run(note)
    await hass.config_entries.async_reload(entry.entry_id)
    (alert,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert alert["alert_id"] == "01OLD"
    assert alert["active"] is True


async def test_change_that_cannot_be_kept_is_not_made(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """With a full disk an alert stays as it was, and goes on."""
    events = async_capture_events(hass, "cexio_price_alert")
    alert = await add(hass)
    change = {"alert_id": alert["alert_id"], "price": "70000"}
    with (
        patch.object(
            entry.runtime_data.database,
            "async_run",
            side_effect=sqlite3.OperationalError("database or disk is full"),
        ),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "update_price_alert", **change)
    assert raised.value.translation_key == "storage_failed"
    assert (await act(hass, "list_price_alerts"))["alerts"] == [alert]
    await move(exchange, entry, "61500")
    await until(lambda: events)


async def test_firing_that_cannot_be_kept_fires_later(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What was not kept was not told, and the next price tells it."""
    events = async_capture_events(hass, "cexio_price_alert")
    await add(hass)
    alerts, feed = entry.runtime_data.alerts, entry.runtime_data.feed
    with patch.object(
        feed, "async_append", side_effect=sqlite3.IntegrityError
    ) as append:
        await move(exchange, entry, "61500")
        await until(lambda: append.called and alerts.alerts[0].is_active)
    assert events == []
    await move(exchange, entry, "61501")
    await until(lambda: events)


async def test_what_was_seen_is_kept_at_the_end(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert that fires while Home Assistant stops is told, once."""
    events = async_capture_events(hass, "cexio_price_alert")
    await add(hass)
    alerts = entry.runtime_data.alerts
    # Nobody turns the loop between the price and the end.
    alerts._async_price_changed("BTC-USD", Decimal(61500))
    await hass.config_entries.async_unload(entry.entry_id)
    assert len(events) == 1
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    await hass.async_block_till_done()
    assert len(events) == 1


async def test_removed_in_the_ui(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert that is removed in the UI is gone at once, and after a kill."""
    alert = await add(hass, repeat=True, condition="crosses")
    stale = entry.subentries
    hass.config_entries.async_remove_subentry(entry, alert["alert_id"])
    await hass.async_block_till_done()
    assert (await act(hass, "list_price_alerts"))["alerts"] == []
    await hass.config_entries.async_unload(entry.entry_id)
    object.__setattr__(entry, "subentries", stale)
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


async def test_changed_and_removed_at_once(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whoever changes an alert that is being removed is told that it is gone."""
    alert_id = (await add(hass))["alert_id"]
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


async def test_removed_in_the_ui_with_a_full_disk(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What Home Assistant keeps itself does not wait for the journal."""
    alert = await add(hass)
    with patch.object(
        entry.runtime_data.database,
        "async_run",
        side_effect=sqlite3.OperationalError("database or disk is full"),
    ):
        hass.config_entries.async_remove_subentry(entry, alert["alert_id"])
        await hass.async_block_till_done()
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
