"""What the recorder keeps, and at which time the exchange is."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from custom_components.cexio.exchange import Clock
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import async_wait_recording_done
from tests.integration.helpers import truth


async def kept(hass: HomeAssistant, statistic_id: str) -> list[Any]:
    """Return what the recorder has, once it has written everything."""
    await async_wait_recording_done(hass)
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime.fromisoformat("2000-01-01T00:00:00+00:00"),
        None,
        {statistic_id},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    return list(rows.get(statistic_id, []))


async def questions(exchange: ExchangeServer) -> int:
    """Return how often candles were asked for."""
    return int((await truth(exchange))["requests"].get("get_candles", 0))


def at(moment: datetime) -> Any:
    """Have the exchange's time be some moment."""
    return patch.object(Clock, "exchange_now", lambda _self: moment)
