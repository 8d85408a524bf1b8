"""Run a household with 40 markets, 5 accounts and 10 open orders; print what it took, as JSON.

`python -m benchmarks.household.steady MINUTES`: points a minute as the exchange counts them, and the growth of the
process that Home Assistant lives in, from before the integration is imported, beside another one.
"""

import asyncio
import gc
from pathlib import Path
import resource
import sys
from time import monotonic

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from benchmarks.exchange import SIMULATOR, Exchange, exchange
from benchmarks.home_assistant import account_entry, home_assistant, set_up, unload
from benchmarks.household.coinbase import fake_coinbase
from benchmarks.household.furnish import LISTED, furnish
from benchmarks.household.imports import load_home_assistant
from benchmarks.household.processes import tell

# The first questions, which come once, are over by then.
SETTLING_SECONDS = 15.0
LOOK_SECONDS = 0.5
PAGE = resource.getpagesize()


def resident() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


async def main(minutes: float) -> dict[str, float]:
    """Set everything up and wait; return what it took."""
    async with exchange(*SIMULATOR, "--pairs", str(LISTED)) as there:
        pairs = await furnish(there)
        async with home_assistant() as hass:
            await settle_in(hass, pairs)
            before = resident()
            entry = account_entry(there.ready, pairs)
            entry.add_to_hass(hass)
            await set_up(hass, entry)
            await asyncio.sleep(min(SETTLING_SECONDS, minutes * 60))
            if not (await there.control.get("/sockets"))["authenticated"]:
                raise RuntimeError("the private stream is not connected")
            private, public = await count(there, minutes * 60)
            grown = resident() - before
            await unload(hass, entry)
    return {
        "private": private / minutes,
        "public": public / minutes,
        "megabytes": grown / 1e6,
    }


async def settle_in(hass: HomeAssistant, pairs: list[str]) -> None:
    """Let there be another integration first, so that what any brings is not taken for this one's.

    Platforms, their translations, the threads that all work is done in.
    """
    load_home_assistant()
    other = fake_coinbase(pairs)
    other.add_to_hass(hass)
    await async_setup_component(hass, other.domain, {})
    await hass.async_block_till_done()


async def count(there: Exchange, seconds: float) -> tuple[int, int]:
    """Return the points that were spent in a span of time; counts begin anew with each calendar minute."""
    spent, last = [0, 0], await there.points()
    end = monotonic() + seconds
    while monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)
        now = await there.points()
        for kind, (used, had) in enumerate(zip(now, last, strict=True)):
            spent[kind] += used - had if used >= had else used
        last = now
    return spent[0], spent[1]


if __name__ == "__main__":
    tell(main(float(sys.argv[1])))
