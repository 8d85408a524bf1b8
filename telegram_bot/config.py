"""The settings: one file and environment variables, checked before anything starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
import json
import logging
import os
from pathlib import Path
import stat
import tomllib
from typing import Any

import voluptuous as vol

from telegram_bot.config_checks import SECTIONS, LogFormat

_LOGGER = logging.getLogger(__name__)

ENVIRONMENT_PREFIX = "CEXIO_BOT"
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class ConfigError(Exception):
    """The settings can't be used; the text names the key and what is expected."""


@dataclass(frozen=True, slots=True)
class TelegramConfig:
    """Where the Bot API is, and which bot this is."""

    token: str = field(repr=False)
    base_url: str
    base_file_url: str


@dataclass(frozen=True, slots=True)
class HomeAssistantConfig:
    """Where Home Assistant is, and as whom to speak to it."""

    url: str
    token: str = field(repr=False)
    config_entry_id: str | None


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Who may do what, by numeric user id, and in which groups."""

    owner: int
    traders: tuple[int, ...]
    viewers: tuple[int, ...]
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdersConfig:
    """How orders by chat behave.

    Attributes:
        second_factor_above: the worth in the currency of the portfolio above which Confirm asks for the second
            factor; ALWAYS for any, None for never.
    """

    confirm_seconds: int
    default_account_id: str | None
    second_factor_above: Decimal | str | None = None


@dataclass(frozen=True, slots=True)
class SecondFactorConfig:
    """What is asked for besides a tap: the code of an authenticator app, or a PIN."""

    totp_secret: str | None = field(default=None, repr=False)
    pin_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """Where the page is that tells supervisors how the bot is doing."""

    port: int
    host: str


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    telegram: TelegramConfig
    home_assistant: HomeAssistantConfig
    access: AccessConfig
    store_path: Path
    orders: OrdersConfig
    second_factor: SecondFactorConfig = SecondFactorConfig()
    health: HealthConfig | None = None
    log_format: LogFormat = LogFormat.TEXT

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be logged."""
        factor = (self.second_factor.totp_secret, self.second_factor.pin_hash)
        return (
            self.telegram.token,
            self.home_assistant.token,
            *(secret for secret in factor if secret),
        )


def load_config(
    path: Path | None, environment: Mapping[str, str] = os.environ
) -> Config:
    """Read and check the settings; environment variables win over the file.

    Raises:
        ConfigError: a text for a person, one line for each thing that is wrong.
    """
    raw = _read_file(path) if path else {}
    problems = [
        *_unknown(raw.keys(), SECTIONS.keys(), lambda name: f"[{name}]"),
        *(
            f"[{name}]: expected a section, not a single value"
            for name, part in raw.items()
            if not isinstance(part, dict)
        ),
    ]
    sections: dict[str, dict[str, Any]] = {}
    for name, keys in SECTIONS.items():
        part = raw.get(name, {})
        given = dict(part) if isinstance(part, dict) else {}
        for key in keys:
            if (value := environment.get(_variable(name, str(key)))) is not None:
                given[str(key)] = value
        sections[name] = _check_section(name, given, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    config = _build(sections, path)
    duplicates = {config.access.owner, *config.access.traders} & set(
        config.access.viewers
    )
    if duplicates or config.access.owner in config.access.traders:
        raise ConfigError(
            "access: each person may have one role only; remove the id from the other list"
        )
    _check_second_factor(config)
    return config


def _check_second_factor(config: Config) -> None:
    """Refuse two second factors, and a wish for one that is not there."""
    factor = config.second_factor
    if factor.totp_secret and factor.pin_hash:
        raise ConfigError(
            "second_factor: give either totp_secret or pin_hash, not both"
        )
    wanted = config.orders.second_factor_above is not None
    if wanted and not (factor.totp_secret or factor.pin_hash):
        raise ConfigError(
            "orders.second_factor_above: needs second_factor.totp_secret or second_factor.pin_hash; `init` makes them"
        )


def _variable(section: str, key: str) -> str:
    """Return the name of the environment variable of a setting."""
    return f"{ENVIRONMENT_PREFIX}_{section}_{key}".upper()


def _read_file(path: Path) -> dict[str, Any]:
    """Read the file: TOML, or the JSON in which Home Assistant hands an app its options."""
    is_json = path.suffix == ".json"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = json.load(file) if is_json else tomllib.load(file)
    except OSError as err:
        raise ConfigError(f"{path}: can't be read: {err.strerror}") from err
    except ValueError as err:
        name = "JSON" if is_json else "TOML"
        raise ConfigError(f"{path}: is not valid {name}: {err}") from err
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected sections such as telegram and access")
    if mode & _READABLE_BY_OTHERS:
        _LOGGER.warning(
            "%s holds tokens and can be read by others; run: chmod 600 %s", path, path
        )
    return raw


def _unknown(given: Any, known: Any, label: Callable[[str], str]) -> list[str]:
    """Return a line for each name that nobody knows, with the nearest one that exists."""
    lines = []
    names = [str(name) for name in known]
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = (
                f"did you mean {label(near[0])}?"
                if near
                else f"known are {', '.join(names)}"
            )
            lines.append(f"{label(name)}: unknown; {hint}")
    return lines


def _check_section(
    name: str, given: dict[str, Any], problems: list[str]
) -> dict[str, Any]:
    """Check one section; what is wrong joins the list of problems."""
    keys = SECTIONS[name]
    problems += _unknown(given.keys(), keys.keys(), lambda key: f"{name}.{key}")
    try:
        checked: dict[str, Any] = vol.Schema(keys, extra=vol.REMOVE_EXTRA)(given)
    except vol.MultipleInvalid as invalid:
        for error in invalid.errors:
            key = str(error.path[0]) if error.path else ""
            text = error.error_message
            if isinstance(error, vol.RequiredFieldInvalid):
                text = f"is missing; {_expectation(keys, key)}"
            problems.append(
                f"{name}.{key}: {text} (in the file, or as {_variable(name, key)})"
            )
        return {}
    return checked


def _expectation(keys: dict[vol.Marker, Callable[[Any], Any]], key: str) -> str:
    """Return what the check of a key expects, in its own words."""
    try:
        keys[vol.Required(key)](None)
    except vol.Invalid as err:
        return err.error_message
    return "expected a value"


def _build(sections: dict[str, dict[str, Any]], path: Path | None) -> Config:
    """Make the settings from checked sections."""
    home_assistant, health = sections["home_assistant"], sections["health"]
    store = Path(sections["store"]["path"]).expanduser()
    if path and not store.is_absolute():
        store = path.parent / store
    return Config(
        telegram=TelegramConfig(**sections["telegram"]),
        home_assistant=HomeAssistantConfig(
            url=home_assistant["url"],
            token=home_assistant["token"],
            config_entry_id=home_assistant.get("config_entry_id"),
        ),
        access=AccessConfig(**sections["access"]),
        store_path=store,
        orders=OrdersConfig(
            confirm_seconds=sections["orders"]["confirm_seconds"],
            default_account_id=sections["orders"].get("default_account_id"),
            second_factor_above=sections["orders"].get("second_factor_above"),
        ),
        second_factor=SecondFactorConfig(**sections["second_factor"]),
        health=HealthConfig(**health) if "port" in health else None,
        log_format=sections["logging"]["format"],
    )
