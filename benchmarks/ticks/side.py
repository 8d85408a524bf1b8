"""What the sides inside a Home Assistant have in common.

A side prints a line when it is at work. Told to end, it counts for some seconds how many states change, which nobody
pays for while it is measured, and writes that to a file.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import orjson

from benchmarks.exchange import Exchange
from benchmarks.harness import end_when_told
from benchmarks.home_assistant import home_assistant

WATCHED = 40
COUNTING_SECONDS = 2.0

type Ready = dict[str, Any]


async def watched_pairs(ready: Ready) -> list[str]:
    """Return the first pairs of those that are pushed."""
    async with aiohttp.ClientSession() as session:
        return (await Exchange(session, ready).pairs())[:WATCHED]


async def work_until_told(hass: HomeAssistant) -> float:
    """Be measured; then count how many states change in a second."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        hass.loop.add_signal_handler(number, told.set)
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    await told.wait()
    changes = 0

    @callback
    def count(_event: Event[EventStateChangedData]) -> None:
        """Count a change."""
        nonlocal changes
        changes += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    await asyncio.sleep(COUNTING_SECONDS)
    return changes / COUNTING_SECONDS


def run(
    work: Callable[[HomeAssistant, Ready, str], Awaitable[None]],
    option: str,
    ready: Ready,
    report: str,
) -> None:
    """Be a side: `work` is called with its Home Assistant, the exchange and an option, and returns when it is at work."""

    async def main() -> float:
        """Start, be measured, end."""
        async with home_assistant() as hass:
            await work(hass, ready, option)
            return await work_until_told(hass)

    end_when_told()
    changes = asyncio.run(main())
    Path(report).write_bytes(orjson.dumps({"changes_per_second": changes}))
