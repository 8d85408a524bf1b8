"""Prices in long-term statistics: filled from before, then by the hour, without holes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import get_metadata
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio import (
    past_candles as past_candles_module,
    price_history as price_history_module,
)
from custom_components.cexio.coordinator import Reference
from custom_components.cexio.exchange import (
    Candle,
    CexioError,
    InvalidRequestError,
    RestClient,
    UnsupportedPairError,
)
from custom_components.cexio.long_term import HOUR, hour_of
from custom_components.cexio.price_history import BUSY_PAUSE, CLOSED_AFTER, PriceHistory
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import act, until, watch
from tests.integration.recorded import at, kept, questions

BITCOIN = "cexio:btc_usd_price"
ETHER = "cexio:eth_usd_price"
WEEKS = timedelta(weeks=3)


@pytest.fixture(autouse=True)
def custom_integrations(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Have a recorder, which has to be there first."""


@pytest.fixture(autouse=True)
def three_weeks() -> Iterator[None]:
    """Fill three weeks, a week in one question."""
    with (
        patch.object(price_history_module, "DEPTH", WEEKS),
        patch.object(past_candles_module, "CANDLES_AT_ONCE", 7 * 24),
    ):
        yield


@pytest.fixture(autouse=True)
def one_moment() -> Iterator[None]:
    """Have no hour end in the middle of a test."""
    with at(dt_util.utcnow()):
        yield


def history(entry: MockConfigEntry) -> PriceHistory:
    """Return what fills the statistics."""
    found: PriceHistory = entry.runtime_data.price_history
    return found


def now(entry: MockConfigEntry) -> datetime:
    """Return the exchange's time."""
    found: datetime = entry.runtime_data.rest.clock.exchange_now()
    return found


async def fill(entry: MockConfigEntry) -> None:
    """Work until everything was asked for."""
    while not await history(entry).async_work():
        pass


