"""What the account is worth: paths, what cannot be priced, the change of a day."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import islice, pairwise
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st

from custom_components.cexio.conversion import (
    LONGEST_PATH,
    MOST_PATHS,
    Graph,
    conversion_paths,
)
from custom_components.cexio.exchange import CexioError, RestClient
from custom_components.cexio.portfolio import (
    DAY,
    SAMPLE_INTERVAL,
    SETTLE,
    TICKER_LIFETIME,
    Portfolio,
    PortfolioCoordinator,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import (
    account_entry,
    act,
    set_up,
    switch_trading,
    truth,
    until,
)

VALUE = "sensor.cex_io_portfolio_value"
CHANGE = "sensor.cex_io_portfolio_24_h_change"
CURRENCIES = ["USD", "EUR", "USDT", "BTC", "ETH", "LTC", "SHIB"]


def coordinator(entry: MockConfigEntry) -> PortfolioCoordinator:
    """Return what values the account."""
    found: PortfolioCoordinator = entry.runtime_data.account.portfolio
    return found


def portfolio(entry: MockConfigEntry) -> Portfolio:
    """Return the present value."""
    data = coordinator(entry).data
    assert data is not None
    return data


async def pass_time(hass: HomeAssistant, span: timedelta) -> None:
    """Let timers of the span fire."""
    async_fire_time_changed(hass, dt_util.utcnow() + span)
    await hass.async_block_till_done()


@given(
    pairs=st.sets(
        st.tuples(st.sampled_from(CURRENCIES), st.sampled_from(CURRENCIES)).filter(
            lambda pair: pair[0] != pair[1]
        ),
        max_size=12,
    ),
    start=st.sampled_from(CURRENCIES),
    end=st.sampled_from(CURRENCIES),
)
def test_paths(pairs: set[tuple[str, str]], start: str, end: str) -> None:
    """Each path is connected, over pairs that exist, without a circle, shortest first."""
    names = {f"{base}-{quote}" for base, quote in pairs}
    graph = Graph(names)
    paths = list(islice(conversion_paths(start, end, names), 50))
    assert [len(path) for path in paths] == sorted(len(path) for path in paths)
    assert len(set(paths)) == len(paths)
    for path in paths:
        if start == end:
            assert path == ()
            continue
        assert path[0][0] == start
        assert path[-1][1] == end
        assert all(first[1] == second[0] for first, second in pairwise(path))
        assert all(graph.pair(*step) in names for step in path)
        visited = [path[0][0], *(step[1] for step in path)]
        assert len(set(visited)) == len(visited)
    # As near as by following all pairs step by step.
    reached, steps = {start}, 0
    while end not in reached and steps < LONGEST_PATH:
        steps += 1
        reached |= {
            other
            for base, quote in pairs
            for one, other in ((base, quote), (quote, base))
            if one in reached
        }
    assert bool(paths) == (end in reached)
    if paths:
        assert len(paths[0]) == steps


@given(
    prices=st.dictionaries(
        st.sampled_from(["BTC-USD", "ETH-BTC", "BTC-EUR", "EUR-USD"]),
        st.decimals(min_value="0.01", max_value="99999", places=2),
    ),
    amount=st.decimals(min_value="0.00000001", max_value="100000", places=8),
)
def test_there_and_back(prices: Mapping[str, Decimal], amount: Decimal) -> None:
    """A conversion and its reverse meet, and every number stays a Decimal."""
    graph = Graph(["BTC-USD", "ETH-BTC", "BTC-EUR", "EUR-USD"])
    for path in islice(graph.paths("ETH", "USD"), MOST_PATHS):
        there = graph.convert(amount, path, prices.get)
        known = all(graph.pair(*step) in prices for step in path)
        assert (there is not None) == known
        if there is None:
            continue
        assert type(there.value) is Decimal
        back = tuple((target, source) for source, target in reversed(path))
        again = graph.convert(there.value, back, prices.get)
        assert again is not None
        assert again.pairs == there.pairs[::-1]
        assert abs(again.value - amount) <= amount * Decimal("1e-20")


async def test_value(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """All that is held counts, wallet included, by the middle of the books."""
    found = portfolio(entry)
    assert found.currency == "USD"
    assert found.has_wallet
    assert found.unpriced == ()
    positions = {item.currency: item for item in found.positions}
    usd = positions["USD"]
    assert usd.value == usd.total
    bitcoin = positions["BTC"].worth
    assert bitcoin is not None
    assert bitcoin.pairs == ("BTC-USD",)
    assert bitcoin.value == positions["BTC"].total * 60000
    litecoin = positions["LTC"].worth
    assert litecoin is not None
    assert litecoin.pairs[0].startswith("LTC-")
    state = hass.states.get(VALUE)
    assert state is not None
    assert Decimal(state.state) == round(found.value, 8)
    assert state.attributes["paths"]["USD"] == []
    assert state.attributes["paths"]["BTC"] == ["BTC-USD"]
    assert state.attributes["unit_of_measurement"] == "USD"
    assert state.attributes["device_class"] == "monetary"
    assert state.attributes["state_class"] == "total"
    assert (await truth(exchange))["requests"]["get_ticker"] == 1


async def test_another_currency(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The currency changes with the option, without a reload."""
    runtime = entry.runtime_data
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "portfolio_currency": "BTC"}
    )
    await hass.async_block_till_done()
    await runtime.markets.tickers.async_refresh()
    await until(lambda: portfolio(entry).currency == "BTC")
    assert entry.runtime_data is runtime
    state = hass.states.get(VALUE)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "BTC"
    assert "device_class" not in state.attributes
    bitcoin = next(
        item for item in portfolio(entry).positions if item.currency == "BTC"
    )
    assert bitcoin.value == bitcoin.total


