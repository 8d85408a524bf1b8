"""The blueprints, and an automation that is made of one."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation"


async def use(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Set up an automation from a blueprint."""
    shutil.copytree(
        BLUEPRINTS, hass.config.path("blueprints", "automation"), dirs_exist_ok=True
    )
    automation = {
        "id": "used",
        "alias": "Used",
        "use_blueprint": {
            "path": f"cexio/{name}.yaml",
            "input": {"notify_entities": ["notify.phone"]} | inputs,
        },
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    state = hass.states.get("automation.used")
    assert state is not None
    assert state.state == "on"
