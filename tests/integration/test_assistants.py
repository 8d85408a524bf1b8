"""When the tools are offered: as soon as there are assistants, not before."""

from homeassistant.const import EVENT_COMPONENT_LOADED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm

from custom_components.cexio.assistants import CONVERSATION
from custom_components.cexio.const import DOMAIN
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import mock_component
from tests.integration.helpers import account_entry, set_up


def is_offered(hass: HomeAssistant) -> bool:
    """Tell whether an assistant could be given the tools."""
    return DOMAIN in [api.id for api in llm.async_get_apis(hass)]


async def test_assistants_come_later(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Without assistants there are no tools; they are there once assistants are."""
    await set_up(hass, account_entry(exchange))
    assert not is_offered(hass)
    mock_component(hass, CONVERSATION)
    hass.bus.async_fire(EVENT_COMPONENT_LOADED, {"component": CONVERSATION})
    await hass.async_block_till_done()
    assert is_offered(hass)


async def test_assistants_are_there(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """The tools are offered at once, and stay when the entry goes."""
    mock_component(hass, CONVERSATION)
    entry = await set_up(hass, account_entry(exchange))
    assert is_offered(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    assert is_offered(hass)
