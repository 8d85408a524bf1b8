"""The rates at which Telegram takes messages, and its refusals beyond them."""

from dataclasses import dataclass
import math

from simulators.telegram.clock import Clock
from simulators.telegram.errors import too_many_requests


@dataclass(slots=True)
class _Bucket:
    """Tokens that come back steadily, up to a number."""

    capacity: float
    per_second: float
    tokens: float
    time: float

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token."""
        self.tokens = min(
            self.capacity, self.tokens + (now - self.time) * self.per_second
        )
        self.time = now
        return max(0.0, (1 - self.tokens) / self.per_second)


class RateLimits:
    """About 30 messages a second overall, 1 a second and chat with short bursts, 20 a minute and group.

    Telegram publishes no exact numbers; these are the ones of its FAQ, with a burst of five.
    """

    OVERALL = (30.0, 30.0)
    PRIVATE = (5.0, 1.0)
    GROUP = (20.0, 20 / 60)

    def __init__(self, clock: Clock) -> None:
        """Begin switched off, with full buckets."""
        self._clock = clock
        self._buckets: dict[tuple[str, int], _Bucket] = {}
        self.enabled = False

    def reset(self) -> None:
        """Forget what was sent."""
        self._buckets.clear()

    def take(self, token: str, chat_id: int) -> None:
        """Count a message to a chat, or raise the refusal with the seconds to wait."""
        if not self.enabled:
            return
        buckets = (
            self._bucket((token, 0), self.OVERALL),
            self._bucket((token, chat_id), self.GROUP if chat_id < 0 else self.PRIVATE),
        )
        now = self._clock.time()
        if wait := max(bucket.wait(now) for bucket in buckets):
            raise too_many_requests(math.ceil(wait))
        for bucket in buckets:
            bucket.tokens -= 1

    def _bucket(self, key: tuple[str, int], rate: tuple[float, float]) -> _Bucket:
        """Return a bucket, full when it is new."""
        capacity, per_second = rate
        return self._buckets.setdefault(
            key, _Bucket(capacity, per_second, capacity, self._clock.time())
        )
