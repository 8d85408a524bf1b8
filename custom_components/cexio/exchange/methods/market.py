"""Market data and reference data."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.errors import InvalidRequestError
from custom_components.cexio.exchange.models.fields import (
    Wire,
    iso,
    mapping,
    milliseconds,
    moment,
    readable,
    rows,
)
from custom_components.cexio.exchange.models.market import (
    Candle,
    OrderBookSnapshot,
    PriceSource,
    Resolution,
    Side,
    Ticker,
    Trade,
)
from custom_components.cexio.exchange.models.reference import (
    Currency,
    Pair,
    ProcessingInfo,
)
from custom_components.cexio.exchange.refusals import (
    classify,
    error_text,
    nested_error,
    safe_text,
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
            "get_pairs_info", _listed("pairs", pairs), read_pairs, priority
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
            "get_ticker", _listed("pairs", pairs), read_tickers, priority
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

    async def get_candles(
        self,
        pair: str,
        *,
        resolution: Resolution,
        source: PriceSource,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Candle]:
        """Return candles of a pair, oldest first (rest.md 4.A.2). 1 point.

        Args:
            pair: Such as "BTC-USD".
            resolution: The length of a candle.
            source: Best ask or best bid.
            start: A moment within the first candle.
            end: A moment within the last candle.
            limit: How many; needed with one of start and end, not allowed with both.
            priority: Who goes first when points are short.

        Raises:
            UnsupportedPairError: The pair is not traded.
            InvalidRequestError: The bounds do not fit together.
            CexioError: As every read.
        """
        data = given(
            pair=pair,
            fromISO=start and milliseconds(start),
            toISO=end and milliseconds(end),
            limit=limit,
            dataType=source.value,
            resolution=resolution.value,
        )
        return await self._ask("get_candles", data, _candles, priority)

    async def get_last_candles(
        self,
        pairs: Iterable[str],
        *,
        resolution: Resolution,
        source: PriceSource,
        at: datetime,
        priority: Priority = Priority.INTERACTIVE,
    ) -> dict[str, Candle | InvalidRequestError | None]:
        """Return one candle for each of many pairs (rest.md 4.A.2). 1 point.

        A pair that the exchange refuses has the error as its value, one without a candle None.

        Args:
            pairs: Such as "BTC-USD".
            resolution: The length of a candle.
            source: Best ask or best bid.
            at: A moment within the candle.
            priority: Who goes first when points are short.

        Raises:
            CexioError: As every read.
        """
        data = {
            "pairsList": list(pairs),
            "toISO": milliseconds(at),
            "limit": 1,
            "dataType": source.value,
            "resolution": resolution.value,
        }
        return await self._ask("get_candles", data, _last_candles, priority)

    async def get_trade_history(
        self,
        pair: str,
        *,
        side: Side | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        from_trade_id: str | None = None,
        to_trade_id: str | None = None,
        page_size: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Trade]:
        """Return public trades of a pair, oldest first (rest.md 4.A.3). 1 point.

        Args:
            pair: Such as "BTC-USD".
            side: Of the taker, None = both.
            start: Not with trade ids.
            end: Needs start.
            from_trade_id: Inclusive; not with moments.
            to_trade_id: Inclusive; needs from_trade_id.
            page_size: By default 1000 (with a key: 100), at most 10000 (1000).
            priority: Who goes first when points are short.

        Raises:
            UnsupportedPairError: The pair is not traded.
            InvalidRequestError: The bounds do not fit together.
            CexioError: As every read.
        """
        data = given(
            pair=pair,
            side=side and side.value,
            fromDateISO=start and iso(start),
            toDateISO=end and iso(end),
            fromTradeId=from_trade_id,
            toTradeId=to_trade_id,
            pageSize=page_size,
        )
        read = partial(_trades, pair=pair)
        return await self._ask("get_trade_history", data, read, priority)

    async def iter_trade_history(
        self,
        pair: str,
        *,
        start: datetime,
        side: Side | None = None,
        page_size: int = 1000,
        priority: Priority = Priority.BACKGROUND,
    ) -> AsyncIterator[Trade]:
        """Go through all public trades since a moment, oldest first (rest.md 4.A.3).

        1 point a page; raises as get_trade_history.
        """
        last: Trade | None = None
        while True:
            page = await self.get_trade_history(
                pair,
                side=side,
                start=None if last else start,
                from_trade_id=last.trade_id if last else None,
                page_size=page_size,
                priority=priority,
            )
            before = last.position if last else (-1, -1)
            fresh = [trade for trade in page if trade.position > before]
            for trade in fresh:
                yield trade
            if not fresh or len(page) < page_size:
                return
            last = fresh[-1]

    async def get_processing_info(
        self,
        currencies: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> dict[str, ProcessingInfo]:
        """Return the networks of crypto currencies, with limits and fees (rest.md 4.A.8).

        10 points.

        Args:
            currencies: Upper-case codes, None = all.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: One of them is unknown or no crypto currency.
            CexioError: As every read.
        """
        data = _listed("currencies", currencies)
        return await self._ask("get_processing_info", data, _processing, priority)


def _listed(name: str, values: Iterable[str] | None) -> dict[str, Any]:
    """Return a list parameter, nothing for None."""
    return {} if values is None else {name: list(values)}


@readable
def _server_time(data: Wire) -> datetime:
    """Read get_server_time."""
    return moment(data["timestamp"])


@readable
def read_pairs(data: Any) -> list[Pair]:
    """Read get_pairs_info: a list, in one documented example a single object."""
    found = [data] if isinstance(data, dict) else rows(data)
    return Pair.read_all(found)


@readable
def _currencies(data: Any) -> list[Currency]:
    """Read get_currencies_info."""
    return [Currency.from_wire(mapping(row)) for row in rows(data)]


@readable
def read_tickers(data: Any) -> dict[str, Ticker]:
    """Read get_ticker."""
    return {pair: Ticker.from_wire(row, pair) for pair, row in data.items()}


@readable
def _candles(data: Any) -> list[Candle]:
    """Read get_candles for one pair: a list, in some documented examples a single object."""
    found = [data] if isinstance(data, dict) else rows(data)
    return sorted(
        (Candle.from_wire(mapping(row)) for row in found), key=lambda item: item.start
    )


@readable
def _last_candles(data: Any) -> dict[str, Candle | InvalidRequestError | None]:
    """Read get_candles for many pairs, each of which may hold an error of its own."""
    return {pair: _last_candle(value) for pair, value in mapping(data).items()}


def _last_candle(value: Any) -> Candle | InvalidRequestError | None:
    """Read one pair's candle or error."""
    if (error := nested_error(value)) is not None:
        words = safe_text(error_text(error))
        kind = classify(words)
        refused = kind if issubclass(kind, InvalidRequestError) else InvalidRequestError
        return refused(words, action="get_candles")
    found = _candles(value)
    return found[-1] if found else None


@readable
def _trades(data: Wire, *, pair: str) -> list[Trade]:
    """Read get_trade_history; the live service was seen to answer newest first."""
    found = [Trade.from_wire(mapping(row), pair=pair) for row in rows(data["trades"])]
    return sorted(found, key=lambda trade: trade.position)


@readable
def _processing(data: Any) -> dict[str, ProcessingInfo]:
    """Read get_processing_info."""
    return {
        currency: ProcessingInfo.from_wire(mapping(row), currency=currency)
        for currency, row in mapping(data).items()
    }
