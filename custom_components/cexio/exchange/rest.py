"""The exchange over REST."""

from collections.abc import Mapping
import logging
from typing import Any, override

import aiohttp
import orjson

from .budget import Budget, Priority
from .clock import SYSTEM_CLOCK, Clock
from .endpoints import Endpoints
from .errors import (
    AuthenticationError,
    CexioError,
    ClockError,
    InvalidRequestError,
    RateLimitError,
    TransportError,
    UnexpectedAnswerError,
)
from .methods.account import AccountMethods
from .methods.catalogue import METHODS, Method, changes_something
from .methods.funds import FundsMethods
from .methods.market import MarketMethods
from .methods.orders import OrderMethods
from .refusals import nested_error, refusal, unanswered, unreadable
from .signing import Credentials, sign_rest

_LOGGER = logging.getLogger(__name__)

KEY_POINTS = 200
ADDRESS_POINTS = 100
# Less than this is the jitter of the measurement, not a reason to sign again.
_OFFSET_WORTH_A_RETRY = 2.0
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


class RestClient(MarketMethods, AccountMethods, OrderMethods, FundsMethods):
    """Every method of the exchange, one HTTP request each.

    Market data is asked without the key and paid by the address (unless told otherwise), all else
    is signed and paid by the key. Nothing is ever repeated, except a pure read that was refused for a wrong clock.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        endpoints: Endpoints,
        credentials: Credentials | None = None,
        address_budget: Budget,
        key_budget: Budget | None = None,
        clock: Clock = SYSTEM_CLOCK,
        timeout: float = 10.0,
        market_data_with_key: bool = False,
    ) -> None:
        """Use a session that somebody else owns and closes.

        Args:
            session: The HTTP session.
            endpoints: Where the exchange is.
            credentials: The API key, None = public methods only.
            address_budget: The points of this address, shared with the public WebSocket.
            key_budget: The points of the key, shared with the private WebSocket.
            clock: The time source.
            timeout: Seconds from sending to the whole answer; half of them for connecting.
            market_data_with_key: Ask books, candles, trades and networks on the private side,
                paid by the key (and with the smaller pages of rest.md 4.B.14).
        """
        self._session = session
        self._endpoints = endpoints
        self._credentials = credentials
        self._address_budget = address_budget
        self._key_budget = key_budget or Budget(KEY_POINTS, clock=clock)
        self._clock = clock
        half = timeout / 2
        self._limits = aiohttp.ClientTimeout(
            total=timeout, connect=half, sock_connect=half
        )
        self._market_data_with_key = market_data_with_key

    @property
    def clock(self) -> Clock:
        """The time source, with the offset of the exchange's clock as last measured."""
        return self._clock

    @override
    async def _request(
        self,
        action: str,
        data: Mapping[str, Any],
        priority: Priority,
    ) -> Any:
        """Send a request, a read once more when it was refused for a wrong clock (rest.md 1)."""
        method = METHODS.get(action)
        if method is None or not method.rest:
            raise InvalidRequestError(
                "The exchange has no such method over REST", action=action
            )
        offset = self._clock.offset
        try:
            return await self._exchange(method, data, priority)
        except AuthenticationError as err:
            if not await self._clock_was_wrong(err, offset) or changes_something(
                action
            ):
                raise
        return await self._exchange(method, data, priority)

    async def measure_clock(self, *, priority: Priority = Priority.RECOVERY) -> float:
        """Ask for the exchange's time, keep and return how many seconds it is ahead of ours.

        1 point of the address.

        Raises:
            CexioError: As every read.
        """
        sent = self._clock.time()
        moment = await self.get_server_time(priority=priority)
        self._clock.offset = moment.timestamp() - (sent + self._clock.time()) / 2
        return self._clock.offset

    @override
    async def _suspect_clock(self) -> None:
        """Measure the clock: an order was rejected for its time."""
        try:
            await self.measure_clock()
        except CexioError as failure:
            _LOGGER.debug("The exchange's clock could not be measured: %s", failure)

    async def _clock_was_wrong(self, err: AuthenticationError, offset: float) -> bool:
        """Measure the clock when a refusal may be due to it; return whether it was off.

        Compared with the offset that was signed with: others measure as well.
        """
        if (
            type(err) not in (ClockError, AuthenticationError)
            or self._credentials is None
        ):
            return False
        await self._suspect_clock()
        return abs(self._clock.offset - offset) > _OFFSET_WORTH_A_RETRY

    async def _exchange(
        self,
        method: Method,
        data: Mapping[str, Any],
        priority: Priority,
    ) -> Any:
        """Pay for a request, send it once, and read its answer."""
        public = method.public and not (
            self._market_data_with_key and method.permission
        )
        budget = self._address_budget if public else self._key_budget
        credentials = None if public else self._credentials
        if credentials is None and not public:
            raise AuthenticationError("This needs an API key", action=method.action)
        await budget.spend(method.points, priority, method.action)
        now = self._clock.exchange_time()
        if method.timed:
            data = {"timestamp": int(now * 1000), **data}
        status, body = await self._post(
            method, orjson.dumps(data), credentials, int(now)
        )
        secrets = (credentials.key, credentials.secret) if credentials else ()
        try:
            return decode_answer(
                method.action, status, body, budget=budget, secrets=secrets
            )
        except RateLimitError:
            budget.exhaust()
            raise

    async def _post(
        self,
        method: Method,
        body: bytes,
        credentials: Credentials | None,
        timestamp: int,
    ) -> tuple[int, bytes]:
        """Send a request; no exception of the transport passes, they quote addresses and keys."""
        base = self._endpoints.rest if credentials else self._endpoints.rest_public
        headers = {"Content-Type": "application/json"}
        if credentials is not None:
            signature = sign_rest(
                credentials.signing_key, method.action, timestamp, body.decode()
            )
            headers |= {
                "X-AGGR-KEY": credentials.key,
                "X-AGGR-TIMESTAMP": str(timestamp),
                "X-AGGR-SIGNATURE": signature,
            }
        try:
            async with self._session.post(
                f"{base}/{method.action}",
                data=body,
                headers=headers,
                timeout=self._limits,
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except _NOT_SENT as err:
            failure: CexioError = TransportError(_reason(err), action=method.action)
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = unanswered(_reason(err), method.action)
        raise failure


def _reason(err: Exception) -> str:
    """Return what went wrong without the words of the transport, which quote too much."""
    if isinstance(err, TimeoutError):
        return "The exchange did not answer in time"
    if isinstance(err, aiohttp.ClientSSLError):
        return "The exchange's certificate was not accepted"
    if isinstance(err, _NOT_SENT):
        return "The exchange cannot be reached"
    return "The connection to the exchange was lost"


def decode_answer(
    action: str,
    status: int,
    body: bytes,
    *,
    budget: Budget,
    secrets: tuple[str, ...] = (),
) -> Any:
    """Return the "data" of an answer, or raise what it says (rest.md 1.3, 1.4, 6 item 3).

    Args:
        action: The method.
        status: The HTTP status.
        body: The answer's text.
        budget: Knows when the points come back.
        secrets: What no exception may quote.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise _unreadable(action, status, budget)
    data = answer.get("data")
    error = answer.get("error")
    if error is None:
        error = nested_error(data)
    if error is None and status == 200:
        if answer.get("ok") == "ok":
            return data
        raise unreadable("The answer is neither a success nor an error", action)
    raise refusal(
        error,
        action=action,
        retry_at=budget.next_minute,
        status=None if status == 200 else status,
        secrets=secrets,
    )


def _unreadable(action: str, status: int, budget: Budget) -> CexioError:
    """Return the exception for an answer that is not of the exchange's form.

    Below 500 such a page comes from something in front of the exchange, which did not pass the
    request on.
    """
    text = f"The answer with HTTP status {status} is not of the exchange's form"
    if status == 200:
        return unreadable(text, action)
    if status < 500 and status not in (401, 408, 429):
        return UnexpectedAnswerError(text, action=action)
    return refusal(text, action=action, retry_at=budget.next_minute, status=status)
