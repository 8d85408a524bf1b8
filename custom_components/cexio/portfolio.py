"""What the whole account is worth in one currency, and what it was worth a day ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
import logging
import sqlite3
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import CONF_PORTFOLIO_CURRENCY, DEFAULT_PORTFOLIO_CURRENCY, DOMAIN
from .conversion import MOST_PATHS, Graph, Worth, graph_of
from .coordinator import (
    AccountCoordinator,
    CexioConfigEntry,
    CexioCoordinator,
    ReferenceCoordinator,
    has_quiet_minute,
)
from .database import Database
from .exchange import Priority, RestClient
from .market import MarketHub
from .representation import plain

_LOGGER = logging.getLogger(__name__)

WALLET_INTERVAL = timedelta(minutes=15)
WALLET_POINTS = 5
# Work that does not fit into a minute is tried again in another.
POSTPONED = timedelta(minutes=1)
# Several balances change at once when an order is filled.
SETTLE = timedelta(seconds=1)
# Tickers older than this are no prices any more.
TICKER_LIFETIME = timedelta(minutes=10)
SAMPLE_INTERVAL = timedelta(minutes=5)
DAY = timedelta(hours=24)
# The sample of a day ago may be off by this much.
SAMPLE_TOLERANCE = timedelta(hours=1)
# Who wants the tickers along.
WHO = "portfolio"

_TABLE = """
CREATE TABLE IF NOT EXISTS portfolio_samples (
    time REAL NOT NULL,
    currency TEXT NOT NULL,
    value TEXT NOT NULL
)
"""


class WalletCoordinator(CexioCoordinator[Mapping[str, Decimal]]):
    """Asks for the balances of the wallet, which are not pushed."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, rest: RestClient
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(hass, entry, rest, "wallet", WALLET_INTERVAL)
        self.data = {}

    @override
    async def _async_fetch(self) -> Mapping[str, Decimal]:
        """Ask for all balances; a currency that was there stays, at zero."""
        if self.data and not has_quiet_minute(self.config_entry, WALLET_POINTS):
            self.update_interval = POSTPONED
            return self.data
        self.update_interval = WALLET_INTERVAL
        found = await self.rest.get_my_wallet_balance(priority=Priority.BACKGROUND)
        return dict.fromkeys(self.data, Decimal()) | found


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is held of a currency everywhere, and what it is worth."""

    currency: str
    total: Decimal
    on_hold: Decimal
    worth: Worth | None

    @property
    def value(self) -> Decimal:
        """What the total is worth, nothing where that cannot be told."""
        return Decimal() if self.worth is None else self.worth.value

    @property
    def value_on_hold(self) -> Decimal:
        """What the part on hold is worth."""
        return self.value * self.on_hold / self.total if self.on_hold else Decimal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """What an account is worth in a currency."""

    currency: str
    positions: tuple[Position, ...]
    has_wallet: bool
    day_ago: Decimal | None

    @property
    def value(self) -> Decimal:
        """What all that can be priced is worth."""
        return sum((item.value for item in self.positions), Decimal())

    @property
    def on_hold(self) -> Decimal:
        """What the parts on hold are worth."""
        return sum((item.value_on_hold for item in self.positions), Decimal())

    @property
    def change(self) -> Decimal | None:
        """What the value changed by within a day."""
        return None if self.day_ago is None else self.value - self.day_ago

    @property
    def change_percentage(self) -> Decimal | None:
        """The same in percent, None when nothing was there a day ago."""
        if self.change is None or not self.day_ago:
            return None
        return self.change * 100 / self.day_ago

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The currencies that no price is known of."""
        return tuple(item.currency for item in self.positions if item.worth is None)


