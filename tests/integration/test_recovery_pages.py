"""Recoveries of more orders than one answer holds, and of both answers at once."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cexio.account_stream import TICK
from custom_components.cexio.exchange import Order, RestClient, TransportError
from custom_components.cexio.recovery import QUESTION_POINTS
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_capture_events
from tests.integration.helpers import control, settled, truth

PAGE_SIZE = "custom_components.cexio.recovery.PAGE_SIZE"
FURTHER_PAGES = "custom_components.cexio.recovery.FURTHER_PAGES"


async def place(exchange: ExchangeServer, *names: str, price: str = "59000") -> None:
    """Place orders elsewhere, one after the other."""
    for name in names:
        await control(
            exchange,
            "client-orders",
            {
                "clientOrderId": name,
                "accountId": "trading",
                "currency1": "BTC",
                "currency2": "USD",
                "side": "BUY",
                "orderType": "Limit",
                "timeInForce": "GTC",
                "amountCcy1": "0.001",
                "price": price,
            },
        )
        # Pages are divided by the milliseconds in which orders were made.
        await control(exchange, "clock", {"advance": 0.002})


async def fill(exchange: ExchangeServer) -> None:
    """Let the market reach what rests."""
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})


async def questions(exchange: ExchangeServer) -> int:
    """Return how often orders were asked for."""
    asked: int = (await truth(exchange))["requests"]["get_my_orders"]
    return asked


async def test_ended_orders_fill_some_pages(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """All of them are told, each once and in order, for a question a page."""
    await hass.config_entries.async_unload(entry.entry_id)
    names = [f"web-{number}" for number in range(7)]
    await place(exchange, *names)
    await fill(exchange)
    events = async_capture_events(hass, "cexio_execution")
    with patch(PAGE_SIZE, 3):
        await hass.config_entries.async_setup(entry.entry_id)
        await settled(entry)
        before = await questions(exchange)
        await entry.runtime_data.account.stream.async_catch_up()
    filled = [event for event in events if event.data["event"] == "filled"]
    assert [event.data["client_order_id"] for event in filled] == names
    recovery = entry.runtime_data.account.stream.recovery
    assert recovery.is_complete
    asked = await questions(exchange) - before
    # The one of the open orders, and four pages: each one begins with the last order of the one before.
    assert asked == 5
    assert recovery.last is not None
    assert recovery.last.points == (asked + 1) * QUESTION_POINTS


async def test_more_than_one_run_may_read(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next run goes on where the last one had to stop, and comes with the next tick."""
    account = entry.runtime_data.account
    await account.stream.async_stop()
    names = [f"web-{number}" for number in range(6)]
    await place(exchange, *names)
    await fill(exchange)
    events = async_capture_events(hass, "cexio_execution")

    def told() -> list[str]:
        """Return which orders were told as filled."""
        return [
            event.data["client_order_id"]
            for event in events
            if event.data["event"] == "filled"
        ]

    with (
        patch(PAGE_SIZE, 4),
        patch(FURTHER_PAGES, 0),
        # What was read is not read again for the sake of a clock.
        patch("custom_components.cexio.recovery.CLOCK_MARGIN", TICK * 0),
    ):
        await account.stream.async_catch_up()
        await hass.async_block_till_done()
        assert told() == names[:4]
        assert not account.stream.has_caught_up
        assert "more orders than one recovery reads: 4" in caplog.text
        await account.stream.async_catch_up()
        await hass.async_block_till_done()
    assert told() == names
    assert account.stream.has_caught_up


async def test_one_of_the_answers_is_missing(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What the other one told is kept, and nothing counts as known until both have come."""
    account = entry.runtime_data.account
    await account.stream.async_stop()
    contact = account.ledger.contact
    await place(exchange, "web-open")
    ask = RestClient.get_my_orders
    lost = True

    async def answer(rest: RestClient, **criteria: Any) -> list[Order]:
        """Lose one of the answers."""
        if criteria.get("archived", False) is lost:
            raise TransportError("gone")
        return await ask(rest, **criteria)

    with patch.object(RestClient, "get_my_orders", answer):
        with pytest.raises(TransportError):
            await account.stream.async_catch_up()
        (order,) = account.ledger.open_orders
        assert order.client_order_id == "web-open"
        lost = False
        with pytest.raises(TransportError):
            await account.stream.async_catch_up()
    assert account.ledger.contact == contact


async def test_ended_between_two_answers(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Without reports, an unknown order that ends while both are asked for is told."""
    account = entry.runtime_data.account
    await account.stream.async_stop()
    events = async_capture_events(hass, "cexio_execution")
    await place(exchange, "web-1")
    ask = RestClient.get_my_orders
    has_ended: asyncio.Future[list[Order]] | None = None

    async def answer(rest: RestClient, **criteria: Any) -> list[Order]:
        """Let the order end after the first answer and before the other."""
        nonlocal has_ended
        if criteria.get("archived"):
            has_ended = asyncio.ensure_future(ask(rest, **criteria))
            return await has_ended
        # If both are asked at once, the other one has begun after this.
        await asyncio.sleep(0)
        if has_ended is not None:
            await has_ended
            await fill(exchange)
            return await ask(rest, **criteria)
        found = await ask(rest, **criteria)
        await fill(exchange)
        return found

    with (
        patch.object(RestClient, "get_my_orders", answer),
        # As if the order were older: the next run does not ask for it.
        patch("custom_components.cexio.recovery.CLOCK_MARGIN", timedelta()),
    ):
        for _ in range(2):
            await account.stream.async_catch_up()
    await hass.async_block_till_done()
    assert "filled" in [event.data["event"] for event in events]


async def test_known_orders_are_not_written_again(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """After a restart an order that nothing happened to costs no write."""
    await place(exchange, "web-resting")
    await entry.runtime_data.account.stream.async_catch_up()
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    account = entry.runtime_data.account
    assert [order.client_order_id for order in account.ledger.open_orders] == [
        "web-resting"
    ]
    with patch.object(entry.runtime_data.feed, "async_append") as append:
        await account.stream.async_catch_up()
    append.assert_not_called()
    with patch("custom_components.cexio.feed.Feed.async_append") as append:
        await hass.config_entries.async_reload(entry.entry_id)
        await settled(entry)
    orders = [call for call in append.call_args_list if call.args[1:]]
    assert orders == []
