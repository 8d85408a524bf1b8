"""Ticker figures and candles: the live tape, continued backwards by the imagined past."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from simulators.exchange.clock import iso
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.money import HUNDRED, ONE, ZERO, nearest, quotient, text
from simulators.exchange.engine.reference import Pair
from simulators.exchange.engine.tape import HOUR_MS, Bar, Tape
from simulators.exchange.history import DAY_MS, DAYS, Past

PERCENT_DECIMALS = 2


@dataclass(slots=True)
class Candle:
    """Prices and traded amount of a span."""

    bar: Bar
    volume: Decimal

    def add(self, bar: Bar, volume: Decimal) -> None:
        """Let a later, shorter span follow."""
        for price in (bar.high, bar.low, bar.close):
            self.bar.add(price)
        self.volume += volume


class Statistics:
    """Figures derived from trades and best prices."""

    def __init__(self, engine: Engine, *, seed: int, start_ms: int) -> None:
        """Look at `engine`; before `start_ms` the past is imagined."""
        self.start_ms = start_ms
        self._engine = engine
        self._seed = seed

    def past(self, pair: Pair) -> Past:
        """Return the pair's imagined past."""
        return Past(pair, self._seed, self.start_ms)

    def usd(self, code: str) -> Decimal:
        """Return what one unit of a currency is worth in USD by the book, or by the list where there is none."""
        if code == "USD":
            return ONE
        book = self._engine.books.get(f"{code}-USD")
        bid = book.bids.best() if book is not None else None
        return bid if bid is not None else self._engine.listing.currencies[code].usd

    def ticker(self, pair: Pair) -> dict[str, Any]:
        """Return the ticker of a pair (rest.md 4.A.4); keys of what does not exist are missing."""
        now = self._engine.now()
        book, tape = self._engine.books[pair.name], self._engine.tapes[pair.name]
        bid, ask = book.bids.best(), book.asks.best()
        low, high, base, quote = self._day(pair, tape, now)
        day_ago = self._day_ago(pair, tape, now)
        data: dict[str, Any] = {}
        for name, price in (("bestBid", bid), ("bestAsk", ask)):
            if price is not None:
                data[name] = text(price, pair.price_precision)
                data |= self._change(name, price, day_ago, pair)
        data["volume30d"] = text(
            self._volume(pair, tape, now, 30 * 24), pair.base_precision
        )
        data |= {
            "low": text(low, pair.price_precision),
            "high": text(high, pair.price_precision),
            "volume": text(base, pair.base_precision),
            "quoteVolume": text(quote, pair.quote_precision),
        }
        last = tape.trades[-1] if tape.trades else None
        if last is not None:
            data["lastTradeVolume"] = text(last.amount, pair.base_precision)
        indicative = ask if ask is not None else bid
        if indicative is not None:
            data["last"] = text(indicative, pair.price_precision)
        if last is not None:
            data["lastTradePrice"] = text(last.price, pair.price_precision)
            data |= self._change("price", last.price, day_ago, pair)
            data["lastTradeDateISO"] = iso(last.time)
        data["volumeUSD"] = text(nearest(quote * self.usd(pair.quote), 2), 2)
        return data

    def _day_ago(self, pair: Pair, tape: Tape, now: int) -> Decimal:
        """Return the price of 24 hours before, as near as it is known."""
        if now - DAY_MS < self.start_ms:
            return Decimal(
                f"{self.past(pair).price(now - DAY_MS):.{pair.price_precision}f}"
            )
        oldest = [hour.first for hour in tape.last_hours(now, 24)][-1:]
        return oldest[0] if oldest else pair.price

    @staticmethod
    def _change(
        name: str, price: Decimal, before: Decimal, pair: Pair
    ) -> dict[str, str]:
        """Return a change in quote currency and in percent."""
        change = price - before
        return {
            f"{name}Change": text(change, pair.price_precision),
            f"{name}ChangePercentage": text(
                nearest(quotient(change * HUNDRED, before), PERCENT_DECIMALS),
                PERCENT_DECIMALS,
            ),
        }

    def _day(
        self, pair: Pair, tape: Tape, now: int
    ) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Return low, high, base and quote volume of 24 hours."""
        hours = list(tape.last_hours(now, 24))
        before = max(0, self.start_ms - (now - DAY_MS))
        lows, highs = [hour.low for hour in hours], [hour.high for hour in hours]
        base = sum((hour.base for hour in hours), ZERO)
        quote = sum((hour.quote for hour in hours), ZERO)
        if before:
            past = self.past(pair)
            _, high, low, _ = past.bar(now - DAY_MS, self.start_ms)
            lows.append(low)
            highs.append(high)
            volume = past.volume(now - DAY_MS, now - DAY_MS + before)
            base += volume
            quote += nearest(volume * (low + high) / 2, pair.quote_precision)
        reference = pair.price if not lows else lows[0]
        return min(lows, default=reference), max(highs, default=reference), base, quote

    def _volume(self, pair: Pair, tape: Tape, now: int, hours: int) -> Decimal:
        """Return the base volume of the last hours."""
        live = sum((hour.base for hour in tape.last_hours(now, hours)), ZERO)
        before = max(0, self.start_ms - (now - hours * HOUR_MS))
        return live + (
            self.past(pair).volume(
                now - hours * HOUR_MS, now - hours * HOUR_MS + before
            )
            if before
            else ZERO
        )

    def candles(
        self, pair: Pair, starts: list[int], span: int, *, ask: bool
    ) -> dict[int, Candle]:
        """Return the known candles of best asks or bids that open at `starts` and last `span` milliseconds."""
        past = self.past(pair)
        found: dict[int, Candle] = {}
        for start in starts:
            if self.start_ms - DAYS * DAY_MS <= start < self.start_ms:
                until = min(start + span, self.start_ms)
                found[start] = Candle(
                    Bar(*past.bar(start, until)), past.volume(start, until)
                )
        first, last = (starts[0], starts[-1] + span) if starts else (0, 0)
        for minute in self._engine.tapes[pair.name].minutes:
            bar = minute.ask if ask else minute.bid
            if bar is None or not first <= minute.start < last:
                continue
            start = minute.start // span * span
            candle = found.get(start)
            if candle is None:
                found[start] = Candle(replace(bar), minute.volume)
            else:
                candle.add(bar, minute.volume)
        return dict(sorted(found.items()))
