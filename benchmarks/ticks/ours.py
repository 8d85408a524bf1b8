"""The integration with 40 markets; OPTION: as "installed", or "one" enabled sensor a market."""

import asyncio
from functools import partial

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from benchmarks.home_assistant import prices_entry, set_up
from benchmarks.ticks.side import Ready, run, watched_pairs

# The sensor that a person keeps who wants one price a market.
KEPT = "mid"
BOOK_SECONDS = 20.0


async def watch(hass: HomeAssistant, ready: Ready, option: str) -> None:
    """Set the integration up and wait for its books."""
    entry = prices_entry(ready, await watched_pairs(ready))
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    markets = entry.runtime_data.markets.markets
    async with asyncio.timeout(BOOK_SECONDS):
        while not all(market.book for market in markets.values()):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.1)
    if option == "one":
        keep_one(hass, entry.entry_id)


def keep_one(hass: HomeAssistant, entry_id: str) -> None:
    """Disable all other sensors of the markets, as a person would."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.config_subentry_id and entity.translation_key != KEPT:
            registry.async_update_entity(
                entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )


main = partial(run, watch)
