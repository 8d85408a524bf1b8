"""Price alerts over restarts, kills and full disks: what was promised holds, what is gone stays gone."""

from decimal import Decimal
import sqlite3
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import orjson
import pytest

from custom_components.cexio.price_alerts import ALERT_DEFAULTS, alert_subentry
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_capture_events
from tests.integration.helpers import (
    act,
    add_alert,
    control,
    full_disk,
    move,
    settled,
    until,
)


async def test_survives_a_restart(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert is kept with what it has seen: a crossing while off fires once, late or not."""
    events = async_capture_events(hass, "cexio_price_alert")
    once = await add_alert(hass, condition="crosses", repeat=True)
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
    alert = await add_alert(hass)
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
    alert = await add_alert(hass)
    change = {"alert_id": alert["alert_id"], "price": "70000"}
    with (
        full_disk(entry),
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
    await add_alert(hass)
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
    await add_alert(hass)
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
    alert = await add_alert(hass, repeat=True, condition="crosses")
    stale = entry.subentries
    hass.config_entries.async_remove_subentry(entry, alert["alert_id"])
    await hass.async_block_till_done()
    assert (await act(hass, "list_price_alerts"))["alerts"] == []
    await hass.config_entries.async_unload(entry.entry_id)
    object.__setattr__(entry, "subentries", stale)
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


async def test_removed_in_the_ui_with_a_full_disk(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What Home Assistant keeps itself does not wait for the journal."""
    alert = await add_alert(hass)
    with full_disk(entry):
        hass.config_entries.async_remove_subentry(entry, alert["alert_id"])
        await hass.async_block_till_done()
    assert (await act(hass, "list_price_alerts"))["alerts"] == []


async def test_alert_that_cannot_be_kept_is_not_promised(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """With a full disk no alert is set."""
    with (
        full_disk(entry),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(
            hass, "add_price_alert", pair="ETH-USD", condition="above", price="9999"
        )
    assert raised.value.translation_key == "storage_failed"
    assert (await act(hass, "list_price_alerts"))["alerts"] == []
