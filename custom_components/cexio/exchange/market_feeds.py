"""Books and trades that a stream follows, remembered across its sessions."""

from collections.abc import Callable, Coroutine
import logging
from typing import Any, Protocol

from .budget import Priority
from .clock import Clock
from .errors import (
    CexioError,
    InvalidRequestError,
    PermissionDeniedError,
    UnexpectedAnswerError,
)
from .events import Hub
from .models import (
    BestPrices,
    OrderBook,
    OrderBookIncrement,
    OrderBookSnapshot,
    Trade,
    TradeHistory,
)
from .models.fields import Wire, readable, text
from .order_book import Applied, OrderBookKeeper

_LOGGER = logging.getLogger(__name__)

_MAXIMUM_PAUSE = 60.0
_BOOKS = "order_book"
_TRADES = "trade"
# How a change of a book begins and where it tells its pair, as the exchange writes it.
_INCREMENT = '{"e":"order_book_increment"'
_PAIR = '"pair":"'
# So far into the frame the name of the pair ends at the latest.
_HEAD = 120

type Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Ask(Protocol):
    """Sends a request over the stream."""

    async def __call__(self, action: str, data: Wire, *, priority: Priority) -> Any:
        """Return the "data" of the answer."""


class _Tape:
    """The trades of one pair: each one counts once (websocket.md 4.7)."""

    def __init__(self) -> None:
        """Start before the first trade."""
        self._last = (0, -1)

    def is_new(self, trade: Trade) -> bool:
        """Return whether a trade comes after all before it, and remember it."""
        if trade.position <= self._last:
            return False
        self._last = trade.position
        return True


