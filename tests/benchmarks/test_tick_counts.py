"""What a tick of many pairs sets off does not vary: what is read of it, what is told, which states are written."""

from collections.abc import Sequence
from decimal import Decimal
from unittest.mock import patch

from homeassistant.core import HomeAssistant, StateMachine
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.cexio.alert_conditions import PriceAlert
from custom_components.cexio.exchange import OrderBookIncrement
from custom_components.cexio.market import MarketHub
from simulators.exchange.server import ExchangeServer
from simulators.exchange.sockets.session import Session
from tests.integration.conftest import (
    custom_integrations,
    entry,
    exchange,
    hass_config_dir,
)
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, until

# The fixtures that a Home Assistant beside an exchange needs.
__all__ = ["custom_integrations", "entry", "exchange", "hass_config_dir"]

WATCHED = ("BTC-USD", "ETH-USD")
TICKS = 5


@pytest.fixture
def pushed(exchange: ExchangeServer, entry: MockConfigEntry) -> list[str]:
    """Push the books of many pairs to the entry, of which it watches the last two."""
    others = [pair for pair in exchange.exchange.listing.pairs if pair not in WATCHED]
    pairs = [*others, *WATCHED]
    for session in public_sessions(exchange):
        for pair in pairs:
            session.feeds.subscribe(pair, session)
    return pairs


def public_sessions(exchange: ExchangeServer) -> list[Session]:
    """Return the public sockets."""
    return [
        session
        for session in exchange.venue.hub.sessions
        if isinstance(session, Session) and not session.private
    ]


async def tick(
    exchange: ExchangeServer, markets: MarketHub, pairs: Sequence[str]
) -> None:
    """Move all pairs up by a hundredth, and wait until what is pushed for it was taken in; what moves last is watched."""
    before = markets.markets[pairs[-1]].newest
    for pair in pairs:
        price = exchange.venue.market.mid(pair) * Decimal("1.01")
        exchange.venue.market.move(pair, price)
    for session in public_sessions(exchange):
        session.feeds.publish(list(pairs))
    await until(lambda: markets.markets[pairs[-1]].newest is not before)


async def rested(hass: HomeAssistant, markets: MarketHub) -> None:
    """Wait until each market may write at once."""
    await until(
        lambda: all(
            hass.loop.time() >= market._rests_until
            for market in markets.markets.values()
        )
    )


@pytest.mark.parametrize(("kept", "writes"), [(None, 3), ("mid", 1)])
async def test_reads_and_writes_of_a_tick(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    pushed: list[str],
    kept: str | None,
    writes: int,
) -> None:
    """Only frames of watched pairs are read at all; a sensor writes if its number changed.

    Of the four sensors that are enabled the last price does not come from the book.
    """
    markets = entry.runtime_data.markets
    feeds = markets.stream._feeds
    if kept is not None:
        registry = er.async_get(hass)
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
            if entity.config_subentry_id and entity.translation_key != kept:
                registry.async_update_entity(
                    entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
                )
        await hass.async_block_till_done()
    # The first news that a sensor hears it writes whatever they are.
    await tick(exchange, markets, pushed)
    await rested(hass, markets)
    with (
        patch.object(
            Session, "send", autospec=True, side_effect=Session.send
        ) as pushes,
        patch.object(feeds, "_followed", wraps=feeds._followed) as frames,
        patch.object(
            OrderBookIncrement, "from_wire", side_effect=OrderBookIncrement.from_wire
        ) as reads,
        patch.object(
            StateMachine,
            "async_set_internal",
            autospec=True,
            side_effect=StateMachine.async_set_internal,
        ) as states,
    ):
        await tick(exchange, markets, pushed)
    assert [call.args[3] for call in pushes.mock_calls] == pushed
    assert frames.call_count == len(WATCHED)
    assert [call.args[0]["pair"] for call in reads.mock_calls] == list(WATCHED)
    of_markets = [
        call.args[1]
        for call in states.mock_calls
        if call.args[1].startswith(("sensor.btc_usd", "sensor.eth_usd"))
    ]
    assert len(of_markets) == len(set(of_markets)) == writes * len(WATCHED)


async def test_news_that_change_no_price(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A book whose best prices stay is told to whoever listens, and no state is written."""
    markets = entry.runtime_data.markets
    await rested(hass, markets)
    told: list[str] = []
    remove = markets.async_listen_prices(lambda pair, _price: told.append(pair))
    book = exchange.exchange.books["BTC-USD"]
    best = book.bids.best()
    assert best is not None
    with patch.object(
        StateMachine,
        "async_set_internal",
        autospec=True,
        side_effect=StateMachine.async_set_internal,
    ) as states:
        pair = exchange.exchange.listing.pairs["BTC-USD"]
        side = next(iter(exchange.venue.market._quotes["BTC-USD"].ladder))[0]
        exchange.exchange.rest(pair, side, best, pair.base_min)
        for session in public_sessions(exchange):
            session.feeds.publish(["BTC-USD"])
        await until(lambda: told)
    remove()
    assert told == ["BTC-USD"]
    assert states.call_count == 0


async def test_alerts_see_each_tick(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    pushed: list[str],
) -> None:
    """However rarely states are written, an alert is shown every price, also one that is gone before the next write."""
    markets = entry.runtime_data.markets
    options = {**entry.options, "price_interval": 600}
    hass.config_entries.async_update_entry(entry, options=options)
    await rested(hass, markets)
    level = str(exchange.venue.market.mid("ETH-USD") * Decimal("1.035"))
    await act(
        hass,
        "add_price_alert",
        pair="ETH-USD",
        condition="above",
        price=level,
        repeat=True,
    )
    with patch.object(
        PriceAlert, "see", autospec=True, side_effect=PriceAlert.see
    ) as shown:
        for _ in range(TICKS):
            await tick(exchange, markets, pushed)
    prices = [call.args[1].price for call in shown.mock_calls]
    assert prices == sorted(set(prices)) and len(prices) == TICKS
    (alert,) = entry.runtime_data.alerts.alerts
    assert alert.state.fired == 1
