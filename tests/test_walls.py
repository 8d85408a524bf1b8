"""The walls of the house: which part may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ("custom_components", "telegram_bot", "simulators", "tests", "benchmarks")

# Part of the house -> packages that nothing in it may import.
FORBIDDEN = {
    "custom_components/cexio/exchange": {
        "homeassistant",
        "telegram_bot",
        "simulators",
        "tests",
        "benchmarks",
    },
    "custom_components": {
        "telegram_bot",
        "telegram",
        "simulators",
        "tests",
        "benchmarks",
    },
    "telegram_bot": {
        "custom_components",
        "homeassistant",
        "simulators",
        "tests",
        "benchmarks",
    },
    "simulators": {"custom_components", "telegram_bot", "tests", "benchmarks"},
    "benchmarks": {"tests"},
}
# The client is a package of its own: it may not reach into the integration around it either.
OWN_PACKAGE = "custom_components.cexio.exchange"
# What silences a check, and what follows on its line.
SILENCED = re.compile(
    r"# (?:(?:ruff: )?noqa(?:: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?:\[[\w, -]+\])?)(.*)"
)


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the absolute name of each module that a file imports."""
    package = path.relative_to(REPOSITORY).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*base, *(node.module or "").split("."))).rstrip(".")


def breaches(part: str) -> list[str]:
    """Return each import in a part of the house that goes through one of its walls."""
    return [
        f"{path.relative_to(REPOSITORY)} imports {module}"
        for path in sorted((REPOSITORY / part).rglob("*.py"))
        for module in imported_modules(path)
        if module.split(".")[0] in FORBIDDEN[part]
    ]


@pytest.mark.parametrize("part", FORBIDDEN)
def test_no_import_goes_through_a_wall(part: str) -> None:
    """No file imports what its part of the house may not know."""
    assert list((REPOSITORY / part).rglob("*.py"))
    assert breaches(part) == []


def test_the_exchange_client_knows_nothing_of_the_integration() -> None:
    """The client imports nothing of the integration that surrounds it."""
    modules = {
        module
        for path in (REPOSITORY / "custom_components/cexio/exchange").rglob("*.py")
        for module in imported_modules(path)
        if module.startswith("custom_components")
    }
    assert {module for module in modules if not module.startswith(OWN_PACKAGE)} == set()


def test_no_test_file_is_the_helper_of_another() -> None:
    """What several tests need stands in a file that holds no tests."""
    found = [
        f"{path.relative_to(REPOSITORY)} imports {module}"
        for path in sorted((REPOSITORY / "tests").rglob("*.py"))
        for module in imported_modules(path)
        if module.startswith("tests.") and module.split(".")[-1].startswith("test_")
    ]
    assert found == []


@pytest.mark.parametrize("part", PARTS)
def test_whatever_silences_a_check_says_why(part: str) -> None:
    """Beside each `noqa` and `type: ignore` stands the reason, in words."""
    bare = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in sorted((REPOSITORY / part).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (found := SILENCED.search(line))
        and not re.search(r"[a-z]{2}", SILENCED.sub(r"\1", found[1]))
    ]
    assert bare == []


def test_every_part_is_behind_a_wall_or_outside() -> None:
    """A new top-level package has to be given its walls."""
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}
    assert packages <= set(PARTS)
