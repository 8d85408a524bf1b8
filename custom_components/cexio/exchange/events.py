"""What a stream tells, the queues in which listeners find it, and those that are called with it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Protocol, Self, cast

from .errors import CexioError, SlowConsumerError
from .models import StreamEvent

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connected(StreamEvent):
    """A session stands and is signed in. What happened before is not repeated by the exchange."""


@dataclass(frozen=True, slots=True)
class Disconnected(StreamEvent):
    """The session ended; until Connected nothing is heard."""

    error: CexioError


@dataclass(frozen=True, slots=True)
class Unreadable(StreamEvent):
    """The exchange told something that cannot be read: ask what has changed.

    Attributes:
        name: The exchange's name of the event, such as "executionReport".
    """

    name: str


class Subscription[E: StreamEvent]:
    """A listener's queue: an async iterator over events in the order of their arrival.

    When its reader is too slow it keeps what it has, then raises SlowConsumerError and ends; the
    socket is never held up. It also ends when it is closed or the stream stops.
    """

    def __init__(self, hub: Hub, types: tuple[type[E], ...], maximum: int) -> None:
        """Start empty."""
        self._hub = hub
        self._types = types
        self._maximum = maximum
        self._queue: deque[E] = deque()
        self._changed = asyncio.Event()
        self._overflowed = False
        self._closed = False

    def __aiter__(self) -> Self:
        """Iterate over the events."""
        return self

    async def __anext__(self) -> E:
        """Return the next event.

        Raises:
            SlowConsumerError: Events were lost from here on; the subscription has ended.
        """
        while not self._queue:
            if self._overflowed:
                self._overflowed = False
                raise SlowConsumerError
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._queue.popleft()

    async def __aenter__(self) -> Self:
        """Use as a context that closes."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def take_ready(self, kinds: tuple[type[StreamEvent], ...], maximum: int) -> list[E]:
        """Return events of some kinds that are next and here already, without waiting.

        Args:
            kinds: The first event of another kind stays where it is, and what follows it too.
            maximum: At most so many.
        """
        queue, ready = self._queue, list[E]()
        while queue and len(ready) < maximum and isinstance(queue[0], kinds):
            ready.append(queue.popleft())
        return ready

    def close(self) -> None:
        """Take no more events; what is queued can still be read."""
        self._hub.remove(self)
        self._closed = True
        self._changed.set()

    def wants(self, kind: type[StreamEvent]) -> bool:
        """Return whether events of a type are delivered here."""
        return not self._types or kind in self._types

    def put(self, event: E) -> None:
        """Queue an event, or end when the reader is too slow."""
        if len(self._queue) >= self._maximum:
            self._overflowed = True
            self.close()
            return
        self._queue.append(event)
        self._changed.set()


class Call[E: StreamEvent]:
    """A listener that is called with each event, before the next frame is read."""

    def __init__(
        self, hub: Hub, function: Callable[[E], None], types: tuple[type[E], ...]
    ) -> None:
        """Call a function with events of some types."""
        self._hub = hub
        self._function = function
        self._types = types

    def close(self) -> None:
        """Call no more."""
        self._hub.remove(self)

    def wants(self, kind: type[StreamEvent]) -> bool:
        """Return whether the function is called with events of a type."""
        return kind in self._types

    def put(self, event: E) -> None:
        """Call; a function that fails must not end the stream."""
        try:
            self._function(event)
        except Exception:
            _LOGGER.exception("%s could not be taken in", type(event).__name__)


class Listener(Protocol):
    """Takes events of the types that it wants."""

    def wants(self, kind: type[StreamEvent]) -> bool:
        """Return whether events of a type are for it."""

    def put(self, event: StreamEvent) -> None:
        """Take an event."""

    def close(self) -> None:
        """Take no more."""


class Hub:
    """Delivers each event to those who listen to its type."""

    def __init__(self) -> None:
        """Start without listeners."""
        self._listeners: tuple[Listener, ...] = ()
        self._by_type: dict[type[StreamEvent], tuple[Listener, ...]] = {}

    def add[E: StreamEvent](
        self, types: tuple[type[E], ...], maximum: int
    ) -> Subscription[E]:
        """Return a new queue for some types, for all when none is named."""
        subscription = Subscription(self, types, maximum)
        self._add(subscription)
        return subscription

    def call[E: StreamEvent](
        self, function: Callable[[E], None], types: tuple[type[E], ...]
    ) -> Call[E]:
        """Call a function with each event of some types from now on."""
        call = Call(self, function, types)
        self._add(call)
        return call

    def _add(self, listener: object) -> None:
        """Deliver to one more; listeners() hands it nothing but its own types."""
        self._listeners += (cast("Listener", listener),)
        self._by_type.clear()

    def remove(self, listener: object) -> None:
        """Forget a listener."""
        self._listeners = tuple(
            item for item in self._listeners if item is not listener
        )
        self._by_type.clear()

    def listeners(self, kind: type[StreamEvent]) -> tuple[Listener, ...]:
        """Return those who want a type."""
        found = self._by_type.get(kind)
        if found is None:
            found = tuple(item for item in self._listeners if item.wants(kind))
            self._by_type[kind] = found
        return found

    def publish(self, event: StreamEvent) -> None:
        """Deliver an event everywhere it is wanted."""
        for listener in self.listeners(type(event)):
            listener.put(event)

    def close(self) -> None:
        """End all queues and calls."""
        for listener in self._listeners:
            listener.close()
