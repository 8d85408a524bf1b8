"""What a pair traded at: the public tape, hourly statistics, and minute candles of the best prices."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from simulators.exchange.engine.events import Trade
from simulators.exchange.engine.money import ZERO
from simulators.exchange.engine.orders import Side

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
KEEP_TRADES = 5_000
KEEP_HOURS = 24 * 31
KEEP_MINUTES = 1_440


@dataclass(slots=True)
class Hour:
    """What happened in one hour."""

    start: int
    first: Decimal
    low: Decimal
    high: Decimal
    base: Decimal = ZERO
    quote: Decimal = ZERO


@dataclass(slots=True)
class Bar:
    """Open, high, low and close of a price."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def add(self, price: Decimal) -> None:
        """Let the price move on."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price


@dataclass(slots=True)
class Minute:
    """The best prices and the traded amount of one minute."""

    start: int
    bid: Bar | None = None
    ask: Bar | None = None
    volume: Decimal = ZERO


class Tape:
    """The memory of one pair; bounded."""

    def __init__(self, pair: str) -> None:
        """Start blank."""
        self.pair = pair
        self.trades: deque[Trade] = deque(maxlen=KEEP_TRADES)
        self.hours: deque[Hour] = deque(maxlen=KEEP_HOURS)
        self.minutes: deque[Minute] = deque(maxlen=KEEP_MINUTES)

    def trade(
        self, time: int, side: Side, price: Decimal, amount: Decimal, quote: Decimal
    ) -> Trade:
        """Write a trade down."""
        trade = self.earlier(time, side, price, amount)
        hour = self._hour(time, price)
        hour.low, hour.high = min(hour.low, price), max(hour.high, price)
        hour.base += amount
        hour.quote += quote
        self._minute(time).volume += amount
        return trade

    def earlier(self, time: int, side: Side, price: Decimal, amount: Decimal) -> Trade:
        """Write a trade down that counts in no statistics."""
        last = self.trades[-1] if self.trades else None
        sequence = last.sequence + 1 if last is not None and last.time == time else 0
        trade = Trade(self.pair, time, sequence, side, price, amount)
        self.trades.append(trade)
        return trade

    def quote(self, time: int, bid: Decimal | None, ask: Decimal | None) -> None:
        """Note the best prices of the moment."""
        minute = self._minute(time)
        if bid is not None:
            if minute.bid is None:
                minute.bid = Bar(bid, bid, bid, bid)
            else:
                minute.bid.add(bid)
        if ask is not None:
            if minute.ask is None:
                minute.ask = Bar(ask, ask, ask, ask)
            else:
                minute.ask.add(ask)

    def last_hours(self, time: int, hours: int) -> Iterator[Hour]:
        """Go through the hours since `hours` before `time`, newest first."""
        for hour in reversed(self.hours):
            if hour.start <= time - hours * HOUR_MS:
                return
            yield hour

    def last_trades(self, count: int) -> list[Trade]:
        """Return the last `count` trades, oldest first."""
        return list(islice(self.trades, max(0, len(self.trades) - count), None))

    def _hour(self, time: int, price: Decimal) -> Hour:
        """Return the hour of `time`, begun when needed."""
        start = time - time % HOUR_MS
        if not self.hours or self.hours[-1].start < start:
            self.hours.append(Hour(start, price, price, price))
        return self.hours[-1]

    def _minute(self, time: int) -> Minute:
        """Return the minute of `time`, begun when needed."""
        start = time - time % MINUTE_MS
        if not self.minutes or self.minutes[-1].start < start:
            self.minutes.append(Minute(start))
        return self.minutes[-1]