class MarketFeeds:
    """The books and tapes of one stream."""

    def __init__(self, ask: Ask, hub: Hub, clock: Clock) -> None:
        """Start with none.

        Args:
            ask: Sends a request.
            hub: Receives OrderBook, TradeHistory and Trade.
            clock: The time source.
        """
        self._ask = ask
        self._hub = hub
        self._clock = clock
        self._books: dict[str, OrderBookKeeper] = {}
        self._tapes: dict[str, _Tape] = {}
        self._under_way: set[tuple[str, str]] = set()
        self._spawn: Spawn | None = None

    def book(self, pair: str) -> OrderBook | None:
        """Return a pair's book, None while it is not known."""
        keeper = self._books.get(pair)
        return keeper.book() if keeper and keeper.synchronised else None

    def begin(self, spawn: Spawn) -> None:
        """Subscribe everything anew: a session has begun.

        Args:
            spawn: Starts a task that ends with the session.
        """
        self._spawn = spawn
        for pair in self._books:
            self._follow(_BOOKS, pair)
        for pair in self._tapes:
            self._follow(_TRADES, pair)

    def end(self) -> None:
        """Trust no book any more: the session has ended."""
        self._spawn = None
        self._under_way.clear()
        for keeper in self._books.values():
            keeper.restart()

    async def subscribe_books(self, pair: str) -> None:
        """Follow a pair's book."""
        self._books.setdefault(pair, OrderBookKeeper(pair))
        await self._subscribe(_BOOKS, pair)

    async def subscribe_trades(self, pair: str) -> None:
        """Follow a pair's trades."""
        self._tapes.setdefault(pair, _Tape())
        await self._subscribe(_TRADES, pair)

    async def unsubscribe_books(self, pair: str) -> None:
        """Leave a pair's book."""
        if self._books.pop(pair, None):
            await self._unsubscribe(_BOOKS, pair)

    async def unsubscribe_trades(self, pair: str) -> None:
        """Leave a pair's trades."""
        if self._tapes.pop(pair, None):
            await self._unsubscribe(_TRADES, pair)

    def on_answer(self, action: str, data: Any) -> None:
        """Take a snapshot before the increments behind it are read."""
        if action != f"{_BOOKS}_subscribe":
            return
        try:
            snapshot = OrderBookSnapshot.from_wire(data)
        except UnexpectedAnswerError as err:
            _LOGGER.debug("A book cannot be read: %s", err)
            return
        if keeper := self._books.get(snapshot.pair):
            keeper.apply_snapshot(snapshot)
            self._publish_book(keeper)

    def is_unwanted(self, frame: str | bytes) -> bool:
        """Return whether a frame is the change of a book that nobody follows.

        It is told by the first characters: to read all of them costs more than everything else
        that is done with most frames. One that is written otherwise is wanted, and read.
        """
        if not isinstance(frame, str) or not frame.startswith(_INCREMENT):
            return False
        start = frame.find(_PAIR, len(_INCREMENT), _HEAD) + len(_PAIR)
        end = frame.find('"', start, _HEAD)
        return start > len(_PAIR) and end > 0 and frame[start:end] not in self._books

    def on_increment(self, data: Any) -> None:
        """Take a change of a book; ask for a new one when it does not fit."""
        keeper = self._followed(data)
        if keeper is None:
            return
        try:
            applied = keeper.apply_increment(OrderBookIncrement.from_wire(data))
        except UnexpectedAnswerError:
            keeper.losses += 1
            keeper.lose()
            applied = Applied.LOST
        if applied is Applied.CHANGED:
            self._publish_book(keeper)
        elif applied is Applied.LOST:
            self._follow(_BOOKS, keeper.pair, losses=keeper.losses)

    def _followed(self, data: Any) -> OrderBookKeeper | None:
        """Return the book that a change is about, None if nobody follows it.

        Nothing else is read of a change that nobody follows.
        """
        pair = data.get("pair") if isinstance(data, dict) else None
        if not isinstance(pair, str):
            raise UnexpectedAnswerError("An increment without a pair")
        return self._books.get(pair)

    def on_trade_history(self, data: Any) -> None:
        """Take a snapshot of trades, of which some may be known."""
        history = TradeHistory.from_wire(data)
        tape = self._tapes.get(history.pair)
        if tape is None:
            return
        ordered = sorted(history.trades, key=lambda trade: trade.position)
        fresh = tuple(trade for trade in ordered if tape.is_new(trade))
        if fresh:
            self._hub.publish(TradeHistory(pair=history.pair, trades=fresh))

    def on_trade(self, data: Any) -> None:
        """Take one trade."""
        trade = Trade.from_wire(data, pair=_pair(data))
        tape = self._tapes.get(trade.pair)
        if tape is not None and tape.is_new(trade):
            self._hub.publish(trade)

    def _publish_book(self, keeper: OrderBookKeeper) -> None:
        """Tell of a changed book, as far as anybody wants to know."""
        if self._hub.listeners(BestPrices):
            self._hub.publish(keeper.best_prices())
        if self._hub.listeners(OrderBook):
            self._hub.publish(keeper.book())

    def _wanted(self, channel: str) -> dict[str, OrderBookKeeper] | dict[str, _Tape]:
        """Return what is followed on a channel."""
        return self._books if channel == _BOOKS else self._tapes

    def _follow(self, channel: str, pair: str, *, losses: int = 0) -> None:
        """Subscribe in the background, unless that is under way."""
        if self._spawn is not None and (channel, pair) not in self._under_way:
            self._under_way.add((channel, pair))
            self._spawn(self._keep_trying(channel, pair, losses))

    async def _keep_trying(self, channel: str, pair: str, losses: int) -> None:
        """Subscribe until it succeeds, slower with each failure or repeated loss."""
        attempt = max(0, losses - 1)
        while not await self._try(channel, pair, attempt):
            attempt += 1
        self._under_way.discard((channel, pair))

    async def _try(self, channel: str, pair: str, attempt: int) -> bool:
        """Subscribe once, after a pause; return whether there is nothing left to do."""
        if attempt:
            await self._clock.sleep(min(_MAXIMUM_PAUSE, 2.0 ** min(attempt, 10)))
        if pair not in self._wanted(channel):
            return True
        try:
            await self._ask(
                f"{channel}_subscribe", {"pair": pair}, priority=Priority.RECOVERY
            )
        except InvalidRequestError as err:
            _LOGGER.info("%s is no longer followed: %s", pair, err)
            self._wanted(channel).pop(pair, None)
            return True
        except CexioError as err:
            _LOGGER.debug("%s could not be subscribed: %s", pair, err)
            return False
        keeper = self._books.get(pair) if channel == _BOOKS else None
        return keeper is None or keeper.synchronised

    async def _subscribe(self, channel: str, pair: str) -> None:
        """Subscribe now if there is a session, else with the next one."""
        if self._spawn is None or (channel, pair) in self._under_way:
            return
        try:
            await self._ask(
                f"{channel}_subscribe", {"pair": pair}, priority=Priority.INTERACTIVE
            )
        except InvalidRequestError, PermissionDeniedError:
            self._wanted(channel).pop(pair, None)
            raise
        except CexioError as err:
            _LOGGER.debug("%s will be subscribed later: %s", pair, err)
            self._follow(channel, pair)

    async def _unsubscribe(self, channel: str, pair: str) -> None:
        """Tell the exchange, if there is a session; it forgets by itself otherwise."""
        if self._spawn is None:
            return
        try:
            await self._ask(
                f"{channel}_unsubscribe", {"pair": pair}, priority=Priority.INTERACTIVE
            )
        except CexioError as err:
            _LOGGER.debug("%s could not be unsubscribed: %s", pair, err)


@readable
def _pair(data: Wire) -> str:
    """Read the pair of an event."""
    return text(data["pair"])
