"""Set an entry up with 40 markets, 5 accounts and 20 assets, again and again; print how long it took, as JSON.

`python -m benchmarks.household.entry TURNS DELAY`: in turns the floor (the requests that are needed, by hand), the
integration, and Home Assistant's own integration of another exchange, whose client answers from memory. DELAY is how
many seconds the exchange takes with each answer. The first turn, in which everything is new, is left out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
import sys
import tempfile
from time import perf_counter
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import orjson
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from benchmarks.harness import REPOSITORY
from benchmarks.household.coinbase import fake_coinbase
from benchmarks.household.furnish import LISTED, accepted, config_entry, furnish, signed
from simulators.demo.control import Control
from simulators.demo.processes import Processes

READY_SECONDS = 30.0
# Many starts a minute are no start's own cost.
MANY_POINTS = 1_000_000


async def main(turns: int, delay: float) -> None:
    """Set everything up, measure, and print."""
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
            ready = process.ready
            control = Control(session, ready["control"])
            await control.post(
                "/switches", key_points=MANY_POINTS, address_points=MANY_POINTS
            )
            pairs = await furnish(session, control, ready)
            if delay:
                await control.post(
                    "/faults", kind="delay", channel="rest", seconds=delay
                )
            async with async_test_home_assistant(config_dir=str(directory)) as hass:
                hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
                found = await measure(hass, session, ready, pairs, turns)
                await hass.async_stop(force=True)
    print(orjson.dumps(found).decode())


async def measure(
    hass: HomeAssistant,
    session: aiohttp.ClientSession,
    ready: Mapping[str, Any],
    pairs: list[str],
    turns: int,
) -> dict[str, Any]:
    """Let the sides take turns; return their milliseconds, and how many entities there were."""
    ours, peer = config_entry(ready, pairs), fake_coinbase(pairs)
    for entry in (ours, peer):
        entry.add_to_hass(hass)
        await async_setup_component(hass, entry.domain, {})
        await hass.config_entries.async_unload(entry.entry_id)

    async def ask() -> None:
        """Make the requests that are needed: what is traded and held, then prices."""
        await asyncio.gather(
            public(session, ready, "get_pairs_info", {}),
            public(session, ready, "get_currencies_info", {}),
            signed(session, ready, "get_my_account_status_v3", {}),
            signed(session, ready, "get_my_wallet_balance", {}),
        )
        await public(session, ready, "get_ticker", {"pairs": pairs})

    sides: dict[str, Callable[[], Awaitable[Any]]] = {
        "floor": ask,
        "ours": lambda: hass.config_entries.async_setup(ours.entry_id),
        "peer": lambda: hass.config_entries.async_setup(peer.entry_id),
    }
    samples: dict[str, list[float]] = {side: [] for side in sides}
    entities: dict[str, int] = {}
    for turn in range(turns + 1):
        for side, start in sides.items():
            began = perf_counter()
            await start()
            if turn:
                samples[side].append((perf_counter() - began) * 1e3)
        for side, entry in (("ours", ours), ("peer", peer)):
            entities[side] = len(living(hass, entry))
            await put_back(hass, entry)
    return {**samples, "entities": entities}


def living(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the entities of an entry that have a state."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return [item.entity_id for item in entries if hass.states.get(item.entity_id)]


async def put_back(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload an entry as if Home Assistant had just been started."""
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")
    await hass.config_entries.async_unload(entry.entry_id)
    # The points that a minute had are no start's own cost.
    hass.data.pop("cexio_exchanges", None)
    for entity_id in living(hass, entry):
        hass.states.async_remove(entity_id)
    await hass.async_block_till_done()


async def public(
    session: aiohttp.ClientSession,
    ready: Mapping[str, Any],
    action: str,
    data: Mapping[str, Any],
) -> Any:
    """Make a public request by hand."""
    async with session.post(
        f"{ready['rest_public']}/{action}",
        data=orjson.dumps(data),
        headers={"Content-Type": "application/json"},
    ) as response:
        return accepted(action, await response.read())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
