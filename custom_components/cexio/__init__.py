"""The CEX.IO integration: prices, balances, executions and orders of an exchange account."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
import logging
import sqlite3

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import ConfigType

from .assistants import async_offer_tools
from .client import async_create_client
from .const import (
    CONF_KIND,
    DOMAIN,
    EVENT_EXECUTION,
    EVENT_FUNDING,
    EVENT_PRICE_ALERT,
    FEED_SIGNAL,
    KIND_ACCOUNT,
    WRITE_AGAIN_INTERVAL,
)
from .coordinator import (
    AccountCoordinator,
    CexioConfigEntry,
    CexioRuntimeData,
    ReferenceCoordinator,
)
from .database import database_path, remove_database
from .database_issues import async_forget_file, async_open_database, unusable
from .entity import account_device, flat_execution, known_devices
from .feed import FeedEntry, FeedKind, FeedListener
from .log_filter import async_redact, secrets_of
from .migration import async_migrate
from .portfolio import WalletCoordinator
from .runtime import async_create_runtime
from .services import async_setup_services
from .stream_reports import StreamReports
from .trouble_watch import TroubleWatch
from .troubles import async_create_troubles, async_forget_issues
from .watched_markets import WatchedMarkets
from .websocket_api import async_setup_websocket_api

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what is there whether an entry is loaded or not."""
    async_setup_services(hass)
    async_offer_tools(hass)
    async_setup_websocket_api(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: CexioConfigEntry) -> bool:
    """Bring an entry of an earlier version into its present form."""
    async_migrate(hass, entry)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CexioConfigEntry) -> bool:
    """Set up an account, or prices only."""
    # Before there is a client that could make anybody log them.
    entry.async_on_unload(async_redact(secrets_of(entry.data)))
    client = async_create_client(hass, entry.data)
    # From the first request on: some things are wrong before anything is set up.
    watch = TroubleWatch(hass, entry, client, await async_create_troubles(hass, entry))
    reference = ReferenceCoordinator(hass, entry, client.rest)
    balances: AccountCoordinator | None = None
    wallet: WalletCoordinator | None = None
    if entry.data[CONF_KIND] == KIND_ACCOUNT:
        balances = AccountCoordinator(hass, entry, client.rest)
        wallet = WalletCoordinator(hass, entry, client.rest)
    await _async_ask_first(reference, balances, wallet)

    database = await async_open_database(hass, entry)
    try:
        runtime = await async_create_runtime(
            hass, entry, client, watch, reference, balances, wallet, database
        )
    except BaseException as err:
        await database.async_close()
        if isinstance(err, sqlite3.Error):
            raise unusable(database, err) from err
        raise
    entry.runtime_data = runtime
    try:
        await _async_bring_up(hass, entry, runtime)
    except BaseException:
        await _async_bring_down(runtime)
        raise
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CexioConfigEntry) -> bool:
    """Unload an entry and leave nothing behind."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await _async_bring_down(entry.runtime_data)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Delete what an entry kept on disk, and what was said of it."""
    path = database_path(hass, entry.entry_id)
    await hass.async_add_executor_job(remove_database, path)
    async_forget_file(hass, entry)
    async_forget_issues(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: CexioConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let a device be deleted that stands for nothing any more."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    return device.identifiers.isdisjoint(known_devices(entry))


async def _async_ask_first(
    reference: ReferenceCoordinator,
    balances: AccountCoordinator | None,
    wallet: WalletCoordinator | None,
) -> None:
    """Ask at once for all that a set-up needs: no answer depends on another.

    Raises:
        ConfigEntryAuthFailed: The key was refused.
        ConfigEntryNotReady: Something is not known; the wallet alone may be missing.
    """
    asked = [item for item in (reference, balances, wallet) if item is not None]
    outcomes = await asyncio.gather(
        *(item.async_config_entry_first_refresh() for item in asked),
        return_exceptions=True,
    )
    for item, outcome in zip(asked, outcomes, strict=True):
        if item is wallet and isinstance(outcome, ConfigEntryNotReady):
            _LOGGER.error("Error fetching %s data: %s", item.name, item.last_exception)
        elif outcome is not None:
            raise outcome


async def _async_bring_up(
    hass: HomeAssistant, entry: CexioConfigEntry, runtime: CexioRuntimeData
) -> None:
    """Start everything, in the order in which one thing needs the other."""
    # Reference data is refreshed as long as somebody listens.
    entry.async_on_unload(runtime.reference.async_add_listener(lambda: None))
    watched = WatchedMarkets(hass, entry, runtime.markets)
    await watched.async_reconcile()
    if runtime.account is not None:
        # It wants prices of its own, which the first question for tickers then covers.
        await runtime.account.portfolio.async_start()
    await runtime.markets.async_start()
    if runtime.account is not None:
        # Sub-accounts point at the device of the account, so that it has to be there.
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id, **account_device(entry)
        )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    entry.async_on_unload(runtime.feed.async_listen(_publisher(hass, entry)))
    await runtime.feed.async_publish_pending()

    async def write_again(_now: datetime) -> None:
        """Try whether the disk takes again what it refused."""
        if runtime.feed.has_unwritten:
            await runtime.feed.async_write()

    entry.async_on_unload(
        async_track_time_interval(
            hass, write_again, WRITE_AGAIN_INTERVAL, cancel_on_shutdown=True
        )
    )
    await runtime.alerts.async_start()
    runtime.price_history.async_start()
    if runtime.account is not None:
        await runtime.account.stream.async_start()
        runtime.account.fees.async_start()
        await runtime.account.profit.async_start()
        await runtime.account.funding.async_start()
        runtime.account.portfolio_history.async_start()
        await StreamReports(
            hass, entry, runtime.account.stream, runtime.feed
        ).async_start()

    runtime.watch.async_start()

    access = _access(entry)

    async def reconcile(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
        """Follow a change of the entry: only another access needs a reload."""
        if _access(entry) != access:
            hass.config_entries.async_schedule_reload(entry.entry_id)
        else:
            await watched.async_reconcile()
            await runtime.alerts.async_reconcile()
            runtime.watch.async_look()
            if runtime.account is not None:
                runtime.account.portfolio.async_value()

    async def stop(_event: Event) -> None:
        """Leave cleanly when Home Assistant stops."""
        await _async_bring_down(runtime)

    entry.async_on_unload(entry.add_update_listener(reconcile))
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))


