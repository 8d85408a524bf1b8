"""The floor: books, tapes and everybody who is not the client.

The engine stands on it and adds the client's orders.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal

from simulators.exchange.engine.accounts import Accounts
from simulators.exchange.engine.book import Book, Resting
from simulators.exchange.engine.events import Event, Trade
from simulators.exchange.engine.fees import Fees
from simulators.exchange.engine.ledger import Ledger
from simulators.exchange.engine.matching import Match, plan_base
from simulators.exchange.engine.money import ZERO, floor, product
from simulators.exchange.engine.orders import Order, Side
from simulators.exchange.engine.reference import Listing, Pair
from simulators.exchange.engine.settlement import Settlement
from simulators.exchange.engine.tape import Tape

CLIENT_ID = "IT_DEMO"


class Floor(ABC):
    """Books, tapes and trades of all pairs."""

    def __init__(self, listing: Listing, now: Callable[[], int]) -> None:
        """Start with empty books; `now` gives Unix milliseconds."""
        self.listing = listing
        self.now = now
        self.events: list[Event] = []
        self.ledger = Ledger()
        self.fees = Fees()
        self.accounts = Accounts(self.ledger, self.events.append, CLIENT_ID)
        self.settlement = Settlement(
            self.accounts, self.fees, self.events.append, now()
        )
        self.books = {name: Book() for name in listing.pairs}
        self.tapes = {name: Tape(name) for name in listing.pairs}
        self.last_number = 4_000_000
        self._others: dict[int, tuple[str, Resting]] = {}

    @abstractmethod
    def check_stops(self, pair: Pair) -> None:
        """Let waiting orders in whose price has come."""

    @abstractmethod
    def finished(self, order: Order) -> None:
        """Forget a resting order of the client that was filled."""

    def drain(self) -> list[Event]:
        """Hand over what happened since the last call."""
        events = self.events.copy()
        self.events.clear()
        return events

    def others_take(
        self, pair: Pair, side: Side, amount: Decimal, limit: Decimal | None = None
    ) -> list[Trade]:
        """Let somebody trade at once, up to `amount`; what finds nobody is dropped."""
        matches = plan_base(
            pair, self.books[pair.name].opposite(side), side, amount, limit
        )
        trades = self.execute(pair, side, None, matches)
        self.check_stops(pair)
        return trades

    def others_place(
        self, pair: Pair, side: Side, price: Decimal, amount: Decimal
    ) -> int:
        """Let somebody place a limit order: it trades, its rest stays in the book under the number returned."""
        trades = self.others_take(pair, side, amount, price)
        rest = amount - sum((trade.amount for trade in trades), ZERO)
        self.last_number += 1
        if rest:
            self._others[self.last_number] = (
                pair.name,
                self.rest(pair, side, price, rest, self.last_number),
            )
            self.check_stops(pair)
        return self.last_number

    def others_cancel(self, number: int) -> bool:
        """Take somebody's order back; False when it is not there (any more)."""
        name, resting = self._others.pop(number, ("", None))
        if resting is None or not resting.remaining:
            return False
        self.books[name].side(resting.side).remove(resting)
        return True

    def rest(
        self,
        pair: Pair,
        side: Side,
        price: Decimal,
        amount: Decimal,
        number: int | None = None,
    ) -> Resting:
        """Put an order of somebody into the book without matching it."""
        if number is None:
            self.last_number += 1
            number = self.last_number
        resting = Resting(number, side, price, amount)
        self.books[pair.name].side(side).add(resting)
        return resting

    def print_trade(
        self, pair: Pair, side: Side, price: Decimal, amount: Decimal
    ) -> Trade:
        """Write a trade among others on the tape that touches no book."""
        trade = self.tapes[pair.name].trade(
            self.now(), side, price, amount, product(price, amount)
        )
        self.events.append(trade)
        return trade

    def sweep(self, pair: Pair, price: Decimal) -> None:
        """Fill every client's order that would trade at `price`, at the order's own price."""
        book = self.books[pair.name]
        for side, crosses in ((book.bids, Decimal.__ge__), (book.asks, Decimal.__le__)):
            taker = Side.SELL if side.side is Side.BUY else Side.BUY
            for resting in [
                entry
                for entry in side.entries()
                if entry.order is not None and crosses(entry.price, price)
            ]:
                if resting.remaining:
                    quote = floor(
                        product(resting.remaining, resting.price), pair.quote_precision
                    )
                    self.execute(
                        pair, taker, None, [Match(resting, resting.remaining, quote)]
                    )

    def execute(
        self, pair: Pair, taker: Side, order: Order | None, matches: list[Match]
    ) -> list[Trade]:
        """Carry out planned trades."""
        book, tape, now = self.books[pair.name], self.tapes[pair.name], self.now()
        trades = []
        for match in matches:
            resting = match.resting
            book.side(resting.side).reduce(resting, match.base)
            parties = (
                (order, resting.order) if taker is Side.BUY else (resting.order, order)
            )
            self.settlement.trade(*parties, resting.price, match.base, match.quote, now)
            trade = tape.trade(now, taker, resting.price, match.base, match.quote)
            trades.append(trade)
            self.events.append(trade)
            if resting.order is not None and resting.order.is_final:
                self.finished(resting.order)
        return trades
