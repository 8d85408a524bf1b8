"""The forms that Home Assistant's validator (hassfest) wants, and that code and texts name the same."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.const import Platform
from homeassistant.util.yaml import load_yaml
import pytest

from custom_components.cexio.errors import _ACTION_KEYS, _SET_UP_KEYS
from custom_components.cexio.schema import vol
from custom_components.cexio.troubles import FIXABLE, Trouble

FOLDER = Path(__file__).parents[2] / "custom_components" / "cexio"
TEXTS: dict[str, Any] = json.loads(
    (FOLDER / "translations" / "en.json").read_text("utf-8")
)
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text("utf-8"))
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text("utf-8"))

# Components that hassfest lets everybody use (its list holds every platform, too).
ALWAYS_THERE = {"system_health", "websocket_api", *(item.value for item in Platform)}


def slug(value: Any) -> str:
    """Take a key as Home Assistant writes them."""
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", value):
        raise vol.Invalid(f"{value} is no key")
    return str(value)


def words(value: Any) -> str:
    """Take a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise vol.Invalid("no words")
    return value


WORDS = {slug: words}
FIELDS = {slug: {"name": words, "description": words, vol.Optional("example"): words}}
FORM = {
    vol.Optional("title"): words,
    vol.Optional("description"): words,
    vol.Optional("data"): WORDS,
    vol.Optional("data_description"): WORDS,
    vol.Optional("menu_options"): WORDS,
    vol.Optional("menu_option_descriptions"): WORDS,
    vol.Optional("submit"): words,
    vol.Optional("sections"): {
        slug: {
            "name": words,
            vol.Optional("description"): words,
            "data": WORDS,
            vol.Optional("data_description"): WORDS,
        }
    },
}
FLOW = {
    "step": {slug: FORM},
    vol.Optional("error"): WORDS,
    vol.Optional("abort"): WORDS,
    vol.Optional("progress"): WORDS,
    vol.Optional("create_entry"): WORDS,
}
PARTS = {
    "name": words,
    "description": words,
    vol.Optional("fields"): FIELDS,
    vol.Optional("sections"): {slug: {"name": words}},
}
TEXT_FORM = vol.Schema(
    {
        "config": FLOW,
        "options": FLOW,
        "config_subentries": {
            slug: {**FLOW, "initiate_flow": WORDS, "entry_type": words}
        },
        "entity": {
            vol.In([item.value for item in Platform]): {
                slug: {
                    vol.Optional("name"): words,
                    vol.Optional("state"): WORDS,
                    vol.Optional("unit_of_measurement"): words,
                    vol.Optional("state_attributes"): {
                        slug: {
                            vol.Optional("name"): words,
                            vol.Optional("state"): WORDS,
                        }
                    },
                }
            }
        },
        "exceptions": {slug: {"message": words}},
        "issues": {
            slug: vol.Any(
                {"title": words, "description": words},
                {"title": words, "fix_flow": FLOW},
            )
        },
        "services": {slug: PARTS},
        "triggers": {slug: PARTS},
        "conditions": {slug: PARTS},
        "selector": {slug: {"options": WORDS}},
        "system_health": {"info": WORDS},
        vol.Optional("title"): words,
        vol.Optional("device"): {slug: {"name": words}},
        vol.Optional("common"): WORDS,
    },
    required=True,
)


def icon(value: Any) -> str:
    """Take the name of an icon of Material Design."""
    if not re.fullmatch(r"mdi:[a-z0-9-]+", words(value)):
        raise vol.Invalid(f"{value} is no icon")
    return str(value)


STATES = {vol.Optional("default"): icon, vol.Optional("state"): {slug: icon}}
ICON_FORM = vol.Schema(
    {
        vol.Optional("entity"): {
            vol.In([item.value for item in Platform]): {
                slug: {
                    **STATES,
                    vol.Optional("range"): {str: icon},
                    vol.Optional("state_attributes"): {slug: STATES},
                }
            }
        },
        vol.Optional("services"): {
            slug: {
                vol.Optional("service"): icon,
                vol.Optional("sections"): {slug: icon},
            }
        },
        vol.Optional("triggers"): {slug: {"trigger": icon}},
        vol.Optional("conditions"): {slug: {"condition": icon}},
    }
)


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "translations").glob("*.json")), ids=lambda path: path.stem
)
def test_texts_have_the_right_form(path: Path) -> None:
    """Nothing is where Home Assistant would not look for it."""
    TEXT_FORM(json.loads(path.read_text("utf-8")))


def test_icons_have_the_right_form() -> None:
    """Likewise for icons."""
    ICON_FORM(ICONS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"config": {"step": {"user": {"subtitle": "x"}}}},
        {"exceptions": {"oops": "a text without a message"}},
        {"exceptions": {"Not a key": {"message": "x"}}},
        {"issues": {"x": {"title": "x", "description": "x", "fix_flow": {"step": {}}}}},
        {"sensors": {}},
    ],
)
def test_a_wrong_form_is_found(wrong: dict[str, Any]) -> None:
    """The forms above refuse something."""
    with pytest.raises(vol.Invalid):
        TEXT_FORM({**TEXTS, **wrong})


