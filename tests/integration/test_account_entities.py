"""Fees, buttons, maintenance and how the account is served."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.coordinator import has_quiet_minute
from custom_components.cexio.exchange import (
    Budget,
    FeePlan,
    FeeStep,
    FeeStrategy,
    MaintenanceError,
    RestClient,
    Volume,
)
from custom_components.cexio.fees import (
    PART_INTERVAL,
    PARTS,
    POSTPONED,
    START_PAUSE,
    Fees,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser, async_fire_time_changed
from tests.integration.helpers import (
    account_entry,
    act,
    set_up,
    switch_trading,
    truth,
    until,
)

BUTTON = "button.cex_io_cancel_all_orders"
SUB_BUTTON = "button.trading_cancel_all_orders"
MAINTENANCE = "binary_sensor.cex_io_maintenance"
QUIET = "custom_components.cexio.portfolio.has_quiet_minute"
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def everything(hass: HomeAssistant, exchange: ExchangeServer) -> MockConfigEntry:
    """Set up an account with all its entities enabled."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True
    ):
        return await set_up(hass, account_entry(exchange))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the ledger from being read beside what is counted here."""
    with patch("custom_components.cexio.profit.ProfitCoordinator.async_work"):
        yield


def steps(*pairs: tuple[str, int]) -> tuple[FeeStep, ...]:
    """Return a schedule."""
    return tuple(
        FeeStep(percent=Decimal(percent), volume=Decimal(volume))
        for percent, volume in pairs
    )


def fees(volume: str, *, weekend: bool = True) -> Fees:
    """Return fees at a volume."""
    return Fees(
        percentages={},
        volume=Volume(period="30d", volume=Decimal(volume), currency="USD"),
        strategy=FeeStrategy(
            week=FeePlan(
                default=steps(("0.25", 10000), ("0.2", 50000), ("0.1", 90000))
            ),
            weekend=FeePlan(default=steps(("0.22", 10000), ("0.18", 50000)))
            if weekend
            else None,
        ),
    )


@pytest.mark.parametrize(
    ("volume", "weekend", "now", "expected"),
    [
        ("0", True, FRIDAY, ("0.2", "10000", "10000")),
        ("10000", True, FRIDAY, ("0.2", "10000", "0")),
        ("10000.01", True, FRIDAY, ("0.1", "50000", "39999.99")),
        ("60000", True, FRIDAY, None),
        ("4000", True, SUNDAY, ("0.18", "10000", "6000")),
        ("4000", False, SUNDAY, ("0.2", "10000", "6000")),
    ],
)
def test_next_tier(
    volume: str, weekend: bool, now: datetime, expected: tuple[str, str, str] | None
) -> None:
    """The next lower fee, what it needs and what is missing; none on the lowest."""
    tier = fees(volume, weekend=weekend).next_tier(now)
    if expected is None:
        assert tier is None
        return
    assert tier is not None
    found = (tier.percent, tier.from_volume, tier.missing_volume)
    assert [*found] == [Decimal(item) for item in expected]


async def test_fee_sensors(
    hass: HomeAssistant, exchange: ExchangeServer, everything: MockConfigEntry
) -> None:
    """The fee of each watched market, the volume and the next tier follow the hour."""
    coordinator = everything.runtime_data.account.fees
    assert hass.states.is_state("sensor.btc_usd_fee", "unknown")
    async_fire_time_changed(hass, dt_util.utcnow() + START_PAUSE)
    await until(lambda: coordinator.data)
    await hass.async_block_till_done()
    fee = hass.states.get("sensor.btc_usd_fee")
    assert fee is not None
    assert Decimal(fee.state) > 0
    assert fee.attributes["unit_of_measurement"] == "%"
    volume = hass.states.get("sensor.cex_io_30_day_volume")
    assert volume is not None
    assert Decimal(volume.state) == 0
    coordinator.async_set_updated_data(fees("60000", weekend=False))
    assert hass.states.is_state("sensor.cex_io_next_fee_tier", "unknown")
    assert hass.states.is_state("sensor.btc_usd_fee", "unknown")
    asked = (await truth(exchange))["requests"]
    with patch("custom_components.cexio.fees.has_quiet_minute", return_value=False):
        await coordinator.async_refresh()
    assert coordinator.update_interval == POSTPONED
    assert (await truth(exchange))["requests"] == asked
    with patch("custom_components.cexio.fees.has_quiet_minute", return_value=True):
        for _ in range(PARTS):
            await coordinator.async_refresh()
    assert coordinator.update_interval == PART_INTERVAL
    tier = hass.states.get("sensor.cex_io_next_fee_tier")
    assert tier is not None
    assert Decimal(tier.attributes["missing_volume"]) > 0


@pytest.mark.parametrize("button", [BUTTON, SUB_BUTTON])
async def test_buttons(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, button: str
) -> None:
    """A button cancels the orders of its device, in the name of who pressed it."""
    await switch_trading(hass)
    await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="buy",
        order_type="limit",
        amount="0.01",
        price="50000",
    )
    user = MockUser(name="Bob").add_to_hass(hass)
    user.mock_policy({"entities": True})
    press = {"entity_id": button}
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(
            "button", "press", press, blocking=True, context=Context(user_id=user.id)
        )
    assert raised.value.translation_key == "not_allowed_to_trade"
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.savings_cancel_all_orders"}, True
    )
    assert len((await act(hass, "get_orders"))["orders"]) == 1
    await hass.services.async_call("button", "press", press, blocking=True)
    assert (await act(hass, "get_orders"))["orders"] == []


async def test_maintenance(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Maintenance shows while the exchange refuses for it, and is over with an answer."""
    assert hass.states.is_state(MAINTENANCE, "off")
    tickers = entry.runtime_data.markets.tickers
    with patch.object(RestClient, "get_ticker", side_effect=MaintenanceError("later")):
        await tickers.async_refresh()
    assert hass.states.is_state(MAINTENANCE, "on")
    await tickers.async_refresh()
    assert hass.states.is_state(MAINTENANCE, "off")


