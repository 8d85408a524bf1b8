"""The fees in force, the volume that they depend on, and the next step down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import override

from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .coordinator import CexioConfigEntry, CexioCoordinator, has_quiet_minute
from .exchange import FeePlan, FeeStep, FeeStrategy, Priority, RestClient, Volume

# Whatever a start has to find out about orders goes first.
START_PAUSE = timedelta(seconds=15)
# One of three parts is asked for at a time, so that each is known anew every hour.
PARTS = 3
PART_INTERVAL = timedelta(minutes=20)
PART_POINTS = 5
# Work that does not fit into a minute is tried again in another.
POSTPONED = timedelta(minutes=1)
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
    """Asks for fees, volume and strategy in turn, at most 5 points at a time."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, rest: RestClient
    ) -> None:
        """Prepare the coordinator."""
        super().__init__(hass, entry, rest, "fees", PART_INTERVAL)
        self._turn = -1

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

    @callback
    def _async_begin(self, _now: datetime) -> None:
        """Ask for the first time; a question that waits for points ends with the entry."""
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), self.name
        )

    @override
    async def _async_fetch(self) -> Fees:
        """Ask for everything once, then for one part after the other."""
        known: Fees | None = self.data
        if known is None:
            return Fees(
                percentages=await self._async_percentages(),
                volume=await self._async_volume(),
                strategy=await self._async_strategy(),
            )
        if not has_quiet_minute(self.config_entry, PART_POINTS):
            self.update_interval = POSTPONED
            return known
        self.update_interval = PART_INTERVAL
        self._turn += 1
        match self._turn % PARTS:
            case 0:
                return replace(known, percentages=await self._async_percentages())
            case 1:
                return replace(known, volume=await self._async_volume())
        return replace(known, strategy=await self._async_strategy())

    async def _async_percentages(self) -> Mapping[str, Decimal]:
        """Ask for the fees in force."""
        return await self.rest.get_my_current_fee(priority=Priority.BACKGROUND)

    async def _async_volume(self) -> Volume:
        """Ask for the volume of 30 days."""
        return await self.rest.get_my_volume(priority=Priority.BACKGROUND)

    async def _async_strategy(self) -> FeeStrategy:
        """Ask for all fees that could apply."""
        return await self.rest.get_fee_strategy(priority=Priority.BACKGROUND)


def _plan_of(strategy: FeeStrategy, now: datetime) -> FeePlan:
    """Return the plan of a day."""
    if strategy.weekend is not None and now.weekday() >= SATURDAY:
        return strategy.weekend
    return strategy.week


def _steps(plan: FeePlan) -> list[FeeStep]:
    """Return the steps of the default schedule, smallest volume first."""
    return sorted(plan.default, key=lambda step: step.volume)
