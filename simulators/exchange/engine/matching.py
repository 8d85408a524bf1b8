"""Who trades with whom: the plan of a taker's trades, made before anything moves.

A plan is exact: what it says is what will happen, so that a market order can be held in full, fee included,
before it executes.
"""

from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.book import BookSide, Resting
from simulators.exchange.engine.money import (
    ONE,
    ZERO,
    ceiling,
    floor,
    product,
    quotient,
)
from simulators.exchange.engine.orders import Side
from simulators.exchange.engine.reference import Pair

# "To prevent possible loss" a market order takes nothing further than this from the best price.
MARKET_PROTECTION = Decimal("0.10")


@dataclass(slots=True)
class Match:
    """A trade with one entry of the book."""

    resting: Resting
    base: Decimal
    quote: Decimal


def acceptable(taker: Side, price: Decimal, limit: Decimal | None) -> bool:
    """Tell whether the taker would trade at `price`."""
    if limit is None:
        return True
    return price <= limit if taker is Side.BUY else price >= limit


def protected(side: BookSide) -> Decimal | None:
    """Return the worst price that a market order may take from this side."""
    best = side.best()
    if best is None:
        return None
    factor = (
        ONE + MARKET_PROTECTION if side.side is Side.SELL else ONE - MARKET_PROTECTION
    )
    return best * factor


def plan_base(
    pair: Pair, side: BookSide, taker: Side, amount: Decimal, limit: Decimal | None
) -> list[Match]:
    """Plan trades for a base amount; quote amounts are cut at the pair's precision."""
    matches = []
    for resting in side.entries():
        if not amount or not acceptable(taker, resting.price, limit):
            break
        base = min(amount, resting.remaining)
        matches.append(
            Match(
                resting, base, floor(product(base, resting.price), pair.quote_precision)
            )
        )
        amount -= base
    return matches


def plan_quote(
    pair: Pair, side: BookSide, taker: Side, amount: Decimal, limit: Decimal | None
) -> list[Match]:
    """Plan trades for a quote amount, used up to its last digit: dust goes with the last trade."""
    rounding = floor if taker is Side.BUY else ceiling
    matches: list[Match] = []
    for resting in side.entries():
        if not amount or not acceptable(taker, resting.price, limit):
            break
        quote = floor(product(resting.remaining, resting.price), pair.quote_precision)
        if quote < amount:
            matches.append(Match(resting, resting.remaining, quote))
            amount -= quote
            continue
        base = min(
            resting.remaining,
            rounding(quotient(amount, resting.price), pair.base_precision),
        )
        if base:
            matches.append(Match(resting, base, amount))
        elif matches:
            matches[-1].quote += amount
        break
    return matches


def total_quote(matches: list[Match]) -> Decimal:
    """Add up the quote amounts."""
    return sum((match.quote for match in matches), ZERO)


def total_base(matches: list[Match]) -> Decimal:
    """Add up the base amounts."""
    return sum((match.base for match in matches), ZERO)
