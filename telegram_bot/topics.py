"""In which topic of a group somebody is answered."""

from collections.abc import Iterator
import contextlib
from contextvars import ContextVar

_current: ContextVar[int | None] = ContextVar("topic", default=None)


@contextlib.contextmanager
def in_topic(topic: int | None) -> Iterator[None]:
    """Answer in a topic within this block, in this task alone."""
    token = _current.set(topic)
    try:
        yield
    finally:
        _current.reset(token)


def current_topic() -> int | None:
    """Return the topic in which is answered here, None outside of topics."""
    return _current.get()
