"""Orders and cancels under way when their caller or Home Assistant stops."""

import asyncio
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.cexio.market import MarketHub
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    LIMIT_BUY,
    act,
    changed,
    control,
    settled,
    switch_trading,
    truth,
    until,
)
from tests.patience import PATIENCE


async def answer_late(exchange: ExchangeServer, action: str) -> None:
    """Let the exchange answer so late that whoever looks finds the question under way."""
    rule = {"kind": "delay", "match": action, "seconds": 0.1, "channel": "private"}
    await control(exchange, "faults", rule)


async def test_cancelled_caller_still_places(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An automation that starts anew does not leave an order half placed."""
    await switch_trading(hass)
    await answer_late(exchange, "do_my_new_order")
    call = hass.async_create_task(
        act(hass, "place_order", **LIMIT_BUY, client_order_id="anew")
    )
    desk = entry.runtime_data.account.desk
    await until(lambda: desk._placing)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: not desk._placing)
    (record,) = await desk.audit.async_last(1)
    assert record.outcome is not None
    assert record.outcome.startswith("placed ")
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_under_way_when_everything_stops(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its outcome is unknown, not failed, and the next start finds it out."""
    await switch_trading(hass)
    desk = entry.runtime_data.account.desk
    place = desk._stream.do_my_new_order
    is_placed = asyncio.Event()

    async def never_answer(*args: Any, **kwargs: Any) -> None:
        """Place the order and keep the answer back for ever."""
        await place(*args, **kwargs)
        is_placed.set()
        await asyncio.Event().wait()

    fields = changed(client_order_id="stopped")
    with (
        patch.object(type(desk._stream), "do_my_new_order", side_effect=never_answer),
        patch("custom_components.cexio.trading.STOP_PATIENCE", 0.01),
    ):
        call = hass.async_create_task(act(hass, "place_order", **fields))
        async with asyncio.timeout(PATIENCE):
            await is_placed.wait()
        assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "outcome_unknown"
    with pytest.raises(ServiceValidationError) as refused:
        await desk.async_place(None, Context())
    assert refused.value.translation_key == "entry_not_loaded"
    assert "closed" not in caplog.text
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    (record,) = await entry.runtime_data.account.desk.audit.async_last(1)
    assert record.outcome is not None
    assert record.outcome.startswith("placed ")
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_that_was_not_sent_when_everything_stops(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Nothing is written down as unknown that nobody could ever find out."""
    await switch_trading(hass)
    is_asked = asyncio.Event()

    async def never_answer(*args: Any, **kwargs: Any) -> None:
        """Keep the book back for ever."""
        is_asked.set()
        await asyncio.Event().wait()

    with (
        patch.object(MarketHub, "async_book", side_effect=never_answer),
        patch("custom_components.cexio.trading.STOP_PATIENCE", 0.01),
    ):
        call = hass.async_create_task(act(hass, "place_order", **LIMIT_BUY))
        async with asyncio.timeout(PATIENCE):
            await is_asked.wait()
        assert await hass.config_entries.async_unload(entry.entry_id)
    await asyncio.gather(call, return_exceptions=True)
    assert await hass.config_entries.async_setup(entry.entry_id)
    (record,) = await entry.runtime_data.account.desk.audit.async_last(1)
    assert record.outcome == "failed: CancelledError"
    assert (await truth(exchange))["orders"] == []


async def test_repetition_that_waits_while_everything_stops(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A second tap is answered like the first one that it waits for."""
    await switch_trading(hass)
    fields = changed(client_order_id="twice")
    calls = [
        hass.async_create_task(act(hass, "place_order", **fields)) for _ in range(2)
    ]
    desk = entry.runtime_data.account.desk
    await until(lambda: len(desk._tasks) == len(calls))
    assert await hass.config_entries.async_unload(entry.entry_id)
    first, second = await asyncio.gather(*calls)
    assert first["order"]["order_id"] == second["order"]["order_id"]
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_that_ends_while_everything_stops(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order that is nearly done is waited for."""
    await switch_trading(hass)
    await answer_late(exchange, "do_my_new_order")
    desk = entry.runtime_data.account.desk
    call = hass.async_create_task(act(hass, "place_order", **LIMIT_BUY))
    await until(lambda: desk._placing)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await call)["order"]["status"] == "new"


async def test_cancel_that_ends_while_everything_stops(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A cancel is waited for too, and what came of it is written down."""
    await switch_trading(hass)
    placed = (await act(hass, "place_order", **LIMIT_BUY))["order"]
    await answer_late(exchange, "do_cancel_my_order")
    cancel = hass.async_create_task(
        act(hass, "cancel_order", order_id=placed["order_id"])
    )
    desk = entry.runtime_data.account.desk
    await until(lambda: not desk.audit.idle.is_set())
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await cancel)["order"]["status"] == "cancelled"
    assert "could not be written" not in caplog.text
    assert "closed" not in caplog.text
