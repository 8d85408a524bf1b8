"""Both ends of the feed: what is written into it, and who subscribes to it."""

import asyncio
from typing import Any

from homeassistant.util import dt as dt_util

from custom_components.cexio.feed import FeedKind, NewEntry
from tests.patience import PATIENCE


class Subscriber:
    """A client of the feed over Home Assistant's WebSocket."""

    def __init__(self, client: Any) -> None:
        """Keep the connection."""
        self.client = client
        self.result: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []

    async def subscribe(self, **fields: Any) -> None:
        """Subscribe and keep the answer."""
        await self.client.send_json_auto_id({"type": "cexio/feed/subscribe"} | fields)
        answer = await self.client.receive_json()
        assert answer["success"], answer
        self.result = answer["result"]

    async def receive(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many entries have come."""
        async with asyncio.timeout(PATIENCE):
            while len(self.entries) < count:
                message = await self.client.receive_json()
                self.entries += message["event"]["entries"]
        return self.entries


def item(number: int) -> NewEntry:
    """Return something that happened."""
    return NewEntry(
        id=f"item:{number}",
        kind=FeedKind.STREAM,
        time=dt_util.utcnow(),
        late=False,
        data={"number": number},
    )
