"""What an amount of one currency is worth in another, by the exchange's own books."""

from collections.abc import Collection, Iterator
from decimal import Decimal

from .coordinator import ReferenceCoordinator
from .exchange import CexioError
from .market import MarketHub, middle

# Currencies over which two others are compared when no pair joins them.
BRIDGES = ("USDT", "BTC", "EUR")


class Converter:
    """Converts amounts over one pair, or over two with a bridge between them."""

    def __init__(self, markets: MarketHub, reference: ReferenceCoordinator) -> None:
        """Keep where prices come from."""
        self._markets = markets
        self._reference = reference

    async def async_convert(
        self, amount: Decimal, currency: str, target: str
    ) -> Decimal | None:
        """Return the amount in the target currency, None when it cannot be told."""
        for path in conversion_paths(currency, target, self._reference.data.pairs):
            value: Decimal | None = amount
            for source, destination in path:
                value = await self._async_step(value, source, destination)
                if value is None:
                    break
            if value is not None:
                return value
        return None

    async def _async_step(
        self, amount: Decimal | None, source: str, destination: str
    ) -> Decimal | None:
        """Convert over one pair, in the direction that it is listed in."""
        if amount is None:
            return None
        is_listed = f"{source}-{destination}" in self._reference.data.pairs
        pair = f"{source}-{destination}" if is_listed else f"{destination}-{source}"
        try:
            book = await self._markets.async_book(pair)
        except CexioError:
            return None
        if not (price := middle(book.bid, book.ask)):
            return None
        return amount * price if is_listed else amount / price


def conversion_paths(
    currency: str, target: str, pairs: Collection[str]
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield the ways from one currency to another, shortest first."""
    if currency == target:
        yield ()
        return

    def is_joined(first: str, second: str) -> bool:
        return f"{first}-{second}" in pairs or f"{second}-{first}" in pairs

    if is_joined(currency, target):
        yield ((currency, target),)
    for bridge in BRIDGES:
        if is_joined(currency, bridge) and is_joined(bridge, target):
            yield ((currency, bridge), (bridge, target))
