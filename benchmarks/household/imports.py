"""Import the integration with all of its platforms; print how long that took, as JSON."""

from importlib import import_module
from time import perf_counter

import orjson

PACKAGE = "custom_components.cexio"
# What Home Assistant has loaded before it comes to an integration.
LOADED = (
    *("homeassistant.bootstrap", "homeassistant.components.recorder"),
    *("homeassistant.components.websocket_api", "homeassistant.components.sensor"),
    *("homeassistant.components.binary_sensor", "homeassistant.components.button"),
    *("homeassistant.components.event", "homeassistant.components.switch"),
    *("homeassistant.components.diagnostics", "homeassistant.components.repairs"),
)
PLATFORMS = ("binary_sensor", "button", "config_flow", "event", "sensor", "switch")


def main() -> None:
    """Time the imports."""
    for name in LOADED:
        import_module(name)
    began = perf_counter()
    for name in (PACKAGE, *(f"{PACKAGE}.{platform}" for platform in PLATFORMS)):
        import_module(name)
    print(orjson.dumps({"milliseconds": (perf_counter() - began) * 1e3}).decode())


main()
