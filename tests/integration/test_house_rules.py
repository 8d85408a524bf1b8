"""What hassfest and the HACS check demand of a repository, as far as a test can hold it."""

import json
from pathlib import Path
import re
import struct

from homeassistant.util.yaml import load_yaml
import pytest

from tests.integration.described import FOLDER, MANIFEST, REPOSITORY, described

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
