"""Pour executions, or moves of books, over a Home Assistant until it falls behind; print what was found, as JSON.

`python -m benchmarks.throughput.house LEVELS PAIR_LEVELS SECONDS`: each level is twice the one before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
import sys
from time import process_time, time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant

from benchmarks.exchange import Exchange, exchange
from benchmarks.home_assistant import account_entry, home_assistant, set_up
from benchmarks.household.processes import tell
from custom_components.cexio import client

READY_SECONDS = 60.0
BEHIND = 1.0
# After so long without any news there comes no more.
QUIET_SECONDS = 0.5
FIRST_RATE, FIRST_PAIRS, FIRST_COUNT = 500, 50, 250
MOST_DOUBLED = 8
WARM_UP_RATE, WARM_UP_SECONDS = 1000, 0.3
MANY_POINTS = 1_000_000


@dataclass(slots=True)
class Watch:
    """How many news came, when the last one did, and how far behind the latest of them was."""

    count: int = 0
    newest: float = field(default_factory=time)
    behind: float = 0.0

    def note(self, left: float) -> None:
        """Note that something came that left at a time."""
        self.count += 1
        self.newest = time()
        self.behind = max(self.behind, self.newest - left)


class House:
    """A Home Assistant, and the hose that it stands before."""

    def __init__(self, hass: HomeAssistant, hose: Exchange) -> None:
        """Use what runs."""
        self.hass = hass
        self.hose = hose
        self.watch = Watch()

    @asynccontextmanager
    async def entry(self, pairs: list[str]) -> AsyncIterator[ConfigEntry]:
        """Set up an account that watches pairs; take it down in the end."""
        entry = account_entry(self.hose.ready, pairs)
        entry.add_to_hass(self.hass)
        await set_up(self.hass, entry)
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
        self.watch = watch = Watch()
        burned = process_time()
        body = {"rate": rate, "seconds": seconds}
        async with self.hose.session.post(
            f"{self.hose.ready['hose']}/{what}", json=body
        ) as answer:
            whole = (await answer.json())["told"]
        # What overflowed on the way, or was overtaken by newer news, never comes.
        while watch.count < whole and time() - watch.newest < QUIET_SECONDS:  # noqa: ASYNC110  # it would be told of each
            await asyncio.sleep(0.01)
        return {
            "rate": rate,
            "count": whole,
            "kept_up": watch.count == whole and watch.behind < BEHIND,
            "cpu": process_time() - burned,
        }


def has_books(runtime: Any) -> bool:
    """Tell whether the books of all pairs are known."""
    markets = runtime.markets.markets.values()
    return all(market.book is not None for market in markets)


async def executions(house: House, levels: int, seconds: float) -> dict[str, Any]:
    """Double the executions a second until the bus does not keep up, then how many come."""

    def note(event: Event[Any]) -> None:
        """Note a fill."""
        if event.data["fill"] is not None:
            house.watch.note(datetime.fromisoformat(event.data["updated"]).timestamp())

    async with house.entry(["BTC-USD"]):
        house.hass.bus.async_listen("cexio_execution", note)
        await house.pour("executions", WARM_UP_RATE, WARM_UP_SECONDS)
        steps = await doubled(house, "executions", FIRST_RATE, levels, seconds)
        costs = [
            await house.pour("executions", 1e6, FIRST_COUNT * 2**number / 1e6)
            for number in range(levels)
        ]
    return {"steps": steps, "costs": costs}


async def doubled(
    house: House, what: str, first: float, levels: int, seconds: float
) -> list[dict[str, float]]:
    """Pour at twice the rate each time, until it is too fast."""
    steps: list[dict[str, float]] = []
    for number in range(levels):
        steps.append(await house.pour(what, first * 2**number, seconds))
        if not steps[-1]["kept_up"]:
            break
    return steps


async def pairs(house: House, levels: int, seconds: float) -> dict[str, Any]:
    """Double the pairs that are pushed once a second."""
    listed = await house.hose.pairs()
    costs: list[dict[str, float]] = []
    for number in range(levels):
        watched = FIRST_PAIRS * 2**number
        async with house.entry(listed[:watched]) as entry:
            markets = entry.runtime_data.markets

            def note(pair: str, _price: object, markets: Any = markets) -> None:
                """Note that a price was told."""
                house.watch.note(float(markets.markets[pair].book.bids[0].amount))

            markets.async_listen_prices(note)
            await house.pour("books", watched, WARM_UP_SECONDS)
            costs.append(await house.pour("books", watched, seconds))
            if number == levels - 1:
                first = 4 * watched
                steps = await doubled(house, "books", first, MOST_DOUBLED, seconds)
    return {"costs": costs, "steps": steps}


async def main(levels: int, pair_levels: int, seconds: float) -> dict[str, Any]:
    """Set everything up and pour."""
    # The points that a minute has at most are no matter here.
    vars(client).update(ADDRESS_POINTS=MANY_POINTS, KEY_POINTS=MANY_POINTS)
    listed = FIRST_PAIRS * 2 ** (pair_levels - 1)
    async with (
        exchange("benchmarks.throughput.hose", str(listed)) as hose,
        home_assistant() as hass,
    ):
        house = House(hass, hose)
        return {
            "executions": await executions(house, levels, seconds),
            "pairs": await pairs(house, pair_levels, seconds),
        }


if __name__ == "__main__":
    tell(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