async def test_filled_from_before(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Each hour of the past is there, as the exchange tells it, under a proper unit."""
    end = hour_of(now(entry))
    await fill(entry)
    rows = await kept(hass, BITCOIN)
    starts = [row["start"] for row in rows]
    first = (end - WEEKS).timestamp()
    assert starts == [first + 3600 * number for number in range(len(rows))]
    assert starts[-1] == (end - HOUR).timestamp()
    candles = (
        await act(hass, "get_candles", pair="BTC-USD", end=end - HOUR, limit=30)
    )["candles"]
    assert len(candles) == 30
    for candle, row in zip(candles, rows[-30:], strict=True):
        parts = [Decimal(candle[name]) for name in ("open", "high", "low", "close")]
        assert row["mean"] == pytest.approx(float(sum(parts) / 4))
        assert row["min"] == float(min(parts))
        assert row["max"] == float(max(parts))
    metadata = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={BITCOIN, ETHER})
    )
    assert metadata[BITCOIN][1] == {
        "mean_type": StatisticMeanType.ARITHMETIC,
        "has_mean": True,
        "has_sum": False,
        "name": "BTC-USD price",
        "source": "cexio",
        "statistic_id": BITCOIN,
        "unit_class": None,
        "unit_of_measurement": "USD",
    }
    assert len(await kept(hass, ETHER)) == len(rows)


async def test_few_questions(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A week is one question, a turn has so many, and what is known is not asked again."""
    with patch.object(price_history_module, "QUESTIONS_A_TURN", 2):
        assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await questions(exchange) == 2
        assert await kept(hass, BITCOIN) == []
        assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await kept(hass, BITCOIN) != []
        pause = await history(entry)._async_turn()
    assert await questions(exchange) == 6
    assert CLOSED_AFTER < pause <= HOUR + CLOSED_AFTER
    assert len(await kept(hass, ETHER)) == WEEKS // HOUR
    await hass.config_entries.async_reload(entry.entry_id)
    await fill(entry)
    assert await questions(exchange) == 6


async def test_by_the_hour(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """When an hour is over all markets are asked for together."""
    last = hour_of(now(entry)) - HOUR
    with at(last + CLOSED_AFTER):
        await fill(entry)
    before = await questions(exchange)
    rows = await kept(hass, BITCOIN)
    assert rows[-1]["start"] == (last - HOUR).timestamp()
    await fill(entry)
    assert await questions(exchange) == before + 1
    for statistic_id in (BITCOIN, ETHER):
        again = await kept(hass, statistic_id)
        assert len(again) == len(rows) + 1
        assert again[-1]["start"] == last.timestamp()


async def test_without_an_answer_for_the_hour(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A market that the common question has no closed candle of is asked for alone."""
    last = hour_of(now(entry)) - HOUR
    with at(last + CLOSED_AFTER):
        await fill(entry)
    before = await questions(exchange)
    real = RestClient.get_last_candles

    async def partly(self: RestClient, *args: Any, **data: Any) -> Any:
        """Answer with one candle that is still open, and nothing of the other."""
        found = await real(self, *args, **data)
        candle = found["BTC-USD"]
        assert isinstance(candle, Candle)
        return {"BTC-USD": replace(candle, is_closed=False)}

    with patch.object(RestClient, "get_last_candles", partly):
        await fill(entry)
    assert await questions(exchange) == before + 3
    for statistic_id in (BITCOIN, ETHER):
        assert (await kept(hass, statistic_id))[-1]["start"] == last.timestamp()


async def test_gap_after_an_absence(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What passed while Home Assistant was off is filled, and only that."""
    last = hour_of(now(entry)) - HOUR
    with at(last - timedelta(hours=9)):
        await fill(entry)
    before = await questions(exchange)
    rows = await kept(hass, BITCOIN)
    await hass.config_entries.async_reload(entry.entry_id)
    await fill(entry)
    assert await questions(exchange) == before + 2
    again = await kept(hass, BITCOIN)
    assert again[: len(rows)] == rows
    assert len(again) == len(rows) + 10
    assert again[-1]["start"] == last.timestamp()


async def test_interrupted(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A failure in the middle of a gap leaves no hole: it is read on, or anew after a restart."""
    real = RestClient.get_candles
    left = 2

    async def fails(self: RestClient, *args: Any, **data: Any) -> Any:
        """Answer twice."""
        nonlocal left
        left -= 1
        if left < 0:
            raise CexioError("no")
        return await real(self, *args, **data)

    with patch.object(RestClient, "get_candles", fails):
        assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await history(entry)._async_turn() == BUSY_PAUSE
    assert await kept(hass, BITCOIN) == []
    asked = await questions(exchange)
    await fill(entry)
    assert await questions(exchange) == asked + 1 + 3
    whole = await kept(hass, BITCOIN)
    assert len(whole) == WEEKS // HOUR
    await hass.config_entries.async_reload(entry.entry_id)
    await fill(entry)
    assert await kept(hass, BITCOIN) == whole


async def test_market_that_is_younger(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Where the exchange has nothing older, the statistics begin there; an open hour waits."""
    real = RestClient.get_candles
    last = hour_of(now(entry)) - HOUR
    begins = last - timedelta(days=9)

    async def young(self: RestClient, *args: Any, **data: Any) -> Any:
        """Answer with nothing before the market began, and the present hour."""
        found = await real(self, *args, **data | {"end": data["end"] + HOUR})
        return [item for item in found if item.start >= begins]

    with patch.object(RestClient, "get_candles", young):
        await fill(entry)
    rows = await kept(hass, BITCOIN)
    assert rows[0]["start"] == begins.timestamp()
    assert rows[-1]["start"] == last.timestamp()


async def test_too_many_in_one_question(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Where so many candles are refused, fewer are asked for; at last it is an error."""
    real = RestClient.get_candles
    most = 50
    refused: list[int] = []

    async def narrow(self: RestClient, *args: Any, **data: Any) -> Any:
        """Answer no more candles than some."""
        if data["limit"] > most:
            refused.append(data["limit"])
            raise InvalidRequestError("too many")
        return await real(self, *args, **data)

    with patch.object(RestClient, "get_candles", narrow):
        await fill(entry)
        assert refused == [168, 84, 168, 84]
        assert len(await kept(hass, BITCOIN)) == WEEKS // HOUR
        most = 20
        with at(now(entry) + timedelta(days=3)):
            assert await history(entry)._async_turn() == BUSY_PAUSE


async def test_pairs_without_candles(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A pair that is refused is asked for once an hour; one that is gone not at all."""
    reference = entry.runtime_data.reference
    with patch.object(
        RestClient, "get_candles", side_effect=UnsupportedPairError("no")
    ) as asked:
        await fill(entry)
        await fill(entry)
        assert asked.await_count == 2
        pairs = {"BTC-USD": reference.data.pairs["BTC-USD"]}
        reference.data = Reference(pairs, reference.data.currencies)
        with at(now(entry) + HOUR):
            await fill(entry)
        assert asked.await_count == 3
    assert await kept(hass, BITCOIN) == []


async def test_recorder_is_busy(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Nothing is asked while the recorder rebuilds its tables."""
    with patch(
        "custom_components.cexio.long_term.async_migration_in_progress",
        return_value=True,
    ):
        assert await history(entry)._async_turn() == BUSY_PAUSE
    assert await questions(exchange) == 0


async def test_market_that_is_added(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A market that is watched later is filled soon after."""
    await fill(entry)
    history(entry).turns.async_plan(HOUR)
    watch(hass, entry)
    await until(lambda: history(entry).turns._due - hass.loop.time() < 61)
    await fill(entry)
    assert await kept(hass, "cexio:ltc_usd_price") != []


async def test_begins_by_itself(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A while after set-up the work begins, and ends with the entry."""
    assert history(entry).turns.is_waiting
    async_fire_time_changed(hass, fire_all=True)
    await until(lambda: history(entry).turns.is_waiting)
    assert await questions(exchange) > 0
    turns = history(entry).turns
    await hass.config_entries.async_unload(entry.entry_id)
    assert not turns.is_waiting
