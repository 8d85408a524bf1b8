"""Price alerts: what they wait for, and the one moment at which they fire."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
import logging
import sqlite3
from types import MappingProxyType
from typing import Any, Self

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util, ulid as ulid_util
import orjson

from .alert_journal import AlertJournal
from .const import CONF_PAIR, DOMAIN, SUBENTRY_PRICE_ALERT
from .coordinator import CexioConfigEntry
from .database import Database
from .feed import Feed, FeedKind, NewEntry
from .market import MarketHub
from .representation import iso, plain

_LOGGER = logging.getLogger(__name__)

CONF_CONDITION = "condition"
CONF_PRICE = "price"
CONF_REPEAT = "repeat"
CONF_CREATED = "created"

# An alert keeps its pair followed under this reason.
REASON = "price_alert"


class Condition(StrEnum):
    """What a price has to do."""

    ABOVE = "above"
    BELOW = "below"
    CROSSES = "crosses"


class Direction(StrEnum):
    """Which way the price went."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class AlertState:
    """What an alert has seen; kept on disk with the entry that tells of a firing."""

    is_above: bool | None = None
    fired: int = 0
    last_fired: datetime | None = None

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """Read what was kept."""
        last_fired = data["last_fired"]
        return cls(
            data["is_above"],
            data["fired"],
            last_fired and datetime.fromisoformat(last_fired),
        )

    def to_stored(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "is_above": self.is_above,
            "fired": self.fired,
            "last_fired": iso(self.last_fired),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAlert:
    """One alert and what it has seen."""

    alert_id: str
    pair: str
    condition: Condition
    price: Decimal
    repeat: bool
    created: str
    state: AlertState

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry, state: AlertState) -> Self:
        """Read the alert that a subentry describes."""
        return cls(
            alert_id=subentry.subentry_id,
            pair=subentry.data[CONF_PAIR],
            condition=Condition(subentry.data[CONF_CONDITION]),
            price=Decimal(subentry.data[CONF_PRICE]),
            repeat=subentry.data[CONF_REPEAT],
            created=subentry.data[CONF_CREATED],
            state=state,
        )

    @property
    def is_active(self) -> bool:
        """Whether the alert still waits for something."""
        return self.repeat or not self.state.fired

    def as_dict(self) -> dict[str, Any]:
        """Return the alert as actions and the feed show it."""
        return {
            "alert_id": self.alert_id,
            "pair": self.pair,
            "condition": self.condition.value,
            "price": plain(self.price),
            "repeat": self.repeat,
            "active": self.is_active,
            "created": self.created,
            "last_fired": iso(self.state.last_fired),
        }

    def see(self, price: Decimal) -> tuple[AlertState, Direction | None]:
        """Return the state after a price, and the direction if the alert fires.

        "above" and "below" fire when the condition becomes true, also if it is true at
        the first price that is seen; "crosses" needs a price on the other side before.
        Leaving the condition arms a repeating alert again. A price exactly at the level
        counts as above, and for "below" as below.
        """
        was_above = self.state.is_above
        is_above = price > self.price or (
            price == self.price and self.condition is not Condition.BELOW
        )
        if is_above == was_above:
            return self.state, None
        state = replace(self.state, is_above=is_above)
        fires = {
            Condition.ABOVE: is_above,
            Condition.BELOW: not is_above,
            Condition.CROSSES: was_above is not None,
        }[self.condition]
        if not fires or not self.is_active:
            return state, None
        return state, Direction.UP if is_above else Direction.DOWN


