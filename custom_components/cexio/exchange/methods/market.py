"""Market data and reference data."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.models.fields import (
    Wire,
    mapping,
    moment,
    readable,
    rows,
)
from custom_components.cexio.exchange.models.market import (
    Currency,
    OrderBookSnapshot,
    Pair,
    Ticker,
)

from .base import Channel, given


class MarketMethods(Channel):
    """Public methods; those of the first group exist on the public side only."""

    async def get_server_time(
        self, *, priority: Priority = Priority.INTERACTIVE
    ) -> datetime:
        """Return the exchange's clock in UTC (rest.md 4.A.5). 1 point, no key.

        Raises:
            CexioError: As every read: RateLimitError, MaintenanceError, TransportError,
                UnexpectedAnswerError.
        """
        return await self._ask("get_server_time", {}, _server_time, priority)

    async def get_pairs_info(
        self,
        pairs: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Pair]:
        """Return trading conditions (rest.md 4.A.6). 1 point, no key.

        Args:
            pairs: Names such as "BTC-USD", None = all; unknown ones are left out of the answer.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The list is empty.
            CexioError: As every read.
        """
        return await self._ask(
            "get_pairs_info", _listed("pairs", pairs), _pairs, priority
        )

    async def get_currencies_info(
        self,
        currencies: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Currency]:
        """Return currencies with their precisions (rest.md 4.A.7). 1 point, no key.

        Args:
            currencies: Upper-case codes, None = all; unknown ones are left out of the answer.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The list is empty.
            CexioError: As every read.
        """
        data = _listed("currencies", currencies)
        return await self._ask("get_currencies_info", data, _currencies, priority)

    async def get_ticker(
        self,
        pairs: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> dict[str, Ticker]:
        """Return 24-hour tickers by pair (rest.md 4.A.4). 1 point, no key.

        The live service was seen to serve this only about twice a minute per address over REST.

        Args:
            pairs: Names such as "BTC-USD", None = all.
            priority: Who goes first when points are short.

        Raises:
            UnsupportedPairError: A pair is not traded.
            CexioError: As every read.
        """
        return await self._ask(
            "get_ticker", _listed("pairs", pairs), _tickers, priority
        )

    async def get_order_book(
        self, pair: str, *, priority: Priority = Priority.INTERACTIVE
    ) -> OrderBookSnapshot:
        """Return a pair's book, 20 levels a side, best first (rest.md 4.A.1). 1 point.

        Raises:
            UnsupportedPairError: The pair is not traded.
            CexioError: As every read.
        """
        read = OrderBookSnapshot.from_wire
        return await self._ask("get_order_book", given(pair=pair), read, priority)


def _listed(name: str, values: Iterable[str] | None) -> dict[str, Any]:
    """Return a list parameter, nothing for None."""
    return {} if values is None else {name: list(values)}


@readable
def _server_time(data: Wire) -> datetime:
    """Read get_server_time."""
    return moment(data["timestamp"])


@readable
def _pairs(data: Any) -> list[Pair]:
    """Read get_pairs_info: a list, in one documented example a single object."""
    found = [data] if isinstance(data, dict) else rows(data)
    return [Pair.from_wire(mapping(row)) for row in found]


@readable
def _currencies(data: Any) -> list[Currency]:
    """Read get_currencies_info."""
    return [Currency.from_wire(mapping(row)) for row in rows(data)]


@readable
def _tickers(data: Any) -> dict[str, Ticker]:
    """Read get_ticker."""
    return {
        pair: Ticker.from_wire(mapping(row), pair=pair)
        for pair, row in mapping(data).items()
    }
