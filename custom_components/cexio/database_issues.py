"""Repair issues of the file in which an entry keeps what it knows."""

from pathlib import Path
import sqlite3

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import CexioConfigEntry
from .database import Database, NewerSchemaError, database_path, is_corrupt
from .feed import TroubleListener

ISSUE_CORRUPT = "database_corrupt"
ISSUE_NEWER = "database_newer"
ISSUE_UNWRITABLE = "database_unwritable"


async def async_open_database(hass: HomeAssistant, entry: CexioConfigEntry) -> Database:
    """Open the file of an entry, and say what is wrong with it.

    Raises:
        ConfigEntryError: A later version wrote it; it was not touched.
        ConfigEntryNotReady: It cannot be used at present.
    """
    database = Database(database_path(hass, entry.entry_id))
    try:
        await database.async_open()
    except NewerSchemaError as err:
        await database.async_close()
        async_report_newer(hass, entry, database.path)
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="database_newer",
            translation_placeholders={"path": str(database.path)},
        ) from err
    except (sqlite3.Error, OSError) as err:
        await database.async_close()
        async_report_unwritable(hass, entry, database.path, err)
        raise unusable(database, err) from err
    async_clear(hass, entry)
    if database.set_aside is not None:
        async_report_set_aside(hass, entry, database.set_aside)
    return database


def unusable(database: Database, error: Exception) -> ConfigEntryNotReady:
    """Return what to raise for a file that cannot be used at present."""
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key="database_failed",
        translation_placeholders={"path": str(database.path), "reason": str(error)},
    )


@callback
def async_report_set_aside(
    hass: HomeAssistant, entry: CexioConfigEntry, aside: Path
) -> None:
    """Tell that a corrupt file was set aside; until it is confirmed, restarts included."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_CORRUPT}_{entry.entry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_CORRUPT,
        translation_placeholders={"name": entry.title, "path": str(aside)},
    )


@callback
def async_report_newer(
    hass: HomeAssistant, entry: CexioConfigEntry, path: Path
) -> None:
    """Tell that a file was written by a later version."""
    _async_create(hass, entry, ISSUE_NEWER, {"path": str(path)})


@callback
def async_report_unwritable(
    hass: HomeAssistant, entry: CexioConfigEntry, path: Path, error: Exception
) -> None:
    """Tell that the disk refuses what is to be kept."""
    _async_create(
        hass, entry, ISSUE_UNWRITABLE, {"path": str(path), "reason": str(error)}
    )


@callback
def async_clear(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Take back what is no longer so."""
    for issue in (ISSUE_NEWER, ISSUE_UNWRITABLE):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")


@callback
def async_forget_file(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Take everything back that was said of the file of an entry that is gone."""
    async_clear(hass, entry)
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_CORRUPT}_{entry.entry_id}")


@callback
def trouble_listener(
    hass: HomeAssistant, entry: CexioConfigEntry, path: Path
) -> TroubleListener:
    """Return what is told when the disk refuses, and when it works again."""

    @callback
    def listen(error: sqlite3.Error | None) -> None:
        """Show the trouble while it lasts; a corrupt file is set aside by a reload."""
        if error is None:
            async_clear(hass, entry)
            return
        async_report_unwritable(hass, entry, path, error)
        if is_corrupt(error):
            hass.config_entries.async_schedule_reload(entry.entry_id)

    return listen


@callback
def _async_create(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    issue: str,
    placeholders: dict[str, str],
) -> None:
    """Create an issue that lasts as long as its cause."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders={"name": entry.title} | placeholders,
    )
