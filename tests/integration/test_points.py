"""Points that are used up: a person is told at once, an order still gets through."""

import asyncio
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_exception_message
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.exchange import OrderRejectedError, Priority
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, changed, go_to_second, switch_trading

ORDER = changed(amount="0.001")


async def test_a_person_is_refused_at_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The refusal names the time from which on asking helps."""
    await go_to_second(exchange, entry, 10)
    budget = entry.runtime_data.client.budgets["key"]
    budget.exhaust()
    next_minute = dt_util.as_local(budget.next_minute).strftime("%H:%M:00")
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "get_orders")
    assert raised.value.translation_key == "rate_limited"
    assert raised.value.translation_placeholders is not None
    assert raised.value.translation_placeholders["time"] == next_minute
    assert next_minute in async_get_exception_message(
        "cexio", "rate_limited", raised.value.translation_placeholders
    )
    await go_to_second(exchange, entry, 60.5)
    assert (await act(hass, "get_orders"))["orders"] == []


async def test_an_order_finds_points(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The last quarter is kept for it, and for what has to be known to place it."""
    await switch_trading(hass)
    await go_to_second(exchange, entry, 10)
    for budget in entry.runtime_data.client.budgets.values():
        await budget.spend(budget.limit * 3 // 4 - budget.used, Priority.BACKGROUND)
    entry.runtime_data.reference._fees_asked = None
    # No book of it is kept.
    order = ORDER | {"pair": "BTC-EUR", "price": "45000"}
    placed = await act(hass, "place_order", **order)
    assert placed["order"]["status"] == "new"
    cancelled = await act(hass, "cancel_order", order_id=placed["order"]["order_id"])
    assert cancelled["order"]["status"] == "cancelled"
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "preview_order", **order)
    assert raised.value.translation_key == "rate_limited"


async def test_questions_what_became_of_an_order_do_not_pile_up(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Whoever asks again and again is refused at once; a recovery, which finds out about all, goes first."""
    await go_to_second(exchange, entry, 10)
    budget = entry.runtime_data.client.budgets["key"]
    budget.exhaust()
    recovery = asyncio.create_task(entry.runtime_data.account.stream.async_catch_up())
    for number in range(20):
        with pytest.raises(HomeAssistantError) as raised:
            await act(hass, "get_order", client_order_id=f"lost-{number}")
        assert raised.value.translation_key == "rate_limited"
    assert budget.delay(5, Priority.RECOVERY).total_seconds() < 60
    recovery.cancel()
    await asyncio.gather(recovery, return_exceptions=True)


async def test_request_that_was_surely_refused_is_not_asked_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What is written down answers the question what became of an order, also without points."""
    await switch_trading(hass)
    await go_to_second(exchange, entry, 10)
    with (
        patch.object(
            type(entry.runtime_data.account.desk._stream),
            "do_my_new_order",
            side_effect=OrderRejectedError("no"),
        ),
        pytest.raises(HomeAssistantError),
    ):
        await act(hass, "place_order", **ORDER, client_order_id="mine")
    entry.runtime_data.client.budgets["key"].exhaust()
    told = await act(hass, "get_orders", client_order_id="mine")
    assert told == {"orders": []}


async def test_worth_that_cannot_be_asked_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order whose worth needs another book is not called too large for that."""
    await switch_trading(hass)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "largest_order_value": "1000"}
    )
    await go_to_second(exchange, entry, 10)
    await entry.runtime_data.markets.async_follow("LTC-USDT", "test")
    entry.runtime_data.client.budgets["address"].exhaust()
    with pytest.raises(HomeAssistantError) as raised:
        await act(
            hass,
            "preview_order",
            pair="LTC-USDT",
            side="buy",
            order_type="market",
            amount="0.5",
        )
    assert raised.value.translation_key == "rate_limited"
