"""Pour executions, or moves of books, over a Home Assistant until it falls behind; print what was found, as JSON.

`python -m benchmarks.throughput.house LEVELS PAIR_LEVELS SECONDS`: each level is twice the one before.
"""

import asyncio
from asyncio import Handle
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
import sys
import tempfile
from time import perf_counter, process_time, time
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import Event, HomeAssistant
import orjson
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from benchmarks.harness import REPOSITORY
from custom_components.cexio import client
from simulators.demo.processes import Processes

READY_SECONDS = 60.0
BEHIND = 1.0
# After so long without any news there comes no more.
QUIET_SECONDS = 0.5
FIRST_RATE, FIRST_PAIRS, FIRST_COUNT = 500, 50, 250
MOST_DOUBLED = 8
WARM_UP_SECONDS = 0.3
MANY_POINTS = 1_000_000
BURST, BURST_SECONDS = 1000, 1.0
# What takes a step of the loop.
RUN: Callable[[Handle], None] = Handle._run  # noqa: SLF001  # nothing public does


class Watch:
    """How far behind the newest news is, how many came, and the longest block of the loop meanwhile."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.count, self.newest = 0, 0.0
        self.behind, self.block = 0.0, 0.0

    def note(self, left: float) -> None:
        """Note that something came that left at a time."""
        self.count += 1
        self.newest = time()
        self.behind = max(self.behind, self.newest - left)

    def begin(self) -> None:
        """Begin anew."""
        self.count, self.newest = 0, time()
        self.behind, self.block = 0.0, 0.0

    def watch_blocks(self) -> None:
        """Time each step of the loop from now on."""

        def timed(handle: Handle) -> None:
            """Take a step of the loop."""
            began = perf_counter()
            RUN(handle)
            self.block = max(self.block, perf_counter() - began)

        Handle._run = timed  # type: ignore[assignment,method-assign]  # noqa: SLF001  # as at RUN


class House:
    """A Home Assistant, and the hose that it stands before."""

    def __init__(
        self, hass: HomeAssistant, session: aiohttp.ClientSession, ready: Any
    ) -> None:
        """Use what runs."""
        self.hass = hass
        self.session = session
        self.ready = ready
        self.watch = Watch()

    @asynccontextmanager
    async def entry(self, pairs: list[str]) -> AsyncIterator[MockConfigEntry]:
        """Set up an account that watches pairs; take it down in the end."""
        entry = MockConfigEntry(
            domain="cexio",
            title="CEX.IO",
            unique_id="account",
            data={
                "kind": "account",
                "url": self.ready["base"],
                "api_key": self.ready["key"],
                "api_secret": self.ready["secret"],
            },
            options={"default_account_id": "trading"},
            subentries_data=[
                ConfigSubentryData(
                    data={"pair": pair},
                    subentry_type="market",
                    title=pair,
                    unique_id=f"market_{pair}",
                )
                for pair in pairs
            ],
        )
        entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(entry.entry_id)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")
        runtime = entry.runtime_data
        await runtime.account.stream._stream.wait_connected(READY_SECONDS)  # noqa: SLF001  # nothing public tells it
        async with asyncio.timeout(READY_SECONDS):
            while not (runtime.account.stream.has_caught_up and has_books(runtime)):  # noqa: ASYNC110  # nothing tells it
                await asyncio.sleep(0.05)
        await self.hass.async_block_till_done()
        yield entry
        await self.hass.config_entries.async_remove(entry.entry_id)

    async def pour(self, what: str, rate: float, seconds: float) -> dict[str, float]:
        """Let the hose pour; return how it was taken in."""
        watch = self.watch
        watch.begin()
        burned = process_time()
        body = {"rate": rate, "seconds": seconds}
        async with self.session.post(
            f"{self.ready['hose']}/{what}", json=body
        ) as answer:
            whole = (await answer.json())["told"]
        # What overflowed on the way, or was overtaken by newer news, never comes.
        while watch.count < whole and time() - watch.newest < QUIET_SECONDS:  # noqa: ASYNC110  # it would be told of each
            await asyncio.sleep(0.01)
        return {
            "rate": rate,
            "count": whole,
            "taken": watch.count,
            "behind": watch.behind,
            "block": watch.block,
            "cpu": process_time() - burned,
        }


def has_books(runtime: Any) -> bool:
    """Tell whether the books of all pairs are known."""
    markets = runtime.markets.markets.values()
    return all(market.book is not None for market in markets)


async def executions(house: House, levels: int, seconds: float) -> dict[str, Any]:
    """Double the executions a second until the bus is behind, then how many come."""

    def note(event: Event[Any]) -> None:
        """Note a fill."""
        if event.data["fill"] is not None:
            house.watch.note(datetime.fromisoformat(event.data["updated"]).timestamp())

    async with house.entry(["BTC-USD"]):
        house.hass.bus.async_listen("cexio_execution", note)
        await house.pour("executions", BURST, WARM_UP_SECONDS)
        burst = await house.pour("executions", BURST, BURST_SECONDS)
        steps = await doubled(house, "executions", FIRST_RATE, levels, seconds)
        costs = [
            await house.pour("executions", 1e6, FIRST_COUNT * 2**number / 1e6)
            for number in range(levels)
        ]
    return {"burst": burst, "steps": steps, "costs": costs}


async def doubled(
    house: House, what: str, first: float, levels: int, seconds: float
) -> list[dict[str, float]]:
    """Pour at twice the rate each time, until it is too fast."""
    steps: list[dict[str, float]] = []
    for number in range(levels):
        steps.append(await house.pour(what, first * 2**number, seconds))
        if steps[-1]["behind"] >= BEHIND:
            break
    return steps


async def pairs(house: House, levels: int, seconds: float) -> dict[str, Any]:
    """Double the pairs that are pushed once a second."""
    url = f"{house.ready['rest_public']}/get_pairs_info"
    async with house.session.post(url, json={}) as answer:
        rows = (await answer.json())["data"]
    listed = [f"{row['base']}-{row['quote']}" for row in rows]
    costs: list[dict[str, float]] = []
    for number in range(levels):
        watched = FIRST_PAIRS * 2**number
        async with house.entry(listed[:watched]) as entry:
            markets = entry.runtime_data.markets

            def note(pair: str, _price: object) -> None:
                """Note that a price was told."""
                house.watch.note(float(markets.markets[pair].book.bids[0].amount))  # noqa: B023  # it ends with its entry

            markets.async_listen_prices(note)
            await house.pour("books", watched, WARM_UP_SECONDS)
            costs.append(await house.pour("books", watched, seconds))
            if number == levels - 1:
                first = 4 * watched
                steps = await doubled(house, "books", first, MOST_DOUBLED, seconds)
    return {"costs": costs, "steps": steps}


async def main(levels: int, pair_levels: int, seconds: float) -> None:
    """Set everything up, pour, and print."""
    # The points that a minute has at most are no matter here.
    vars(client).update(ADDRESS_POINTS=MANY_POINTS, KEY_POINTS=MANY_POINTS)
    listed = FIRST_PAIRS * 2 ** (pair_levels - 1)
    hose = [sys.executable, "-m", "benchmarks.throughput.hose", str(listed)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        (directory / "custom_components").symlink_to(REPOSITORY / "custom_components")
        async with (
            Processes(REPOSITORY, directory / "logs") as processes,
            aiohttp.ClientSession() as session,
        ):
            child = await processes.start("hose", hose, ready_seconds=READY_SECONDS)
            async with async_test_home_assistant(config_dir=str(directory)) as hass:
                hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
                house = House(hass, session, child.ready)
                house.watch.watch_blocks()
                found = {
                    "executions": await executions(house, levels, seconds),
                    "pairs": await pairs(house, pair_levels, seconds),
                }
                await hass.async_stop(force=True)
    print(orjson.dumps(found).decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
