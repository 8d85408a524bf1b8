"""A Home Assistant in this process that finds the integration, and entries of the integration."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
import tempfile
from typing import Any

from homeassistant import loader
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from benchmarks.exchange import ACCOUNT
from benchmarks.harness import REPOSITORY


@asynccontextmanager
async def home_assistant() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that finds the integration."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        (directory / "custom_components").symlink_to(REPOSITORY / "custom_components")
        async with async_test_home_assistant(config_dir=name) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            yield hass
            await hass.async_stop(force=True)


def account_entry(ready: Mapping[str, Any], pairs: Iterable[str]) -> MockConfigEntry:
    """Return an entry of the account that watches some pairs."""
    return _entry(
        pairs,
        unique_id="account",
        data={
            "kind": "account",
            "url": ready["base"],
            "api_key": ready["key"],
            "api_secret": ready["secret"],
        },
        options={"default_account_id": ACCOUNT},
    )


def prices_entry(ready: Mapping[str, Any], pairs: Iterable[str]) -> MockConfigEntry:
    """Return an entry without an account that watches some pairs."""
    return _entry(
        pairs, unique_id="prices", data={"kind": "prices", "url": ready["base"]}
    )


def _entry(pairs: Iterable[str], **members: Any) -> MockConfigEntry:
    """Return an entry that watches some pairs."""
    return MockConfigEntry(
        domain="cexio",
        title="CEX.IO",
        subentries_data=[
            ConfigSubentryData(
                data={"pair": pair},
                subentry_type="market",
                title=pair,
                unique_id=f"market_{pair}",
            )
            for pair in pairs
        ],
        **members,
    )


async def set_up(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Set an entry up.

    Raises:
        RuntimeError: It could not be set up.
    """
    await hass.config_entries.async_setup(entry.entry_id)
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")


async def unload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload an entry of the integration; the points that this minute has had are not spent by its next set-up."""
    await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop("cexio_exchanges", None)
