"""The ways to run the bot agree with the bot: its version, its settings, its commands."""

import json
from pathlib import Path
import re
import tomllib
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
from PIL import Image
import pytest

from telegram_bot.__main__ import main
from telegram_bot.config import load_config
from telegram_bot.config_checks import SECTIONS
from telegram_bot.languages import LANGUAGES

TOP = Path(__file__).parents[2]
APP = TOP / "home_assistant_app"
# The values that the Supervisor's schema knows (its documentation, "Options / Schema").
VALUE = re.compile(r"(str|password|int(\(\d*,\d*\))?|list\([^)]+\))\??")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a file of YAML."""
    content: dict[str, Any] = load_yaml_dict(str(path))
    return content


@pytest.fixture(name="app")
def read_app() -> dict[str, Any]:
    """Return the configuration of the app."""
    return read_yaml(APP / "config.yaml")


def test_one_version(app: dict[str, Any]) -> None:
    """The bot, the app and the integration are released together."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    manifest = json.loads((TOP / "custom_components/cexio/manifest.json").read_text())
    assert project["version"] == app["version"] == manifest["version"]
    hacs = json.loads((TOP / "hacs.json").read_text())
    assert app["homeassistant"] == hacs["homeassistant"]
    assert project["scripts"] == {"cexio-telegram-bot": "telegram_bot.__main__:main"}


def test_options_are_settings(app: dict[str, Any]) -> None:
    """Every option of the app is a setting of the bot, with a value that the Supervisor knows."""
    for name, options in app["schema"].items():
        known = {str(key) for key in SECTIONS[name]}
        assert options.keys() <= known, name
        for value in options.values():
            assert VALUE.fullmatch(value[0] if isinstance(value, list) else value)
        assert app["options"][name].keys() <= options.keys()


def test_two_things_to_type(app: dict[str, Any], tmp_path: Path) -> None:
    """The token and the owner's id are all that is missing from the defaults."""
    options = app["options"]
    assert options["telegram"] == {"token": None}
    assert options["access"].pop("owner") is None
    options["telegram"]["token"] = "1:abc"
    options["access"]["owner"] = 7
    file = tmp_path / "options.json"
    file.write_text(json.dumps(options))
    given = dict(re.findall(r"(CEXIO_BOT_\w+)=(\S+)", (APP / "Dockerfile").read_text()))
    given["CEXIO_BOT_HOME_ASSISTANT_TOKEN"] = "of the supervisor"
    config = load_config(file, given)
    assert config.health
    assert f":{config.health.port}/health" in app["watchdog"]
    assert "CEXIO_BOT_HOME_ASSISTANT_TOKEN" in (APP / "run.sh").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_options(app: dict[str, Any], language: str) -> None:
    """Each option has a name and a description in each language."""
    texts = read_yaml(APP / "translations" / f"{language}.yaml")["configuration"]
    assert texts.keys() == app["schema"].keys()
    for text in texts.values():
        assert text.keys() == {"name", "description"}
        assert all(text.values())


def test_images_of_the_app() -> None:
    """The sizes that Home Assistant asks for."""
    with Image.open(APP / "icon.png") as icon, Image.open(APP / "logo.png") as logo:
        assert icon.size == (128, 128)
        assert logo.height == 100


@pytest.mark.parametrize(
    "file",
    [
        "packaging/Dockerfile",
        "packaging/cexio-telegram-bot.service",
        "home_assistant_app/run.sh",
    ],
)
def test_commands_exist(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the ways to run the bot call is what the bot understands."""
    text = (TOP / file).read_text()
    commands = re.findall(r'cexio-telegram-bot"?,? "?(run|check|init|health)\b', text)
    commands += re.findall(r'^CMD \["(\w+)"\]', text, re.MULTILINE)
    assert commands
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_container_without_rights() -> None:
    """The container does not run as root, and says how it is."""
    text = (TOP / "packaging/Dockerfile").read_text()
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", text, re.MULTILINE)
