"""The fees in force, the volume that they depend on, and the next step down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import override

from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .coordinator import CexioConfigEntry, CexioCoordinator
from .exchange import FeePlan, FeeStep, FeeStrategy, Priority, RestClient, Volume

# Whatever a start has to find out about orders goes first.
START_PAUSE = timedelta(seconds=15)
FEES_INTERVAL = timedelta(hours=1)
# The strategy is part of the contract; it changes rarely.
STRATEGY_LIFETIME = timedelta(hours=12)
SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTier:
    """The next lower fee of the default schedule."""

    percent: Decimal
    from_volume: Decimal
    missing_volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What the exchange takes now, and what decides on it."""

    percentages: Mapping[str, Decimal]
    volume: Volume
    strategy: FeeStrategy

    def next_tier(self, now: datetime) -> NextTier | None:
        """Return the next lower fee, None when there is none.

        A step applies up to its volume; Saturday and Sunday (UTC) may have a plan of
        their own.
        """
        plan = _plan_of(self.strategy, now)
        traded = self.volume.volume
        for step, following in pairwise(_steps(plan)):
            if traded <= step.volume:
                return NextTier(
                    percent=following.percent,
                    from_volume=step.volume,
                    missing_volume=step.volume - traded,
                )
        return None


class FeesCoordinator(CexioCoordinator[Fees]):
    """Asks for fees and volume once an hour: 10 points, and 1 for the strategy at times."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, rest: RestClient
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(hass, entry, rest, "fees", FEES_INTERVAL)
        self._strategy: FeeStrategy | None = None
        self._strategy_until: datetime | None = None

    @callback
    def async_start(self) -> None:
        """Ask for the first time, when what is urgent at a start has its points."""
        self.config_entry.async_on_unload(
            async_call_later(
                self.hass,
                START_PAUSE,
                HassJob(self._async_begin, cancel_on_shutdown=True),
            )
        )

    async def _async_begin(self, _now: datetime) -> None:
        """Ask for the first time."""
        await self.async_refresh()

    @override
    async def _async_fetch(self) -> Fees:
        """Ask for what changes, and for the strategy when it is old."""
        now = self.rest.clock.exchange_now()
        strategy = self._strategy
        if (
            strategy is None
            or self._strategy_until is None
            or now >= self._strategy_until
        ):
            strategy = await self.rest.get_fee_strategy(priority=Priority.BACKGROUND)
            self._strategy, self._strategy_until = strategy, now + STRATEGY_LIFETIME
        return Fees(
            percentages=await self.rest.get_my_current_fee(
                priority=Priority.BACKGROUND
            ),
            volume=await self.rest.get_my_volume(priority=Priority.BACKGROUND),
            strategy=strategy,
        )


def _plan_of(strategy: FeeStrategy, now: datetime) -> FeePlan:
    """Return the plan of a day."""
    if strategy.weekend is not None and now.weekday() >= SATURDAY:
        return strategy.weekend
    return strategy.week


def _steps(plan: FeePlan) -> list[FeeStep]:
    """Return the steps of the default schedule, smallest volume first."""
    return sorted(plan.default, key=lambda step: step.volume)
