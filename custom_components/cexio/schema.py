"""The schema library, under the name that every Home Assistant knows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # At run time Home Assistant puts this one in the other's place.
    import probatio as vol
else:
    import voluptuous as vol

__all__ = ["vol"]
