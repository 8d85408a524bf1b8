"""Who wants to be told of something: told in order, whatever the others do with it."""

from collections.abc import Callable
import logging

from homeassistant.core import CALLBACK_TYPE, callback

_LOGGER = logging.getLogger(__name__)


class Listeners[*Ts]:
    """Functions that are called with the same news."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: list[Callable[[*Ts], None]] = []

    @callback
    def async_add(self, listener: Callable[[*Ts], None]) -> CALLBACK_TYPE:
        """Call the listener from now on; the answer ends it."""
        self._listeners.append(listener)

        @callback
        def remove() -> None:
            """Stop listening."""
            self._listeners.remove(listener)

        return remove

    @callback
    def async_tell(self, *news: *Ts) -> None:
        """Tell everybody: one who fails must not take the news from the others."""
        for listener in tuple(self._listeners):
            try:
                listener(*news)
            except Exception:
                _LOGGER.exception("A listener failed")
