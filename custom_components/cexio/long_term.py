"""Long-term statistics of the recorder that this integration writes itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import async_migration_in_progress, get_instance
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN

HOUR = timedelta(hours=1)
# So many rows are handed over before others get their turn.
ROWS_AT_ONCE = 250


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


@callback
def has_recorder(hass: HomeAssistant) -> bool:
    """Tell whether there is a recorder that keeps statistics."""
    return RECORDER in hass.config.components


@callback
def is_recorder_busy(hass: HomeAssistant) -> bool:
    """Tell whether the recorder is rebuilding its tables."""
    return async_migration_in_progress(hass)


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour of a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


async def async_newest(hass: HomeAssistant, series: Series) -> datetime | None:
    """Return the newest hour that is kept of a series."""
    found = await get_instance(hass).async_add_executor_job(
        get_last_statistics, hass, 1, series.statistic_id, False, {"mean"}
    )
    rows = found.get(series.statistic_id)
    return dt_util.utc_from_timestamp(rows[0]["start"]) if rows else None


async def async_write(
    hass: HomeAssistant, series: Series, rows: Sequence[HourRow]
) -> None:
    """Hand rows to the recorder, oldest first; a row of an hour that is kept replaces it."""
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=series.name,
        source=DOMAIN,
        statistic_id=series.statistic_id,
        unit_class=None,
        unit_of_measurement=series.unit,
    )
    for first in range(0, len(rows), ROWS_AT_ONCE):
        async_add_external_statistics(
            hass,
            metadata,
            [
                # The recorder keeps floats: statistics are for charts.
                StatisticData(
                    start=row.start,
                    mean=float(row.mean),
                    min=float(row.low),
                    max=float(row.high),
                )
                for row in rows[first : first + ROWS_AT_ONCE]
            ],
        )
        await asyncio.sleep(0)
