"""Bad disks and old files: one clear issue, a copy kept, nothing lost that can be had."""

from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.const import DOMAIN, WRITE_AGAIN_INTERVAL
from custom_components.cexio.database import (
    MIGRATIONS,
    SCHEMA_VERSION,
    Database,
    NewerSchemaError,
    database_path,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import (
    ClientSessionGenerator,
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from tests.integration.helpers import (
    account_entry,
    act,
    changed,
    control,
    settled,
    switch_trading,
    until,
)

RESTING = changed(amount="0.001")
TEXT = "This is not a database, but a text of some length.\n" * 100


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues of the integration by their kind."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def spoil(path: Path) -> None:
    """Write something else over a database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT)


def spoil_inside(path: Path) -> None:
    """Leave the head of a database, and destroy what is behind it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


@pytest.mark.parametrize("damage", [spoil, spoil_inside])
async def test_corrupt_file(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    damage: Any,
) -> None:
    """It is set aside, a new one is begun, and open orders are taken over silently."""
    assert await async_setup_component(hass, REPAIRS, {})
    await switch_trading(hass)
    order = (await act(hass, "place_order", **RESTING))["order"]
    feed_id = entry.runtime_data.feed.feed_id
    await hass.config_entries.async_unload(entry.entry_id)
    path = database_path(hass, entry.entry_id)
    await hass.async_add_executor_job(damage, path)
    spoilt = await hass.async_add_executor_job(path.read_bytes)
    events = async_capture_events(hass, "cexio_execution")
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    assert entry.runtime_data.feed.feed_id != feed_id
    assert hass.states.is_state("switch.cex_io_trading", "off")
    (kept,) = entry.runtime_data.account.ledger.open_orders
    assert kept.order_id == order["order_id"]
    assert events == []
    (aside,) = path.parent.glob("*.corrupt-*")
    assert await hass.async_add_executor_job(aside.read_bytes) == spoilt
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    await until(lambda: events)
    assert events[0].data["id"] == f"fill:{order['order_id']}:0.001"

    (issue,) = issues(hass).values()
    assert issue.translation_key == "database_corrupt"
    assert issue.is_persistent
    client = await hass_client()
    started = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await started.json()
    assert flow["step_id"] == "confirm"
    assert flow["description_placeholders"]["path"] == str(aside)
    await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert issues(hass) == {}


async def test_newer_file(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What a later version wrote is not touched, and the entry says why it does not load."""
    await hass.config_entries.async_unload(entry.entry_id)
    path = database_path(hass, entry.entry_id)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes(), path.stat().st_mtime_ns
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "database_newer"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(issues(hass)) == ["database_newer"]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass) == {}


async def test_file_that_cannot_be_opened(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """An entry that cannot keep anything does not pretend to; it tries again."""
    entry = account_entry(exchange)
    path = database_path(hass, entry.entry_id)
    path.mkdir(parents=True)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "database_failed"
    assert list(issues(hass)) == ["database_unwritable"]
    path.rmdir()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass) == {}


async def test_disk_that_is_full_for_a_while(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What happened meanwhile is told in order once it is written; one issue, one line."""
    await switch_trading(hass)
    placed = [
        (await act(hass, "place_order", **(RESTING | {"price": price})))["order"]
        for price in ("59000", "58900", "58800")
    ]
    events = async_capture_events(hass, "cexio_execution")
    runtime = entry.runtime_data
    with patch.object(
        runtime.database,
        "_run",
        side_effect=sqlite3.OperationalError("database or disk is full"),
    ):
        for price in ("58950", "58850", "58000"):
            await control(exchange, "market/price", {"pair": "BTC-USD", "price": price})
        await until(lambda: not runtime.account.ledger.open_orders)
        async_fire_time_changed(hass, dt_util.utcnow() + WRITE_AGAIN_INTERVAL)
        await hass.async_block_till_done()
        assert events == []
        (issue,) = issues(hass).values()
        assert issue.translation_key == "database_unwritable"
        assert issue.translation_placeholders is not None
        assert "full" in issue.translation_placeholders["reason"]
    async_fire_time_changed(hass, dt_util.utcnow() + WRITE_AGAIN_INTERVAL * 2)
    await until(lambda: len(events) == len(placed))
    assert [event.data["id"] for event in events] == [
        f"fill:{order['order_id']}:0.001" for order in placed
    ]
    assert issues(hass) == {}
    assert caplog.text.count("cannot be written") == 1
    assert [item.seq for item in await runtime.feed.async_read(3, 9)] == [4, 5, 6]


async def test_file_that_breaks_while_in_use(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A file found to be corrupt at work is set aside by a reload."""
    runtime = entry.runtime_data
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    with patch.object(runtime.database, "_run", side_effect=error):
        await runtime.feed.async_append([])
    await until(
        lambda: (
            entry.state is ConfigEntryState.LOADED and entry.runtime_data is not runtime
        )
    )
    await settled(entry)
    assert issues(hass) == {}


async def test_file_of_the_first_version(tmp_path: Path) -> None:
    """A file of an earlier version is brought up to date and keeps what is in it."""
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO placements VALUES ('a', '{}', 1.5, 'placed')")
        connection.execute("INSERT INTO meta VALUES ('feed_id', 'kept')")
        connection.commit()
    database = Database(path)
    await database.async_open()
    assert await database.async_get_meta("feed_id") == "kept"
    rows = await database.async_read(
        lambda connection: connection.execute("SELECT * FROM placements").fetchall()
    )
    assert rows == [("a", "{}", 1.5, "placed", None)]
    version = await database.async_read(
        lambda connection: connection.execute("PRAGMA user_version").fetchone()
    )
    assert version == (SCHEMA_VERSION,)
    await database.async_close()
    await database.async_close()


async def test_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """A migration is done whole or not at all."""
    path = tmp_path / "new.sqlite"
    broken = (*MIGRATIONS, "CREATE TABLE extra (a TEXT); CREATE TABLE feed (a TEXT);")
    database = Database(path)
    with (
        patch("custom_components.cexio.database.MIGRATIONS", broken),
        patch("custom_components.cexio.database.SCHEMA_VERSION", len(broken)),
        pytest.raises(sqlite3.OperationalError),
    ):
        await database.async_open()
    await database.async_open()
    tables = await database.async_read(
        lambda connection: connection.execute(
            "SELECT name FROM sqlite_master"
        ).fetchall()
    )
    assert ("extra",) not in tables
    await database.async_close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    again = Database(path)
    with pytest.raises(NewerSchemaError):
        await again.async_open()
    await again.async_close()
