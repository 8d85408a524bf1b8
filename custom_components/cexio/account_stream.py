"""What the private stream tells of an account, and what is asked when it was silent."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import batched
import logging
import sqlite3
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import ACCOUNT_INTERVAL, DOMAIN
from .coordinator import AccountCoordinator, CexioConfigEntry
from .exchange import (
    AccountUpdate,
    CexioError,
    Clock,
    Connected,
    Disconnected,
    ExecutionReport,
    RestClient,
    Stream,
    StreamEvent,
    Unreadable,
)
from .executions import LARGEST_BATCH, Ledger
from .following import Together, async_follow
from .listeners import Listeners
from .order_outcomes import OrderOutcomes
from .recovery import Recovery

_LOGGER = logging.getLogger(__name__)

# How often to look whether questions are due; without a stream they are each time.
TICK = timedelta(seconds=60)
EVENTS = (ExecutionReport, AccountUpdate, Connected, Disconnected, Unreadable)
# Taken in at once of what waits. An execution comes with a balance or two.
MOST_TOGETHER = 3 * LARGEST_BATCH
# So many connects and disconnects are remembered for diagnostics.
HISTORY_COUNT = 50


class AccountStream:
    """Feeds the ledger and the balances, and recovers what was missed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        stream: Stream,
        clock: Clock,
        balances: AccountCoordinator,
        ledger: Ledger,
        outcomes: OrderOutcomes,
    ) -> None:
        """Prepare; `async_start` makes it live."""
        self._hass = hass
        self._entry = entry
        self._stream = stream
        self._clock = clock
        self._balances = balances
        self._ledger = ledger
        self.recovery = Recovery(
            rest=rest,
            balances=balances,
            ledger=ledger,
            outcomes=outcomes,
            now=clock.exchange_now,
        )
        self._catching_up = asyncio.Lock()
        self._caught_up: datetime | None = None
        # Cleared while reports wait until it is known what was missed before them.
        self._following = asyncio.Event()
        self._following.set()
        self._tasks: list[asyncio.Task[None]] = []
        self.history: deque[dict[str, str]] = deque(maxlen=HISTORY_COUNT)
        self._stop_ticking: CALLBACK_TYPE | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._listeners = Listeners[()]()
        self.connected = False

    async def async_start(self) -> None:
        """Connect and follow."""
        following = async_follow(
            self._stream,
            EVENTS,
            self._async_take,
            self._async_catch_up_missed,
            Together(
                (AccountUpdate, ExecutionReport), MOST_TOGETHER, self._async_take_news
            ),
        )
        self._tasks = [
            self._entry.async_create_background_task(
                self._hass, work, f"{DOMAIN} {name}"
            )
            for name, work in (
                ("account", following),
                ("waiting executions", self._async_release()),
            )
        ]
        self._stop_ticking = async_track_time_interval(
            self._hass, self._async_tick, TICK, cancel_on_shutdown=True
        )
        await self._stream.start()

    async def async_stop(self) -> None:
        """Disconnect; until now nothing was missed."""
        if self._stop_ticking is not None:
            self._stop_ticking()
            self._stop_ticking = None
        tasks = [*self._tasks, *([self._ticking] if self._ticking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._stream.stop()
        self._ledger.live_since = None
        await self._ledger.async_release(everything=True)
        if self.connected and self.has_caught_up:
            await self._ledger.async_note_contact(self._clock.exchange_now())

    @property
    def has_caught_up(self) -> bool:
        """Whether everything up to the present connection is known."""
        return self._caught_up is not None

    @callback
    def async_listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call the listener when the connection comes or goes."""
        return self._listeners.async_add(listener)

    async def async_catch_up(self) -> None:
        """Ask for whatever may have been missed (websocket.md 4.9)."""
        async with self._catching_up:
            asked = dt_util.utcnow()
            await self.recovery.async_run()
            self._caught_up = asked if self.recovery.is_complete else None

    async def _async_catch_up_missed(self, missed: CexioError) -> None:
        """Ask for what came faster than it could be read."""
        _LOGGER.warning("Events of the account were missed: %s", missed)
        await self._async_recover()

    async def _async_release(self) -> None:
        """Take what waits for reports as it is when none come."""
        while True:
            await self._ledger.something_held.wait()
            self._ledger.something_held.clear()
            while (due := self._ledger.next_release) is not None:
                await asyncio.sleep(max(due - monotonic(), 0))
                await self._following.wait()
                try:
                    await self._ledger.async_release()
                except Exception:
                    # What was not kept is found again by asking.
                    _LOGGER.exception("Executions that waited could not be taken in")
                    self._caught_up = None

    async def _async_recover(self) -> None:
        """Catch up while reports wait in the queue, so that fills keep their order."""
        self._following.clear()
        try:
            await self._async_try_to_catch_up()
        finally:
            self._ledger.postpone()
            self._following.set()

    async def _async_take_news(self, news: Sequence[StreamEvent]) -> None:
        """Take in what came while others were written: balances at once, reports together.

        The exchange sends the balances that an execution changed between the reports.
        """
        reports = []
        for event in news:
            if isinstance(event, ExecutionReport):
                reports.append(event)
            else:
                await self._async_take(event)
        for some in batched(reports, LARGEST_BATCH, strict=False):
            await self._async_take_reports(some)

    async def _async_take_reports(self, reports: Sequence[ExecutionReport]) -> None:
        """Take in reports that came together; one that fails takes no other along."""
        try:
            await self._ledger.async_apply_reports(*reports)
        except Exception:
            if len(reports) > 1:
                for report in reports:
                    await self._async_take_reports([report])
                return
            _LOGGER.exception("A report could not be taken in")
            self._caught_up = None

    async def _async_take(self, event: StreamEvent) -> None:
        """Take in one event; one that fails is found again by asking."""
        try:
            await self._async_handle(event)
        except Exception:
            _LOGGER.exception("An event of the account could not be taken in")
            self._caught_up = None

    async def _async_handle(self, event: StreamEvent) -> None:
        """Take in one event."""
        match event:
            case AccountUpdate():
                self._balances.async_push(event)
            case Connected():
                self._async_set_connected(True)
                await self._async_recover()
            case Disconnected(error=error):
                self._async_set_connected(False, error)
                await self._ledger.async_release(everything=True)
                if self.has_caught_up:
                    await self._ledger.async_note_contact(self._clock.exchange_now())
                self._caught_up = None
            case Unreadable():
                await self._async_recover()

    async def _async_try_to_catch_up(self) -> None:
        """Catch up now, or at the next tick if the exchange does not answer."""
        try:
            await self.async_catch_up()
        except (CexioError, sqlite3.Error) as err:
            self._caught_up = None
            _LOGGER.debug("Catching up is put off: %s", err)

    @callback
    def _async_set_connected(
        self, connected: bool, error: CexioError | None = None
    ) -> None:
        """Note that the connection came or went, and tell who listens."""
        # Orders carry the exchange's time, so that this has to be of the same clock.
        self._ledger.live_since = self._clock.exchange_now() if connected else None
        self.history.append(
            {
                "time": dt_util.utcnow().isoformat(),
                "event": "connected" if connected else "disconnected",
                "reason": "" if error is None else f"{type(error).__name__}: {error}",
            }
        )
        if connected == self.connected:
            return
        self.connected = connected
        self._listeners.async_tell()

    @callback
    def _async_tick(self, now: datetime) -> None:
        """Ask when it is due: slowly beside a stream, each time without one."""
        is_due = self._caught_up is None or now - self._caught_up >= ACCOUNT_INTERVAL
        is_asking = self._ticking is not None and not self._ticking.done()
        if (is_due or not self.connected) and not is_asking:
            self._ticking = self._entry.async_create_background_task(
                self._hass, self._async_try_to_catch_up(), f"{DOMAIN} catching up"
            )
