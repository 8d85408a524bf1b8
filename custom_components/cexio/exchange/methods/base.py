"""What every group of methods stands on."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Mapping, Sized
import logging
from typing import Any, final

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.clock import Clock
from custom_components.cexio.exchange.errors import CexioError, UnexpectedAnswerError
from custom_components.cexio.exchange.refusals import unreadable

_LOGGER = logging.getLogger(__name__)

# Reading more rows than this, such as those of all pairs, would hold the event loop up.
_LARGE = 200

# Called with the method and its failure, None when it went well.
type OutcomeListener = Callable[[str, CexioError | None], None]


class Channel(ABC):
    """A way to the exchange: one request, one answer.

    Attributes:
        on_outcome: Told how each request went, before its caller is.
    """

    on_outcome: OutcomeListener | None = None
    _clock: Clock

    @final
    async def request(
        self,
        action: str,
        data: Mapping[str, Any],
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Any:
        """Send a request and return the "data" of its answer (rest.md 1, websocket.md 1.3).

        Args:
            action: A method that this channel offers.
            data: Its parameters; the moment of sending is added where the method wants one.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: No such method here, or the exchange refused the parameters.
            RateLimitError: No points, and somebody looks on (Budget.spend).
            OutcomeUnknownError: A do_ request may have been carried out.
            TransportError: Not sent, or a read failed.
            CexioError: Every other failure of errors.py.
        """
        try:
            answer = await self._request(action, data, priority)
        except CexioError as err:
            self._tell_outcome(action, err)
            raise
        self._tell_outcome(action, None)
        return answer

    @abstractmethod
    async def _request(
        self,
        action: str,
        data: Mapping[str, Any],
        priority: Priority,
    ) -> Any:
        """Send a request and return the "data" of its answer, or raise why there is none."""

    def _tell_outcome(self, action: str, error: CexioError | None) -> None:
        """Tell who wants to know how a request went."""
        if self.on_outcome is None:
            return
        try:
            self.on_outcome(action, error)
        except Exception:
            # An order that was placed must not look as if it had failed.
            _LOGGER.exception("Whoever is told of outcomes failed on %s", action)

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
            if isinstance(answer, Sized) and len(answer) > _LARGE:
                return await asyncio.to_thread(read, answer)
            return read(answer)
        except UnexpectedAnswerError as err:
            raise unreadable(err.text, action) from err


def given(**fields: Any) -> dict[str, Any]:
    """Return the parameters that are not None."""
    return {key: value for key, value in fields.items() if value is not None}
