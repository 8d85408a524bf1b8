"""What fails once does not end what follows: listeners, events, tasks."""

import asyncio
from decimal import Decimal
from typing import Any
from unittest.mock import PropertyMock, call, patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.cexio.account_stream import TICK
from custom_components.cexio.exchange import AccountUpdate, Connected, Order, RestClient
from custom_components.cexio.executions import Ledger
from custom_components.cexio.feed import Feed
from custom_components.cexio.funding import SETTLE
from custom_components.cexio.market import Market
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import act, control, move, switch_trading, until


def fail(*news: Any) -> None:
    """Fail on whatever is told."""
    raise ValueError("broken")


async def test_listeners_that_fail(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Neither an order nor the prices suffer from whoever listens."""
    runtime = entry.runtime_data
    heard: list[Order] = []
    runtime.account.ledger.async_listen(fail)
    runtime.account.ledger.async_listen(heard.append)
    runtime.markets.async_listen_prices(fail)
    await switch_trading(hass)
    order: dict[str, Any] = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    placed = await act(hass, "place_order", **order, amount="0.01", price="59000")
    assert placed["order"]["status"] == "new"
    assert heard
    for price in ("61000", "62000"):
        await move(exchange, entry, price)


async def test_market_let_go_while_prices_are_told(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """An automation that ends at a price lets its market go in the middle of the round."""
    hub = entry.runtime_data.markets
    await hub.async_follow("LTC-USDT", "automation")
    told: list[str] = []

    def let_go(pair: str, price: Decimal) -> None:
        """End at the first price."""
        told.append(pair)
        if "LTC-USDT" in hub.markets:
            hass.async_create_task(hub.async_unfollow("LTC-USDT", "automation"))

    hub.async_listen_prices(let_go)
    hub._async_tickers_changed()
    assert told == ["BTC-USD", "ETH-USD"]
    await hass.async_block_till_done()


async def test_event_that_cannot_be_taken_in(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """One book that something fails on does not end all market data."""
    with patch.object(Market, "async_set_book", side_effect=ValueError) as taken:
        await control(exchange, "market/price", {"pair": "BTC-USD", "price": "61000"})
        await until(lambda: taken.called)
    await move(exchange, entry, "62000")


async def test_events_faster_than_they_are_read(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Moves of funds go on after a queue that ran over."""
    runtime = entry.runtime_data
    private = runtime.client.private_stream
    for subscription in private._hub.listeners(AccountUpdate):
        subscription._maximum = 0
    with patch.object(runtime.account.funding.turns, "async_hurry") as hurried:
        private._hub.publish(Connected())
        await until(lambda: call(SETTLE) in hurried.mock_calls)


async def test_waiting_executions_that_fail(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What fails to be taken in is asked for; the next that waits is taken in."""
    account = entry.runtime_data.account
    with (
        patch.object(
            Ledger, "next_release", new_callable=PropertyMock, side_effect=(0.0, None)
        ),
        patch.object(Ledger, "async_release", side_effect=ValueError) as released,
    ):
        account.ledger.something_held.set()
        await until(lambda: released.called)
    assert not account.stream.has_caught_up
    assert not account.stream._tasks[1].done()


async def test_alerts_that_could_not_be_kept(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An alert that fails to be kept does not keep later ones from firing."""
    fields: dict[str, Any] = {"pair": "BTC-USD", "condition": "above", "repeat": True}
    await act(hass, "add_price_alert", **fields, price="60500")
    with patch.object(Feed, "async_append", side_effect=ValueError) as kept:
        await move(exchange, entry, "61000")
        await until(lambda: kept.called)
    await act(hass, "add_price_alert", **fields, price="61500")
    newest = entry.runtime_data.feed.newest
    await move(exchange, entry, "62000")
    await until(lambda: entry.runtime_data.feed.newest > newest)


async def test_questions_that_wait_end_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whoever waits for points when the entry is unloaded is not left behind."""
    begun: list[str] = []
    ended: list[str] = []

    def waiting(name: str) -> Any:
        """Return a question that is never answered."""

        async def wait(*args: Any, **kwargs: Any) -> None:
            """Wait for ever."""
            begun.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        return wait

    names = ("get_my_orders", "get_my_current_fee")
    entry.runtime_data.account.stream._caught_up = None
    with (
        patch.object(RestClient, names[0], waiting(names[0])),
        patch.object(RestClient, names[1], waiting(names[1])),
    ):
        async_fire_time_changed(hass, dt_util.utcnow() + 2 * TICK)
        await until(lambda: set(begun) == set(names))
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert sorted(ended) == sorted(begun)
