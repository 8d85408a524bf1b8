"""Set an entry up with 40 markets, 5 accounts and 20 assets, again and again; print how long it took, as JSON.

`python -m benchmarks.household.entry TURNS DELAY`: in turns the floor (the requests that are needed, by hand), the
integration, an integration that adds as many empty entities and does nothing else (`bare`), and Home Assistant's own
integration of another exchange, whose client answers from memory. DELAY is how many seconds the exchange takes with
each answer. The first turn, in which everything is new, is left out.
"""

from collections.abc import Awaitable, Callable
import sys
from time import perf_counter
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from benchmarks.exchange import SIMULATOR, WITHOUT_LIMITS, Exchange, exchange
from benchmarks.home_assistant import account_entry, home_assistant, set_up, unload
from benchmarks.household.bare import bare_entry
from benchmarks.household.coinbase import fake_coinbase
from benchmarks.household.furnish import LISTED, furnish
from benchmarks.household.processes import tell


async def main(turns: int, delay: float) -> dict[str, list[float]]:
    """Set everything up and measure."""
    listed = ("--pairs", str(LISTED))
    async with exchange(*SIMULATOR, *WITHOUT_LIMITS, *listed) as there:
        pairs = await furnish(there)
        await there.delay(delay)
        async with home_assistant() as hass:
            return await measure(hass, there, pairs, turns)


async def measure(
    hass: HomeAssistant, there: Exchange, pairs: list[str], turns: int
) -> dict[str, list[float]]:
    """Let the sides take turns; return their milliseconds."""
    ours, peer = account_entry(there.ready, pairs), fake_coinbase(pairs)
    for entry in (ours, peer):
        entry.add_to_hass(hass)
        await async_setup_component(hass, entry.domain, {})
        await hass.config_entries.async_unload(entry.entry_id)
    bare = bare_entry(hass, ours)
    bare.add_to_hass(hass)

    sides: dict[str, Callable[[], Awaitable[Any]]] = {
        "floor": lambda: there.ask_for_start(pairs),
        "ours": lambda: set_up(hass, ours),
        "bare": lambda: set_up(hass, bare),
        "peer": lambda: set_up(hass, peer),
    }
    samples: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(turns + 1):
        for side, start in sides.items():
            began = perf_counter()
            await start()
            if turn:
                samples[side].append((perf_counter() - began) * 1e3)
        for entry in (ours, bare, peer):
            await put_back(hass, entry)
    return samples


async def put_back(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload an entry as if Home Assistant had just been started."""
    await unload(hass, entry)
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        hass.states.async_remove(entity.entity_id)
    await hass.async_block_till_done()


if __name__ == "__main__":
    tell(main(int(sys.argv[1]), float(sys.argv[2])))
