"""Cost and profit from the ledger: read once, in bounded pieces, then only what is new."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio import profit as profit_module
from custom_components.cexio.exchange import (
    CexioError,
    RestClient,
    UnsupportedPairError,
)
from custom_components.cexio.profit import START_PAUSE
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import (
    account_entry,
    act,
    control,
    set_up,
    switch_trading,
    truth,
    until,
)
from tests.integration.reckoning import coordinator, market, profit, read_all


@pytest.fixture(autouse=True)
def no_horizon() -> Iterator[None]:
    """Count what has just happened."""
    with patch.object(profit_module, "HORIZON", -timedelta(seconds=30)):
        yield


async def test_buy_and_sell(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Fees make what is bought dearer and what is sold cheaper."""
    await switch_trading(hass)
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="USD", amount="25"
    )
    bought = await market(hass, entry, "buy", "BTC-USD", "0.2")
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "70000"})
    sold = await market(hass, entry, "sell", "BTC-USD", "0.1")
    await read_all(entry)
    held = profit(entry).holdings["BTC"]
    paid = bought.executed_quote_amount + bought.fee_amount
    got = sold.executed_quote_amount - sold.fee_amount
    assert held.amount == Decimal("0.1")
    assert held.cost == paid / 2
    assert held.realised == got - paid / 2
    assert profit(entry).unpriced == frozenset()
    await hass.async_block_till_done()

    def number(name: str) -> Decimal:
        """Return the state of a sensor."""
        state = hass.states.get(f"sensor.cex_io_{name}")
        assert state is not None
        return Decimal(state.state)

    assert number("btc_cost_basis") == held.cost
    assert number("btc_realised_profit") == held.realised
    worth = coordinator(entry).portfolio.worth(held.amount, "BTC")
    assert worth is not None
    assert number("btc_unrealised_profit") == worth.value - held.cost
    assert number("realised_profit") == held.realised
    state = hass.states.get("sensor.cex_io_btc_cost_basis")
    assert state is not None
    assert Decimal(state.attributes["average_cost"]) == held.cost * 10
    assert state.attributes["unit_of_measurement"] == "USD"
    assert hass.states.get("sensor.cex_io_usd_cost_basis") is None


async def test_coins_and_another_currency(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Swaps and deposits of coins count at the price of their hour, asked once."""
    await switch_trading(hass)
    await market(hass, entry, "buy", "ETH-BTC", "1")
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="BTC", amount="0.01"
    )
    await read_all(entry)
    held = profit(entry).holdings["ETH"]
    assert held.amount == 1
    assert held.cost > 0
    assert profit(entry).holdings["BTC"].unexplained > 0
    candles = (await truth(exchange))["requests"]["get_candles"]
    assert candles == 2
    await read_all(entry)
    assert (await truth(exchange))["requests"]["get_candles"] == candles
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "portfolio_currency": "EUR"}
    )
    await hass.async_block_till_done()
    await entry.runtime_data.markets.tickers.async_refresh()
    await until(lambda: profit(entry).currency == "EUR")
    assert profit(entry).holdings["ETH"].amount == 1
    state = hass.states.get("sensor.cex_io_eth_cost_basis")
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "EUR"


async def test_pages_are_read_in_turns(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A long ledger is read some pages at a time, goes on after a restart, once."""
    with (
        patch.object(profit_module, "PAGE_SIZE", 3),
        patch.object(profit_module, "PAGES_A_TURN", 1),
        patch.object(profit_module, "OVERLAP", timedelta()),
    ):
        entry = await set_up(hass, account_entry(exchange))
        await switch_trading(hass)
        for number in range(10):
            await act(
                hass,
                "deposit_from_wallet",
                account_id="trading",
                currency="USD",
                amount="1",
                client_transaction_id=f"deposit-{number}",
            )
        await until(lambda: coordinator(entry).turns.is_waiting)
        assert not await coordinator(entry).async_work()
        await hass.config_entries.async_reload(entry.entry_id)
        await read_all(entry)
        held = profit(entry).holdings["USD"]
        assert (held.amount, held.cost) == (Decimal(10), Decimal(10))


async def test_rows_of_one_moment_fill_more_than_a_page(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Pages that begin and end in the same moment are passed by number."""
    await switch_trading(hass)
    await read_all(entry)
    for number in range(5):
        await act(
            hass,
            "deposit_from_wallet",
            account_id="trading",
            currency="USD",
            amount="1",
            client_transaction_id=f"deposit-{number}",
        )
    real = RestClient.get_my_transaction_history
    moment = entry.runtime_data.rest.clock.exchange_now()

    async def at_once(self: RestClient, **data: Any) -> Any:
        """Answer as if all had happened in one moment."""
        rows = await real(self, **{**data, "start": None})
        return [replace(row, timestamp=moment) for row in rows]

    with (
        patch.object(profit_module, "PAGE_SIZE", 2),
        patch.object(RestClient, "get_my_transaction_history", at_once),
    ):
        await read_all(entry)
    assert profit(entry).holdings["USD"].amount == 5


async def test_prices_that_nobody_knows(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A past price that cannot be had is asked for once, and what it values is named."""
    await switch_trading(hass)
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="BTC", amount="0.01"
    )
    await until(lambda: coordinator(entry).turns.is_waiting)
    with (
        patch.object(RestClient, "get_candles", side_effect=CexioError("later")),
        pytest.raises(CexioError),
    ):
        await coordinator(entry).async_work()
    with patch.object(
        RestClient, "get_candles", side_effect=UnsupportedPairError("no")
    ) as asked:
        await read_all(entry)
        await read_all(entry)
    assert asked.await_count == 1
    assert profit(entry).unpriced == {"BTC"}
    assert profit(entry).holdings["BTC"].cost == 0


async def test_turns(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """A failure is no end: the next turn reads on."""
    with patch.object(
        RestClient, "get_my_transaction_history", side_effect=CexioError("no")
    ):
        entry = await set_up(hass, account_entry(exchange))
        async_fire_time_changed(hass, dt_util.utcnow() + START_PAUSE)
        await until(lambda: coordinator(entry).turns.is_waiting)
        assert coordinator(entry).data is None
        assert hass.states.is_state("sensor.cex_io_realised_profit", "unknown")
    async_fire_time_changed(hass, fire_all=True)
    await until(lambda: coordinator(entry).data is not None)


async def test_few_prices_a_turn(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """No more past prices are asked for in a turn than allowed."""
    await switch_trading(hass)
    for currency in ("BTC", "EUR"):
        await act(
            hass,
            "deposit_from_wallet",
            account_id="trading",
            currency=currency,
            amount="1" if currency == "EUR" else "0.01",
        )
    await until(lambda: coordinator(entry).turns.is_waiting)
    with patch.object(profit_module, "PRICES_A_TURN", 1):
        assert not await coordinator(entry).async_work()
        assert await coordinator(entry).async_work()
    assert profit(entry).unpriced == frozenset()
