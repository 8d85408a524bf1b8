"""The journal of the feed: written before it is told, bounded, and whole after a crash."""

from contextlib import closing
from dataclasses import replace
import sqlite3
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cexio.database import Database
from custom_components.cexio.feed import Feed, FeedEntry, FeedKind
from tests.integration.feed_client import item
from tests.integration.harness import MockConfigEntry


async def test_written_before_published(
    hass: HomeAssistant, database: Database
) -> None:
    """What a listener hears of is on disk already; a doubled id is dropped."""
    feed = Feed(database)
    await feed.async_load()
    kept: list[int] = []

    def listen(entry: FeedEntry) -> None:
        """Look into the file over a connection of its own."""
        with closing(sqlite3.connect(database.path)) as other:
            kept.append(other.execute("SELECT max(seq) FROM feed").fetchone()[0])

    remove = feed.async_listen(listen)
    added = await feed.async_append([item(1), item(2), item(1)])
    assert [entry.seq for entry in added] == [1, 2]
    assert await feed.async_append([item(2)]) == []
    assert kept == [2, 2]
    remove()
    await feed.async_append([item(3)])
    assert len(kept) == 2
    await database.async_close()


async def test_what_nobody_wants_to_be_told_of(
    hass: HomeAssistant, database: Database
) -> None:
    """It is left out, but what is kept beside it is kept, so that it never comes up again."""
    feed = Feed(database, is_wanted=lambda kind: kind is not FeedKind.FUNDING)
    await feed.async_load()
    kept: list[int] = []
    unwanted = replace(item(1), kind=FeedKind.FUNDING)
    added = await feed.async_append([unwanted, item(2)], lambda _: kept.append(1))
    assert [entry.id for entry in added] == ["item:2"]
    assert await feed.async_append([unwanted], lambda _: kept.append(2)) == []
    assert kept == [1, 2]
    assert [entry.id for entry in await feed.async_read(0, 10)] == ["item:2"]
    await database.async_close()


async def test_the_options_say_what_is_told(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A change of the options is in force at once; executions and alerts are no option."""
    feed = entry.runtime_data.feed
    told: list[str] = []
    feed.async_listen(lambda item: told.append(item.kind.value))
    options = ["funding", "stream", "trouble"]
    assert set(options) == set(FeedKind) - {"execution", "price_alert"}

    async def happen(number: int) -> list[str]:
        """Let one thing of each kind happen; return what was told."""
        told.clear()
        await feed.async_append(
            [
                replace(item(number), id=f"{kind}{number}", kind=FeedKind(kind))
                for kind in options
            ]
        )
        return told

    assert await happen(1) == options
    for number, notices in enumerate((["funding"], ["stream", "trouble"], []), start=2):
        hass.config_entries.async_update_entry(
            entry, options={**entry.options, "notices": notices}
        )
        assert await happen(number) == notices


async def test_kept_together_or_not_at_all(
    hass: HomeAssistant, database: Database
) -> None:
    """When the state beside an entry cannot be kept, the entry is not either."""
    feed = Feed(database)
    await feed.async_load()
    heard: list[FeedEntry] = []
    feed.async_listen(heard.append)

    def fail(connection: sqlite3.Connection) -> None:
        """Be told something that no database takes."""
        connection.execute("INSERT INTO meta VALUES (NULL, NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        await feed.async_append([item(1)], fail)
    assert heard == []
    assert await feed.async_read(0, 10) == []
    assert not feed.has_unwritten
    assert len(await feed.async_append([item(1)])) == 1
    await database.async_close()


async def test_full_disk(
    hass: HomeAssistant, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What a full disk refuses is not told, but kept in order until it is written."""
    troubles: list[sqlite3.Error | None] = []
    feed = Feed(database, troubles.append)
    await feed.async_load()
    heard: list[FeedEntry] = []
    feed.async_listen(heard.append)
    await feed.async_append([item(1)])
    await fill_disk(database)
    big = replace(item(2), data={"text": "x" * 100_000})
    for new in (big, item(3), item(4)):
        assert await feed.async_append([new]) == []
    assert [entry.id for entry in heard] == ["item:1"]
    assert [entry.seq for entry in await feed.async_read(0, 10)] == [1]
    assert [entries[0].id for entries, _ in feed._unwritten] == [
        "item:2",
        "item:3",
        "item:4",
    ]
    await fill_disk(database, pages=1_000_000)
    await feed.async_append([item(5)])
    assert [entry.id for entry in heard] == [f"item:{n}" for n in range(1, 6)]
    assert [entry.seq for entry in heard] == [1, 2, 3, 4, 5]
    assert not feed.has_unwritten
    assert len(troubles) == 2
    assert isinstance(troubles[0], sqlite3.OperationalError)
    assert troubles[1] is None
    assert caplog.text.count("cannot be written") == 1
    await database.async_close()


async def fill_disk(database: Database, pages: int = 1) -> None:
    """Let the file not grow any more, as on a full disk, or let it grow again."""
    connection = database._connection
    assert connection is not None
    await database._async_in_thread(
        lambda: connection.execute(f"PRAGMA max_page_count = {pages}")
    )


async def test_published_after_a_crash(hass: HomeAssistant, database: Database) -> None:
    """What was written but not published before a crash is published afterwards."""
    feed = Feed(database)
    await feed.async_load()
    await feed.async_append([item(1)])
    with (
        patch.object(feed, "_async_publish", side_effect=SystemError("crash")),
        pytest.raises(SystemError),
    ):
        await feed.async_append([item(2), item(3)])
    again = Feed(database)
    await again.async_load()
    heard: list[FeedEntry] = []
    again.async_listen(heard.append)
    await again.async_publish_pending()
    assert [entry.seq for entry in heard] == [2, 3]
    await again.async_publish_pending()
    assert len(heard) == 2
    assert (again.feed_id, again.newest) == (feed.feed_id, 3)
    await database.async_close()


async def test_bounded(hass: HomeAssistant, database: Database) -> None:
    """The journal forgets the oldest beyond its bounds and knows what it has left."""
    with (
        patch("custom_components.cexio.feed.LARGEST_COUNT", 5),
        patch("custom_components.cexio.feed.PRUNE_EVERY", 10),
        patch("custom_components.cexio.feed.RECENT_COUNT", 3),
    ):
        feed = Feed(database)
        await feed.async_load()
        assert (feed.oldest, feed.newest) == (1, 0)
        await feed.async_append([item(number) for number in range(1, 13)])
    assert (feed.oldest, feed.newest) == (8, 12)
    assert [entry.seq for entry in await feed.async_read(0, 3)] == [8, 9, 10]
    assert [entry.seq for entry in await feed.async_read(10, 3)] == [11, 12]
    await database.async_close()


async def test_broken_listener(hass: HomeAssistant, database: Database) -> None:
    """A listener that fails does not take an entry from the others."""
    feed = Feed(database)
    await feed.async_load()
    heard: list[FeedEntry] = []

    def fail(entry: FeedEntry) -> None:
        """Fail."""
        raise ValueError("broken")

    feed.async_listen(fail)
    feed.async_listen(heard.append)
    await feed.async_append([item(1)])
    assert len(heard) == 1
    await database.async_close()