class PortfolioCoordinator(DataUpdateCoordinator[Portfolio | None]):
    """Values the account whenever balances or prices change; asks nothing itself.

    The pairs that it needs are asked along with the tickers, once a minute. The data
    is None until the first prices are there.
    """

    config_entry: CexioConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        markets: MarketHub,
        reference: ReferenceCoordinator,
        balances: AccountCoordinator,
        wallet: WalletCoordinator,
        database: Database,
    ) -> None:
        """Prepare the coordinator; `async_start` makes it live."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} portfolio")
        self.data = None
        self.last_update_success = False
        self._markets = markets
        self._reference = reference
        self._balances = balances
        self._wallet = wallet
        self._database = database
        self._graph: Graph | None = None
        self._samples: list[tuple[datetime, str, Decimal]] = []
        self._cancel_settling: CALLBACK_TYPE | None = None
        self._stop_listening: list[CALLBACK_TYPE] = []

    async def async_start(self) -> None:
        """Read the samples, then follow balances and prices."""
        self._samples = await self._database.async_run(_load_samples)
        self._stop_listening = [
            self._balances.async_add_listener(self.async_settle),
            self._wallet.async_add_listener(self.async_settle),
            self._markets.tickers.async_add_listener(self.async_value),
            async_track_time_interval(
                self.hass, self._async_sample, SAMPLE_INTERVAL, cancel_on_shutdown=True
            ),
        ]
        self.async_value()

    @override
    async def async_shutdown(self) -> None:
        """Leave everything that is followed."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening.clear()
        if self._cancel_settling is not None:
            self._cancel_settling()
            self._cancel_settling = None
        self._markets.tickers.wanted.pop(WHO, None)
        await super().async_shutdown()

    @property
    def currency(self) -> str:
        """The currency that everything is valued in."""
        chosen: str = self.config_entry.options.get(
            CONF_PORTFOLIO_CURRENCY, DEFAULT_PORTFOLIO_CURRENCY
        )
        return chosen

    @callback
    def async_settle(self) -> None:
        """Value the account when nothing has changed for a moment, or soon after."""
        if self._cancel_settling is None:
            self._cancel_settling = async_call_later(self.hass, SETTLE, self._settled)

    @callback
    def _settled(self, _now: datetime) -> None:
        """Value what has settled."""
        self._cancel_settling = None
        self.async_value()

    @callback
    def async_value(self) -> None:
        """Value the account now."""
        tickers = self._markets.tickers
        now = dt_util.utcnow()
        is_stale = (
            tickers.answered is not None and now - tickers.answered > TICKER_LIFETIME
        )
        if is_stale or not self._balances.last_update_success:
            # What is missing is said where it is missing.
            if self.last_update_success:
                self.last_update_success = False
                self.async_update_listeners()
            return
        positions = self._positions()
        if positions is None:
            return
        self.async_set_updated_data(
            Portfolio(
                currency=self.currency,
                positions=positions,
                has_wallet=self._wallet.last_update_success or bool(self._wallet.data),
                day_ago=self._day_ago(now),
            )
        )

    def worth(self, amount: Decimal, currency: str) -> Worth | None:
        """Return what an amount is worth by prices that are known, None if they are not."""
        self._graph = graph_of(self._graph, self._reference.data.pairs)
        for path in islice(self._graph.paths(currency, self.currency), MOST_PATHS):
            worth = self._graph.convert(amount, path, self._markets.price)
            if worth is not None:
                return worth
        return None

    def _positions(self) -> tuple[Position, ...] | None:
        """Value what is held of each currency, None while prices are still to come."""
        totals: dict[str, Decimal] = {}
        on_hold: dict[str, Decimal] = {}
        for balances in self._balances.data.values():
            for currency, balance in balances.items():
                totals[currency] = totals.get(currency, Decimal()) + balance.total
                on_hold[currency] = on_hold.get(currency, Decimal()) + balance.on_hold
        for currency, amount in self._wallet.data.items():
            totals[currency] = totals.get(currency, Decimal()) + amount
        held = sorted(currency for currency, total in totals.items() if total)
        if not self._want_prices(held):
            return None
        return tuple(
            Position(
                currency=currency,
                total=totals[currency],
                on_hold=on_hold.get(currency, Decimal()),
                worth=self.worth(totals[currency], currency),
            )
            for currency in held
        )

    def _want_prices(self, currencies: list[str]) -> bool:
        """Have the pairs asked along that values depend on; tell whether all were.

        Until then the last value stands: one without a new asset would be wrong.
        """
        tickers = self._markets.tickers
        self._graph = graph = graph_of(self._graph, self._reference.data.pairs)
        wanted = {
            graph.pair(*step)
            for currency in currencies
            for path in islice(graph.paths(currency, self.currency), MOST_PATHS)
            for step in path
        }
        tickers.wanted[WHO] = frozenset(wanted)
        return all(
            self._markets.price(pair) or pair in tickers.asked_pairs for pair in wanted
        )

    def _day_ago(self, now: datetime) -> Decimal | None:
        """Return what the account was worth a day ago, None when nobody looked."""
        target = now - DAY
        near = [
            (abs(time - target), value)
            for time, currency, value in self._samples
            if currency == self.currency and abs(time - target) <= SAMPLE_TOLERANCE
        ]
        return min(near)[1] if near else None

    async def _async_sample(self, now: datetime) -> None:
        """Keep what the account is worth, and forget what is older than needed."""
        self.async_value()
        if self.data is None or not self.last_update_success:
            return
        oldest = now - DAY - SAMPLE_TOLERANCE
        sample = (now, self.data.currency, self.data.value)
        self._samples = [item for item in self._samples if item[0] >= oldest]
        self._samples.append(sample)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO portfolio_samples (time, currency, value)"
                " VALUES (?, ?, ?)",
                (now.timestamp(), sample[1], format(sample[2], "f")),
            )
            connection.execute(
                "DELETE FROM portfolio_samples WHERE time < ?", (oldest.timestamp(),)
            )

        try:
            await self._database.async_run(write)
        except sqlite3.Error as err:
            # It is known until the next start; the feed says that the disk refuses.
            _LOGGER.debug("A sample of the portfolio was not kept: %s", err)


def _load_samples(
    connection: sqlite3.Connection,
) -> list[tuple[datetime, str, Decimal]]:
    """Read the samples (in the database's thread)."""
    connection.execute(_TABLE)
    return [
        (dt_util.utc_from_timestamp(time), currency, Decimal(value))
        for time, currency, value in connection.execute(
            "SELECT time, currency, value FROM portfolio_samples ORDER BY time"
        )
    ]


def rounded(value: Decimal) -> str:
    """Return a converted amount: as fine as the exchange's own amounts, no finer."""
    return plain(round(value, 8))
