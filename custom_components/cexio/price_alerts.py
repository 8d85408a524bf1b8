"""Price alerts as they live in Home Assistant: kept, evaluated at each price, told."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
import logging
import sqlite3
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, ulid as ulid_util

from .alert_conditions import AlertState, AlertTerms, Finding, PriceAlert, Tick
from .alert_journal import AlertJournal, forget_state, keep_states
from .const import DOMAIN, SUBENTRY_PRICE_ALERT
from .coordinator import CexioConfigEntry
from .database import Database
from .errors import not_kept
from .feed import Also, Feed, FeedKind, NewEntry
from .market import MarketHub
from .representation import plain

_LOGGER = logging.getLogger(__name__)

CONF_CONDITION = "condition"
CONF_COOLDOWN = "cooldown"
CONF_CREATED = "created"
CONF_DIRECTION = "direction"
CONF_ENABLED = "enabled"
CONF_PERCENTAGE = "percentage"
CONF_PRICE = "price"
CONF_REPEAT = "repeat"
CONF_WINDOW = "window"

# What a subentry keeps where nothing was chosen; an alert needs a pair, a condition
# and the time of its making beside these.
ALERT_DEFAULTS: Mapping[str, Any] = {
    CONF_PRICE: None,
    CONF_PERCENTAGE: None,
    CONF_WINDOW: None,
    CONF_DIRECTION: None,
    CONF_REPEAT: False,
    CONF_COOLDOWN: None,
    CONF_ENABLED: True,
}

# An alert keeps its pair followed under this reason.
REASON = "price_alert"


@dataclass(frozen=True, slots=True)
class _Change:
    """What a price changed of an alert."""

    alert: PriceAlert
    before: AlertState
    after: AlertState
    entry: NewEntry | None


class PriceAlerts:
    """All alerts of an entry, evaluated at every price.

    They see a price at once. What that changes of them is kept in order, with the
    entry of the feed that tells of it, and told when it is kept.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        database: Database,
        feed: Feed,
        markets: MarketHub,
    ) -> None:
        """Prepare; `async_start` makes the alerts live."""
        self._hass = hass
        self._entry = entry
        self._database = database
        self._feed = feed
        self._markets = markets
        self._journal = AlertJournal(hass, database)
        self._alerts: dict[str, PriceAlert] = {}
        # Those that wait, by their pair.
        self._waiting: dict[str, list[PriceAlert]] = {}
        self._pairs: set[str] = set()
        self._changes: list[_Change] = []
        self._has_changes = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._reconciling = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def async_start(self) -> None:
        """Take up all alerts where they were left."""
        await self._async_restore()
        await self.async_reconcile()
        self._entry.async_on_unload(
            self._markets.async_listen_prices(self._async_price_changed)
        )
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_keep_changes(), f"{DOMAIN} price alerts"
        )

    async def async_stop(self) -> None:
        """Let the alerts rest; what they have seen is kept."""
        self._waiting = {}
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._async_keep()

    @property
    def alerts(self) -> list[PriceAlert]:
        """All alerts, oldest first."""
        return list(self._alerts.values())

    async def async_add(self, terms: AlertTerms) -> PriceAlert:
        """Add an alert; it waits from now on, whatever dies.

        Raises:
            HomeAssistantError: It cannot be kept.
        """
        subentry = alert_subentry(alert_data(terms))
        await self._async_note(subentry.subentry_id, subentry.data)
        self._hass.config_entries.async_add_subentry(self._entry, subentry)
        await self.async_reconcile()
        return self._alerts[subentry.subentry_id]

    async def async_update(
        self, alert_id: str, changes: Mapping[str, Any]
    ) -> PriceAlert | None:
        """Change some terms of an alert, None when there is no such alert.

        It begins anew, also if it had fired for the last time; how often and when it
        fired stays known.

        Raises:
            HomeAssistantError: It cannot be kept; the alert stays as it was.
        """
        async with self._reconciling:
            if (alert := self._alerts.get(alert_id)) is None:
                return None
            # It sees no price meanwhile, or its old state could be kept after the new.
            self._async_sort(without=alert)
            await self._async_keep()
            changed = PriceAlert(
                alert_id=alert_id,
                terms=replace(alert.terms, **changes),
                created=alert.created,
                state=alert.state.begun_anew(),
            )
            data = alert_data(changed.terms, created=changed.created)
            try:
                await self._async_note(
                    alert_id, data, keep_states({alert_id: changed.state})
                )
                self._alerts[alert_id] = changed
            finally:
                self._async_sort()
        if (subentry := self._entry.subentries.get(alert_id)) is not None:
            self._hass.config_entries.async_update_subentry(
                self._entry, subentry, data=data, title=changed.terms.title
            )
        await self.async_reconcile()
        return self._alerts.get(alert_id)

    async def async_remove(self, alert_id: str) -> PriceAlert | None:
        """Remove an alert and return it, None when there is no such alert.

        Raises:
            HomeAssistantError: That it is gone cannot be kept.
        """
        if (alert := self._alerts.get(alert_id)) is None:
            return None
        await self._async_note(alert_id, None)
        if alert_id in self._entry.subentries:
            self._hass.config_entries.async_remove_subentry(self._entry, alert_id)
        await self.async_reconcile()
        return alert

    async def _async_note(
        self, alert_id: str, data: Mapping[str, Any] | None, also: Also | None = None
    ) -> None:
        """Keep a change before it is promised."""
        try:
            await self._journal.async_note(alert_id, data, also)
        except sqlite3.Error as err:
            raise not_kept(err) from err

    async def _async_restore(self) -> None:
        """Repeat the changes that a kill kept out of Home Assistant's own file."""
        entries = self._hass.config_entries
        for alert_id, data in (await self._journal.async_unwritten()).items():
            there = self._entry.subentries.get(alert_id)
            if data is None:
                if there is not None:
                    entries.async_remove_subentry(self._entry, alert_id)
                continue
            # An earlier version may have noted it.
            meant = alert_subentry({**ALERT_DEFAULTS, **data}, alert_id)
            if there is None:
                entries.async_add_subentry(self._entry, meant)
            else:
                entries.async_update_subentry(
                    self._entry, there, data=meant.data, title=meant.title
                )

    async def async_reconcile(self) -> None:
        """Bring the alerts in line with the subentries."""
        async with self._reconciling:
            wanted = {
                subentry_id: subentry
                for subentry_id, subentry in self._entry.subentries.items()
                if subentry.subentry_type == SUBENTRY_PRICE_ALERT
            }
            new = wanted.keys() - self._alerts.keys()
            if new:
                states = await self._journal.async_states()
                for alert_id in sorted(new):
                    self._alerts[alert_id] = from_subentry(
                        wanted[alert_id], states.get(alert_id, AlertState())
                    )
            gone = self._alerts.keys() - wanted.keys()
            for alert_id in gone:
                del self._alerts[alert_id]
            self._async_sort()
            if self._task is not None:
                await self._async_note_quietly({key: wanted[key].data for key in new})
            if gone:
                # What they still saw would be kept after it was forgotten.
                await self._async_keep()
                await self._async_note_quietly(dict.fromkeys(gone))
            await self._async_follow()

    @callback
    def _async_sort(self, *, without: PriceAlert | None = None) -> None:
        """Sort out which alerts wait for prices of which pair."""
        waiting = defaultdict(list)
        for alert in self._alerts.values():
            if alert.is_active and alert is not without:
                waiting[alert.terms.pair].append(alert)
        self._waiting = dict(waiting)

    async def _async_follow(self) -> None:
        """Keep the books of the pairs that alerts wait for, and show what is known."""
        wanted = set(self._waiting)
        for pair in wanted - self._pairs:
            await self._markets.async_follow(pair, REASON)
        for pair in self._pairs - wanted:
            await self._markets.async_unfollow(pair, REASON)
        self._pairs = wanted
        for pair in wanted:
            if (price := self._markets.markets[pair].newest.mid) is not None:
                self._async_price_changed(pair, price)

    @callback
    def _async_price_changed(self, pair: str, price: Decimal) -> None:
        """Show a price to the alerts that wait for it."""
        if (waiting := self._waiting.get(pair)) is None:
            return
        spread = self._markets.markets[pair].newest.spread
        assert spread is not None, "a middle is between two prices"
        tick = Tick(
            price, spread * 100 / price, dt_util.utcnow(), self._hass.loop.time()
        )
        for alert in waiting:
            before = alert.state
            finding = alert.see(tick)
            if alert.state is before:
                continue
            entry = None if finding is None else _firing(alert, tick, finding)
            self._changes.append(_Change(alert, before, alert.state, entry))
            self._has_changes.set()

    async def _async_keep_changes(self) -> None:
        """Keep what prices change, and let a pair go that nothing waits for any more."""
        while True:
            await self._has_changes.wait()
            try:
                await self._async_keep()
                waiting = chain.from_iterable(self._waiting.values())
                if not all(alert.is_active for alert in waiting):
                    await self.async_reconcile()
            except Exception:
                # The alerts that come after must still be kept and told.
                _LOGGER.exception("What prices changed could not be kept")

    async def _async_keep(self) -> None:
        """Keep all changes so far in one transaction, in order."""
        async with self._keeping:
            self._has_changes.clear()
            changes, self._changes = self._changes, []
            if not changes:
                return
            entries = [change.entry for change in changes if change.entry is not None]
            states = {change.alert.alert_id: change.after for change in changes}
            try:
                await self._feed.async_append(entries, keep_states(states))
            except sqlite3.Error:
                _LOGGER.exception("Price alerts that fired could not be kept")
                for change in reversed(changes):
                    # The next price of this side fires it again.
                    if change.alert.state is change.after:
                        change.alert.state = change.before

    async def _async_note_quietly(
        self, changes: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Keep what was added and removed in the UI, too, and forget what is gone."""
        for alert_id, data in changes.items():
            try:
                await self._journal.async_note(
                    alert_id, data, forget_state(alert_id) if data is None else None
                )
            except sqlite3.Error as err:
                # Home Assistant's own file will hold it in a second.
                _LOGGER.debug("A change of an alert could not be noted: %s", err)


def _firing(alert: PriceAlert, tick: Tick, finding: Finding) -> NewEntry:
    """Return the entry of the feed that tells of a firing."""
    return NewEntry(
        id=f"price_alert:{alert.alert_id}:{alert.state.fired}",
        kind=FeedKind.PRICE_ALERT,
        time=tick.time,
        late=False,
        data={
            "alert": alert.as_dict(),
            "price": plain(tick.price),
            **finding.as_dict(),
        },
    )


def from_subentry(subentry: ConfigSubentry, state: AlertState) -> PriceAlert:
    """Return the alert that a subentry describes."""
    return PriceAlert(
        alert_id=subentry.subentry_id,
        terms=AlertTerms.from_stored(subentry.data),
        created=subentry.data[CONF_CREATED],
        state=state,
    )


def alert_subentry(
    data: Mapping[str, Any], alert_id: str | None = None
) -> ConfigSubentry:
    """Return the subentry that describes an alert."""
    return ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_id=alert_id or ulid_util.ulid_now(),
        subentry_type=SUBENTRY_PRICE_ALERT,
        title=AlertTerms.from_stored(data).title,
        unique_id=None,
    )


def alert_data(terms: AlertTerms, created: str | None = None) -> dict[str, Any]:
    """Return what a subentry keeps of an alert; without a time it is made now."""
    return {
        **terms.to_stored(),
        CONF_CREATED: created or dt_util.utcnow().isoformat(),
    }
