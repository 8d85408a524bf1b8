"""The fields that triggers and conditions have in common, and their validation."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_OPTIONS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .actions.common import pair_name
from .const import CONF_PAIR, DOMAIN
from .coordinator import CexioConfigEntry
from .schema import vol
from .watching import meant_entries

ENTRY_FIELDS: dict[Any, Any] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
PAIR_FIELDS: dict[Any, Any] = {**ENTRY_FIELDS, vol.Required(CONF_PAIR): pair_name}


@callback
def validate(
    hass: HomeAssistant, fields: Mapping[Any, Any], config: ConfigType
) -> ConfigType:
    """Return the configuration of a trigger or a condition with its fields checked.

    Raises:
        vol.Invalid: A field is wrong; as far as it can be told while nothing is loaded.
    """
    schema = vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): dict(fields)})
    validated: ConfigType = schema(config)
    options = validated[CONF_OPTIONS]
    entry_id = options.get(ATTR_CONFIG_ENTRY_ID)
    if entry_id is not None:
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise vol.Invalid(f"there is no CEX.IO entry {entry_id}")
    pair = options.get(CONF_PAIR)
    entries = meant_entries(hass, entry_id, with_account=False)
    if pair is not None and entries and not is_traded(entries[0], pair):
        raise vol.Invalid(f"the exchange does not trade {pair}")
    return validated


@callback
def is_traded(entry: CexioConfigEntry, pair: str) -> bool:
    """Tell whether the exchange of a loaded entry trades a pair."""
    assert entry.state is ConfigEntryState.LOADED
    return pair in entry.runtime_data.reference.data.pairs
