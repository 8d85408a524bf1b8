"""What is written of the integration: its texts, icons, descriptions and manifest."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import load_yaml

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "custom_components" / "cexio"
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


def names_of(fields: Any) -> set[str]:
    """Return the names of the fields of a schema."""
    return {str(field) for field in fields}
