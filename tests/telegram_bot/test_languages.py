"""Each language says everything, with the same values and the same markup as English."""

from collections import Counter
from pathlib import Path
import re
from string import Formatter

from babel.messages.catalog import Message
import pytest

from simulators.telegram.html_parser import parse_html
from telegram_bot.desk import question_cards
from telegram_bot.errors import RefusedError
from telegram_bot.languages import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    _,
    best_language,
    catalogs,
    clock_time,
    current_language,
    day_and_time,
    ngettext,
    number,
    speaking,
)
from telegram_bot.languages.catalogs import main, read, template
from telegram_bot.markup import plain
from telegram_bot.records import ConfirmationRow
from telegram_bot.words import explain
from tests.telegram_bot.conftest import OWNER, Json, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert

OTHERS = sorted(set(LANGUAGES) - {DEFAULT_LANGUAGE})
TAG = re.compile(r"</?[a-z][^>]*>")
COMMAND = re.compile(r"(?<![\w<])/[a-z]+")
SPACES = "\u00a0\u202f"


def forms(message: Message) -> list[str]:
    """Return each form of a translated text."""
    string = message.string
    return [string] if isinstance(string, str) else list(string or ())


def english(message: Message) -> list[str]:
    """Return the English forms of a text."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a text."""
    return {name for _text, name, _spec, _kind in Formatter().parse(text) if name}


def facts(text: str) -> tuple[object, ...]:
    """Return what a translation must keep of a text."""
    return (
        placeholders(text),
        Counter(TAG.findall(text)),
        set(COMMAND.findall(text)),
        text.count("\n"),
    )


def texts(language: str) -> list[Message]:
    """Return the texts of a language."""
    return [message for message in read(language) if message.id]


def test_files_are_up_to_date() -> None:
    """Every text of the code is in each file, and nothing else is."""
    assert main(["--check"]) == 0


@pytest.mark.parametrize("language", OTHERS)
def test_complete(language: str) -> None:
    """Nothing is missing, no form of a plural either."""
    catalog = read(language)
    missing = [
        message.id
        for message in texts(language)
        if not all(forms(message))
        or (
            not isinstance(message.id, str)
            and len(forms(message)) != catalog.num_plurals
        )
        or message.fuzzy
    ]
    assert missing == []
    assert len(texts(language)) == len(
        [message for message in template() if message.id]
    )


@pytest.mark.parametrize("language", OTHERS)
def test_same_values_tags_and_commands(language: str) -> None:
    """A translation fills in the same values, opens the same tags and names the same commands."""
    wrong = [
        (message.id, form)
        for message in texts(language)
        for form in forms(message)
        if facts(form) != facts(english(message)[-1])
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_markup_is_valid(language: str) -> None:
    """Telegram takes each text whose English it takes."""
    for message in texts(language):
        if TAG.search(english(message)[0]) or "&" in english(message)[0]:
            for form in forms(message):
                parse_html(form)


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        ("en", 1, "1 day"),
        ("de", 2, "2 Tagen"),
        ("fr", 0, "0 jour"),
        ("es", 5, "5 días"),
        ("uk", 1, "1 день"),
        ("uk", 3, "3 дні"),
        ("uk", 11, "11 днів"),
        ("uk", 21, "21 день"),
    ],
)
def test_plurals(language: str, count: int, words: str) -> None:
    """Each language counts as it counts."""
    with speaking(language):
        assert ngettext("{count} day", "{count} days", count) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "60,000.5"),
        ("de", "60.000,5"),
        ("fr", "60 000,5"),
        ("es", "60.000,5"),
        ("uk", "60 000,5"),
    ],
)
def test_numbers(language: str, words: str) -> None:
    """Numbers are written as the reader writes them, with every digit."""
    with speaking(language):
        shown = number("60000.50")
    assert shown.translate({ord(space): " " for space in SPACES}) == words


def test_times() -> None:
    """A time says its zone for those who can't see it in their own."""
    with speaking("de"):
        assert plain(clock_time(0)) == "00:00:00 UTC"
        assert plain(day_and_time(0)) == "01.01.1970, 00:00 UTC"
        parse_html(day_and_time(0))


def test_language_of_somebody() -> None:
    """The nearest language is spoken, English to everybody else; and only within its block."""
    assert [best_language(code) for code in ("de-AT", "pt_BR", "UK", None, "")] == [
        "de",
        "en",
        "uk",
        "en",
        "en",
    ]
    with speaking("fr"):
        assert _("Back") == "Retour"
    assert current_language() == DEFAULT_LANGUAGE


@pytest.mark.parametrize(
    ("key", "placeholders", "words"),
    [
        ("insufficient_funds", {"reason": "<x>"}, "Nicht genug Guthaben: <x>."),
        ("insufficient_funds", {}, "in English"),
        ("of_tomorrow", {}, "in English"),
        (None, {}, "in English"),
    ],
)
def test_refusals(key: str | None, placeholders: dict[str, str], words: str) -> None:
    """What the integration refuses is said in the reader's language where its words are known."""
    refused = RefusedError("service_validation_error", "in English", key, placeholders)
    with speaking("de"):
        assert explain(refused) == words
    assert explain(refused) == "in English"


def test_files_that_are_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are written once; a check says which are not as they should be, and changes nothing."""
    monkeypatch.setattr(catalogs, "path_of", lambda language: tmp_path / language)
    assert main(["--check"]) == 1
    assert "run scripts/translate" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == OTHERS
    assert main(["--check"]) == 0


async def test_whole_conversation(stopped_rig: Rig) -> None:
    """Somebody whose Telegram is German is answered in German, and told in German."""
    rig = stopped_rig
    await rig.control(
        "users", {"id": OWNER, "first_name": "Ada", "language_code": "de"}
    )
    await rig.start()
    await rig.ask("/start", "Dieser Bot gehört dir")
    rig.clock.advance(30)
    await rig.ask("/price BTC-USD", "BTC-USD 60.500 USD")
    await rig.ask("/alert BTC-USD > 70000", "Alarm gesetzt: BTC-USD > 70.000")
    await rig.ask("/mute ausführungen for 2h", "Stummgeschaltet: Ausführungen, bis")
    await rig.home.publish(execution("accepted", make_order()))
    card = await rig.wait_message("Angenommen: Kauf von 0,01 BTC zu 60.000 USD")
    assert "gültig bis Widerruf" in card["text"]
    await rig.stop()
    await rig.start()
    rig.clock.advance(30)
    await rig.home.publish(price_alert(1))
    await rig.wait_message("BTC-USD steht bei 70.001 USD")


MOVE = {
    "amount": "5",
    "currency": "USD",
    "from": "trading",
    "to": "savings",
}


@pytest.mark.parametrize(
    ("language", "kind", "shown", "line"),
    [
        (
            "es",
            "cancel_all",
            {"orders": [make_order()]},
            "<b>¿Cancelar 1 orden abierta?</b>",
        ),
        (
            "fr",
            "transfer",
            MOVE,
            "<b>Transférer 5 USD de trading vers savings\u00a0?</b>",
        ),
    ],
)
def test_questions(language: str, kind: str, shown: Json, line: str) -> None:
    """A question is written as its language writes questions."""
    row = ConfirmationRow("id", kind, 1, 1, {}, shown, 0.0, "pending")
    with speaking(language):
        asked = question_cards.question(row).splitlines()[0]
    assert asked == line
