"""Run a household with 40 markets, 5 accounts and 10 open orders; print what it took, as JSON.

`python -m benchmarks.household.steady MINUTES`: points a minute as the exchange counts them, and the growth of the
process that Home Assistant lives in, from before the integration is imported, beside another one.
"""

import asyncio
from collections.abc import Mapping
import gc
from pathlib import Path
import resource
import sys
import tempfile
from time import monotonic
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import orjson
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from benchmarks.harness import REPOSITORY
from benchmarks.household.coinbase import fake_coinbase
from benchmarks.household.furnish import LISTED, config_entry, furnish
from benchmarks.household.imports import load_home_assistant
from simulators.demo.control import Control
from simulators.demo.processes import Processes

READY_SECONDS = 30.0
# The first questions, which come once, are over by then.
SETTLING_SECONDS = 15.0
LOOK_SECONDS = 0.5
PAGE = resource.getpagesize()


def resident() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


async def main(minutes: float) -> None:
    """Set everything up, wait, and print."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        (directory / "custom_components").symlink_to(REPOSITORY / "custom_components")
        async with (
            Processes(REPOSITORY, directory / "logs") as processes,
            aiohttp.ClientSession() as session,
        ):
            process = await processes.start(
                "exchange",
                [
                    *(sys.executable, "-m", "simulators.exchange", "--still"),
                    *("--pairs", str(LISTED)),
                ],
                ready_seconds=READY_SECONDS,
            )
            found = await household(session, process.ready, directory, minutes)
    print(orjson.dumps(found).decode())


async def household(
    session: aiohttp.ClientSession,
    ready: Mapping[str, Any],
    directory: Path,
    minutes: float,
) -> dict[str, float]:
    """Run Home Assistant on an exchange; return what it took."""
    control = Control(session, ready["control"])
    pairs = await furnish(session, control, ready)
    async with async_test_home_assistant(config_dir=str(directory)) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        await settle_in(hass, pairs)
        before = resident()
        entry = config_entry(ready, pairs)
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")
        await asyncio.sleep(min(SETTLING_SECONDS, minutes * 60))
        if not (await control.get("/sockets"))["authenticated"]:
            raise RuntimeError("the private stream is not connected")
        private, public = await count(control, minutes * 60)
        grown = resident() - before
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_stop(force=True)
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


async def count(control: Control, seconds: float) -> tuple[int, int]:
    """Return the points that were spent in a span of time; counts begin anew with each calendar minute."""
    spent, last = [0, 0], await budgets(control)
    end = monotonic() + seconds
    while monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)
        now = await budgets(control)
        for kind, (used, had) in enumerate(zip(now, last, strict=True)):
            spent[kind] += used - had if used >= had else used
        last = now
    return spent[0], spent[1]


async def budgets(control: Control) -> tuple[int, int]:
    """Return the points that this minute has cost the key and the address."""
    used = await control.get("/budgets")
    return used["keys"]["all"], used["address"]


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
