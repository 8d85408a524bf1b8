"""Every language says everything that English says."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "custom_components" / "cexio" / "translations"
LANGUAGES = ("de", "es", "fr", "uk")
# What must be there as often as in English: placeholders, links, code, marks, paragraphs.
KEPT = re.compile(r"\{\w+\}|\]\(|`[^`]+`|\*\*|❌|❓|\n\n")
# Words that are the same in another language.
SAME = {
    "CEX.IO",
    "Blockchain",
    "Commission",
    "Condition",
    "Maintenance",
    "Name",
    "Page",
    "Server",
    "Spread",
    "Stream",
    "Options",
    "Total",
    "Type",
    "In {currency}.",
    "{currency} total",
    "1 minute",
    "15 minutes",
    "30 minutes",
    "5 minutes",
}


def read(language: str) -> dict[str, Any]:
    """Read the texts of a language."""
    texts: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text())
    return texts


def leaves(texts: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its key."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


ENGLISH = dict(leaves(read("en")))


def test_these_languages() -> None:
    """No language is forgotten in this test."""
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(
        ["en", *LANGUAGES]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_parity(language: str) -> None:
    """The same keys in the same order, the same placeholders, nothing left in English."""
    texts = dict(leaves(read(language)))
    assert list(texts) == list(ENGLISH)
    for key, english in ENGLISH.items():
        text = texts[key]
        assert sorted(KEPT.findall(text)) == sorted(KEPT.findall(english)), key
        assert text.strip() == text != "", key
        assert text != english or english in SAME, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_word_for_one_thing(language: str) -> None:
    """What is the same text in English is the same text in the other language."""
    texts = dict(leaves(read(language)))
    by_english: dict[str, set[str]] = {}
    for key, english in ENGLISH.items():
        by_english.setdefault(english, set()).add(texts[key])
    assert {english for english, found in by_english.items() if len(found) > 1} == set()
