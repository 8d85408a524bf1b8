"""Price alerts in the UI: added, changed and paused as a person does it."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
import pytest

from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act

LEVEL = {"price": "70000", "repeat": False}
MOVE = {
    "percentage": "2.5",
    "window": {"minutes": 15},
    "direction": "up",
    "repeat": True,
    "cooldown": {"hours": 1},
}
SPREAD = {"percentage": "0.5", "repeat": False}


async def begin(hass: HomeAssistant, entry: MockConfigEntry, condition: str) -> Any:
    """Choose pair and condition; return the form of what the condition needs."""
    flows = hass.config_entries.subentries
    result = await flows.async_init(
        (entry.entry_id, "price_alert"), context={"source": SOURCE_USER}
    )
    assert result["step_id"] == "user"
    return await flows.async_configure(
        result["flow_id"], {"pair": "BTC-USD", "condition": condition}
    )


async def change(hass: HomeAssistant, entry: MockConfigEntry, alert_id: str) -> Any:
    """Open the form of an alert."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "price_alert"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": alert_id},
    )


async def answer(hass: HomeAssistant, result: Any, fields: Mapping[str, Any]) -> Any:
    """Fill in a form."""
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], dict(fields)
    )
    await hass.async_block_till_done()
    return result


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form shows at first."""
    return {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }


@pytest.mark.parametrize(
    ("condition", "step", "fields", "title"),
    [
        ("above", "level", LEVEL, "BTC-USD above 70000"),
        ("below", "level", {"price": "1", "repeat": False}, "BTC-USD below 1"),
        ("crosses", "level", LEVEL, "BTC-USD crosses 70000"),
        ("moves", "move", MOVE, "BTC-USD moves up 2.5 % within 15 min"),
        ("spread_above", "spread", SPREAD, "BTC-USD spread above 0.5 %"),
    ],
)
async def test_add(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    condition: str,
    step: str,
    fields: dict[str, Any],
    title: str,
) -> None:
    """An alert is added in the UI and waits without a reload."""
    runtime = entry.runtime_data
    result = await begin(hass, entry, condition)
    assert result["step_id"] == step
    assert "enabled" not in suggested(result)
    result = await answer(hass, result, fields)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == title
    assert entry.runtime_data is runtime
    (alert,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert alert["condition"] == condition
    assert alert["active"] is True


async def test_what_cannot_be_meant(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Each field says what is wrong with it, and keeps what was typed."""
    result = await begin(hass, entry, "above")
    for wrong in ("high", "0", "-1", "NaN"):
        result = await answer(hass, result, LEVEL | {"price": wrong})
        assert result["errors"] == {"price": "invalid_number"}
    assert suggested(result)["price"] == "NaN"
    result = await answer(hass, result, LEVEL)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await begin(hass, entry, "moves")
    for window in ({"seconds": 0}, {"days": 1, "seconds": 1}):
        result = await answer(
            hass, result, MOVE | {"percentage": "x", "window": window}
        )
        assert result["errors"] == {
            "percentage": "invalid_number",
            "window": "invalid_window",
        }
    result = await answer(hass, result, MOVE | {"direction": "either"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    alerts = (await act(hass, "list_price_alerts"))["alerts"]
    assert [alert["direction"] for alert in alerts] == [None, None]


async def test_change(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An alert is shown as it is, changed, paused, and called by its new terms."""
    await answer(hass, await begin(hass, entry, "moves"), MOVE)
    (alert,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert (alert["window"], alert["cooldown"]) == (900, 3600)
    result = await change(hass, entry, alert["alert_id"])
    assert result["step_id"] == "move"
    shown = suggested(result)
    assert shown["window"] == {"days": 0, "hours": 0, "minutes": 15, "seconds": 0}
    assert shown["cooldown"] == {"days": 0, "hours": 1, "minutes": 0, "seconds": 0}
    assert (shown["percentage"], shown["direction"]) == ("2.5", "up")
    assert shown["enabled"] is True
    fields = shown | {"percentage": "4", "direction": "either", "enabled": False}
    del fields["cooldown"]
    result = await answer(hass, result, fields)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    (changed,) = (await act(hass, "list_price_alerts"))["alerts"]
    assert changed == alert | {
        "percentage": "4",
        "direction": None,
        "cooldown": None,
        "enabled": False,
        "active": False,
    }
    title = entry.subentries[alert["alert_id"]].title
    assert title == "BTC-USD moves 4 % within 15 min"


async def test_change_that_cannot_be_made(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A full disk, an alert that went meanwhile and an entry that is not loaded are told."""
    await answer(hass, await begin(hass, entry, "above"), LEVEL)
    (alert,) = (await act(hass, "list_price_alerts"))["alerts"]
    fields = LEVEL | {"price": "80000", "enabled": True}
    forms = [await change(hass, entry, alert["alert_id"]) for _ in range(3)]
    with patch.object(
        entry.runtime_data.alerts, "async_update", side_effect=HomeAssistantError
    ):
        result = await answer(hass, forms.pop(), fields)
    assert result["reason"] == "storage_failed"
    result = await change(hass, entry, alert["alert_id"])
    assert suggested(result)["price"] == "70000"
    await act(hass, "remove_price_alert", alert_id=alert["alert_id"])
    result = await answer(hass, forms.pop(), fields)
    assert result["reason"] == "alert_gone"


async def test_change_needs_a_loaded_entry(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nothing is changed of an entry that is not loaded."""
    await answer(hass, await begin(hass, entry, "above"), LEVEL)
    (alert,) = (await act(hass, "list_price_alerts"))["alerts"]
    form = await change(hass, entry, alert["alert_id"])
    await hass.config_entries.async_unload(entry.entry_id)
    result = await answer(hass, form, LEVEL | {"enabled": True})
    assert result["reason"] == "entry_not_loaded"
    result = await change(hass, entry, alert["alert_id"])
    assert result["reason"] == "entry_not_loaded"
