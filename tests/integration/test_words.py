"""What hassfest demands of words: there is one for all that is used, and none lies idle."""

import ast
from collections.abc import Iterator
import json
import re
from typing import Any, cast

from homeassistant.helpers.selector import validate_selector
import pytest

from custom_components.cexio.condition import CONDITIONS
from custom_components.cexio.services import ACTIONS
from custom_components.cexio.trigger import TRIGGERS
from tests.integration.described import (
    FOLDER,
    ICONS,
    TEXTS,
    constants,
    described,
    leaves,
    names_of,
)


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
        {name: names_of(cast(Any, kind).fields) for name, kind in TRIGGERS.items()},
    )


def test_conditions() -> None:
    """Each condition and each of its fields is described."""
    check_parts(
        "conditions",
        "condition",
        {name: names_of(cast(Any, kind).fields) for name, kind in CONDITIONS.items()},
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
