"""The data of an entry: what is fetched, how often, and what is pushed into it."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import logging
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .const import DOMAIN, FEE_LIFETIME, FEE_LIFETIME_OF_ORDERS, REFERENCE_INTERVAL
from .errors import is_key_refusal, set_up_error_key, words_of
from .exchange import (
    AccountUpdate,
    Balance,
    CexioError,
    Currency,
    Pair,
    Priority,
    RateLimitError,
    RestClient,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from .account_stream import AccountStream
    from .client import Client
    from .database import Database
    from .executions import Ledger
    from .feed import Feed
    from .fees import FeesCoordinator
    from .funding import FundingWatch
    from .funds import Funds
    from .market import MarketHub
    from .portfolio import PortfolioCoordinator, WalletCoordinator
    from .portfolio_history import PortfolioHistory
    from .price_alerts import PriceAlerts
    from .price_history import PriceHistory
    from .profit import ProfitCoordinator
    from .trading import TradingDesk
    from .trouble_watch import TroubleWatch

_LOGGER = logging.getLogger(__name__)

type CexioConfigEntry = ConfigEntry[CexioRuntimeData]
# Account id ("" = main), then currency.
type Balances = Mapping[str, Mapping[str, Balance]]


@dataclass(slots=True)
class CexioAccount:
    """What an entry with an API key has beyond prices."""

    balances: AccountCoordinator
    ledger: Ledger
    stream: AccountStream
    desk: TradingDesk
    funds: Funds
    funding: FundingWatch
    wallet: WalletCoordinator
    portfolio: PortfolioCoordinator
    fees: FeesCoordinator
    profit: ProfitCoordinator
    portfolio_history: PortfolioHistory


@dataclass(slots=True)
class CexioRuntimeData:
    """Everything that lives as long as the entry is loaded."""

    client: Client
    rest: RestClient
    reference: ReferenceCoordinator
    markets: MarketHub
    database: Database
    feed: Feed
    alerts: PriceAlerts
    price_history: PriceHistory
    watch: TroubleWatch
    account: CexioAccount | None


class CexioCoordinator[DataT](DataUpdateCoordinator[DataT]):
    """Translates the failures of the exchange once for all coordinators."""

    config_entry: CexioConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        rest: RestClient,
        name: str,
        interval: timedelta | None,
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {name}",
            update_interval=interval,
            always_update=False,
        )
        self.rest = rest

    @abstractmethod
    async def _async_fetch(self) -> DataT:
        """Ask the exchange."""

    @override
    async def _async_update_data(self) -> DataT:
        """Ask the exchange and translate what goes wrong."""
        try:
            return await self._async_fetch()
        except RateLimitError as err:
            wait = max((err.retry_at - dt_util.utcnow()).total_seconds(), 1)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="rate_limited",
                translation_placeholders=words_of(err),
                retry_after=wait,
            ) from err
        except CexioError as err:
            kind = ConfigEntryAuthFailed if is_key_refusal(err) else UpdateFailed
            raise kind(
                translation_domain=DOMAIN,
                translation_key=set_up_error_key(err),
                translation_placeholders=words_of(err),
            ) from err


@dataclass(frozen=True, slots=True)
class Reference:
    """What the exchange trades, and under which conditions."""

    pairs: Mapping[str, Pair]
    currencies: Mapping[str, Currency]


class ReferenceCoordinator(CexioCoordinator[Reference]):
    """Keeps the pairs, the currencies and the fees in force."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, rest: RestClient
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(hass, entry, rest, "reference data", REFERENCE_INTERVAL)
        self._fees: Mapping[str, Decimal] = {}
        self._fees_asked: datetime | None = None

    @override
    async def _async_fetch(self) -> Reference:
        """Ask for all pairs and currencies."""
        pairs, currencies = await asyncio.gather(
            self.rest.get_pairs_info(priority=Priority.BACKGROUND),
            self.rest.get_currencies_info(priority=Priority.BACKGROUND),
            return_exceptions=True,
        )
        if isinstance(pairs, BaseException):
            raise pairs
        if isinstance(currencies, BaseException):
            raise currencies
        if not pairs:
            # Not all of them can have been delisted at once.
            raise UnexpectedAnswerError("The exchange lists no pairs")
        return Reference(
            {pair.name: pair for pair in pairs},
            {currency.code: currency for currency in currencies},
        )

    async def async_fee_percentage(
        self, pair: str, priority: Priority = Priority.INTERACTIVE
    ) -> Decimal | None:
        """Return the fee in force for a pair in percent, at most some minutes old.

        An order takes one of the same day: it must not wait, and its preview did not.
        """
        now = dt_util.utcnow()
        lifetime = (
            FEE_LIFETIME_OF_ORDERS if priority is Priority.ORDER else FEE_LIFETIME
        )
        if self._fees_asked is None or now - self._fees_asked >= lifetime:
            self._fees = await self.rest.get_my_current_fee(priority=priority)
            self._fees_asked = now
        return self._fees.get(pair)

    def is_fiat(self, currency: str) -> bool:
        """Tell whether a currency is one of a state."""
        known = self.data.currencies.get(currency)
        return known is not None and known.fiat


