"""An outage of the exchange: said once when it is lost and once when it is back."""

from datetime import timedelta
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import control, settled, until

OWN = "custom_components.cexio"
PRICE = "sensor.btc_usd_mid_price"
VALUE = "sensor.cex_io_portfolio_value"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says of this integration since the last look, sorted."""
    found = [
        f"{record.levelname} {record.getMessage()}"
        for record in caplog.records
        if record.name.startswith(OWN)
    ]
    caplog.clear()
    return sorted(found)


async def test_outage(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often it is asked in vain, and for however many markets and assets."""
    caplog.set_level(logging.INFO, OWN)
    caplog.clear()
    runtime = entry.runtime_data
    coordinators = (
        runtime.markets.tickers,
        runtime.account.balances,
        runtime.account.fees,
        runtime.reference,
    )
    await control(exchange, "faults", {"kind": "refuse", "status": 503})
    await control(exchange, "sockets/close", {"kind": "all", "notice": False})
    await until(lambda: not runtime.account.stream.connected)
    await until(lambda: not runtime.markets.stream.connected)
    for minutes in range(1, 4):
        for coordinator in coordinators:
            await coordinator.async_refresh()
        async_fire_time_changed(
            hass, dt_util.utcnow() + timedelta(minutes=1.1 * minutes)
        )
        await hass.async_block_till_done()
    for entity in (PRICE, VALUE):
        assert hass.states.is_state(entity, "unavailable")
    lost = said(caplog)
    names = ("balances", "fees", "reference data", "tickers")
    assert lost[:4] == [
        f"ERROR Error fetching cexio {name} data: The exchange cannot be reached"
        for name in names
    ]
    assert [line.split(":")[0] for line in lost[4:]] == [
        f"INFO The {name} stream is lost" for name in ("private", "public")
    ]

    exchange.venue.faults.remove()
    await settled(entry)
    for coordinator in coordinators:
        await coordinator.async_refresh()
    await until(lambda: not hass.states.is_state(PRICE, "unavailable"))
    await until(lambda: not hass.states.is_state(VALUE, "unavailable"))
    assert said(caplog) == [
        *(f"INFO Fetching cexio {name} data recovered" for name in names),
        *(f"INFO The {name} stream is back" for name in ("private", "public")),
    ]


async def test_balance_that_is_pushed_after_a_failure(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A push ends an outage as an answer does, and it is said."""
    caplog.set_level(logging.INFO, OWN)
    balances = entry.runtime_data.account.balances
    await control(
        exchange, "faults", {"kind": "refuse", "match": "get_my_account_status_v3"}
    )
    await balances.async_refresh()
    assert not balances.last_update_success
    said(caplog)
    for _ in range(2):
        await control(
            exchange,
            "deposits",
            {"account_id": "trading", "currency": "USD", "amount": "1"},
        )
    await until(lambda: balances.available("trading", "USD") == 50002)
    await until(lambda: balances.last_update_success)
    assert said(caplog) == ["INFO Fetching cexio balances data recovered"]
