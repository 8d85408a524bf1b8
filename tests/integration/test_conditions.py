"""The conditions, as automations and scripts check them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition
from homeassistant.setup import async_setup_component
import probatio
import pytest

from custom_components.cexio.condition import CONDITIONS, async_get_conditions
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    account_entry,
    act,
    control,
    prices_entry,
    set_up,
    switch_trading,
    until,
)

type Make = Callable[..., Awaitable[condition.ConditionChecker]]


@pytest.fixture
async def make(hass: HomeAssistant) -> AsyncIterator[Make]:
    """Make a condition as an automation would; it is let go in the end."""
    made: list[condition.ConditionChecker] = []

    async def make_one(name: str, **options: Any) -> condition.ConditionChecker:
        """Validate and set up."""
        assert await async_setup_component(hass, "homeassistant", {})
        config: dict[str, Any] = {"condition": f"cexio.{name}"}
        if options:
            config["options"] = options
        checked = await condition.async_validate_condition_config(hass, config)
        checker = await condition.async_from_config(hass, checked)
        made.append(checker)
        return checker

    yield make_one
    for checker in made:
        checker.async_unload()


async def test_every_condition_is_offered(hass: HomeAssistant) -> None:
    """Home Assistant finds all conditions and their descriptions."""
    assert await async_setup_component(hass, "cexio", {})
    await hass.async_block_till_done()
    assert set(await async_get_conditions(hass)) == set(CONDITIONS)
    described = await condition.async_get_all_descriptions(hass)
    for name in CONDITIONS:
        description = described[f"cexio.{name}"]
        assert description is not None
        assert "config_entry_id" in description["fields"]


async def test_price(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, make: Make
) -> None:
    """A price is above or below, or exactly at the level and neither."""
    mid = entry.runtime_data.markets.markets["BTC-USD"].newest.mid
    for name, level, expected in (
        ("price_above", mid - 1, True),
        ("price_above", mid, False),
        ("price_below", mid + 1, True),
        ("price_below", mid, False),
    ):
        checker = await make(name, pair="btc-usd", price=str(level))
        assert checker.async_check() is expected
    checker = await make("price_above", pair="BTC-USD", price=str(mid + 500))
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "62000"})
    await until(checker.async_check)


async def test_price_of_a_pair_that_is_no_market(
    hass: HomeAssistant, exchange: ExchangeServer, make: Make
) -> None:
    """The condition follows its pair; until a price is known it does not hold."""
    checker = await make("price_above", pair="LTC-USDT", price="0.1")
    assert checker.async_check() is False
    entry = await set_up(hass, prices_entry(exchange))
    await until(checker.async_check)
    await hass.config_entries.async_unload(entry.entry_id)
    assert checker.async_check() is False
    await hass.config_entries.async_setup(entry.entry_id)
    markets = entry.runtime_data.markets.markets
    await until(checker.async_check)
    markets["LTC-USDT"].last_update_success = False
    assert checker.async_check() is False
    checker.async_unload()
    await until(lambda: "LTC-USDT" not in markets)
    assert checker.async_check() is False


async def test_order_open(
    hass: HomeAssistant, entry: MockConfigEntry, make: Make
) -> None:
    """An open order holds the condition as far as it fits."""
    anything = await make("order_open")
    fitting = await make("order_open", pair="BTC-USD", side="buy", account_id="trading")
    others = [
        await make("order_open", pair="ETH-USD"),
        await make("order_open", side="sell"),
        await make("order_open", account_id="savings"),
    ]
    assert anything.async_check() is False
    await switch_trading(hass)
    order: dict[str, Any] = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    answer = await act(hass, "place_order", **order, amount="0.01", price="50000")
    assert anything.async_check() is True
    assert fitting.async_check() is True
    assert [checker.async_check() for checker in others] == [False] * 3
    await act(hass, "cancel_order", order_id=answer["order"]["order_id"])
    await until(lambda: anything.async_check() is False)


async def test_trading_enabled(
    hass: HomeAssistant, exchange: ExchangeServer, make: Make
) -> None:
    """The switch decides; without an account nothing is enabled."""
    checker = await make("trading_enabled")
    assert checker.async_check() is False
    await set_up(hass, prices_entry(exchange))
    assert checker.async_check() is False
    entry = await set_up(hass, account_entry(exchange))
    assert checker.async_check() is False
    await switch_trading(hass)
    assert checker.async_check() is True
    chosen = await make("trading_enabled", config_entry_id=entry.entry_id)
    assert chosen.async_check() is True


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("price_above", {"pair": "BTC-USD"}),
        ("price_above", {"pair": "FOO-USD", "price": "1"}),
        ("price_below", {"pair": "BTC-USD", "price": "-1"}),
        ("order_open", {"side": "both"}),
        ("trading_enabled", {"config_entry_id": "gone"}),
    ],
)
async def test_wrong_options(
    entry: MockConfigEntry, make: Make, name: str, options: dict[str, str]
) -> None:
    """What cannot work is refused when the automation is written."""
    with pytest.raises(probatio.Invalid):
        await make(name, **options)
