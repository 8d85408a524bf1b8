"""What every group of methods stands on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.clock import Clock
from custom_components.cexio.exchange.errors import UnexpectedAnswerError
from custom_components.cexio.exchange.refusals import unreadable


class Channel(ABC):
    """A way to the exchange: one request, one answer."""

    _clock: Clock

    @abstractmethod
    async def request(
        self,
        action: str,
        data: Mapping[str, Any],
        *,
        priority: Priority = Priority.INTERACTIVE,
        timeout: float | None = None,  # noqa: ASYNC109 - each channel has its own kind of deadline
    ) -> Any:
        """Send a request and return the "data" of its answer."""

    @abstractmethod
    async def _suspect_clock(self) -> None:
        """Measure the offset of the exchange's clock if this channel can; never raise."""

    async def _ask[T](
        self,
        action: str,
        data: Mapping[str, Any],
        read: Callable[[Any], T],
        priority: Priority,
    ) -> T:
        """Send a request and read its answer; what was done but not understood is unknown."""
        answer = await self.request(action, data, priority=priority)
        try:
            return read(answer)
        except UnexpectedAnswerError as err:
            raise unreadable(err.text, action) from err


def given(**fields: Any) -> dict[str, Any]:
    """Return the parameters that are not None."""
    return {key: value for key, value in fields.items() if value is not None}
