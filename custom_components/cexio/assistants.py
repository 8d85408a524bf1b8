"""Offering the tools to assistants, once there is somebody who could call them."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.setup import async_when_setup

from .const import DOMAIN

# Every assistant with a language model, and whatever else hands tools out, stands on it.
CONVERSATION = "conversation"


@callback
def async_offer_tools(hass: HomeAssistant) -> None:
    """Register the tools as soon as there are assistants: what tools are made of is large."""

    async def offer(hass: HomeAssistant, _component: str) -> None:
        """Register them."""
        tools = await async_import_module(hass, f"custom_components.{DOMAIN}.llm_api")
        tools.async_setup_llm_api(hass)

    async_when_setup(hass, CONVERSATION, offer)
