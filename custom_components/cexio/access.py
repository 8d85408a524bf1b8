"""Who may trade and move funds."""

from homeassistant.core import Context, HomeAssistant

from .const import CONF_TRADERS
from .coordinator import CexioConfigEntry
from .errors import refusal


async def async_check_trader(
    hass: HomeAssistant, entry: CexioConfigEntry, context: Context
) -> None:
    """Refuse users that may not trade; automations have no user and may."""
    if context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is not None and (
        user.is_admin or user.id in entry.options.get(CONF_TRADERS, ())
    ):
        return
    raise refusal("not_allowed_to_trade", user=(user and user.name) or "")
