"""The actions: everything that automations and the companion bot can ask for."""

from homeassistant.core import HomeAssistant, callback

from .actions.account import ACCOUNT_ACTIONS
from .actions.alerts import ALERT_ACTIONS
from .actions.common import Action
from .actions.funds import FUNDS_ACTIONS
from .actions.market import MARKET_ACTIONS
from .actions.orders import ORDER_ACTIONS
from .actions.portfolio import PORTFOLIO_ACTIONS
from .const import DOMAIN
from .errors import translate_failures
from .schema import vol

ACTIONS: dict[str, Action] = {
    **MARKET_ACTIONS,
    **ACCOUNT_ACTIONS,
    **PORTFOLIO_ACTIONS,
    **ORDER_ACTIONS,
    **FUNDS_ACTIONS,
    **ALERT_ACTIONS,
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, whether an entry is loaded or not."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            translate_failures(action.handler),
            schema=vol.Schema(dict(action.fields)),
            supports_response=action.response,
        )
