"""The session to Home Assistant's WebSocket API: it stays up, and the feed goes on where it stopped."""

import asyncio
from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
import json
import logging
from random import Random
from typing import Any

import aiohttp

from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.errors import (
    AuthenticationError,
    HomeAssistantError,
    NotConnectedError,
    RefusedError,
    UnansweredError,
)
from telegram_bot.feed import FeedFollower, Json

_LOGGER = logging.getLogger(__name__)

DOMAIN = "cexio"
COMMAND_TIMEOUT = 20.0
_CONNECT_TIMEOUT = 10.0
# Home Assistant notices a dead path after 55 s only; we notice after 12 + 10.
_PING_EVERY = 12.0
_PONG_WITHIN = 10.0
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0
# A wrong token asked too often makes Home Assistant ban the address.
_REFUSED_TOKEN_BACKOFF = 300.0
# After a restart the WebSocket API works minutes before the integrations do.
_FEED_RETRY = 3.0
_LONGEST_FEED_RETRY = 30.0
# A subscription to an account that was removed and added again stays silent for ever.
_FEED_REFRESH = 300.0
_FEED_QUEUE = 1000
_PREFIXES = ("Validation error: ",)


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A subscription of the feed that stands."""

    number: int
    events: asyncio.Queue[Json]
    feed_id: str
    newest: int
    too_old: bool


class HomeAssistant:
    """One WebSocket session to Home Assistant, made again whenever it is lost."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        url: str,
        token: str,
        config_entry_id: str | None = None,
        follower: FeedFollower | None = None,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
    ) -> None:
        """Prepare; nothing is sent before `start`."""
        self._http = session
        self._url = f"{url}/api/websocket"
        self._token = token
        self._entry = {"config_entry_id": config_entry_id} if config_entry_id else {}
        self._follower = follower
        self._clock = clock
        self._random = random or Random()
        self._task: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._feeds: dict[int, asyncio.Queue[Json]] = {}
        self._last_id = 0
        self._connected = asyncio.Event()
        self._feed_tried = asyncio.Event()
        self._feed_following = asyncio.Event()
        self._told_lost = False
        self._told_no_feed = False

    @property
    def connected(self) -> bool:
        """Return whether commands can be sent now."""
        return self._connected.is_set()

    @property
    def following(self) -> bool:
        """Return whether the feed's subscription stands."""
        return self._feed_following.is_set()

    async def start(self) -> None:
        """Start the session's task and return at once."""
        self._task = asyncio.create_task(self._run(), name="home-assistant")

    async def stop(self) -> None:
        """End the session; commands under way fail as unanswered."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def wait_tried(self) -> None:
        """Wait until the session stands and the feed has been asked for once."""
        await self._feed_tried.wait()

    async def wait_following(self) -> None:
        """Wait until the feed's subscription stands."""
        await self._feed_following.wait()

    async def call(
        self,
        action: str,
        data: Mapping[str, Any] | None = None,
        *,
        within: float = COMMAND_TIMEOUT,
    ) -> Json:
        """Perform an action of the integration and return its response.

        Args:
            action: the name without domain, such as "get_ticker".
            data: its fields; amounts as strings of plain digits.
            within: seconds until the outcome counts as unknown.

        Raises:
            NotConnectedError: surely not sent.
            UnansweredError: sent, but no answer came.
            RefusedError: Home Assistant answered with an error.
        """
        result = await self._command(
            {
                "type": "call_service",
                "domain": DOMAIN,
                "service": action,
                "service_data": {**self._entry, **(data or {})},
                "return_response": True,
            },
            within=within,
        )
        response = result.get("response") if isinstance(result, dict) else None
        return response if isinstance(response, dict) else {}

    async def status(self) -> Json:
        """Return how the integration stands: versions, stream, points, whether trading is on, troubles.

        Raises:
            HomeAssistantError: as `call`.
        """
        result = await self._command({"type": f"{DOMAIN}/status", **self._entry})
        return result if isinstance(result, dict) else {}

    async def time_zone(self) -> str:
        """Return the name of the time zone in which Home Assistant lives, such as "Europe/Berlin".

        Raises:
            HomeAssistantError: as `call`.
        """
        result = await self._command({"type": "get_config"})
        return str(result["time_zone"])

    async def switch(self, entity_id: str, *, on: bool) -> None:
        """Turn a switch on or off; one that is not there is no error.

        Raises:
            HomeAssistantError: as `call`.
        """
        await self._command(
            {
                "type": "call_service",
                "domain": "switch",
                "service": "turn_on" if on else "turn_off",
                "target": {"entity_id": entity_id},
            }
        )

    async def _command(self, message: Json, *, within: float = COMMAND_TIMEOUT) -> Any:
        """Send one command and wait for its result."""
        return (await self._numbered_command(message, within=within))[1]

    async def _numbered_command(
        self,
        message: Json,
        *,
        within: float = COMMAND_TIMEOUT,
        events: asyncio.Queue[Json] | None = None,
    ) -> tuple[int, Any]:
        """Send one command and wait for its result; return its number as well."""
        socket = self._socket
        if socket is None or socket.closed or not self._connected.is_set():
            raise NotConnectedError("Home Assistant can't be reached")
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        if events is not None:
            # They may arrive in the same moment as the result.
            self._feeds[number] = events

        async def ask() -> Any:
            """Send it; a peer that takes nothing counts as one that does not answer."""
            await socket.send_str(json.dumps({"id": number, **message}))
            return await answer

        try:
            return number, await self._clock.within(ask(), within)
        except TimeoutError as err:
            raise UnansweredError("Home Assistant did not answer in time") from err
        except (aiohttp.ClientError, OSError) as err:
            raise UnansweredError("the connection to Home Assistant was lost") from err
        finally:
            self._pending.pop(number, None)

    async def _run(self) -> None:
        """Keep a session up until cancelled."""
        failures = 0
        while True:
            pause = None
            try:
                failures = await self._session(failures)
            except AuthenticationError as err:
                pause = _REFUSED_TOKEN_BACKOFF
                self._say_lost(
                    f"{err}; create a new long-lived token and put it into the configuration"
                )
            except (
                HomeAssistantError,
                aiohttp.ClientError,
                OSError,
                TimeoutError,
            ) as err:
                self._say_lost(
                    f"{type(err).__name__}: {err}" if str(err) else type(err).__name__
                )
            except Exception:
                # An answer nobody can read, or more events than fit: begin again rather than stop.
                _LOGGER.exception("The session to Home Assistant broke")
            if pause is None:
                pause = min(
                    _LONGEST_BACKOFF, _FIRST_BACKOFF * 2**failures
                ) * self._random.uniform(0.5, 1.0)
            failures = min(failures + 1, 10)
            await self._clock.sleep(pause)

    def _say_lost(self, why: str) -> None:
        """Say once that Home Assistant is away, not at every try."""
        if not self._told_lost:
            _LOGGER.warning(
                "Home Assistant can't be reached, trying until it is there: %s", why
            )
            self._told_lost = True

    async def _session(self, failures: int) -> int:
        """Open one session and serve it until it ends; return the count of failures to go on with."""
        async with await self._clock.within(
            self._http.ws_connect(self._url, max_msg_size=0), _CONNECT_TIMEOUT
        ) as socket:
            await self._clock.within(self._authenticate(socket), _CONNECT_TIMEOUT)
            _LOGGER.info("Connected to Home Assistant")
            self._told_lost = False
            failures = 0
            self._socket = socket
            self._connected.set()
            helpers = [
                asyncio.create_task(
                    self._keep_alive(socket), name="home-assistant-ping"
                )
            ]
            if self._follower:
                helpers.append(
                    asyncio.create_task(
                        self._follow(self._follower), name="home-assistant-feed"
                    )
                )
            try:
                await self._read(socket)
            finally:
                self._forget()
                for task in helpers:
                    task.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)
        self._say_lost("the connection was closed")
        return failures

    def _forget(self) -> None:
        """Drop everything that belonged to the session."""
        self._connected.clear()
        self._feed_following.clear()
        self._socket = None
        self._feeds.clear()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(
                    UnansweredError("the connection to Home Assistant was lost")
                )
        self._pending.clear()

    async def _authenticate(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Go through Home Assistant's greeting."""
        message = await self._receive(socket)
        if message.get("type") == "auth_required":
            await socket.send_str(
                json.dumps({"type": "auth", "access_token": self._token})
            )
            message = await self._receive(socket)
        if message.get("type") != "auth_ok":
            raise AuthenticationError("Home Assistant does not accept the token")

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> Json:
        """Receive one message of the greeting."""
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise NotConnectedError("the connection was closed during the greeting")
        greeting: Json = json.loads(message.data)
        return greeting

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Hand every message to whom it belongs, until the socket ends."""
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            messages = json.loads(frame.data)
            for message in messages if isinstance(messages, list) else [messages]:
                self._dispatch(message)

    def _dispatch(self, message: Json) -> None:
        """Hand one message to whom it belongs."""
        number = message.get("id", 0)
        if message.get("type") == "event":
            if (queue := self._feeds.get(number)) is not None:
                # A full queue ends the session: the cursor brings back what did not fit.
                queue.put_nowait(message.get("event") or {})
            return
        answer = self._pending.get(number)
        if answer is None or answer.done():
            return
        if message.get("type") == "pong" or message.get("success"):
            answer.set_result(message.get("result"))
        else:
            answer.set_exception(_refusal(message.get("error") or {}))

    async def _keep_alive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ping, and close a socket that does not answer."""
        while True:
            await self._clock.sleep(_PING_EVERY)
            try:
                await self._command({"type": "ping"}, within=_PONG_WITHIN)
            except HomeAssistantError:
                await socket.close()
                return

    async def _follow(self, follower: FeedFollower) -> None:
        """Read the feed from the cursor on, for as long as the session lives."""
        pause = _FEED_RETRY
        while True:
            try:
                await self._follow_once(follower)
            except RefusedError as err:
                pause = _FEED_RETRY
                if not self._told_no_feed:
                    self._told_no_feed = True
                    _LOGGER.warning(
                        "Home Assistant has no feed for the bot yet, asking until it has: %s",
                        err,
                    )
            except HomeAssistantError as err:
                _LOGGER.info("The feed was interrupted: %s", err)
            except Exception as err:
                # Whatever the follower could not keep is read again from the cursor; a full disk stays so for a while.
                _LOGGER.error(
                    "An entry of the feed could not be kept, reading it again: %r",
                    err,
                    exc_info=pause == _FEED_RETRY,
                )
                pause = min(_LONGEST_FEED_RETRY, pause * 2)
            else:
                pause = _FEED_RETRY
                continue
            self._feed_following.clear()
            self._feed_tried.set()
            await self._clock.sleep(pause)

    async def _follow_once(self, follower: FeedFollower) -> None:
        """Subscribe and read until something fails, or nothing has come for a while."""
        cursor = await follower.cursor()
        subscription = await self._subscribe(cursor.seq if cursor else None)
        other_journal = cursor is not None and (
            subscription.feed_id != cursor.feed_id or subscription.newest < cursor.seq
        )
        try:
            if other_journal:
                # A new journal, or one from a backup, counts anew: read all of it, what is known is recognised by its id.
                await self._unsubscribe(subscription)
                subscription = await self._subscribe(0)
            gap = subscription.too_old and not other_journal
            await follower.started(subscription.feed_id, subscription.newest, gap=gap)
            self._told_no_feed = False
            self._feed_following.set()
            self._feed_tried.set()
            while True:
                event = await self._clock.within(
                    subscription.events.get(), _FEED_REFRESH
                )
                await follower.entries(subscription.feed_id, event.get("entries") or [])
        except TimeoutError:
            _LOGGER.debug("The feed was silent, asking for it again")
        finally:
            self._feed_following.clear()
            if self.connected:
                with contextlib.suppress(HomeAssistantError):
                    await self._unsubscribe(subscription)

    async def _subscribe(self, since: int | None) -> _Subscription:
        """Ask for the feed after an entry, or for new entries only."""
        events: asyncio.Queue[Json] = asyncio.Queue(_FEED_QUEUE)
        command = {"type": f"{DOMAIN}/feed/subscribe", "since": since, **self._entry}
        number, result = await self._numbered_command(command, events=events)
        return _Subscription(
            number,
            events,
            str(result["feed_id"]),
            int(result["newest"]),
            too_old=bool(result.get("too_old")),
        )

    async def _unsubscribe(self, subscription: _Subscription) -> None:
        """End a subscription that is not read any more."""
        self._feeds.pop(subscription.number, None)
        await self._command(
            {"type": "unsubscribe_events", "subscription": subscription.number}
        )


def _refusal(error: Json) -> RefusedError:
    """Make an error of Home Assistant's answer."""
    text = str(error.get("message") or "unknown error")
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return RefusedError(
        str(error.get("code") or "unknown_error"),
        text,
        error.get("translation_key"),
        error.get("translation_placeholders"),
    )
