"""What earlier versions kept of an entry, brought into its present form."""

from homeassistant.core import HomeAssistant, callback

from .const import SUBENTRY_PRICE_ALERT
from .coordinator import CexioConfigEntry
from .price_alerts import ALERT_DEFAULTS


@callback
def async_migrate(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Bring an entry up to the present minor version; a later one is left as it is.

    A later major version never comes here: Home Assistant refuses it, and says so.
    """
    if entry.minor_version < 2:
        _async_complete_alerts(hass, entry)
        hass.config_entries.async_update_entry(entry, minor_version=2)


@callback
def _async_complete_alerts(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Say of alerts what they could not yet choose: that they wait for a price, without a rest."""
    for subentry in tuple(entry.subentries.values()):
        if subentry.subentry_type == SUBENTRY_PRICE_ALERT:
            hass.config_entries.async_update_subentry(
                entry, subentry, data={**ALERT_DEFAULTS, **subentry.data}
            )
