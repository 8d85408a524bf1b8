"""Forms and entities of a real Home Assistant, held against their words."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import entity_registry as er

from custom_components.cexio import profit
from custom_components.cexio.const import DOMAIN
from simulators.exchange.server import ExchangeServer
from tests.integration.described import ICONS, TEXTS, names_of
from tests.integration.flows import begin, credentials
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import prices_entry, set_up, settled, switch_trading
from tests.integration.reckoning import market, read_all


def check_form(steps: dict[str, Any], result: Any) -> None:
    """Compare the fields of a form that is shown with its words."""
    assert result["type"] is FlowResultType.FORM
    step = steps[result["step_id"]]
    plain: set[str] = set()
    sections: dict[str, set[str]] = {}
    schema = result["data_schema"]
    for key, value in (schema.schema if schema else {}).items():
        if isinstance(value, section):
            sections[str(key)] = names_of(value.schema.schema)
        else:
            plain.add(str(key))
    assert set(step.get("data", {})) == plain
    told = {name: set(part["data"]) for name, part in step.get("sections", {}).items()}
    assert told == sections


async def test_every_field_of_a_form_has_words(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """What the forms ask for is what the texts explain, in every step."""
    steps = TEXTS["config"]["step"]
    flows = hass.config_entries.flow
    shown = {"user"}
    answers: dict[str, dict[str, Any]] = {
        "account": credentials(exchange, "read-only"),
        "permissions": {},
        "pairs": {"pairs": ["BTC-USD"]},
        "sub_account": {"default_account_id": "new"},
        "new_sub_account": {"currency": "USD"},
    }
    result = await begin(hass, "prices")
    check_form(steps, result)
    result = await begin(hass, "account")
    while result["type"] is FlowResultType.FORM:
        name = str(result["step_id"])
        check_form(steps, result)
        shown.add(name)
        result = await flows.async_configure(result["flow_id"], answers[name])
    entry = result["result"]
    await settled(entry)
    for source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
        result = await flows.async_init(
            DOMAIN,
            context={"source": source, "entry_id": entry.entry_id},
            data=entry.data if source == SOURCE_REAUTH else None,
        )
        check_form(steps, result)
        shown.add(str(result["step_id"]))
    assert shown | {"prices"} == set(steps)
    asked: set[str] = set()
    for owner in (entry, await set_up(hass, prices_entry(exchange))):
        form = await hass.config_entries.options.async_init(owner.entry_id)
        check_form(TEXTS["options"]["step"], form)
        asked.add(form["step_id"])
    assert asked == set(TEXTS["options"]["step"])


def asked_by(form: Any) -> set[str]:
    """Return the fields that a form asks for."""
    return names_of(form["data_schema"].schema)


async def test_every_field_of_what_is_added_has_words(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Likewise for markets and price alerts, whatever they wait for, added or changed."""
    flows = hass.config_entries.subentries
    texts = TEXTS["config_subentries"]
    user = SubentryFlowContext(source=SOURCE_USER)
    market_form = await flows.async_init((entry.entry_id, "market"), context=user)
    check_form(texts["market"]["step"], market_form)
    assert set(texts["market"]["step"]) == {"user"}

    handler = (entry.entry_id, "price_alert")
    asked: dict[str, set[str]] = {}
    for condition in TEXTS["selector"]["condition"]["options"]:
        form = await flows.async_init(handler, context=user)
        check_form(texts["price_alert"]["step"], form)
        chosen = {"pair": "BTC-USD", "condition": condition}
        form = await flows.async_configure(form["flow_id"], chosen)
        names = asked_by(form)
        asked.setdefault(form["step_id"], set()).update(names)
        given = {"price": "9", "percentage": "9", "window": {"minutes": 9}}
        given = {name: value for name, value in given.items() if name in names}
        await flows.async_configure(form["flow_id"], given)
        await hass.async_block_till_done()
    for alert in entry.runtime_data.alerts.alerts:
        form = await flows.async_init(
            handler,
            context={
                "source": SOURCE_RECONFIGURE,
                "subentry_id": alert.alert_id,
            },
        )
        asked[form["step_id"]] |= asked_by(form)
    told = {
        name: set(step["data"])
        for name, step in texts["price_alert"]["step"].items()
        if name != "user"
    }
    assert asked == told


async def test_every_entity_has_a_name_and_an_icon(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What is registered is named and drawn, and nothing is that is not registered."""
    # What was bought has a profit, once its rows in the ledger were read.
    with patch.object(profit, "HORIZON", -timedelta(seconds=30)):
        await switch_trading(hass)
        await market(hass, entry, "buy", "BTC-USD", "0.01")
        await read_all(entry)
    await hass.async_block_till_done()
    registered: dict[str, dict[str, er.RegistryEntry]] = {}
    for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        assert item.translation_key is not None, item.entity_id
        assert item.unique_id
        registered.setdefault(item.domain, {})[item.translation_key] = item
    assert {domain: set(items) for domain, items in registered.items()} == {
        domain: set(names) for domain, names in TEXTS["entity"].items()
    }
    for domain, items in registered.items():
        for key, item in items.items():
            if item.original_device_class is None:
                assert key in ICONS["entity"].get(domain, {}), item.entity_id
