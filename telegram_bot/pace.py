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

    async def take(self) -> None:
        """Take one permit, wait for it if need be."""
        while (wait := self._try()) > 0:
            await self._clock.sleep(wait)

    def _try(self) -> float:
        """Take one permit, or return the seconds until there is one."""
        now = self._clock.monotonic()
        self._permits = min(
            self._burst, self._permits + (now - self._filled) * self._rate
        )
        self._filled = now
        if self._permits >= 1 - 1e-9:
            self._permits -= 1
            return 0.0
        return (1 - self._permits) / self._rate
