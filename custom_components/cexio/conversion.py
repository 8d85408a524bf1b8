"""What an amount of one currency is worth in another, by the exchange's own books."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from sys import intern

from .coordinator import ReferenceCoordinator
from .exchange import CexioError, Priority, RateLimitError
from .market import MarketHub, middle

# Among ways of equal length, those over these currencies come first: they trade most.
BRIDGES = ("USDT", "USD", "BTC", "EUR")
# No more pairs than this are put one after the other.
LONGEST_PATH = 3
# So many ways are tried before an amount counts as not convertible.
MOST_PATHS = 4

# Steps from one currency to the next, each over one pair.
type Path = tuple[tuple[str, str], ...]
# Returns the middle price of a pair where it is known.
type Prices = Callable[[str], Decimal | None]


@dataclass(frozen=True, slots=True)
class Worth:
    """What an amount is worth, and the pairs that it was converted over."""

    value: Decimal
    pairs: tuple[str, ...]


class Graph:
    """The currencies of the exchange, joined by its pairs."""

    def __init__(self, pairs: Collection[str]) -> None:
        """Note who is joined with whom."""
        self.pairs = pairs
        self._neighbours: dict[str, set[str]] = {}
        for pair in pairs:
            base, quote = map(intern, pair.split("-", 1))
            self._neighbours.setdefault(base, set()).add(quote)
            self._neighbours.setdefault(quote, set()).add(base)

    def paths(self, currency: str, target: str) -> Iterator[Path]:
        """Yield the ways from one currency to another, shortest first."""
        if currency == target:
            yield ()
            return
        for length in range(1, LONGEST_PATH + 1):
            yield from self._paths(currency, target, length, (currency,))

    def _paths(
        self, currency: str, target: str, length: int, seen: tuple[str, ...]
    ) -> Iterator[Path]:
        """Yield the ways of exactly this length that come by no currency twice."""
        neighbours = self._neighbours.get(currency, set())
        if length == 1:
            if target in neighbours:
                yield ((currency, target),)
            return
        for bridge in sorted(neighbours - {target, *seen}, key=_rank):
            for rest in self._paths(bridge, target, length - 1, (*seen, bridge)):
                yield ((currency, bridge), *rest)

    def pair(self, source: str, destination: str) -> str:
        """Return the pair that joins two neighbours."""
        pair = f"{source}-{destination}"
        return pair if pair in self.pairs else f"{destination}-{source}"

    def convert(self, amount: Decimal, path: Path, prices: Prices) -> Worth | None:
        """Convert over a path, None when one of its prices is not known."""
        pairs: list[str] = []
        for source, destination in path:
            pair = self.pair(source, destination)
            if not (price := prices(pair)):
                return None
            is_listed = pair.startswith(f"{source}-")
            amount = amount * price if is_listed else amount / price
            pairs.append(pair)
        return Worth(amount, tuple(pairs))


class Converter:
    """Converts amounts by live books, which are asked for where none is kept."""

    def __init__(self, markets: MarketHub, reference: ReferenceCoordinator) -> None:
        """Keep where prices come from."""
        self._markets = markets
        self._reference = reference
        self._graph: Graph | None = None

    async def async_convert(
        self,
        amount: Decimal,
        currency: str,
        target: str,
        priority: Priority = Priority.INTERACTIVE,
        *,
        must_be_live: bool = True,
    ) -> Decimal | None:
        """Return the amount in the target currency, None when it cannot be told.

        Where it need not be live, the price of the last ticker is as good as a question.

        Raises:
            RateLimitError: There were no points to ask with.
        """
        graph = self._graph = graph_of(self._graph, self._reference.data.pairs)
        prices: dict[str, Decimal | None] = {}
        for path in islice(graph.paths(currency, target), MOST_PATHS):
            for step in path:
                if (pair := graph.pair(*step)) not in prices:
                    known = None if must_be_live else self._markets.price(pair)
                    prices[pair] = known or await self._async_price(pair, priority)
                if not prices[pair]:
                    break
            if (worth := graph.convert(amount, path, prices.get)) is not None:
                return worth.value
        return None

    async def _async_price(self, pair: str, priority: Priority) -> Decimal | None:
        """Return the middle price of a pair, None when it cannot be told."""
        try:
            book = await self._markets.async_book(pair, priority)
        except RateLimitError:
            raise
        except CexioError:
            return None
        return middle(book.bid, book.ask)


def conversion_paths(
    currency: str, target: str, pairs: Collection[str]
) -> Iterator[Path]:
    """Yield the ways from one currency to another, shortest first."""
    return Graph(pairs).paths(currency, target)


def _rank(currency: str) -> tuple[int, str]:
    """Order bridges: the known ones as listed, then all others by name."""
    known = currency in BRIDGES
    return (BRIDGES.index(currency) if known else len(BRIDGES), currency)


def graph_of(known: Graph | None, pairs: Mapping[str, object]) -> Graph:
    """Return the known graph while the pairs are the same, else a new one."""
    return known if known is not None and known.pairs is pairs else Graph(pairs)