async def _async_bring_down(runtime: CexioRuntimeData) -> None:
    """Stop everything, whatever becomes of a single step; the file is closed last."""
    steps: list[Callable[[], Awaitable[object]]] = [
        runtime.alerts.async_stop,
        runtime.price_history.async_stop,
    ]
    if (account := runtime.account) is not None:
        steps = [
            # Orders under way may still need everything else.
            account.desk.async_stop,
            *steps,
            account.stream.async_stop,
            account.profit.async_stop,
            account.funding.async_stop,
            account.portfolio_history.async_stop,
            account.portfolio.async_shutdown,
        ]
    steps += [
        runtime.markets.async_stop,
        runtime.watch.async_stop,
        # Also when nothing is left: whoever is writing still has to tell what was written.
        runtime.feed.async_write,
        runtime.database.async_close,
    ]
    for step in steps:
        try:
            await step()
        except Exception:
            _LOGGER.exception("A part of the entry did not stop cleanly")


def _access(entry: CexioConfigEntry) -> tuple[object, ...]:
    """Return what of an entry cannot change without a reload."""
    return dict(entry.data), entry.title


@callback
def _publisher(hass: HomeAssistant, entry: CexioConfigEntry) -> FeedListener:
    """Return what tells the rest of Home Assistant of an entry of the feed."""
    signal = FEED_SIGNAL.format(entry.entry_id)

    @callback
    def publish(item: FeedEntry) -> None:
        """Fire the bus event, and wake the subscribers."""
        common = {
            "config_entry_id": entry.entry_id,
            "id": item.id,
            "seq": item.seq,
            "late": item.late,
        }
        if item.kind is FeedKind.EXECUTION:
            hass.bus.async_fire(EVENT_EXECUTION, common | flat_execution(item.data))
        elif item.kind is FeedKind.FUNDING:
            hass.bus.async_fire(EVENT_FUNDING, common | item.data)
        elif item.kind is FeedKind.PRICE_ALERT:
            hass.bus.async_fire(EVENT_PRICE_ALERT, common | item.data)
        async_dispatcher_send(hass, signal)

    return publish
