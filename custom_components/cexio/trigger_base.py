"""What the triggers have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger, TriggerConfig
from homeassistant.helpers.typing import ConfigType

from .automation_fields import validate
from .price_moves import Direction
from .schema import vol

CONF_DIRECTION = "direction"
EITHER = "either"

DIRECTION_FIELDS: dict[Any, Any] = {
    vol.Optional(CONF_DIRECTION, default=EITHER): vol.In(
        [EITHER, *(item.value for item in Direction)]
    )
}


def is_wanted(options: Mapping[str, Any], direction: Direction) -> bool:
    """Tell whether a trigger waits for a direction."""
    return options[CONF_DIRECTION] in (EITHER, direction.value)


class CexioTrigger(Trigger):
    """What all triggers have in common: fields that are checked."""

    fields: ClassVar[Mapping[Any, Any]]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Check the fields."""
        return validate(hass, cls.fields, config)

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep the fields."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._entry_id: str | None = self._options.get(ATTR_CONFIG_ENTRY_ID)
