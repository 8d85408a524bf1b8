"""Messages as the documentation prints them or as they were seen on the wire.

wire/rest.jsonl and wire/websocket.jsonl hold one message a line, with its place in the reference.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_WIRE = Path(__file__).parent / "wire"


@dataclass(frozen=True)
class Example:
    """A good answer or an event.

    Attributes:
        key: The section of the reference, the method or event, and a number within both.
        name: The method or event.
        data: The payload.
    """

    key: str
    name: str
    data: Any


def load(document: str) -> list[Example]:
    """Return the examples of a document."""
    seen: Counter[str] = Counter()
    found = []
    for line in (_WIRE / f"{document}.jsonl").read_text().splitlines():
        row = orjson.loads(line)
        name = row["action"] if "action" in row else row["frame"]["e"]
        place = f"{row['section'].partition('.md ')[2]}/{name}"
        data = row["answer" if "answer" in row else "frame"]["data"]
        found.append(Example(f"{place}/{seen[place]}", name, data))
        seen[place] += 1
    return found


REST = load("rest")
WEBSOCKET = load("websocket")

NEW_REPORT: dict[str, Any] = next(
    example.data for example in WEBSOCKET if example.key == "4.2.1/executionReport/0"
)
