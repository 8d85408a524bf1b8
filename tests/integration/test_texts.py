"""Texts, icons and descriptions: there for everything that is used."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import load_yaml
import pytest

from custom_components.cexio import account_sensors, diagnostic_sensors
from custom_components.cexio.binary_sensor import MAINTENANCE, STREAM
from custom_components.cexio.button import CANCEL_ALL
from custom_components.cexio.errors import _ACTION_KEYS, _SET_UP_KEYS
from custom_components.cexio.event import EXECUTIONS, PRICE_ALERT
from custom_components.cexio.order_changes import EXECUTION_EVENTS
from custom_components.cexio.profit_sensors import ASSET_SENSORS, TOTAL_SENSORS
from custom_components.cexio.sensor import BALANCE_SENSORS, MARKET_SENSORS
from custom_components.cexio.services import ACTIONS
from custom_components.cexio.switch import TRADING

FOLDER = Path(__file__).parents[2] / "custom_components" / "cexio"
SOURCES = [*FOLDER.glob("*.py"), *FOLDER.glob("actions/*.py")]
ENTITIES = {
    "binary_sensor": {MAINTENANCE, STREAM},
    "button": {CANCEL_ALL},
    "event": {EXECUTIONS, PRICE_ALERT},
    "sensor": {
        *(item.key for item in MARKET_SENSORS),
        *(item.key for item in BALANCE_SENSORS),
        *(item.key for item in account_sensors.PORTFOLIO_SENSORS),
        *(item.key for item in ASSET_SENSORS),
        *(item.key for item in TOTAL_SENSORS),
        account_sensors.FEE,
        account_sensors.LAST_EXECUTION,
        diagnostic_sensors.LAST_RECOVERY,
        account_sensors.NEXT_FEE_TIER,
        account_sensors.OPEN_ORDERS,
        diagnostic_sensors.POINTS_ADDRESS,
        diagnostic_sensors.POINTS_KEY,
        diagnostic_sensors.STREAM_DELAY,
        account_sensors.VOLUME_30D,
        account_sensors.WALLET,
    },
    "switch": {TRADING},
}


def read(name: str) -> Any:
    """Return a file of the integration."""
    if name.endswith("yaml"):
        return load_yaml(FOLDER / name)
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_entities_have_names_and_icons() -> None:
    """Each entity has a name; each without a device class an icon."""
    named, pictured = (
        read("translations/en.json")["entity"],
        read("icons.json")["entity"],
    )
    assert {domain: set(names) for domain, names in named.items()} == ENTITIES
    for domain in ("button", "event", "sensor", "switch"):
        assert set(pictured[domain]) == ENTITIES[domain]
    events = named["event"]["executions"]["state_attributes"]["event_type"]["state"]
    assert list(events) == EXECUTION_EVENTS


def test_actions_are_described() -> None:
    """Each action and each of its fields has a description, a selector and an icon."""
    described, texts = read("services.yaml"), read("translations/en.json")["services"]
    assert set(described) == set(texts) == set(ACTIONS)
    assert set(read("icons.json")["services"]) == set(ACTIONS)
    for name, action in ACTIONS.items():
        fields = {str(field) for field in action.fields}
        assert set(described[name]["fields"]) == fields
        assert set(texts[name]["fields"]) == fields
        required = {str(key) for key in action.fields if "Required" in repr(type(key))}
        assert {
            key for key, field in described[name]["fields"].items() if field["required"]
        } == required


def test_every_refusal_has_words() -> None:
    """Each key that the code can raise is translated, and none lies idle."""
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    texts = read("translations/en.json")
    raised = set(re.findall(r'refusal\(\s*"(\w+)"', source))
    raised |= set(re.findall(r'translation_key="(\w+)"', source))
    # The table of the rules between fields.
    raised |= set(re.findall(r'"(\w+_(?:required|not_allowed))"', source))
    raised |= {key for _, key in (*_ACTION_KEYS, *_SET_UP_KEYS)}
    raised |= {"unexpected_answer", "exchange_error"}
    known = {
        item.key
        for item in (
            *MARKET_SENSORS,
            *BALANCE_SENSORS,
            *account_sensors.PORTFOLIO_SENSORS,
            *ASSET_SENSORS,
            *TOTAL_SENSORS,
        )
    }
    assert set(texts["exceptions"]) == raised - known
    # Home Assistant looks nowhere else.
    assert all(list(words) == ["message"] for words in texts["exceptions"].values())
    assert {key for _, key in _SET_UP_KEYS} <= set(texts["config"]["error"])


@pytest.mark.parametrize("flow", ["config", "options"])
def test_fields_of_flows_are_described(flow: str) -> None:
    """Each field of a form has a label and a description."""
    for step in read("translations/en.json")[flow]["step"].values():
        assert step.get("data", {}).keys() == step.get("data_description", {}).keys()


def test_manifest() -> None:
    """The manifest names what HACS asks for, in Home Assistant's order."""
    manifest = read("manifest.json")
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert {
        "codeowners",
        "documentation",
        "domain",
        "issue_tracker",
        "name",
        "version",
    } <= set(keys)
    assert manifest["requirements"] == []
    assert manifest["config_flow"] is True