@dataclass(frozen=True, slots=True)
class _Push:
    """A balance that was pushed, and when it came."""

    balance: Balance
    timestamp: datetime
    received: datetime


# Balances are pushed one by one, before the report of the execution that changed them:
# the report goes first, and listeners are told once of all that came together.
PUSH_PAUSE = 0.05


class AccountCoordinator(CexioCoordinator[Balances]):
    """Keeps the balances: pushed as they change, asked for now and then to be sure."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, rest: RestClient
    ) -> None:
        """Prepare the coordinator.

        It has no interval: each push would put the next question off. The account's
        stream asks at its own pace.
        """
        super().__init__(hass, entry, rest, "balances", None)
        self._pushes: dict[tuple[str, str], _Push] = {}
        # How long the last push was on its way, by the exchange's clock as it is known.
        self.push_delay: timedelta | None = None
        self._cancel_telling: CALLBACK_TYPE | None = None

    @override
    async def _async_fetch(self) -> Balances:
        """Ask for all balances; what was pushed while the answer was on its way wins."""
        asked = dt_util.utcnow()
        status = await self.rest.get_my_account_status_v3(priority=Priority.RECOVERY)
        merged = {
            account_id: dict(balances)
            for account_id, balances in status.balances.items()
        }
        # The exchange leaves out what is empty; an asset that was there stays, at zero.
        for account_id, balances in (self.data or {}).items():
            for currency, balance in balances.items():
                merged.setdefault(account_id, {}).setdefault(
                    currency, replace(balance, total=Decimal(), on_hold=Decimal())
                )
        for (account_id, currency), push in self._pushes.items():
            if push.received >= asked:
                merged.setdefault(account_id, {})[currency] = push.balance
        return merged

    @callback
    def async_push(self, update: AccountUpdate) -> None:
        """Take in a pushed balance; the last word by the exchange's time counts."""
        if not update.possible_resend:
            self.push_delay = self.rest.clock.exchange_now() - update.timestamp
        key = (update.account_id, update.currency)
        last = self._pushes.get(key)
        if last is not None and update.timestamp < last.timestamp:
            return
        balance = Balance(
            account_id=update.account_id,
            currency=update.currency,
            total=update.available + update.on_hold,
            on_hold=update.on_hold,
        )
        self._pushes[key] = _Push(balance, update.timestamp, dt_util.utcnow())
        data = dict(self.data or {})
        data[update.account_id] = {
            **data.get(update.account_id, {}),
            update.currency: balance,
        }
        self.data = data
        if self._cancel_telling is None:
            self._cancel_telling = async_call_later(
                self.hass, PUSH_PAUSE, self._async_tell_pushes
            )

    @callback
    def _async_tell_pushes(self, _now: datetime) -> None:
        """Tell the listeners of all that was pushed meanwhile."""
        self._cancel_telling = None
        if not self.last_update_success:
            _LOGGER.info("Fetching %s data recovered", self.name)
        self.async_set_updated_data(self.data)

    @override
    async def async_shutdown(self) -> None:
        """Tell nobody any more."""
        if self._cancel_telling is not None:
            self._cancel_telling()
            self._cancel_telling = None
        await super().async_shutdown()

    @property
    def sub_accounts(self) -> list[str]:
        """The ids of the sub-accounts that have balances."""
        return [account_id for account_id in self.data if account_id]

    def available(self, account_id: str, currency: str) -> Decimal:
        """Return what an account can spend of a currency."""
        balance = self.data.get(account_id, {}).get(currency)
        return Decimal() if balance is None else balance.available


# What the questions after orders and balances cost every few minutes, and what a
# minute may cost altogether while nothing special happens.
CATCH_UP_POINTS = 15
STEADY_POINTS = 20


def has_quiet_minute(entry: CexioConfigEntry, points: int) -> bool:
    """Tell whether background work fits into this minute beside a catch-up."""
    used = entry.runtime_data.client.budgets["key"].used
    reserved = 0 if used >= CATCH_UP_POINTS else CATCH_UP_POINTS
    return used + points + reserved <= STEADY_POINTS
