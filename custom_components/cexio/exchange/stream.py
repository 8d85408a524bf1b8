"""The exchange over WebSocket: a session that stays up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import logging
from random import Random
from typing import Any, overload, override

import aiohttp

from .budget import Budget, Priority
from .clock import SYSTEM_CLOCK, Clock
from .connection import Connection
from .errors import (
    AuthenticationError,
    CexioError,
    ClockError,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    UnexpectedAnswerError,
)
from .events import Call, Connected, Disconnected, Hub, Subscription, Unreadable
from .market_feeds import MarketFeeds
from .methods.account import AccountMethods
from .methods.catalogue import METHODS, Method
from .methods.funds import FundsMethods
from .methods.market import MarketMethods
from .methods.orders import OrderMethods
from .models import (
    AccountUpdate,
    ExecutionReport,
    OrderBook,
    OrderCancelReject,
    StreamEvent,
)
from .signing import Credentials

_LOGGER = logging.getLogger(__name__)

# Under this name it is told how a session began or ended.
SIGN_IN = "auth"
OPEN_SECONDS = 15.0
ANSWER_SECONDS = 10.0
MAXIMUM_EVENTS = 10_000
# An answer with all pairs has some hundred kilobytes.
_MAXIMUM_FRAME = 16 * 1024 * 1024
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_REFUSED_PAUSE = 300.0
# A session that stood for so long was a good one: the next pause is a short one again.
_GOOD_SESSION = 60.0
_OFFSET_WORTH_A_RETRY = 2.0
_CLOSE_SECONDS = 1.0

_PRIVATE_EVENTS: dict[str, Callable[[Any], StreamEvent]] = {
    "executionReport": ExecutionReport.from_wire,
    "orderCancelReject": OrderCancelReject.from_wire,
    "account_update": AccountUpdate.from_wire,
}
_REFUSALS = (AuthenticationError, PermissionDeniedError)


class Stream(MarketMethods, AccountMethods, OrderMethods, FundsMethods):
    """One WebSocket session that is kept up: public without credentials, private with them.

    It greets, signs in, pings every 5 s, counts 15 s of silence as the end, reconnects after a
    growing, jittered pause, and subscribes anew what was subscribed. Requests may be made by many
    at once; every request ends with an answer or an error.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        budget: Budget,
        credentials: Credentials | None = None,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
        measure_clock: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Prepare a session; start() begins it.

        Args:
            session: The HTTP session, owned and closed by somebody else.
            url: The public or the private address of the WebSocket.
            budget: The points of the address (public) or of the key (private).
            credentials: The API key of a private session.
            clock: The time source.
            random: The source of jitter.
            measure_clock: Sets the clock's offset, such as RestClient.measure_clock; called when
                the exchange refuses the time.
        """
        self._http = session
        self._url = url
        self._budget = budget
        self._credentials = credentials
        self._clock = clock
        self._random = random or Random()
        self._measure_clock = measure_clock
        self._name = "private" if credentials else "public"
        self._hub = Hub()
        self._feeds = MarketFeeds(self.request, self._hub, clock)
        self._market_events: dict[str, Callable[[Any], None]] = {
            "order_book_increment": self._feeds.on_increment,
            "tradeHistorySnapshot": self._feeds.on_trade_history,
            "tradeUpdate": self._feeds.on_trade,
        }
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._last_error: CexioError | None = None

    @property
    def connected(self) -> bool:
        """Whether a session stands and is signed in."""
        return self._connection is not None

    @property
    def last_error(self) -> CexioError | None:
        """Why the last session ended or could not begin, None while one stands."""
        return None if self.connected else self._last_error

    async def start(self) -> None:
        """Begin to connect, in a task of its own, and return at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="CEX.IO stream")

    async def stop(self) -> None:
        """End the session and all subscriptions; what is pending fails."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._hub.close()

    async def wait_connected(self, seconds: float) -> None:
        """Wait until a session stands.

        Raises:
            AuthenticationError: The exchange refused the key; waiting longer makes no sense.
            TransportError: No session within so many seconds (or the error that prevents one).
        """
        try:
            async with self._clock.timeout(seconds):
                while not self.connected:
                    if isinstance(self._last_error, _REFUSALS):
                        raise self._last_error
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self._last_error or TransportError("No connection in time") from None

    @overload
    def listen(self, *, maximum: int = ...) -> Subscription[StreamEvent]: ...

    @overload
    def listen[E: StreamEvent](
        self, *types: type[E], maximum: int = ...
    ) -> Subscription[E]: ...

    def listen[E: StreamEvent](
        self, *types: type[E], maximum: int = MAXIMUM_EVENTS
    ) -> Subscription[E]:
        """Return a queue of the events of some types, of all when none is named.

        Args:
            types: Connected, Disconnected, Unreadable, ExecutionReport, OrderCancelReject,
                AccountUpdate, OrderBook, TradeHistory, Trade.
            maximum: So many unread events are kept; one more ends the queue with
                SlowConsumerError.
        """
        return self._hub.add(types, maximum)

    def call[E: StreamEvent](
        self, function: Callable[[E], None], *types: type[E]
    ) -> Call[E]:
        """Call a function with each event of some types, until the answer is closed.

        It is called before the next frame is read, and should be quick. What it raises is logged.
        """
        return self._hub.call(function, types)

    def order_book(self, pair: str) -> OrderBook | None:
        """Return a followed pair's book as of now, None while it is not known."""
        return self._feeds.book(pair)

    async def subscribe_order_book(self, pair: str) -> None:
        """Follow a pair's book; remembered across sessions (websocket.md 3.2). 1 point.

        Without a session it is subscribed with the next one.

        Raises:
            UnsupportedPairError: The pair is not traded.
            PermissionDeniedError: The key lacks Read.
        """
        await self._feeds.subscribe_books(pair)

    async def unsubscribe_order_book(self, pair: str) -> None:
        """Leave a pair's book (websocket.md 3.3). 1 point."""
        await self._feeds.unsubscribe_books(pair)

    async def subscribe_trades(self, pair: str) -> None:
        """Follow a pair's trades; remembered across sessions (websocket.md 3.6). 1 point.

        The exchange was seen to stay silent for long: never wait for the first one.

        Raises:
            UnsupportedPairError: The pair is not traded.
            PermissionDeniedError: The key lacks Read.
        """
        await self._feeds.subscribe_trades(pair)

    async def unsubscribe_trades(self, pair: str) -> None:
        """Leave a pair's trades (websocket.md 3.7). 1 point."""
        await self._feeds.unsubscribe_trades(pair)

    @override
    async def _request(
        self,
        action: str,
        data: Mapping[str, Any],
        priority: Priority,
    ) -> Any:
        """Send a request over the session; an unknown one would make the exchange close it."""
        method = self._offered(action)
        self._session_connection(action)
        await self._budget.spend(method.points, priority, action)
        connection = self._session_connection(action)
        if method.timed:
            data = {"timestamp": int(self._clock.exchange_time() * 1000), **data}
        return await connection.call(action, data, ANSWER_SECONDS)

    def _offered(self, action: str) -> Method:
        """Return a method that may be sent here."""
        method = METHODS.get(action)
        if method and (method.permission if self._credentials else method.public):
            return method
        raise InvalidRequestError("This WebSocket has no such method", action=action)

    def _session_connection(self, action: str) -> Connection:
        """Return the session's connection."""
        if self._connection is None:
            raise TransportError(
                "There is no connection to the exchange", action=action
            )
        return self._connection

    @override
    async def _suspect_clock(self) -> None:
        """Measure the clock, if somebody can."""
        if self._measure_clock is None:
            return
        try:
            await self._measure_clock()
        except CexioError as err:
            _LOGGER.debug("The exchange's clock could not be measured: %s", err)

    async def _run(self) -> None:
        """Hold one session after the other until cancelled."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                error = await self._session()
            except Exception:
                # Whatever it was, the next session must come.
                _LOGGER.exception("A session with the exchange failed unexpectedly")
                error = TransportError("The session failed unexpectedly")
            lasted = self._clock.monotonic() - began
            failures = 0 if lasted >= _GOOD_SESSION else failures + 1
            self._note(error)
            await self._clock.sleep(await self._pause(error, failures))

    def _note(self, error: CexioError) -> None:
        """Remember why there is no session; that there is none is said once."""
        level = logging.INFO if self._last_error is None else logging.DEBUG
        _LOGGER.log(level, "The %s stream is lost: %s", self._name, error)
        self._last_error = error
        self._tell_outcome(SIGN_IN, error)
        self._changed.set()

    async def _pause(self, error: CexioError, failures: int) -> float:
        """Return how long to wait before the next session."""
        if type(error) in (ClockError, AuthenticationError):
            before = self._clock.offset
            await self._suspect_clock()
            if abs(self._clock.offset - before) > _OFFSET_WORTH_A_RETRY:
                return _FIRST_PAUSE
        jitter = self._random.uniform(0.5, 1.0)
        if isinstance(error, _REFUSALS):
            return _REFUSED_PAUSE * jitter
        if isinstance(error, RateLimitError):
            left = error.retry_at.timestamp() - self._clock.exchange_time()
            return max(0.0, left) + jitter
        growth = 2.0 ** min(max(failures - 1, 0), 10)
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * growth) * jitter

    async def _session(self) -> CexioError:
        """Hold one session; return why it ended."""
        try:
            socket = await self._open()
        except CexioError as err:
            return err
        connection = Connection(
            socket,
            clock=self._clock,
            budget=self._budget,
            credentials=self._credentials,
            on_event=self._on_event,
            on_answer=self._feeds.on_answer,
            is_unwanted=self._feeds.is_unwanted,
        )
        error: CexioError = TransportError("The stream was stopped")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.read())
                tasks.create_task(connection.keep_alive())
                tasks.create_task(self._begin(connection, tasks))
        except* CexioError as group:
            error = _first(group)
        finally:
            self._end(connection, error)
            await self._close(socket)
        return error

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        """Open the socket; no exception of the transport passes, they quote addresses."""
        try:
            async with self._clock.timeout(OPEN_SECONDS):
                return await self._http.ws_connect(
                    self._url,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                    max_msg_size=_MAXIMUM_FRAME,
                )
        except aiohttp.WSServerHandshakeError as err:
            status = err.status
        except aiohttp.ClientError, OSError, TimeoutError:
            raise TransportError("The exchange cannot be reached") from None
        if status == 429:
            self._budget.exhaust()
            raise RateLimitError(retry_at=self._budget.next_minute)
        if status == 401:
            raise AuthenticationError("The exchange refused the connection (HTTP 401)")
        raise TransportError(f"The exchange refused the connection (HTTP {status})")

    async def _close(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Close the socket, without waiting for a peer that is gone."""
        try:
            async with self._clock.timeout(2 * _CLOSE_SECONDS):
                await socket.close()
        except TimeoutError:
            _LOGGER.debug("The socket was left without goodbye")

    async def _begin(self, connection: Connection, tasks: asyncio.TaskGroup) -> None:
        """Bring a session up: greeting, sign-in, subscriptions."""
        await connection.greeting()
        await connection.sign_in()
        self._tell_outcome(SIGN_IN, None)
        if self._last_error is not None:
            _LOGGER.info("The %s stream is back", self._name)
        self._connection = connection
        self._last_error = None
        self._changed.set()
        self._hub.publish(Connected())
        self._feeds.begin(tasks.create_task)

    def _end(self, connection: Connection, error: CexioError) -> None:
        """Take a session down."""
        connection.fail_pending(error)
        self._feeds.end()
        if self._connection is not None:
            self._connection = None
            self._hub.publish(Disconnected(error))

    def _on_event(self, name: str, data: Any) -> None:
        """Deliver an event; one that cannot be read is told, the session goes on."""
        try:
            if read := _PRIVATE_EVENTS.get(name):
                self._hub.publish(read(data))
            elif take := self._market_events.get(name):
                take(data)
            else:
                _LOGGER.debug("Left aside an event of an unknown kind")
        except UnexpectedAnswerError as err:
            _LOGGER.warning("An event %s cannot be read: %s", name, err)
            self._hub.publish(Unreadable(name))


def _first(group: BaseExceptionGroup[CexioError]) -> CexioError:
    """Return the exception that ended a session; the first one is the cause of the others."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