async def test_what_cannot_be_priced_is_named(
    hass: HomeAssistant, exchange: ExchangeServer, shib_without_price: None
) -> None:
    """An asset without a price is named, never silently dropped."""
    entry = await set_up(hass, account_entry(exchange))
    await until(lambda: coordinator(entry).data)
    assert portfolio(entry).unpriced == ("SHIB",)
    state = hass.states.get(VALUE)
    assert state is not None
    assert state.attributes["unpriced"] == ["SHIB"]
    assert "SHIB" not in state.attributes["values"]


async def test_follows_balances(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What an order holds is shown, and stays part of the value."""
    await switch_trading(hass)
    before = portfolio(entry).value
    assert portfolio(entry).on_hold == 0
    await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="sell",
        order_type="limit",
        amount="0.5",
        price="70000",
    )
    await until(lambda: coordinator(entry)._cancel_settling)
    await pass_time(hass, SETTLE)
    await until(lambda: portfolio(entry).on_hold == 30000)
    assert portfolio(entry).value == before
    await until(lambda: hass.states.is_state("sensor.cex_io_open_orders", "1"))
    state = hass.states.get("sensor.cex_io_open_orders")
    assert state is not None
    assert state.attributes["orders"][0]["price"] == "70000.0"


async def test_change_of_a_day(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The value of a day ago is remembered across a restart, unknown before."""
    assert hass.states.is_state(CHANGE, "unknown")
    held = coordinator(entry)
    yesterday = dt_util.utcnow() - DAY
    value = portfolio(entry).value
    with patch("custom_components.cexio.portfolio.dt_util.utcnow", lambda: yesterday):
        held.async_set_updated_data(portfolio(entry))
    with patch.object(held, "async_value"):
        await held._async_sample(yesterday)
        await held._async_sample(yesterday - DAY)
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: coordinator(entry).data)
    assert portfolio(entry).day_ago == value
    assert portfolio(entry).change == 0
    assert portfolio(entry).change_percentage == 0
    state = hass.states.get(CHANGE)
    assert state is not None
    assert Decimal(state.state) == 0
    await pass_time(hass, SAMPLE_INTERVAL)
    held = coordinator(entry)
    await until(lambda: len(held._samples) == 2)


async def test_old_prices_are_none(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Without prices or balances for long the value is not available."""
    tickers = entry.runtime_data.markets.tickers
    tickers.answered -= TICKER_LIFETIME
    coordinator(entry).async_value()
    assert hass.states.is_state(VALUE, "unavailable")
    await tickers.async_refresh()
    coordinator(entry).async_value()
    assert not hass.states.is_state(VALUE, "unavailable")
    with patch.object(
        RestClient, "get_my_account_status_v3", side_effect=CexioError("no")
    ):
        await entry.runtime_data.account.balances.async_refresh()
    await pass_time(hass, SETTLE)
    assert hass.states.is_state(VALUE, "unavailable")


async def test_without_wallet(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """A wallet that cannot be read is left out, and that is told."""
    with patch.object(
        RestClient, "get_my_wallet_balance", side_effect=CexioError("no")
    ):
        entry = await set_up(hass, account_entry(exchange))
    without = portfolio(entry)
    assert not without.has_wallet
    await entry.runtime_data.account.wallet.async_refresh()
    await entry.runtime_data.markets.tickers.async_refresh()
    coordinator(entry).async_value()
    assert portfolio(entry).has_wallet
    assert portfolio(entry).value > without.value
