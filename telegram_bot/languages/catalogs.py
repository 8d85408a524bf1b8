"""The texts of the bot in each language, as files that translators know: found in the code, kept beside it."""

import argparse
from io import BytesIO
from pathlib import Path
import sys

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from telegram_bot.languages import DEFAULT_LANGUAGE, LANGUAGES

_PACKAGE = Path(__file__).parents[1]
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def template() -> Catalog:
    """Return every text of the code, with the files that speak it."""
    texts = Catalog()
    found = extract_from_dir(_PACKAGE, keywords=_KEYWORDS)
    for filename, line, message, comments, context in found:
        place = (f"{_PACKAGE.name}/{filename}", line)
        texts.add(message, None, [place], auto_comments=comments, context=context)
    return texts


def path_of(language: str) -> Path:
    """Return where the texts of a language are."""
    return Path(__file__).parent / f"{language}.po"


def read(language: str) -> Catalog:
    """Return the texts of a language as they are kept."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, texts: Catalog) -> bytes:
    """Return the file of a language with the texts of the code: without dates, which would differ each time."""
    catalog = read(language)
    # A text that was changed is translated anew: a guess may say the opposite.
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for message in catalog:
        # A guess of Babel, which takes "5 % in" for a placeholder.
        message.flags.discard("python-format")
    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, include_lineno=False)
    header = _HEADER.format(language=language, plural_forms=catalog.plural_forms)
    return header.encode() + body.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or say which are not up to date; return the exit code."""
    parser = argparse.ArgumentParser("scripts/translate", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if something would"
    )
    options = parser.parse_args(arguments)
    texts = template()
    stale = 0
    for language in LANGUAGES:
        if language == DEFAULT_LANGUAGE:
            continue
        path, content = path_of(language), updated(language, texts)
        if path.exists() and path.read_bytes() == content:
            continue
        stale += 1
        if options.check:
            sys.stderr.write(f"{path.name} is not up to date: run scripts/translate\n")
        else:
            path.write_bytes(content)
            sys.stdout.write(f"{path.name} written\n")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
