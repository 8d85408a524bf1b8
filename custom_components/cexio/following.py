"""Following a stream: each event is taken in, whatever becomes of another."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
import logging

from .exchange import CexioError, Stream, StreamEvent

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Together:
    """Events of some kinds that are taken in together when several of them wait."""

    kinds: tuple[type[StreamEvent], ...]
    maximum: int
    take: Callable[[Sequence[StreamEvent]], Awaitable[None]]


async def async_follow(
    stream: Stream,
    kinds: tuple[type[StreamEvent], ...],
    take: Callable[[StreamEvent], Awaitable[None]],
    catch_up: Callable[[CexioError], Awaitable[None]],
    together: Together | None = None,
) -> None:
    """Take in the events of some kinds until the stream is stopped.

    When more came than could be read, `catch_up` is called once the next ones are kept again.
    """
    missed: CexioError | None = None
    while True:
        try:
            async with stream.listen(*kinds) as events:
                if missed is not None:
                    await _async_try(catch_up, missed)
                async for event in events:
                    if together is None or not isinstance(event, together.kinds):
                        await _async_try(take, event)
                    else:
                        more = events.take_ready(together.kinds, together.maximum - 1)
                        await _async_try(together.take, [event, *more])
        except CexioError as err:
            missed = err
        else:
            return


async def _async_try[T](work: Callable[[T], Awaitable[None]], subject: T) -> None:
    """Do what one event asks for; failing at it must not end all that follow."""
    try:
        await work(subject)
    except Exception:
        _LOGGER.exception("%s could not be taken in", type(subject).__name__)
