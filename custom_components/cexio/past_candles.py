"""Candles of the past, read backwards, a bounded part at a time."""

from datetime import datetime, timedelta

from .exchange import (
    Candle,
    InvalidRequestError,
    PriceSource,
    Priority,
    Resolution,
    RestClient,
    UnsupportedPairError,
)

# So many in one question, which costs 1 point. The exchange does not say how many it allows:
# where it refuses, half as many are asked for, down to these.
CANDLES_AT_ONCE = 500
FEWEST_CANDLES = 24

STEPS = {
    Resolution.ONE_HOUR: timedelta(hours=1),
    Resolution.ONE_DAY: timedelta(days=1),
}


class PastCandles:
    """The closed candles of best bids of a pair that begin within a span.

    Backwards, because an answer may hold fewer candles than were asked for: what was
    left out is then asked for next, and no hole stays.
    """

    def __init__(
        self,
        rest: RestClient,
        pair: str,
        resolution: Resolution,
        *,
        after: datetime,
        until: datetime,
    ) -> None:
        """Name the span: later than one moment, up to and with the other."""
        self._rest = rest
        self._pair = pair
        self._resolution = resolution
        self._after = after
        self._end = until
        self._at_once = CANDLES_AT_ONCE
        self.until = until
        self.candles: list[Candle] = []
        self.is_complete = until <= after

    async def async_read(self) -> None:
        """Ask for the next part, 1 point; a pair that is refused has no candles.

        Raises:
            CexioError: The exchange did not answer; what it told before is kept.
        """
        step = STEPS[self._resolution]
        try:
            found = await self._rest.get_candles(
                self._pair,
                resolution=self._resolution,
                source=PriceSource.BEST_BID,
                end=self._end,
                limit=min(self._at_once, (self._end - self._after) // step),
                priority=Priority.BACKGROUND,
            )
        except UnsupportedPairError:
            found = []
        except InvalidRequestError:
            if self._at_once <= FEWEST_CANDLES:
                raise
            self._at_once //= 2
            return
        part = [item for item in closed(found) if self._after < item.start <= self._end]
        self.candles[:0] = part
        if part:
            self._end = part[0].start - step
        self.is_complete = not part or self._end <= self._after


def closed(candles: list[Candle]) -> list[Candle]:
    """Return those that are over and have prices, oldest first."""
    return sorted(
        (item for item in candles if item.is_closed and item.close is not None),
        key=lambda item: item.start,
    )
