"""Import the integration with all of its platforms; print how long that took, as JSON."""

from importlib import import_module
from time import perf_counter

import orjson

PACKAGE = "custom_components.cexio"
# What Home Assistant has loaded before it comes to an integration: a part of what a start with nothing but
# `default_config` has loaded by then.
LOADED = (
    *("homeassistant.bootstrap", "homeassistant.components.recorder"),
    *("homeassistant.components.websocket_api", "homeassistant.components.sensor"),
    *("homeassistant.components.binary_sensor", "homeassistant.components.button"),
    *("homeassistant.components.event", "homeassistant.components.switch"),
    *("homeassistant.components.diagnostics", "homeassistant.components.repairs"),
)
# Home Assistant loads them together with an integration, whether they are needed or not.
PLATFORMS = (
    *("binary_sensor", "button", "condition", "config_flow", "diagnostics", "event"),
    *("repairs", "sensor", "switch", "system_health", "trigger"),
)


def load_home_assistant() -> None:
    """Load what is there before."""
    for name in LOADED:
        import_module(name)


def load_integration() -> None:
    """Load the integration with all of its platforms."""
    for name in (PACKAGE, *(f"{PACKAGE}.{platform}" for platform in PLATFORMS)):
        import_module(name)


def main() -> None:
    """Time the imports."""
    load_home_assistant()
    began = perf_counter()
    load_integration()
    print(orjson.dumps({"milliseconds": (perf_counter() - began) * 1e3}).decode())


if __name__ == "__main__":
    main()
