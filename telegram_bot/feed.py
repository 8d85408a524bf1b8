"""How the feed of Home Assistant is read: who reads it, and how far."""

from dataclasses import dataclass
from typing import Any, Protocol

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """How far the bot has read, in which journal."""

    feed_id: str
    seq: int


class FeedFollower(Protocol):
    """Who reads the feed; each coroutine returns only when its work is durable."""

    async def cursor(self) -> FeedCursor | None:
        """Return how far the feed has been read, None before the first time."""

    async def started(self, feed_id: str, newest: int, *, gap: bool) -> None:
        """Learn that the subscription stands.

        Args:
            feed_id: of which journal.
            newest: the entry up to which the journal brings what was missed.
            gap: whether entries are gone for ever.
        """

    async def entries(self, feed_id: str, entries: list[Json]) -> None:
        """Take entries in order; entries that were seen before do no harm."""
