"""Long-term statistics of the recorder that this integration writes itself."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import batched

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_migration_in_progress, get_instance
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN

HOUR = timedelta(hours=1)
# So many rows are handed over before others get their turn.
ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Something that is kept by the hour: its id, its name and its unit."""

    key: str
    name: str
    unit: str

    @property
    def statistic_id(self) -> str:
        """The id under which the recorder keeps it."""
        return f"{DOMAIN}:{slugify(self.key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """What was within one hour."""

    start: datetime
    mean: Decimal
    low: Decimal
    high: Decimal


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour of a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


class Statistics:
    """What the recorder keeps by the hour of series that are not states of an entity."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Write nothing yet."""
        self._hass = hass

    @property
    def is_kept(self) -> bool:
        """Whether there is a recorder that keeps statistics."""
        return RECORDER in self._hass.config.components

    @property
    def is_busy(self) -> bool:
        """Whether the recorder is rebuilding its tables."""
        return async_migration_in_progress(self._hass)

    async def async_newest(self, series: Series) -> datetime | None:
        """Return the newest hour that is kept of a series."""
        found = await get_instance(self._hass).async_add_executor_job(
            get_last_statistics, self._hass, 1, series.statistic_id, False, {"mean"}
        )
        rows = found.get(series.statistic_id)
        return dt_util.utc_from_timestamp(rows[0]["start"]) if rows else None

    async def async_write(self, series: Series, rows: Iterable[HourRow]) -> None:
        """Hand rows over, oldest first; one of an hour that is kept replaces it.

        Rows that are made on the way are made in turns of the event loop, too.
        """
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            name=series.name,
            source=DOMAIN,
            statistic_id=series.statistic_id,
            unit_class=None,
            unit_of_measurement=series.unit,
        )
        for part in batched(rows, ROWS_AT_ONCE, strict=False):
            async_add_external_statistics(
                self._hass, metadata, [_as_statistic(row) for row in part]
            )
            await asyncio.sleep(0)


def _as_statistic(row: HourRow) -> StatisticData:
    """Return a row as the recorder takes it: in floats, which do for charts."""
    return StatisticData(
        start=row.start,
        mean=float(row.mean),
        min=float(row.low),
        max=float(row.high),
    )
