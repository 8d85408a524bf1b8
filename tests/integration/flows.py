"""Walk through the flows as a person does, form by form."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.cexio.const import DOMAIN
from simulators.exchange.server import ExchangeServer
from tests.integration.helpers import key_named

GRANTED, MISSING, UNTOLD = "\u2705", "\u274c", "\u2753"
MARKS = ("read", "trade", "funds_internal", "funds_wallet")


def credentials(exchange: ExchangeServer, key: str = "all") -> dict[str, Any]:
    """Return the fields of the first step."""
    chosen = key_named(exchange, key)
    return {
        "api_key": f" {chosen.key} ",
        "api_secret": f"{chosen.secret}\n",
        "server": {"url": f"{exchange.base}/"},
    }


async def begin(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Start the flow and choose what to set up."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["account", "prices"]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": kind}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == kind
    return result


async def answer(
    hass: HomeAssistant, result: ConfigFlowResult, fields: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in a form."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], fields)


def placeholders(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return what the words of a form are filled with."""
    found = result["description_placeholders"]
    assert found is not None
    return found


def marks(result: ConfigFlowResult) -> list[str]:
    """Return what the form says of each permission."""
    return [placeholders(result)[name] for name in MARKS]
