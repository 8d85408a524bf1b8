"""Entries that another version of the integration wrote."""

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import Event, HomeAssistant
import pytest

from custom_components.cexio.config_flow import CexioConfigFlow
from custom_components.cexio.const import DOMAIN
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_capture_events
from tests.integration.helpers import control, markets, prices_entry, settled, until

# As the first version kept an alert.
FIRST = {
    "pair": "BTC-USD",
    "condition": "above",
    "price": "61000",
    "repeat": False,
    "created": "2026-09-01T10:00:00+00:00",
}


def entry_of(
    exchange: ExchangeServer, version: int, minor_version: int
) -> MockConfigEntry:
    """Return prices with an alert, as some version wrote it."""
    written = prices_entry(exchange)
    alert = ConfigSubentryData(
        data=FIRST,
        subentry_type="price_alert",
        title="BTC-USD above 61000",
        unique_id=None,
    )
    return MockConfigEntry(
        domain=DOMAIN,
        title=written.title,
        unique_id=written.unique_id,
        data=written.data,
        version=version,
        minor_version=minor_version,
        subentries_data=[*markets("BTC-USD"), alert],
    )


async def test_alerts_of_the_first_version(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """They are completed, keep who they are and when they were made, and still fire."""
    entry = entry_of(exchange, 1, 1)
    (alert_id,) = (
        subentry.subentry_id
        for subentry in entry.subentries.values()
        if subentry.subentry_type == "price_alert"
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)
    assert (entry.version, entry.minor_version) == (
        CexioConfigFlow.VERSION,
        CexioConfigFlow.MINOR_VERSION,
    )
    assert entry.subentries[alert_id].data == {
        **FIRST,
        "percentage": None,
        "window": None,
        "direction": None,
        "cooldown": None,
        "enabled": True,
    }
    assert entry.subentries[alert_id].title == "BTC-USD above 61000"
    (alert,) = entry.runtime_data.alerts.alerts
    assert alert.is_active
    fired: list[Event] = async_capture_events(hass, "cexio_price_alert")
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "61500"})
    await until(lambda: fired)
    assert fired[0].data["alert"]["alert_id"] == alert_id


async def test_a_later_minor_version_is_left_as_it_is(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """What it added is not known here and does no harm."""
    entry = entry_of(exchange, 1, 1)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(
        entry, minor_version=9, options={"of_the_future": True}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.minor_version == 9
    assert entry.options == {"of_the_future": True}
    await settled(entry)


async def test_a_later_version_is_refused(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing of it is touched, and the log says why it is not loaded."""
    entry = entry_of(exchange, 2, 1)
    before = entry.as_dict()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert "has version 2 which is higher than the current version 1" in caplog.text
    assert entry.as_dict() == before
