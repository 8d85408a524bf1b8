"""Follow the feed of Home Assistant from its first entry on, through every restart."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

import aiohttp

from simulators.demo.home_assistant import Connection, HomeAssistant, HomeAssistantError

type Entry = Mapping[str, Any]

COMMAND_SECONDS = 10.0
RETRY_SECONDS = 0.3
LOOK_SECONDS = 0.5


class NotConnectedError(HomeAssistantError):
    """Nothing was sent."""


class Observer:
    """A subscriber with a cursor, as the bot is one; also asks Home Assistant what it shows."""

    def __init__(self, home_assistant: HomeAssistant, token: str) -> None:
        """Follow as the owner of `token`."""
        self._home_assistant = home_assistant
        self._token = token
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self.following = asyncio.Event()
        self.entries: dict[int, Entry] = {}
        self.odd: list[str] = []

    async def __aenter__(self) -> Self:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run(), name="observer")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait_following(self, seconds: float) -> None:
        """Wait until the feed is followed."""
        async with asyncio.timeout(seconds):
            await self.following.wait()

    async def all_entries(self) -> list[Entry]:
        """Subscribe anew from the very first entry, and return what Home Assistant holds.

        What a long run has cut off the journal's beginning is taken as it was seen when it came.

        Raises:
            HomeAssistantError: the feed can't be read, or its beginning is gone and was never seen.
        """
        async with (
            asyncio.timeout(COMMAND_SECONDS * 3),
            self._home_assistant.connect(self._token) as connection,
        ):
            stands = await connection.command(
                {"type": "cexio/feed/subscribe", "since": 0}
            )
            cut_off = range(1, stands["oldest"])
            if not self.entries.keys() >= set(cut_off):
                raise HomeAssistantError("the feed does not reach back to its start")
            entries: list[Entry] = []
            while stands["newest"] and (
                not entries or entries[-1]["seq"] < stands["newest"]
            ):
                entries += (await connection.events.get())["entries"]
            return [*(self.entries[seq] for seq in cut_off), *entries]

    async def call(self, action: str, **data: Any) -> Mapping[str, Any]:
        """Perform an action of the integration and return its response.

        Raises:
            NotConnectedError: there is no connection now, nothing was sent.
            HomeAssistantError: refused, or not answered.
        """
        if self._connection is None or self._connection._socket.closed:
            raise NotConnectedError("not connected")
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                result = await self._connection.command(
                    {
                        "type": "call_service",
                        "domain": "cexio",
                        "service": action,
                        "service_data": data,
                        "return_response": True,
                    }
                )
        except (TimeoutError, OSError, aiohttp.ClientError) as err:
            raise HomeAssistantError(f"{action} was not answered") from err
        response: Mapping[str, Any] = result["response"]
        return response

    async def _run(self) -> None:
        """Follow, and follow again."""
        while True:
            with suppress(
                HomeAssistantError, aiohttp.ClientError, OSError, TimeoutError
            ):
                async with self._home_assistant.connect(self._token) as connection:
                    await self._follow(connection)
            self.following.clear()
            self._connection = None
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, connection: Connection) -> None:
        """Follow over one connection until it ends."""
        async with asyncio.timeout(COMMAND_SECONDS):
            await connection.command(
                {"type": "cexio/feed/subscribe", "since": max(self.entries, default=0)}
            )
        self._connection = connection
        self.following.set()
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    event = await connection.events.get()
            except TimeoutError:
                if connection._socket.closed:
                    return
                continue
            for entry in event["entries"]:
                self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        """Keep an entry; in order, each once, and never another one under the same number."""
        seq = int(entry["seq"])
        if seq <= max(self.entries, default=0):
            self.odd.append(
                f"entry {seq} came after {max(self.entries)}: {entry['id']}"
            )
        self.entries[seq] = entry
