"""What does not vary from run to run: what a minute costs, and what an execution sets off."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant
import pytest

from benchmarks.home_assistant import account_entry
from custom_components.cexio.const import (
    ACCOUNT_INTERVAL,
    DOMAIN,
    REFERENCE_INTERVAL,
    TICKER_INTERVAL,
)
from custom_components.cexio.fees import PART_INTERVAL, PARTS
from custom_components.cexio.funding import INTERVAL as FUNDING_INTERVAL
from custom_components.cexio.portfolio import WALLET_INTERVAL
from simulators.exchange.budget import Budgets
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    act,
    control,
    order_elsewhere,
    set_up,
    switch_trading,
    until,
)

MARKETS = 40
ORDERS = 10
MINUTE = timedelta(minutes=1)
OF_AN_EXECUTION = (
    "event.cex_io_executions",
    "sensor.cex_io_last_execution",
    "sensor.cex_io_open_orders",
)
RESTING: dict[str, Any] = {
    "pair": "BTC-USD",
    "side": "buy",
    "order_type": "limit",
    "amount": "0.02",
    "price": "59000",
}


class Meter:
    """Counts points where the exchange does, and refuses none."""

    def __init__(self, server: ExchangeServer) -> None:
        """Begin with nothing."""
        self._key = server.venue.key_budget
        self._spent: Counter[str] = Counter()

    def spend(self, budget: Budgets, _who: str, points: int) -> bool:
        """Take points."""
        self._spent["private" if budget is self._key else "public"] += points
        return True

    async def of(self, work: Callable[[], Awaitable[object]]) -> tuple[int, int]:
        """Return the private and public points of some work."""
        self._spent.clear()
        await work()
        return self._spent["private"], self._spent["public"]


@pytest.fixture
async def household(hass: HomeAssistant) -> AsyncIterator[ExchangeServer]:
    """Run an exchange with a market for each that is watched, and orders that rest."""
    async with ExchangeServer(market_moves=False, pairs=MARKETS) as server:
        for number in range(ORDERS):
            await order_elsewhere(
                server,
                clientOrderId=f"order{number}",
                orderType="Limit",
                timeInForce="GTC",
                amountCcy1="0.01",
                price=str(100_000 + number),
            )
        yield server
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)
    server.clock.freeze()


async def test_points_of_a_minute(
    hass: HomeAssistant, household: ExchangeServer
) -> None:
    """So much, whatever is watched: orders, balances and books are pushed, and all tickers are one question."""
    pairs = list(household.venue.engine.listing.pairs)[:MARKETS]
    ready = {
        "base": household.base,
        "key": household.key,
        "secret": household.secret,
    }
    meter = Meter(household)
    with patch.object(Budgets, "spend", autospec=True, side_effect=meter.spend):
        entry = await set_up(hass, account_entry(ready, pairs))
        runtime = entry.runtime_data
        account = runtime.account
        assert account is not None
        questions: dict[str, tuple[Callable[[], Awaitable[object]], timedelta]] = {
            "tickers": (runtime.markets.tickers.async_refresh, TICKER_INTERVAL),
            "reference": (runtime.reference.async_refresh, REFERENCE_INTERVAL),
            "orders": (account.stream.async_catch_up, ACCOUNT_INTERVAL),
            "wallet": (account.wallet.async_refresh, WALLET_INTERVAL),
            "funding": (account.funding.async_ask, FUNDING_INTERVAL),
            "fees": (account.fees.async_refresh, PART_INTERVAL * PARTS),
        }
        points = {}
        for name, (ask, _) in questions.items():
            # So that none waits for the next minute, nor leaves it to others.
            for budget in runtime.client.budgets.values():
                budget._minute.spent.clear()
            points[name] = await meter.of(ask)
    assert points == {
        "tickers": (0, 1),
        "reference": (0, 2),
        "orders": (15, 0),
        "wallet": (5, 0),
        "funding": (5, 0),
        "fees": (11, 0),
    }
    private, public = (
        sum(
            points[name][kind] * (MINUTE / every)
            for name, (_, every) in questions.items()
        )
        for kind in (0, 1)
    )
    assert (round(private, 2), round(public, 2)) == (4.02, 1.01)


async def test_events_of_an_execution(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """One for automations; each entity that shows it changes once."""
    await switch_trading(hass)
    await act(hass, "place_order", **RESTING)
    await hass.async_block_till_done()
    fired: list[Event] = []
    hass.bus.async_listen(MATCH_ALL, fired.append)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    await until(lambda: hass.states.is_state("sensor.trading_btc_total", "1.52000000"))
    await hass.async_block_till_done()
    told = Counter(str(event.event_type) for event in fired)
    assert {name: told[name] for name in told if DOMAIN in name} == {
        "cexio_execution": 1
    }
    shown = Counter(
        event.data["entity_id"] for event in fired if "entity_id" in event.data
    )
    assert {name: shown[name] for name in OF_AN_EXECUTION} == dict.fromkeys(
        OF_AN_EXECUTION, 1
    )
