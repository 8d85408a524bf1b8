"""The action that tells what an account is worth, and what it gained."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cexio import profit as profit_module
from custom_components.cexio.portfolio import (
    TICKER_LIFETIME,
    PortfolioCoordinator,
    rounded,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    account_entry,
    act,
    refused,
    set_up,
    switch_trading,
    until,
)
from tests.integration.reckoning import market, profit, read_all

KEYS = [
    *("currency", "value", "on_hold_value", "change_24h", "change_24h_percentage"),
    *("realised_profit", "unrealised_profit", "assets", "unpriced"),
]
ASSET_KEYS = [
    *("currency", "total", "price", "value", "share_percentage", "path"),
    *("cost_basis", "realised_profit", "unrealised_profit"),
]


@pytest.fixture(autouse=True)
def no_horizon() -> Iterator[None]:
    """Count what has just happened."""
    with patch.object(profit_module, "HORIZON", -timedelta(seconds=30)):
        yield


async def ask(hass: HomeAssistant) -> dict[str, Any]:
    """Return the answer of the action."""
    answer: dict[str, Any] = (await act(hass, "get_portfolio"))["portfolio"]
    return answer


def texts(data: Any) -> Iterator[Any]:
    """Yield every value of an answer."""
    if isinstance(data, dict):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    else:
        yield data


async def test_what_is_held(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each asset has its price, its value and its share; what is unknown is null."""
    answer = await ask(hass)
    assert set(answer) == set(KEYS)
    assert all(list(asset) == ASSET_KEYS for asset in answer["assets"])
    assert all(value is None or isinstance(value, str) for value in texts(answer))
    state = hass.states.get("sensor.cex_io_portfolio_value")
    assert state is not None
    assert answer["currency"] == "USD"
    assert answer["value"] == state.state
    assert answer["on_hold_value"] == "0.00000000"
    assert answer["change_24h"] is answer["change_24h_percentage"] is None
    assert answer["unpriced"] == []
    assets = {asset["currency"]: asset for asset in answer["assets"]}
    assert sum(Decimal(asset["value"]) for asset in assets.values()) == pytest.approx(
        Decimal(answer["value"]), abs=Decimal("1e-6")
    )
    shares = [Decimal(asset["share_percentage"]) for asset in assets.values()]
    assert sum(shares) == pytest.approx(Decimal(100), abs=Decimal("0.1"))
    assert assets["USD"]["price"] == "1"
    assert assets["USD"]["path"] == []
    assert assets["BTC"]["price"] == "60000"
    assert assets["BTC"]["path"] == ["BTC-USD"]
    assert assets["SHIB"]["price"] == "0.00002"


async def test_cost_and_profit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Cost and profit are those of the reckoning, null until it is done."""
    before = await ask(hass)
    assert before["realised_profit"] is before["unrealised_profit"] is None
    assert before["assets"][0]["cost_basis"] is None
    await switch_trading(hass)
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="USD", amount="25"
    )
    bought = await market(hass, entry, "buy", "BTC-USD", "0.2")
    await read_all(entry)
    answer = await ask(hass)
    held = profit(entry).holdings["BTC"]
    bitcoin = next(item for item in answer["assets"] if item["currency"] == "BTC")
    paid = bought.executed_quote_amount + bought.fee_amount
    assert Decimal(bitcoin["cost_basis"]) == held.cost == paid
    assert bitcoin["realised_profit"] == rounded(Decimal())
    worth = entry.runtime_data.account.portfolio.worth(held.amount, "BTC")
    assert worth is not None
    assert bitcoin["unrealised_profit"] == rounded(worth.value - paid)
    litecoin = next(item for item in answer["assets"] if item["currency"] == "LTC")
    assert litecoin["cost_basis"] is litecoin["unrealised_profit"] is None
    for name in ("realised_profit", "unrealised_profit"):
        state = hass.states.get(f"sensor.cex_io_{name}")
        assert state is not None
        assert answer[name] == state.state


async def test_without_a_price(
    hass: HomeAssistant, exchange: ExchangeServer, shib_without_price: None
) -> None:
    """What cannot be priced is listed, without value and share, and named."""
    entry = await set_up(hass, account_entry(exchange))
    await until(lambda: entry.runtime_data.account.portfolio.data)
    answer = await ask(hass)
    assert answer["unpriced"] == ["SHIB"]
    shib = next(item for item in answer["assets"] if item["currency"] == "SHIB")
    assert Decimal(shib["total"]) > 0
    assert shib["price"] is shib["value"] is shib["share_percentage"] is None
    assert shib["path"] == []


async def test_nothing_is_known(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Old prices, and those in another currency, are not told as if they counted."""
    tickers = entry.runtime_data.markets.tickers
    answered = tickers.answered
    tickers.answered -= TICKER_LIFETIME
    answer = await ask(hass)
    assert answer["value"] is answer["on_hold_value"] is None
    assert answer["assets"] == answer["unpriced"] == []
    tickers.answered = answered
    assert (await ask(hass))["value"] is not None
    with patch.object(PortfolioCoordinator, "_want_prices", return_value=False):
        hass.config_entries.async_update_entry(
            entry, options={**entry.options, "portfolio_currency": "EUR"}
        )
        await hass.async_block_till_done()
        answer = await ask(hass)
    assert answer["currency"] == "EUR"
    assert answer["value"] is None
    assert (await ask(hass))["value"] is not None


async def test_an_account_is_needed(
    hass: HomeAssistant, prices: MockConfigEntry
) -> None:
    """Prices alone have no portfolio."""
    assert await refused(hass, "get_portfolio") == "account_required"
