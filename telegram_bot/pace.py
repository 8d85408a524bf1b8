"""How fast the bot may speak."""

from telegram_bot.clock import Clock


class TokenBucket:
    """Permits that refill with time."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        """Start full."""
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._permits = float(burst)
        self._filled = clock.monotonic()

    def wait(self, permits: int = 1) -> float:
        """Return the seconds until there are so many permits, 0 when they are there."""
        now = self._clock.monotonic()
        self._permits = min(
            self._burst, self._permits + (now - self._filled) * self._rate
        )
        self._filled = now
        missing = permits - self._permits
        return missing / self._rate if missing > 1e-9 else 0.0

    def take(self) -> None:
        """Take a permit that is there."""
        self._permits -= 1

    def give_back(self) -> None:
        """Put a permit back that was not needed."""
        self._permits += 1
