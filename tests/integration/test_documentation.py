"""The pages for users: complete, with examples that work and links that lead somewhere."""

from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.cexio.condition import CONDITIONS
from custom_components.cexio.services import ACTIONS
from custom_components.cexio.trigger import TRIGGERS
from tests.integration.described import TEXTS, described
from tests.integration.harness import MockConfigEntry

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *sorted(REPOSITORY.glob("*.md"))]


def page(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / f"{name}.md").read_text("utf-8")


def examples(name: str) -> list[Any]:
    """Return the examples of a page."""
    return [
        parse_yaml(block)
        for block in re.findall(r"```yaml\n(.*?)```", page(name), re.DOTALL)
    ]


@pytest.mark.parametrize(
    ("name", "described_in", "keys"),
    [
        ("actions", "services", list(ACTIONS)),
        ("triggers", "triggers", list(TRIGGERS)),
        ("conditions", "conditions", list(CONDITIONS)),
    ],
)
def test_page_is_complete(name: str, described_in: str, keys: list[str]) -> None:
    """Each action, trigger and condition is there, and each of their fields."""
    text = page(name)
    for key in keys:
        assert f"`{key}`" in text
        for field in (described(described_in)[key] or {}).get("fields", {}):
            assert f"`{field}`" in text, (key, field)


def test_every_option_is_explained() -> None:
    """The page on installation names each option as the form does."""
    for step in TEXTS["options"]["step"].values():
        for label in step["data"].values():
            assert f"| {label} |" in page("installation")


@pytest.mark.parametrize(
    "name", ["triggers", "conditions", "events", "price-alerts", "examples"]
)
async def test_examples_are_automations(
    hass: HomeAssistant, entry: MockConfigEntry, name: str
) -> None:
    """Home Assistant takes each example as it stands."""
    automations = [
        {"actions": [], "triggers": [], "alias": f"Example {number}"} | example
        for number, example in enumerate(examples(name))
    ]
    assert automations
    await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    states = {state.name: state.state for state in hass.states.async_all("automation")}
    assert states == {str(item["alias"]): "on" for item in automations}
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "all"}, blocking=True
    )


async def test_examples_call_actions_as_they_are(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Each call in an example has the fields that the action needs, and no others."""
    calls: list[Any] = []
    for name in ("actions", "examples"):
        for example in examples(name):
            steps = example if isinstance(example, list) else example["actions"]
            calls += cv.SCRIPT_SCHEMA(steps)
    own = [call for call in calls if call["action"].startswith("cexio.")]
    assert own
    for call in own:
        fields = ACTIONS[call["action"].removeprefix("cexio.")].fields
        required = {str(key) for key in fields if "Required" in repr(type(key))}
        assert required <= set(call["data"]) <= {str(key) for key in fields}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """A link to a file of the repository finds it."""
    for target in re.findall(r"\]\(([^)#]+)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_pages_are_no_walls_of_text() -> None:
    """A page is one topic, and short."""
    for path in DOCS.glob("*.md"):
        assert len(path.read_text("utf-8").splitlines()) <= 180, path.name


def test_every_page_is_found_from_the_first_one() -> None:
    """Whoever begins at the README gets everywhere."""
    seen: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        current = waiting.pop().resolve()
        if current in seen:
            continue
        seen.add(current)
        links = re.findall(r"\]\(([^)#:]+\.md)", current.read_text("utf-8"))
        waiting.extend(current.parent / target for target in links)
    assert {path.resolve() for path in DOCS.glob("*.md")} <= seen
