"""Troubles of the key and of the clock: each begins once, can be repaired, and ends once."""

from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulators.exchange.keys import Permission
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    act,
    change_key,
    control,
    settled,
    switch_trading,
    until,
)
from tests.integration.troubles import (
    go_on,
    issues,
    permissions_are_known,
    refuse_for_a_permission,
    told,
)


async def test_permission_missing(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """It is noticed when trading is switched on, and looked for again on request."""
    change_key(exchange, permissions=(Permission.READ,))
    await switch_trading(hass)
    await until(lambda: issues(hass))
    (issue,) = issues(hass).values()
    assert issue.translation_key == "permission_missing"
    assert issue.translation_placeholders == {"name": "CEX.IO", "permission": "Trade"}
    flow = fix("permission_missing")
    assert (await flow.start())["step_id"] == "confirm"
    step = await flow.submit()
    assert step["errors"] == {"base": "permission_missing"}
    assert step["description_placeholders"]["permission"] == "Trade"
    await control(
        exchange, "faults", {"kind": "refuse", "match": "get_my_account_status_v3"}
    )
    assert (await flow.submit())["errors"] == {"base": "cannot_check"}
    exchange.venue.faults.remove()
    await control(exchange, "faults", {"kind": "refuse", "match": "do_cancel_my_order"})
    assert (await flow.submit())["errors"] == {"base": "cannot_check"}
    exchange.venue.faults.remove()
    change_key(exchange)
    assert (await flow.submit())["type"] == "create_entry"
    assert issues(hass) == {}
    await hass.async_block_till_done()
    assert await told(hass, entry) == [
        ("permission_missing", True),
        ("permission_missing", False),
    ]


async def test_permission_that_nobody_needs(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Refused orders are a trouble only while trading is switched on."""
    await refuse_for_a_permission(hass, exchange)
    assert list(issues(hass)) == ["permission_missing"]
    await switch_trading(hass, on=False)
    assert issues(hass) == {}
    with pytest.raises(HomeAssistantError):
        await act(hass, "cancel_all_orders")
    assert issues(hass) == {}


async def test_permission_refused_without_a_word(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A key that may read and is refused whatever needs a permission lacks it."""
    await switch_trading(hass)
    for action, expected in (
        ("do_cancel_all_orders", []),
        ("do_cancel_my_order", ["permission_missing"]),
    ):
        await control(
            exchange, "faults", {"kind": "refuse", "match": action, "status": 401}
        )
        with pytest.raises(HomeAssistantError):
            await act(hass, "cancel_all_orders")
        await permissions_are_known()
        assert list(issues(hass)) == expected
    assert not hass.config_entries.flow.async_progress()
    exchange.venue.faults.remove()
    await act(hass, "cancel_all_orders")
    assert issues(hass) == {}


async def test_permission_to_read(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Without it nothing works; it is over with the first answer."""
    change_key(exchange, permissions=(Permission.TRADE,))
    with pytest.raises(HomeAssistantError):
        await act(hass, "get_orders")
    (issue,) = issues(hass).values()
    assert issue.translation_placeholders == {"name": "CEX.IO", "permission": "Read"}
    change_key(exchange)
    await act(hass, "get_orders")
    assert issues(hass) == {}


async def test_key_rejected(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Home Assistant asks for a new key and has an issue for that; there is no second one."""
    change_key(exchange, active=False)
    for _ in range(2):
        with pytest.raises(HomeAssistantError):
            await act(hass, "get_orders")
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert issues(hass) == {}
    (trouble,) = entry.runtime_data.watch.troubles.current
    assert trouble.text == (
        "The API key is not activated. Activate it on the exchange."
    )
    change_key(exchange)
    await act(hass, "get_orders")
    await hass.async_block_till_done()
    assert await told(hass, entry) == [("key_rejected", True), ("key_rejected", False)]
    assert caplog.text.count("The API key is not activated. Activate it") == 2


async def test_wrong_clock(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """It is reckoned with, said, compared again on request and by itself."""
    # A stream that comes back asks as well, at moments of its own.
    await entry.runtime_data.account.stream.async_stop()
    await exchange.clock.jump(120)
    await act(hass, "get_orders")
    assert list(issues(hass)) == ["wrong_clock"]
    assert not hass.config_entries.flow.async_progress()
    flow = fix("wrong_clock")
    step = await flow.start()
    assert step["description_placeholders"]["seconds"] == "120"
    await exchange.clock.jump(-30)
    step = await flow.submit()
    assert step["errors"] == {"base": "clock_wrong"}
    assert step["description_placeholders"]["seconds"] == "90"
    await control(exchange, "faults", {"kind": "refuse", "match": "get_server_time"})
    assert (await flow.submit())["errors"] == {"base": "cannot_check"}
    await go_on(hass)
    assert list(issues(hass)) == ["wrong_clock"]
    exchange.venue.faults.remove()
    await exchange.clock.jump(-90)
    assert (await flow.submit())["type"] == "create_entry"
    assert issues(hass) == {}
    await exchange.clock.jump(-60)
    await act(hass, "get_orders")
    assert issues(hass)["wrong_clock"].translation_placeholders == {
        "name": "CEX.IO",
        "seconds": "60",
    }
    await exchange.clock.jump(60)
    await go_on(hass, 2)
    await until(lambda: not issues(hass))
    assert (
        await told(hass, entry)
        == [("wrong_clock", begins) for begins in (True, False)] * 2
    )


async def test_wrong_clock_that_cannot_be_measured(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, fix: Any
) -> None:
    """An entry that cannot be set up for it says so, and is set up when it is right."""
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "faults", {"kind": "refuse", "match": "get_server_time"})
    await control(
        exchange,
        "faults",
        {
            "kind": "refuse",
            "match": "get_my_account_status_v3",
            "status": 401,
            "text": "Invalid timestamp",
        },
    )
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "clock_wrong"
    assert not hass.config_entries.flow.async_progress()
    assert list(issues(hass)) == ["wrong_clock"]
    flow = fix("wrong_clock")
    await flow.start()
    assert (await flow.submit())["errors"] == {"base": "cannot_check"}
    exchange.venue.faults.remove()
    assert (await flow.submit())["type"] == "create_entry"
    await until(lambda: entry.state.value == "loaded")
    await settled(entry)
    assert issues(hass) == {}
    assert await told(hass, entry) == []