class PriceAlerts:
    """All alerts of an entry, evaluated on every change of a price."""

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
        self._pairs: set[str] = set()
        self._queue: asyncio.Queue[tuple[str, Decimal]] = asyncio.Queue()
        self._is_evaluating = False
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
            self._hass, self._async_evaluate(), f"{DOMAIN} price alerts"
        )

    async def async_stop(self) -> None:
        """Let the alerts rest."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def alerts(self) -> list[PriceAlert]:
        """All alerts, oldest first."""
        return list(self._alerts.values())

    async def async_add(
        self, pair: str, condition: Condition, price: Decimal, *, repeat: bool
    ) -> PriceAlert:
        """Add an alert; it waits from now on, whatever dies."""
        subentry = alert_subentry(alert_data(pair, condition, price, repeat=repeat))
        await self._async_note(subentry.subentry_id, subentry.data)
        self._hass.config_entries.async_add_subentry(self._entry, subentry)
        await self.async_reconcile()
        return self._alerts[subentry.subentry_id]

    async def async_remove(self, alert_id: str) -> PriceAlert | None:
        """Remove an alert and return it, None when there is no such alert."""
        if (alert := self._alerts.get(alert_id)) is None:
            return None
        await self._async_note(alert_id, None)
        self._hass.config_entries.async_remove_subentry(self._entry, alert_id)
        await self.async_reconcile()
        return alert

    async def _async_note(self, alert_id: str, data: Mapping[str, Any] | None) -> None:
        """Keep a change before it is promised."""
        try:
            await self._journal.async_note(alert_id, data)
        except sqlite3.Error as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="storage_failed",
                translation_placeholders={"reason": str(err)},
            ) from err

    async def _async_restore(self) -> None:
        """Repeat the changes that a kill kept out of Home Assistant's own file."""
        entries = self._hass.config_entries
        for alert_id, data in (await self._journal.async_unwritten()).items():
            is_there = alert_id in self._entry.subentries
            if data is None and is_there:
                entries.async_remove_subentry(self._entry, alert_id)
            elif data is not None and not is_there:
                entries.async_add_subentry(self._entry, alert_subentry(data, alert_id))

    async def async_reconcile(self) -> None:
        """Bring the alerts in line with the subentries."""
        async with self._reconciling:
            wanted = {
                subentry_id: subentry
                for subentry_id, subentry in self._entry.subentries.items()
                if subentry.subentry_type == SUBENTRY_PRICE_ALERT
            }
            if new := wanted.keys() - self._alerts.keys():
                states = await self._async_read_states()
                for alert_id in sorted(new):
                    self._alerts[alert_id] = PriceAlert.from_subentry(
                        wanted[alert_id], states.get(alert_id, AlertState())
                    )
            for alert_id in self._alerts.keys() - wanted.keys():
                del self._alerts[alert_id]
                await self._async_forget(alert_id)
            await self._async_follow({alert.pair for alert in self._alerts.values()})

    async def _async_follow(self, pairs: set[str]) -> None:
        """Keep the books of the pairs that alerts wait for."""
        for pair in pairs - self._pairs:
            await self._markets.async_follow(pair, REASON)
        for pair in self._pairs - pairs:
            await self._markets.async_unfollow(pair, REASON)
        self._pairs = pairs
        for pair in pairs:
            if (price := self._markets.markets[pair].newest.mid) is not None:
                self._async_price_changed(pair, price)

    @callback
    def _async_price_changed(self, pair: str, price: Decimal) -> None:
        """Put a price in line if it changes the state of an alert."""
        # Behind another price the states are not yet what they will be.
        is_behind = self._is_evaluating or not self._queue.empty()
        if is_behind or any(
            alert.pair == pair and alert.see(price)[0] is not alert.state
            for alert in self._alerts.values()
        ):
            self._queue.put_nowait((pair, price))

    async def _async_evaluate(self) -> None:
        """Show the alerts each price in turn."""
        while True:
            pair, price = await self._queue.get()
            self._is_evaluating = True
            for alert in self.alerts:
                if alert.pair != pair or alert.alert_id not in self._alerts:
                    continue
                try:
                    await self._async_see(alert, price)
                except sqlite3.Error:
                    # Nothing was kept, so the next price of this side fires it again.
                    _LOGGER.exception("The price alert on %s could not be kept", pair)
            self._is_evaluating = False

    async def _async_see(self, alert: PriceAlert, price: Decimal) -> None:
        """Show one alert a price; its state and its firing are kept together."""
        state, direction = alert.see(price)
        if state is alert.state:
            return
        entries: list[NewEntry] = []
        if direction is not None:
            now = dt_util.utcnow()
            state = replace(state, fired=state.fired + 1, last_fired=now)
            entries.append(
                NewEntry(
                    id=f"price_alert:{alert.alert_id}:{state.fired}",
                    kind=FeedKind.PRICE_ALERT,
                    time=now,
                    late=False,
                    data={
                        "alert": replace(alert, state=state).as_dict(),
                        "price": plain(price),
                        "direction": direction.value,
                    },
                )
            )

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO alert_states (alert_id, data) VALUES (?, ?)",
                (alert.alert_id, orjson.dumps(state.to_stored()).decode()),
            )

        await self._feed.async_append(entries, keep)
        if alert.alert_id in self._alerts:
            self._alerts[alert.alert_id] = replace(alert, state=state)

    async def _async_read_states(self) -> dict[str, AlertState]:
        """Read what the alerts had seen."""

        def read(connection: sqlite3.Connection) -> dict[str, AlertState]:
            rows = connection.execute("SELECT alert_id, data FROM alert_states")
            return {
                alert_id: AlertState.from_stored(orjson.loads(data))
                for alert_id, data in rows
            }

        return await self._database.async_run(read)

    async def _async_forget(self, alert_id: str) -> None:
        """Forget what a removed alert had seen."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM alert_states WHERE alert_id = ?", (alert_id,)
            )
            # A removal that was promised stays in the journal.
            connection.execute(
                "DELETE FROM alert_changes WHERE alert_id = ? AND data IS NOT NULL",
                (alert_id,),
            )

        await self._database.async_run(forget)


def alert_subentry(
    data: Mapping[str, Any], alert_id: str | None = None
) -> ConfigSubentry:
    """Return the subentry that describes an alert."""
    condition, price = Condition(data[CONF_CONDITION]), Decimal(data[CONF_PRICE])
    return ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_id=alert_id or ulid_util.ulid_now(),
        subentry_type=SUBENTRY_PRICE_ALERT,
        title=alert_title(data[CONF_PAIR], condition, price),
        unique_id=None,
    )


def alert_data(
    pair: str, condition: Condition, price: Decimal, *, repeat: bool
) -> dict[str, Any]:
    """Return what a subentry keeps of an alert."""
    return {
        CONF_PAIR: pair,
        CONF_CONDITION: condition.value,
        CONF_PRICE: plain(price),
        CONF_REPEAT: repeat,
        CONF_CREATED: dt_util.utcnow().isoformat(),
    }


def alert_title(pair: str, condition: Condition, price: Decimal) -> str:
    """Return the name of an alert."""
    return f"{pair} {condition.value} {plain(price)}"