def tree(name: str) -> ast.Module:
    """Return the code of a module."""
    return ast.parse((FOLDER / name).read_text("utf-8"))


def imported() -> Iterator[tuple[str, str]]:
    """Yield each component of Home Assistant that a module uses."""
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            if node.module == "homeassistant.components":
                yield from ((path.stem, alias.name) for alias in node.names)
            elif node.module.startswith("homeassistant.components."):
                yield path.stem, node.module.split(".")[2]


def test_what_is_used_is_declared() -> None:
    """A component that code uses is named in the manifest, unless it is the platform's own."""
    declared = {
        *MANIFEST.get("dependencies", ()),
        *MANIFEST.get("after_dependencies", ()),
    }
    own = {path.stem for path in FOLDER.glob("*.py")}
    used = set(imported())
    assert used
    for module, component in used:
        assert component in declared | ALWAYS_THERE | own, (module, component)
    assert set(MANIFEST["dependencies"]) <= {component for _, component in used}


def texts_of(module: str, call: str, argument: str | int) -> set[str]:
    """Return the literal texts that calls of a method are given."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Call):
            continue
        if getattr(node.func, "attr", getattr(node.func, "id", "")) != call:
            continue
        values = (
            node.args[argument : argument + 1]
            if isinstance(argument, int)
            else [word.value for word in node.keywords if word.arg == argument]
        )
        for value in values:
            found |= {
                item.value
                for item in ast.walk(value)
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return found


SUBENTRIES = TEXTS["config_subentries"]
# What Home Assistant aborts with by itself, in a text of this integration.
OF_HOME_ASSISTANT = {
    "already_configured",
    "reauth_successful",
    "reconfigure_successful",
}


@pytest.mark.parametrize(
    ("module", "flow"),
    [
        ("config_flow.py", TEXTS["config"]),
        ("options_flow.py", TEXTS["options"]),
        ("subentry_flows.py", SUBENTRIES["market"]),
        ("alert_flow.py", SUBENTRIES["price_alert"]),
    ],
    ids=["config", "options", "market", "price_alert"],
)
def test_flows_have_words_for_how_they_end(module: str, flow: dict[str, Any]) -> None:
    """Each reason to abort and each step that code names has words, and the other way round."""
    reasons = texts_of(module, "async_abort", "reason")
    assert reasons <= set(flow["abort"])
    assert set(flow["abort"]) - reasons <= OF_HOME_ASSISTANT
    steps = texts_of(module, "async_show_form", "step_id")
    steps |= texts_of(module, "async_show_menu", "step_id")
    assert steps <= set(flow["step"])


def test_every_error_of_set_up_has_words() -> None:
    """What the exchange refuses, and what is entered wrongly."""
    errors = set(TEXTS["config"]["error"])
    assert {key for _, key in _SET_UP_KEYS} | {"unexpected_answer"} <= errors
    assert {key for _, key in _ACTION_KEYS} <= set(TEXTS["exceptions"])
    for module in ("config_flow.py", "flow_steps.py"):
        for node in ast.walk(tree(module)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "StepError"
                and node.args
            ):
                raised = {
                    item.value
                    for item in ast.walk(node.args[0])
                    if isinstance(item, ast.Constant)
                }
                assert raised - {"base"} <= errors


def test_every_trouble_is_an_issue() -> None:
    """What can be repaired by a flow has one, what cannot has words alone."""
    issues = TEXTS["issues"]
    for trouble in Trouble:
        if trouble not in FIXABLE:
            assert trouble.value not in issues
        else:
            assert ("fix_flow" in issues[trouble.value]) is FIXABLE[trouble], trouble


def test_manifest_is_what_hacs_wants() -> None:
    """HACS asks for these, and for somebody who answers for the integration."""
    for key in ("codeowners", "documentation", "domain", "issue_tracker", "name"):
        assert MANIFEST[key], key
    assert MANIFEST["version"]
    # The owner of the repository answers for it.
    owner = MANIFEST["documentation"].removeprefix("https://github.com/").split("/")[0]
    assert f"@{owner}" in MANIFEST["codeowners"]


@pytest.mark.parametrize("name", ["services", "triggers", "conditions"])
def test_descriptions_are_sorted_into_the_right_file(name: str) -> None:
    """What a description refers to by an anchor begins with a dot, as hassfest wants."""
    loaded = load_yaml(FOLDER / f"{name}.yaml")
    assert isinstance(loaded, dict)
    assert {key for key in loaded if not key.startswith(".")} == set(TEXTS[name])
