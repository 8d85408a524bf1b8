"""Cost basis and profit by average cost, from the rows of the ledger (docs/portfolio.md)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, localcontext
import re

from .exchange import TransactionType

# Sums and products of amounts of the exchange fit in here without being rounded.
_EXACT = Context(prec=100)
# The cost that a part takes along is cut to this step; what is cut stays with the rest.
_STEP = Decimal("1e-18")
_ORDER = re.compile(r"^(?:commission_)?trade_(.+?)(?:_finalization_[^_]+)?$")

ZERO = Decimal()

# Returns what one unit of a currency was worth at a moment, None where nobody knows.
type PastPrices = Callable[[str, datetime], Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the ledger, as far as it matters here; amounts are signed."""

    transaction_id: str
    time: datetime
    type: TransactionType
    amount: Decimal
    currency: str

    @property
    def event(self) -> str:
        """What the row is a part of: the rows of one order belong together."""
        if self.type in (TransactionType.TRADE, TransactionType.COMMISSION):
            if (found := _ORDER.match(self.transaction_id)) is not None:
                return f"order {found[1]}"
        return self.transaction_id


@dataclass(slots=True)
class Holding:
    """What is held of an asset, what it cost, and what parting with it brought.

    At any time cost = net_invested + realised, so that with any value of the amount
    realised + (value - cost) = value - net_invested.
    """

    amount: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    net_invested: Decimal = ZERO
    # What left though the ledger never told that it came.
    unexplained: Decimal = ZERO

    @property
    def average(self) -> Decimal | None:
        """What one unit cost, None when nothing is held."""
        return self.cost / self.amount if self.amount else None

    def receive(self, amount: Decimal, value: Decimal) -> None:
        """Take an amount in at its value."""
        self.amount += amount
        self.cost += value
        self.net_invested += value

    def part_with(self, amount: Decimal, proceeds: Decimal) -> None:
        """Give an amount away for its proceeds; the difference to its cost is profit."""
        cost = self._take_out(amount, proceeds)
        self.realised += proceeds - cost
        self.net_invested -= proceeds

    def withdraw(self, amount: Decimal, value: Decimal) -> None:
        """Let an amount go elsewhere: its cost goes with it, nothing is gained or lost."""
        cost = self._take_out(amount, value)
        self.net_invested -= cost

    def _take_out(self, amount: Decimal, value: Decimal) -> Decimal:
        """Take an amount out and return its share of the cost.

        What was never seen coming is taken to have come just now, at what it is worth.
        """
        if (missing := amount - self.amount) > 0:
            self.unexplained += missing
            self.receive(missing, _share(value, missing, amount))
        cost = _share(self.cost, amount, self.amount)
        self.amount -= amount
        self.cost -= cost
        return cost


@dataclass(slots=True)
class Book:
    """The holdings of an account, valued in one currency."""

    currency: str
    prices: PastPrices
    fiat: frozenset[str] = frozenset()
    holdings: dict[str, Holding] = field(default_factory=dict)
    # What had to be valued at nothing, or at its cost, because no price was known.
    unpriced: set[str] = field(default_factory=set)

    def apply(self, rows: Iterable[Row]) -> None:
        """Take in rows of the ledger, oldest first; the rows of an order count together."""
        events: dict[str, list[Row]] = {}
        for row in rows:
            events.setdefault(row.event, []).append(row)
        with localcontext(_EXACT):
            for parts in events.values():
                self._apply(parts)

    def _apply(self, rows: list[Row]) -> None:
        """Take in one event."""
        kind, time = rows[0].type, rows[0].time
        if kind is TransactionType.INTERNAL_TRANSFER:
            # What leaves one account arrives in another.
            return
        net: dict[str, Decimal] = {}
        for row in rows:
            net[row.currency] = net.get(row.currency, ZERO) + row.amount
        if kind in (TransactionType.TRADE, TransactionType.COMMISSION):
            self._swap(net, time)
            return
        for currency, amount in net.items():
            value = self._value(currency, abs(amount), time)
            if value is None:
                self.unpriced.add(currency)
            if amount > 0:
                self._of(currency).receive(amount, value or ZERO)
            elif amount < 0:
                self._of(currency).withdraw(-amount, value or ZERO)

    def _swap(self, net: Mapping[str, Decimal], time: datetime) -> None:
        """Exchange what left for what came: both sides count with one value.

        Fees are in the nets: they make what is bought dearer, and what is sold cheaper.
        """
        came = {currency: amount for currency, amount in net.items() if amount > 0}
        left = {currency: -amount for currency, amount in net.items() if amount < 0}
        value, proceeds = self._proceeds(came, left, time)
        for currency, amount in left.items():
            self._of(currency).part_with(amount, proceeds[currency])
        for number, (currency, amount) in enumerate(came.items()):
            # An order brings one currency; were it more, the first counts.
            self._of(currency).receive(amount, ZERO if number else value)

    def _proceeds(
        self,
        came: Mapping[str, Decimal],
        left: Mapping[str, Decimal],
        time: datetime,
    ) -> tuple[Decimal, dict[str, Decimal]]:
        """Return what a swap is worth, and the part of it that each currency brought."""
        if not came:
            return ZERO, dict.fromkeys(left, ZERO)
        for side in sorted((came, left), key=self._doubt):
            values = {
                currency: self._value(currency, amount, time)
                for currency, amount in side.items()
            }
            if not side or None in values.values():
                continue
            total = sum((value or ZERO for value in values.values()), ZERO)
            if side is left:
                return total, {name: value or ZERO for name, value in values.items()}
            # What was mainly given is what a fee in a third currency leaves over.
            main, *others = left or ("",)
            proceeds = {
                name: self._value(name, left[name], time) or ZERO for name in others
            }
            proceeds[main] = total - sum(proceeds.values(), ZERO)
            return total, proceeds
        # Nobody knows a price: what came costs what it was given for.
        self.unpriced.update(came)
        proceeds = {
            currency: _share(
                self._of(currency).cost,
                min(amount, self._of(currency).amount),
                self._of(currency).amount,
            )
            for currency, amount in left.items()
        }
        return sum(proceeds.values(), ZERO), proceeds

    def _doubt(self, side: Mapping[str, Decimal]) -> int:
        """Order the sides of a swap by how sure their value is."""
        if set(side) == {self.currency}:
            return 0
        return 1 if side and set(side) <= self.fiat else 2

    def _value(self, currency: str, amount: Decimal, time: datetime) -> Decimal | None:
        """Return what an amount was worth at a moment."""
        if currency == self.currency:
            return amount
        price = self.prices(currency, time)
        return None if price is None else round(amount * price, 18)

    def _of(self, currency: str) -> Holding:
        """Return the holding of a currency."""
        return self.holdings.setdefault(currency, Holding())


def _share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return the share of a sum that belongs to a part, to the last digit at the end."""
    if part == of:
        return whole
    return (whole * part / of).quantize(_STEP) if of else ZERO
