"""Home Assistant's own `rest` sensors on the 40 prices, once a second; OPTION: "each" or "all" prices of a question.

Each asks with a question of its own, or one question brings all prices and each sensor takes its own out of it.
"""

from functools import partial
import sys
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from benchmarks.ticks.side import Ready, run, watched_pairs

# They read XML and lists of attributes, which nobody has here.
UNUSED: dict[str, tuple[str, ...]] = {
    "xmltodict": (),
    "jsonpath": ("ExprSyntaxError", "JSONPathTypeError", "search"),
}


async def watch(hass: HomeAssistant, ready: Ready, option: str) -> None:
    """Set the sensors up."""
    for name, members in UNUSED.items():
        module = ModuleType(name)
        for member in members:
            setattr(module, member, Exception)
        sys.modules[name] = module
    # What a Home Assistant has that runs: the client of HTTP asks for it.
    await async_setup_component(hass, "network", {})
    pairs = await watched_pairs(ready)
    chunks = [pairs] if option == "all" else [[pair] for pair in pairs]
    url = f"{ready['rest_public']}/get_ticker"
    if not await async_setup_component(
        hass, "rest", {"rest": [resource(url, chunk) for chunk in chunks]}
    ):
        raise RuntimeError("the sensors were not set up")
    await hass.async_block_till_done(wait_background_tasks=False)


def resource(url: str, pairs: list[str]) -> dict[str, Any]:
    """Return the configuration of one question and its sensors."""
    quoted = ",".join(f'"{pair}"' for pair in pairs)
    return {
        "resource": url,
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "payload": f'{{"pairs":[{quoted}]}}',
        "scan_interval": 1,
        "sensor": [
            {
                "name": pair,
                "value_template": f"{{{{ value_json.data['{pair}'].bestBid }}}}",
            }
            for pair in pairs
        ],
    }


main = partial(run, watch)
