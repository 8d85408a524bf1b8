"""What the private stream tells of an account, and what is asked when it was silent."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import ACCOUNT_INTERVAL, DOMAIN
from .coordinator import AccountCoordinator, CexioConfigEntry
from .exchange import (
    AccountUpdate,
    AuthenticationError,
    CexioError,
    Connected,
    Disconnected,
    ExecutionReport,
    Order,
    Priority,
    RestClient,
    Stream,
    StreamEvent,
    Unreadable,
)
from .executions import Ledger, order_key
from .trading import TradingDesk

_LOGGER = logging.getLogger(__name__)

# How often to look whether questions are due; without a stream they are each time.
TICK = timedelta(seconds=60)
# Clocks of both sides may differ by this much when asking for what happened since.
CLOCK_MARGIN = timedelta(seconds=60)
# More missing orders than this are asked for together.
SINGLE_QUESTIONS = 5


class AccountStream:
    """Feeds the ledger and the balances, and recovers what was missed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        stream: Stream,
        balances: AccountCoordinator,
        ledger: Ledger,
        desk: TradingDesk,
    ) -> None:
        """Prepare; `async_start` makes it live."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._stream = stream
        self._balances = balances
        self._ledger = ledger
        self._desk = desk
        self._catching_up = asyncio.Lock()
        self._caught_up: datetime | None = None
        self._live_since: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop_ticking: CALLBACK_TYPE | None = None
        self._listeners: list[Callable[[], None]] = []
        self.connected = False

    async def async_start(self) -> None:
        """Connect and follow."""
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_consume(), f"{DOMAIN} account"
        )
        self._stop_ticking = async_track_time_interval(
            self._hass, self._async_tick, TICK, cancel_on_shutdown=True
        )
        await self._stream.start()

    async def async_stop(self) -> None:
        """Disconnect; until now nothing was missed."""
        if self._stop_ticking is not None:
            self._stop_ticking()
            self._stop_ticking = None
        if self.connected and self.has_caught_up:
            await self._ledger.async_note_contact(dt_util.utcnow())
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stream.stop()

    @property
    def has_caught_up(self) -> bool:
        """Whether everything up to the present connection is known."""
        return self._caught_up is not None

    @callback
    def async_listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call the listener when the connection comes or goes."""
        self._listeners.append(listener)

        @callback
        def remove() -> None:
            """Stop listening."""
            self._listeners.remove(listener)

        return remove

    async def async_catch_up(self) -> None:
        """Ask for whatever may have been missed (websocket.md 4.9)."""
        async with self._catching_up:
            asked = dt_util.utcnow()
            await self._async_recover_orders()
            await self._desk.async_resolve_placements()
            await self._ledger.async_note_contact(asked)
            await self._balances.async_refresh()
            self._caught_up = asked

    async def _async_consume(self) -> None:
        """Follow the events of the stream; nothing ends it but the end of the entry."""
        while True:
            try:
                async with self._stream.listen(
                    ExecutionReport,
                    AccountUpdate,
                    Connected,
                    Disconnected,
                    Unreadable,
                ) as events:
                    async for event in events:
                        await self._async_take(event)
            except CexioError as err:
                _LOGGER.warning("Events of the account were missed: %s", err)
                await self._async_try_to_catch_up()
            else:
                return

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
            case ExecutionReport():
                await self._ledger.async_apply_report(event)
            case AccountUpdate():
                self._balances.async_push(event)
            case Connected():
                self._async_set_connected(True)
                # Reports wait in the queue meanwhile, so that fills keep their order.
                await self._async_try_to_catch_up()
            case Disconnected(error=error):
                self._async_set_connected(False, error)
                if self.has_caught_up:
                    await self._ledger.async_note_contact(dt_util.utcnow())
                self._caught_up = None
            case Unreadable():
                await self._async_try_to_catch_up()

    async def _async_try_to_catch_up(self) -> None:
        """Catch up now, or at the next tick if the exchange does not answer."""
        try:
            await self.async_catch_up()
        except CexioError as err:
            self._caught_up = None
            if isinstance(err, AuthenticationError):
                self._entry.async_start_reauth(self._hass)
            _LOGGER.debug("Catching up is put off: %s", err)

    @callback
    def _async_set_connected(
        self, connected: bool, error: CexioError | None = None
    ) -> None:
        """Note that the connection came or went, and say so once."""
        self._live_since = dt_util.utcnow() if connected else None
        if isinstance(error, AuthenticationError):
            self._entry.async_start_reauth(self._hass)
        if connected == self.connected:
            return
        self.connected = connected
        if connected:
            _LOGGER.info("Connected to the account's stream")
        else:
            _LOGGER.info("The account's stream is lost: %s", error or "closed")
        for listener in tuple(self._listeners):
            listener()

    async def _async_tick(self, now: datetime) -> None:
        """Ask when it is due: slowly beside a stream, each time without one."""
        is_due = self._caught_up is None or now - self._caught_up >= ACCOUNT_INTERVAL
        if is_due or not self.connected:
            await self._async_try_to_catch_up()

    async def _async_recover_orders(self) -> None:
        """Compare the ledger with what the exchange says of open and ended orders."""
        live_since = self._live_since
        open_orders = await self._rest.get_my_orders(priority=Priority.RECOVERY)
        if not self._ledger.has_baseline:
            await self._ledger.async_adopt(open_orders)
        await self._ledger.async_apply_orders(open_orders, live_since=live_since)
        if (contact := self._ledger.contact) is not None:
            ended = await self._rest.get_my_orders(
                archived=True,
                created_from=contact - CLOCK_MARGIN,
                priority=Priority.RECOVERY,
            )
            await self._ledger.async_apply_orders(
                reversed(ended), live_since=live_since
            )
        still_open = {order_key(order) for order in open_orders}
        missing = [
            order
            for order in self._ledger.open_orders
            if order_key(order) not in still_open
        ]
        found = await self._async_find(missing)
        await self._ledger.async_apply_orders(found, live_since=live_since)

    async def _async_find(self, missing: list[Order]) -> list[Order]:
        """Ask what became of orders that are no longer open."""
        if len(missing) > SINGLE_QUESTIONS:
            created = [order.created for order in missing if order.created is not None]
            keys = {order_key(order) for order in missing}
            archived = await self._rest.get_my_orders(
                archived=True,
                created_from=min(created, default=dt_util.utcnow()) - CLOCK_MARGIN,
                priority=Priority.RECOVERY,
            )
            found = [order for order in archived if order_key(order) in keys]
            missing = [
                order
                for order in missing
                if order_key(order) not in {order_key(other) for other in found}
            ][:SINGLE_QUESTIONS]
        else:
            found = []
        for order in missing:
            found += await self._rest.get_my_orders(
                order_id=order.order_id, priority=Priority.RECOVERY
            )
        return found
