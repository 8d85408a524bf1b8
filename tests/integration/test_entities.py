"""Entities and devices: what there is, with which classes and units, and how it follows."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.cexio.account_sensors import CexioFee, CexioNextFeeTier
from custom_components.cexio.const import DOMAIN
from custom_components.cexio.diagnostic_sensors import CexioLastRecovery, CexioPoints
from custom_components.cexio.exchange import RestClient, Ticker
from custom_components.cexio.fees import FeesCoordinator, NextTier
from custom_components.cexio.market import MarketData
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import (
    MockConfigEntry,
    async_capture_events,
    snapshot_platform,
)
from tests.integration.helpers import (
    account_entry,
    act,
    control,
    order_elsewhere,
    set_up,
    settled,
    switch_trading,
    until,
)

TICKER = Ticker(
    pair="",
    last_trade_price=Decimal("60000.5"),
    low=Decimal("58123.4"),
    high=Decimal("61234.5"),
    volume=Decimal("12.34567890"),
    price_change_percentage=Decimal("-1.98"),
)
TIER = NextTier(
    percent=Decimal("0.2"), from_volume=Decimal(10000), missing_volume=Decimal(9000)
)


@pytest.fixture
def everything_enabled() -> Iterator[None]:
    """Enable the entities that start disabled as well."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True
    ):
        yield


@pytest.mark.parametrize(
    "platform",
    [
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.EVENT,
        Platform.SENSOR,
        Platform.SWITCH,
    ],
)
async def test_entities(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entity_registry: er.EntityRegistry,
    everything_enabled: None,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """Every entity, its classes, units and first state."""
    entry = account_entry(exchange)
    # The history of the simulated market depends on when it began.
    tickers = {pair: replace(TICKER, pair=pair) for pair in ("BTC-USD", "ETH-USD")}
    with (
        patch("custom_components.cexio.PLATFORMS", [platform]),
        patch.object(RestClient, "get_ticker", return_value=tickers),
        # What depends on the moment and the weekday.
        patch.object(CexioPoints, "native_value", 7),
        patch.object(CexioLastRecovery, "native_value", None),
        patch.object(CexioFee, "native_value", "0.25"),
        patch.object(FeesCoordinator, "async_start"),
        patch.object(CexioNextFeeTier, "_tier", TIER),
    ):
        await set_up(hass, entry)
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_devices(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, entry: MockConfigEntry
) -> None:
    """The account, its sub-accounts behind it, and each market with its subentry."""
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    }
    assert sorted(name or "" for name in devices) == [
        "BTC-USD",
        "CEX.IO",
        "ETH-USD",
        "savings",
        "trading",
    ]
    assert {device.entry_type for device in devices.values()} == {
        dr.DeviceEntryType.SERVICE
    }
    account = devices["CEX.IO"]
    assert account.identifiers == {(DOMAIN, entry.entry_id)}
    assert devices["trading"].via_device_id == account.id
    markets = {item.title: item.subentry_id for item in entry.subentries.values()}
    for pair, subentry_id in markets.items():
        assert devices[pair].config_subentry_id == subentry_id


async def test_new_asset_appears(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An asset that is bought for the first time gets its sensors without a reload."""
    runtime = entry.runtime_data
    assert hass.states.get("sensor.trading_ada_total") is None
    await order_elsewhere(exchange, currency1="ADA", side="BUY", amountCcy1="100")
    await until(lambda: hass.states.is_state("sensor.trading_ada_total", "100.000000"))
    assert entry.runtime_data is runtime


async def test_hold_shows(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A resting order moves funds from available to on hold, and cancelling moves them back."""
    await switch_trading(hass)
    answer = await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="sell",
        order_type="limit",
        amount="0.5",
        price="70000",
    )
    await until(
        lambda: hass.states.is_state("sensor.trading_btc_on_hold", "0.50000000")
    )
    assert hass.states.is_state("sensor.trading_btc_available", "1.00000000")
    assert hass.states.is_state("sensor.trading_btc_total", "1.50000000")
    await act(hass, "cancel_order", order_id=answer["order"]["order_id"])
    await until(
        lambda: hass.states.is_state("sensor.trading_btc_on_hold", "0.00000000")
    )


async def test_market_is_written_at_most_once_a_second(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """However fast a market moves, its state is written once, then a second later."""
    market = entry.runtime_data.markets.markets["BTC-USD"]
    await until(lambda: hass.loop.time() >= market._rests_until)
    changes = async_capture_events(hass, "state_changed")
    seen: list[Decimal] = []
    remove = entry.runtime_data.markets.async_listen_prices(
        lambda pair, price: seen.append(price)
    )

    async def move(price: int) -> None:
        """Move the market and wait until its book came."""
        data = {"pair": "BTC-USD", "price": str(price)}
        await control(exchange, "market/price", data)
        await until(lambda: any(abs(item - price) < 20 for item in seen))

    for price in (60100, 60200, 60300):
        await move(price)
    remove()

    def written() -> list[str]:
        """Return the states in order."""
        return [
            event.data["new_state"].state
            for event in changes
            if event.data["entity_id"] == "sensor.btc_usd_mid_price"
        ]

    await until(lambda: written() and float(written()[-1]) > 60290)
    assert len(written()) <= len(seen)


async def test_small_numbers_are_plain(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A tiny price is written in digits, never with an exponent."""
    entry = account_entry(exchange)
    entry.add_to_hass(hass)
    subentry = next(iter(entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        entry, subentry, data={"pair": "SHIB-USD"}, title="SHIB-USD"
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    await hass.async_block_till_done()
    state = hass.states.get("sensor.shib_usd_bid")
    assert state is not None
    assert state.state.startswith("0.0000")
    assert "E" not in state.state.upper()


async def test_one_price_has_one_text(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A book and a ticker may write the same number with more or less zeros."""
    market = entry.runtime_data.markets.markets["BTC-USD"]
    sensor = "sensor.btc_usd_mid_price"
    seen = []
    for bid, ask in (("59999.5", "60000.5"), ("59999", "60001"), ("0.10", "0.30")):
        market.async_set_updated_data(MarketData(Decimal(bid), Decimal(ask)))
        state = hass.states.get(sensor)
        assert state is not None
        seen.append(state.state)
    assert seen == ["60000", "60000", "0.2"]
