"""The account's stream in the feed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.feed import FeedKind
from custom_components.cexio.stream_reports import GRACE
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed

type Told = Callable[[], list[bool]]


@pytest.fixture
def told(entry: MockConfigEntry) -> Told:
    """Return what reads the stream's states in the feed."""
    states: list[bool] = []

    def take(item: Any) -> None:
        """Keep what is published about the stream."""
        if item.kind is FeedKind.STREAM:
            states.append(item.data["connected"])

    entry.runtime_data.feed.async_listen(take)
    return lambda: states


async def pass_time(hass: HomeAssistant, span: timedelta) -> None:
    """Let time pass."""
    async_fire_time_changed(hass, dt_util.utcnow() + span)
    await hass.async_block_till_done()


async def test_loss_that_lasts(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, told: Told
) -> None:
    """A loss is told once it has lasted, once; then its end; a short one is not told at all."""
    stream = entry.runtime_data.account.stream
    stream._async_set_connected(False)
    await pass_time(hass, GRACE / 2)
    stream._async_set_connected(True)
    await pass_time(hass, GRACE * 2)
    assert told() == []
    stream._async_set_connected(False)
    await pass_time(hass, GRACE * 3)
    await pass_time(hass, GRACE * 6)
    assert told() == [False]
    stream._async_set_connected(True)
    await hass.async_block_till_done()
    assert told() == [False, True]


async def test_return_after_a_reload(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, told: Told
) -> None:
    """A loss that was told ends for those who heard of it, though Home Assistant began anew."""
    entry.runtime_data.account.stream._async_set_connected(False)
    await pass_time(hass, GRACE * 2)
    assert told() == [False]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    feed = entry.runtime_data.feed
    entry.runtime_data.account.stream._async_set_connected(True)
    await hass.async_block_till_done()
    last = await feed.async_last(FeedKind.STREAM)
    assert last.data == {"connected": True}
