"""What hassfest and the HACS check demand of a custom integration, as far as a test can hold it."""

import ast
from collections.abc import Iterator
from datetime import timedelta
import json
from pathlib import Path
import re
import struct
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
from homeassistant.helpers.selector import validate_selector
from homeassistant.util.yaml import load_yaml
import pytest

from custom_components.cexio import profit
from custom_components.cexio.condition import CONDITIONS
from custom_components.cexio.const import DOMAIN
from custom_components.cexio.services import ACTIONS
from custom_components.cexio.trigger import TRIGGERS
from simulators.exchange.server import ExchangeServer
from tests.integration.flows import begin, credentials
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import prices_entry, set_up, settled, switch_trading
from tests.integration.test_profit import market, read_all

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "custom_components" / "cexio"

RULES = {
    "bronze": """
        action-setup appropriate-polling brands common-modules config-flow-test-coverage
        config-flow dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions
        docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup
        unique-config-entry
    """,
    "silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner
        log-when-unavailable parallel-updates reauthentication-flow test-coverage
    """,
    "gold": """
        devices diagnostics discovery discovery-update-info docs-data-update
        docs-examples docs-known-limitations docs-supported-devices
        docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default
        entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices
    """,
    "platinum": "async-dependency inject-websession strict-typing",
}

# From hassfest's schema of a custom integration's manifest; others are errors there.
MANIFEST_KEYS = {
    *("domain", "name", "after_dependencies", "codeowners", "config_flow"),
    *("dependencies", "documentation", "import_executor", "integration_type"),
    *("iot_class", "issue_tracker", "loggers", "preview_features", "requirements"),
    *("single_config_entry", "version"),
}
HACS_KEYS = {
    *("content_in_root", "country", "filename", "hacs", "hide_default_branch"),
    *("homeassistant", "name", "persistent_directory", "render_readme", "zip_release"),
}
BRAND_SIZES = {
    "icon.png": (256, 256),
    "icon@2x.png": (512, 512),
}
# The shorter side of a logo: at least, at most.
LOGO_SIDES = {"logo.png": (128, 256), "logo@2x.png": (256, 512)}

TEXTS: dict[str, Any] = json.loads(
    (FOLDER / "translations" / "en.json").read_text("utf-8")
)
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text("utf-8"))
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text("utf-8"))


def described(name: str) -> dict[str, Any]:
    """Return one of the descriptions, without what is only there to be referred to."""
    loaded = load_yaml(FOLDER / f"{name}.yaml")
    assert isinstance(loaded, dict)
    return {key: value for key, value in loaded.items() if not key.startswith(".")}


def constants() -> set[str]:
    """Return every text that the integration's code contains."""
    return {
        node.value
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def leaves(data: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of a tree with its path."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, *path, key)
    else:
        yield path, data


def png_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_one_integration() -> None:
    """HACS takes a repository with exactly one integration."""
    folders = [path.name for path in FOLDER.parent.iterdir() if path.is_dir()]
    assert [name for name in folders if not name.startswith("__")] == ["cexio"]


def test_manifest() -> None:
    """The manifest has what is needed, in order, and nothing that is not known."""
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert set(keys) <= MANIFEST_KEYS
    assert MANIFEST["domain"] == FOLDER.name
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["integration_type"] == "service"
    assert MANIFEST["iot_class"] == "cloud_push"
    assert MANIFEST["requirements"] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert all(re.fullmatch(r"@[\w-]+", owner) for owner in MANIFEST["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
        assert "home-assistant.io" not in MANIFEST[key]


def test_hacs() -> None:
    """What HACS reads is known to it."""
    hacs = json.loads((REPOSITORY / "hacs.json").read_text("utf-8"))
    assert set(hacs) <= HACS_KEYS
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["zip_release"] is True
    assert hacs["filename"] == "cexio.zip"
    assert re.fullmatch(r"\d{4}\.\d{1,2}\.\d", hacs["homeassistant"])
    assert (REPOSITORY / "README.md").is_file()
    assert (REPOSITORY / "LICENSE").is_file()


def test_quality_scale() -> None:
    """Every rule is there, with a state, and with a reason where it does not hold."""
    rules = described("quality_scale")["rules"]
    expected = [rule for tier in RULES.values() for rule in tier.split()]
    assert len(expected) == 54
    assert set(rules) == set(expected)
    for rule, value in rules.items():
        if isinstance(value, str):
            assert value == "done", f"{rule} needs a comment"
        else:
            assert value["status"] in ("done", "todo", "exempt"), rule
            assert value["comment"].endswith("."), rule
            assert set(value) == {"status", "comment"}
    if MANIFEST["codeowners"]:
        assert rules["integration-owner"] == "done"


@pytest.mark.parametrize("prefix", ["", "dark_"])
def test_brand(prefix: str) -> None:
    """The images are there, in the sizes that are asked for."""
    brand = FOLDER / "brand"
    for name, size in BRAND_SIZES.items():
        if not prefix or (brand / f"{prefix}{name}").exists():
            assert png_size(brand / f"{prefix}{name}") == size
    for name, (least, most) in LOGO_SIDES.items():
        assert least <= min(png_size(brand / f"{prefix}{name}")) <= most


def test_translations_are_complete_files() -> None:
    """A custom integration has no strings.json, and no references between keys."""
    assert not (FOLDER / "strings.json").exists()
    languages = sorted((FOLDER / "translations").glob("*.json"))
    assert FOLDER / "translations" / "en.json" in languages
    english = dict(leaves(TEXTS))
    for path in languages:
        texts = dict(leaves(json.loads(path.read_text("utf-8"))))
        assert texts.keys() == english.keys(), path.name
        for key, text in texts.items():
            assert text.strip() == text != "", (path.name, key)
            assert "[%key:" not in text, (path.name, key)
            placeholders = set(re.findall(r"{(\w+)}", text))
            assert placeholders == set(re.findall(r"{(\w+)}", english[key])), key


def test_raised_keys_have_words() -> None:
    """Each translated exception that is raised has a message."""
    raised: set[str] = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = {word.arg: word.value for word in node.keywords}
            is_refusal = isinstance(node.func, ast.Name) and node.func.id == "refusal"
            key = node.args[0] if is_refusal and node.args else None
            if "translation_domain" in named:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                key = named["translation_key"] if "issue" not in name else None
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                raised.add(key.value)
    assert raised
    assert raised <= set(TEXTS["exceptions"])


@pytest.mark.parametrize(
    "keys",
    [
        TEXTS["exceptions"],
        TEXTS["config"]["error"],
        TEXTS["config"]["abort"],
        TEXTS["config"]["step"],
        TEXTS["options"]["error"],
        TEXTS["options"]["abort"],
        TEXTS["config_subentries"],
        TEXTS.get("issues", {}),
        TEXTS["system_health"]["info"],
    ],
    ids=lambda keys: next(iter(keys), "none"),
)
def test_no_words_lie_idle(keys: dict[str, Any]) -> None:
    """Each key is named somewhere in the code."""
    # Home Assistant builds the names of steps out of the sources of flows.
    known = constants() | {"reconfigure", "user", "init"}
    assert set(keys) <= known


@pytest.mark.parametrize(
    "steps",
    [
        TEXTS["config"]["step"],
        TEXTS["options"]["step"],
        *(subentry["step"] for subentry in TEXTS["config_subentries"].values()),
    ],
    ids=["config", "options", *TEXTS["config_subentries"]],
)
def test_every_field_of_a_form_is_explained(steps: dict[str, Any]) -> None:
    """A field has a label and a description, in sections too."""
    for name, step in steps.items():
        for part in (step, *step.get("sections", {}).values()):
            labels, words = part.get("data", {}), part.get("data_description", {})
            assert labels.keys() == words.keys(), name


def test_issues_are_told() -> None:
    """An issue has a title, and says what to do or offers to do it."""
    for name, issue in TEXTS.get("issues", {}).items():
        assert "title" in issue, name
        assert ("description" in issue) != ("fix_flow" in issue), name


def check_parts(name: str, kind: str, fields: dict[str, set[str]]) -> None:
    """Compare what the code takes with what is described, told and drawn."""
    descriptions, texts, icons = described(name), TEXTS[name], ICONS[name]
    assert set(descriptions) == set(texts) == set(icons) == set(fields)
    for key, names in fields.items():
        assert texts[key]["name"], key
        assert texts[key]["description"].endswith("."), key
        assert set(icons[key]) <= {kind, "sections"}, key
        found = (descriptions[key] or {}).get("fields", {})
        assert set(found) == set(texts[key].get("fields", {})) == names, key
        for field, text in texts[key].get("fields", {}).items():
            assert text["name"], (key, field)
            assert text["description"].endswith("."), (key, field)
            assert "selector" in found[field], (key, field)


def names_of(fields: Any) -> set[str]:
    """Return the names of the fields of a schema."""
    return {str(field) for field in fields}


def test_services() -> None:
    """Each action and each of its fields is described."""
    check_parts(
        "services",
        "service",
        {name: names_of(action.fields) for name, action in ACTIONS.items()},
    )


def test_actions_show_how_to_write_it() -> None:
    """A field that can be filled in freely has an example."""
    free = {"text", "number", "duration"}
    for name, action in described("services").items():
        for field, words in action["fields"].items():
            if free & set(words["selector"]):
                assert "example" in words, (name, field)


def test_triggers() -> None:
    """Each trigger and each of its fields is described."""
    check_parts(
        "triggers",
        "trigger",
        {name: names_of(getattr(kind, "fields")) for name, kind in TRIGGERS.items()},  # noqa: B009 - the base class does not have it
    )


def test_conditions() -> None:
    """Each condition and each of its fields is described."""
    check_parts(
        "conditions",
        "condition",
        {name: names_of(getattr(kind, "fields")) for name, kind in CONDITIONS.items()},  # noqa: B009 - the base class does not have it
    )


def selects(data: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the translation keys and the options of choices, anywhere below."""
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if key == "select" and "translation_key" in value:
            yield value["translation_key"], value["options"]
        else:
            yield from selects(value)


def test_choices_have_words() -> None:
    """Each option of a choice has a name, and no choice is named for nothing."""
    texts = TEXTS["selector"]
    used: set[str] = set()
    for name in ("services", "triggers", "conditions"):
        for key, options in selects(described(name)):
            assert set(options) <= set(texts[key]["options"]), key
            used.add(key)
    # Those of forms are named in the code.
    assert set(texts) - used <= constants()


def test_icons() -> None:
    """Icons are those of Material Design; a state that has its own differs."""
    for path, icon in leaves(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path
    for domain, entities in ICONS["entity"].items():
        assert set(entities) <= set(TEXTS["entity"][domain]), domain
        for key, icons in entities.items():
            assert "default" in icons, key
            assert icons["default"] not in icons.get("state", {}).values(), key
            levels = [float(level) for level in icons.get("range", {})]
            assert levels == sorted(levels), key


def test_own_files_are_where_they_belong() -> None:
    """What the descriptions belong to is there, and the other way round."""
    for name, module in (
        ("services.yaml", "services.py"),
        ("triggers.yaml", "trigger.py"),
        ("conditions.yaml", "condition.py"),
    ):
        assert (FOLDER / name).is_file()
        assert (FOLDER / module).is_file()
    assert (FOLDER / "quality_scale.yaml").is_file()


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


WORKFLOWS = REPOSITORY / ".github" / "workflows"


@pytest.mark.parametrize("name", ["lint", "release", "test", "validate"])
def test_workflows_may_do_little(name: str) -> None:
    """A workflow begins without rights, and uses nothing that can change under it."""
    workflow = load_yaml(WORKFLOWS / f"{name}.yml")
    assert isinstance(workflow, dict)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        wanted = {"contents": "write" if name == "release" else "read"}
        assert job.get("permissions", wanted) == wanted
        assert job["timeout-minutes"]
        for step in job["steps"]:
            if "uses" in step:
                pin = step["uses"].partition("@")[2]
                assert re.fullmatch(r"v?\d+\.\d+\.\d+|[0-9a-f]{40}", pin), step
            # Whoever names a release or a branch must not be able to write commands.
            assert "${{" not in step.get("run", ""), step


def test_issue_forms_ask_for_what_helps_and_warn() -> None:
    """Whoever reports a problem is asked for diagnostics, and warned of thieves."""
    forms = WORKFLOWS.parent / "ISSUE_TEMPLATE"
    problem = (forms / "problem.yml").read_text("utf-8")
    assert "Download diagnostics" in problem
    assert "Beware of false support" in problem
    for path in forms.glob("*.yml"):
        assert load_yaml(path)


def test_words_are_plain() -> None:
    """No markup, no addresses, no quoted placeholders; keys as Home Assistant wants them."""
    for path, text in leaves(TEXTS):
        assert not re.search(r"<[a-z/][^>]*>", text, re.IGNORECASE), path
        assert not re.search(r"(\w+://|www\.)\w[\w.-]*\.[a-z]{2,}", text), path
        assert not re.search(r"'{\w+}'", text), path
        for key in path:
            assert re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", key), path


@pytest.mark.parametrize("name", ["services", "triggers", "conditions"])
def test_fields_have_what_is_known(name: str) -> None:
    """A field that is described has a selector that exists, and no unknown key."""
    for key, item in described(name).items():
        assert set(item or {}) <= {"fields", "target"}, key
        for field, words in (item or {}).get("fields", {}).items():
            assert set(words) <= {"default", "example", "required", "selector"}, field
            validate_selector(words["selector"])
            assert None not in words.values(), (key, field)
