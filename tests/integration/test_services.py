"""The actions that only tell, and what goes wrong with all of them."""

from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.cexio.exchange import (
    AuthenticationError,
    CexioError,
    ClockError,
    InsufficientFundsError,
    MaintenanceError,
    RateLimitError,
    RestClient,
    TransportError,
    UnsupportedPairError,
)
from custom_components.cexio.market import TICKER_PAUSE
from custom_components.cexio.services import ACTIONS
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import account_entry, act, refused, set_up, truth


async def test_ticker(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Watched pairs and others are told, with few questions to the exchange."""
    for _ in range(3):
        tickers = (await act(hass, "get_ticker", pairs=["BTC-USD", "ltc-usdt"]))[
            "tickers"
        ]
    assert list(tickers) == ["BTC-USD", "LTC-USDT"]
    watched = tickers["BTC-USD"]
    assert Decimal(watched["bid"]) < Decimal(watched["mid"]) < Decimal(watched["ask"])
    assert all(isinstance(value, str) for value in watched.values())
    assert Decimal(tickers["LTC-USDT"]["bid"]) > 0
    assert (await truth(exchange))["requests"]["get_ticker"] == 1
    entry.runtime_data.markets.tickers._asked -= TICKER_PAUSE
    answer = await act(hass, "get_ticker", pairs=["LTC-USDT"])
    assert answer["tickers"]["LTC-USDT"]["last"] is not None
    assert await refused(hass, "get_ticker", pairs=["FOO-USD"]) == "unknown_pair"


async def test_balances(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Balances come by account, in plain digits, without empty ones."""
    balances = (await act(hass, "get_balances"))["balances"]
    assert balances[0] == {
        "account_id": "",
        "currency": "BTC",
        "total": "0.25000000",
        "available": "0.25000000",
        "on_hold": "0.00000000",
    }
    assert {item["account_id"] for item in balances} == {"", "savings", "trading"}


async def test_trading_conditions(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Conditions of one pair or of all."""
    every = (await act(hass, "get_trading_conditions"))["pairs"]
    one = (await act(hass, "get_trading_conditions", pairs=["BTC-USD"]))["pairs"]
    assert len(every) > 5
    assert one == {"BTC-USD": every["BTC-USD"]}
    assert one["BTC-USD"]["base"] == "BTC"
    assert isinstance(one["BTC-USD"]["price_precision"], int)
    with pytest.raises(ServiceValidationError):
        await act(hass, "get_trading_conditions", pairs=["FOO-USD"])


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        (RateLimitError("slow", retry_at=dt_util.utcnow()), "rate_limited"),
        (MaintenanceError("later"), "maintenance"),
        (TransportError("gone"), "not_connected"),
        (AuthenticationError("no"), "authentication_failed"),
        (ClockError("no"), "clock_wrong"),
        (UnsupportedPairError("no"), "unknown_pair"),
        (InsufficientFundsError("no"), "insufficient_funds"),
        (CexioError("no"), "exchange_error"),
    ],
)
async def test_failures_have_their_words(
    hass: HomeAssistant, entry: MockConfigEntry, failure: CexioError, key: str
) -> None:
    """Each failure of the exchange is told by its own key."""
    with (
        patch.object(RestClient, "get_my_orders", side_effect=failure),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "get_orders")
    assert raised.value.translation_key == key
    assert raised.value.translation_domain == "cexio"


@pytest.mark.parametrize("action", ["get_balances", "get_orders"])
async def test_prices_only_have_no_account(
    hass: HomeAssistant, prices: MockConfigEntry, action: str
) -> None:
    """What needs an account says so; what does not works."""
    assert await refused(hass, action) == "account_required"
    assert (await act(hass, "get_ticker", pairs=["BTC-USD"]))["tickers"]


async def test_which_entry(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The entry has to be there, loaded and plain."""
    assert (
        await refused(hass, "get_balances", config_entry_id="nobody") == "unknown_entry"
    )
    await set_up(hass, account_entry(exchange, key="no-trade"))
    assert await refused(hass, "get_balances") == "several_entries"
    assert await act(hass, "get_balances", config_entry_id=entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    assert (
        await refused(hass, "get_balances", config_entry_id=entry.entry_id)
        == "entry_not_loaded"
    )


@pytest.mark.parametrize(
    "amount", [True, "", "a lot", "-1", "0", "NaN", "1e99", [1], None]
)
async def test_numbers_that_are_none(
    hass: HomeAssistant, entry: MockConfigEntry, amount: Any
) -> None:
    """An amount is a number above zero."""
    with pytest.raises(vol.Invalid):
        await act(
            hass,
            "preview_order",
            pair="BTC-USD",
            side="buy",
            order_type="market",
            amount=amount,
        )


async def test_actions_are_there_without_an_entry(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """All actions are registered and answer in words when nothing is loaded."""
    await hass.config_entries.async_unload(entry.entry_id)
    assert set(hass.services.async_services()["cexio"]) == set(ACTIONS)
    assert await refused(hass, "get_balances") == "entry_not_loaded"
