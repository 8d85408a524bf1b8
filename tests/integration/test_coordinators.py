"""What is asked and what is pushed: whose word counts, and what a failure leaves."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.cexio.exchange import (
    AccountUpdate,
    RateLimitError,
    RestClient,
    Stream,
    TransportError,
)
from custom_components.cexio.market import LARGEST_EXTRA_PAIRS, TICKER_PAUSE, Market
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act


def update(available: str, *, seconds: int = 0) -> AccountUpdate:
    """Return a pushed balance, dated some seconds ahead."""
    return AccountUpdate(
        account_id="trading",
        currency="USD",
        available=Decimal(available),
        on_hold=Decimal(),
        timestamp=dt_util.utcnow() + timedelta(seconds=seconds),
        action="order",
        operation_id="1",
    )


async def test_old_push_is_passed_over(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The last word by the exchange's time counts, in whatever order it comes."""
    balances = entry.runtime_data.account.balances
    balances.async_push(update("7", seconds=5))
    balances.async_push(update("8"))
    assert balances.available("trading", "USD") == 7
    delay = balances.push_delay
    balances.async_push(replace(update("9", seconds=9), possible_resend=True))
    assert balances.available("trading", "USD") == 9
    assert balances.push_delay == delay


async def test_push_beats_an_answer_on_its_way(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What was pushed after a question is newer than its answer."""
    balances = entry.runtime_data.account.balances
    real = RestClient.get_my_account_status_v3

    async def slow(self: RestClient, **data: Any) -> Any:
        """Answer with what was, while a push comes."""
        answer = await real(self, **data)
        balances.async_push(update("7", seconds=5))
        return answer

    with patch.object(RestClient, "get_my_account_status_v3", slow):
        await balances.async_refresh()
    assert balances.available("trading", "USD") == 7
    await balances.async_refresh()
    assert balances.available("trading", "USD") == 50000


async def test_rate_limit_waits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A refusal for lack of points is no loss of the session."""
    tickers = entry.runtime_data.markets.tickers
    refusal = RateLimitError("slow", retry_at=dt_util.utcnow() + timedelta(seconds=30))
    with patch.object(RestClient, "get_ticker", side_effect=refusal):
        await tickers.async_refresh()
    assert not tickers.last_update_success
    await tickers.async_refresh()
    assert tickers.last_update_success


async def test_tickers_of_others(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Pairs asked for by the way are bounded; what is not listed is left out."""
    tickers = entry.runtime_data.markets.tickers
    tickers._asked -= TICKER_PAUSE
    names = [f"FOO{number}-USD" for number in range(LARGEST_EXTRA_PAIRS + 5)]
    await tickers.async_want(names)
    assert len(tickers._extra) == LARGEST_EXTRA_PAIRS
    assert not tickers.asked_pairs & set(names)
    assert "BTC-USD" in tickers.data
    with patch.object(tickers, "_reference") as reference:
        reference.data.pairs = {}
        assert await tickers._async_fetch() == {}


async def test_books_that_cannot_be_followed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A book that is not granted leaves the ticker in its place."""
    hub = entry.runtime_data.markets
    await act(hass, "get_ticker", pairs=["LTC-USDT"])
    hub.tickers._asked -= TICKER_PAUSE
    await hub.tickers.async_refresh()
    with (
        patch.object(Stream, "subscribe_order_book", side_effect=TransportError("no")),
        patch.object(
            Stream, "unsubscribe_order_book", side_effect=TransportError("no")
        ),
    ):
        market = await hub.async_follow("LTC-USDT", "test")
        assert market.book is None
        assert market.newest.mid is not None
        assert hub.price("LTC-USDT") == market.newest.mid
        await hub.async_unfollow("LTC-USDT", "test")
        await hub.async_unfollow("LTC-USDT", "test")
    assert "LTC-USDT" not in hub.markets
    assert hub.price("FOO-USD") is None


async def test_lost_market_stays_lost(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A price that still waits to be written does not bring a market back."""
    market = Market(hass, entry, "BTC-USD", entry.runtime_data.markets.stream)
    known: list[bool] = []
    market.async_add_listener(lambda: known.append(market.last_update_success))
    market.async_set_book(Decimal(1), Decimal(2))
    market.async_set_book(Decimal(1), Decimal(3))
    market.async_lose()
    written = hass.loop.create_future()
    hass.loop.call_at(market._rests_until + 0.01, written.set_result, None)
    await written
    assert known == [True, False]
    market.async_set_book(Decimal(1), Decimal(3))
    assert known == [True, False, True]
    assert market.data.ask == 3
    await market.async_shutdown()