async def test_diagnostic_sensors(
    hass: HomeAssistant, exchange: ExchangeServer, everything: MockConfigEntry
) -> None:
    """Points, delay and recovery are told."""
    recovery = hass.states.get("sensor.cex_io_last_recovery")
    assert recovery is not None
    await everything.runtime_data.account.balances.async_refresh()
    async_fire_time_changed(hass, fire_all=True)
    await hass.async_block_till_done()
    for name in ("key", "address"):
        state = hass.states.get(f"sensor.cex_io_points_of_the_{name}")
        assert state is not None
        assert int(state.state) >= 0
        assert state.attributes["limit"] in (100, 200)
    await switch_trading(hass)
    await act(
        hass,
        "transfer",
        from_account_id="trading",
        to_account_id="savings",
        currency="USD",
        amount="1",
    )
    delay = "sensor.cex_io_stream_delay"
    await until(lambda: not hass.states.is_state(delay, "unknown"))
    state = hass.states.get(delay)
    assert state is not None
    assert abs(float(state.state)) < 10


async def test_wallet(
    hass: HomeAssistant, exchange: ExchangeServer, everything: MockConfigEntry
) -> None:
    """A currency that is new in the wallet gets its sensor; one that is gone is zero."""
    wallet = everything.runtime_data.account.wallet
    state = hass.states.get("sensor.cex_io_usd_in_the_wallet")
    assert state is not None
    assert Decimal(state.state) > 0
    assert state.attributes["device_class"] == "monetary"
    with (
        patch.object(
            RestClient, "get_my_wallet_balance", return_value={"ADA": Decimal(5)}
        ),
        patch(
            "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True
        ),
        patch(QUIET, side_effect=[False, True]),
    ):
        await wallet.async_refresh()
        assert "ADA" not in wallet.data
        await wallet.async_refresh()
        await hass.async_block_till_done()
    assert hass.states.is_state("sensor.cex_io_ada_in_the_wallet", "5")
    assert hass.states.is_state("sensor.cex_io_usd_in_the_wallet", "0")


@pytest.mark.parametrize(
    ("used", "points", "expected"),
    [(0, 5, True), (1, 5, False), (15, 5, True), (16, 5, False), (5, 5, False)],
)
async def test_quiet_minute(
    entry: MockConfigEntry, used: int, points: int, expected: bool
) -> None:
    """Background work leaves room for a catch-up: 20 points a minute, no more."""
    with patch.object(Budget, "used", used):
        assert has_quiet_minute(entry, points) is expected
