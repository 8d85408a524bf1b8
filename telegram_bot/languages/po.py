"""Read the file of a language that translators know, into what Python's gettext speaks from."""

from collections.abc import Iterable, Iterator
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
import struct

import orjson

_MAGIC = 0x950412DE
_HEADER = struct.Struct("<7I")
# Length and offset of a text.
_PLACE = struct.Struct("<2I")


def read_texts(path: Path) -> GNUTranslations:
    """Return the texts of a file such as `scripts/translate` writes it.

    Raises:
        OSError: it can't be read.
    """
    texts: dict[bytes, bytes] = {}
    with path.open(encoding="utf-8") as file:
        for entry in _entries(file):
            forms = [text for key, text in entry.items() if key.startswith("msgstr")]
            if all(forms):
                names = [text for key, text in entry.items() if key.startswith("msgid")]
                texts["\0".join(names).encode()] = "\0".join(forms).encode()
    return GNUTranslations(BytesIO(_compiled(texts)))


def _entries(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the texts of each entry by their keywords: "msgid", "msgstr" and the like."""
    entry: dict[str, str] = {}
    keyword = ""
    for line in lines:
        name, quote, text = line.partition('"')
        if not quote or line.startswith("#"):
            continue
        keyword = name.rstrip() or keyword
        if keyword == "msgid" and name and entry:
            yield entry
            entry = {}
        # What it escapes is escaped as in JSON.
        entry[keyword] = entry.get(keyword, "") + orjson.loads(quote + text)
    if entry:
        yield entry


def _compiled(texts: dict[bytes, bytes]) -> bytes:
    """Return texts in the form of compiled catalogs: their places, then they themselves, each closed by a zero."""
    names = sorted(texts)
    columns = [names, [texts[name] for name in names]]
    size = _PLACE.size * len(names)
    first, second = _HEADER.size, _HEADER.size + size
    places, body = bytearray(), bytearray()
    for text in (text for column in columns for text in column):
        places += _PLACE.pack(len(text), second + size + len(body))
        body += text + b"\0"
    return _HEADER.pack(_MAGIC, 0, len(names), first, second, 0, 0) + places + body
