"""The triggers of orders, balances and the stream, by automations in a real Home Assistant beside a real exchange."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import trigger
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.trigger import TRIGGERS, async_get_triggers
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import (
    Automate,
    act,
    changed,
    control,
    prices_entry,
    set_up,
    settled,
    switch_trading,
    turn_automation,
    until,
)


async def order(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Place an order on BTC-USD well below the market."""
    wanted = changed(**{"price": "50000"} | fields)
    answer: dict[str, Any] = await act(hass, "place_order", **wanted)
    placed: dict[str, Any] = answer["order"]
    return placed


async def test_every_trigger_is_offered(hass: HomeAssistant) -> None:
    """Home Assistant finds all triggers and their descriptions."""
    assert await async_setup_component(hass, "cexio", {})
    await hass.async_block_till_done()
    assert set(await async_get_triggers(hass)) == set(TRIGGERS)
    described = await trigger.async_get_all_descriptions(hass)
    for name in TRIGGERS:
        description = described[f"cexio.{name}"]
        assert description is not None
        assert "config_entry_id" in description["fields"]


async def test_order_filled(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A filled order starts the automation once, with the order in its data."""
    await automate("order_filled", pair="btc-usd", side="buy", account_id="trading")
    await switch_trading(hass)
    resting = await order(hass)
    assert fired == []
    placed = await order(hass, order_type="market", price=None)
    await until(lambda: fired)
    await hass.async_block_till_done()
    (found,) = fired
    assert found["order_id"] == placed["order_id"] != resting["order_id"]
    assert found["event"] == "filled"
    assert found["pair"] == "BTC-USD"
    assert found["executed_amount"] == "0.01000000"
    assert found["event_id"].startswith(f"fill:{placed['order_id']}:")
    assert found["id"] == "0"
    assert found["config_entry_id"] == entry.entry_id


@pytest.mark.parametrize(
    "options",
    [
        {"pair": "ETH-USD"},
        {"side": "sell"},
        {"account_id": "savings"},
        {"account_id": ""},
    ],
)
async def test_order_that_does_not_fit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
    options: dict[str, str],
) -> None:
    """Each field narrows down what the automation waits for."""
    await automate("order_filled", **options)
    await switch_trading(hass)
    placed = await order(hass, order_type="market", price=None)
    account = entry.runtime_data.account
    await until(lambda: account.ledger.get(order_id=placed["order_id"]).status.is_final)
    await hass.async_block_till_done()
    assert fired == []


async def test_order_partially_filled(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A fill that leaves something open starts the automation, the last one does not."""
    await automate("order_partially_filled")
    await switch_trading(hass)
    book = entry.runtime_data.markets.markets["BTC-USD"]
    better = book.newest.bid + Decimal("0.1")
    placed = await order(hass, price=str(better))
    trade = {"pair": "BTC-USD", "side": "SELL", "amount": "0.004"}
    await control(exchange, "market/trade", trade)
    await until(lambda: fired)
    await control(exchange, "market/trade", trade | {"amount": "0.006"})
    account = entry.runtime_data.account
    await until(lambda: account.ledger.get(order_id=placed["order_id"]).status.is_final)
    await hass.async_block_till_done()
    assert [item["fill"]["amount"] for item in fired] == ["0.00400000"]


async def test_order_ended(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A cancelled order starts the automation, also after a reload of the entry."""
    await automate("order_ended")
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    await switch_trading(hass)
    placed = await order(hass)
    await act(hass, "cancel_order", order_id=placed["order_id"])
    await until(lambda: fired)
    assert fired[0]["event"] == "cancelled"


async def test_order_ended_in_another_way(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """An outcome that was not chosen does not count."""
    await automate("order_ended", outcomes=["expired", "rejected"])
    await switch_trading(hass)
    placed = await order(hass)
    await act(hass, "cancel_order", order_id=placed["order_id"])
    account = entry.runtime_data.account
    await until(lambda: account.ledger.get(order_id=placed["order_id"]).status.is_final)
    await hass.async_block_till_done()
    assert fired == []


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"currency": "btc"}, [("trading", "0.01000000")]),
        ({"currency": "BTC", "amount": "0.01"}, [("trading", "0.01000000")]),
        ({"currency": "BTC", "amount": "0.02"}, []),
        ({"currency": "BTC", "direction": "down"}, []),
        ({"currency": "BTC", "account_id": "savings"}, []),
        ({"currency": "BTC", "balance": "on_hold"}, []),
    ],
)
async def test_balance_changed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
    options: dict[str, str],
    changes: list[tuple[str, str]],
) -> None:
    """A bought coin counts as a change of its balance, if it fits."""
    balances = entry.runtime_data.account.balances
    before = balances.data["trading"]["BTC"].total
    await automate("balance_changed", **options)
    await switch_trading(hass)
    told: list[bool] = []
    balances.async_add_listener(
        lambda: told.append(balances.data["trading"]["BTC"].total > before)
    )
    await order(hass, order_type="market", price=None)
    await until(lambda: any(told))
    await hass.async_block_till_done()
    assert [(item["account_id"], item["change"]) for item in fired] == changes


async def test_balance_of_a_new_asset(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """The first coin of its kind is a change from nothing."""
    balances = entry.runtime_data.account.balances
    assert "LTC" not in balances.data["savings"]
    await automate("balance_changed", currency="LTC", account_id="savings")
    await entry.runtime_data.rest.do_my_internal_transfer(
        from_account_id="trading",
        to_account_id="savings",
        currency="LTC",
        amount=Decimal(2),
        client_tx_id="t1",
    )
    await until(lambda: fired)
    assert Decimal(fired[0]["balance"]) == 2


async def test_stream_lost(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A loss that lasts is told once; one that is over in time is not."""
    await automate("stream_lost", **{"for": {"seconds": 30}})
    account = entry.runtime_data.account
    stream = account.stream
    stream._async_set_connected(False)
    stream._async_set_connected(True)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await hass.async_block_till_done()
    assert fired == []
    stream._async_set_connected(False)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
    await until(lambda: fired)
    assert fired[0]["config_entry_id"] == entry.entry_id
    # It is still the same loss.
    stream._async_set_connected(False)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=200))
    await hass.async_block_till_done()
    assert len(fired) == 1


async def test_entry_that_cannot_be_loaded_is_a_lost_stream(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """An account whose key is refused has no stream either; one unloaded by hand is left alone."""
    await automate("stream_lost", config_entry_id=entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await hass.async_block_till_done()
    assert fired == []
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "api_secret": "wrong"}
    )
    await hass.config_entries.async_setup(entry.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=12))
    await until(lambda: fired)


async def test_other_entries_are_no_lost_stream(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """Neither prices only nor another integration counts; a loss counts from its beginning."""
    await set_up(hass, prices_entry(exchange))
    await automate("stream_lost")
    stranger = MockConfigEntry(domain="stranger", state=ConfigEntryState.SETUP_ERROR)
    changed = ConfigEntryChange.UPDATED
    async_dispatcher_send(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed, stranger)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await hass.async_block_till_done()
    assert fired == []
    entry.runtime_data.account.stream._async_set_connected(False)
    async_dispatcher_send(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed, entry)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=12))
    await until(lambda: fired)
    assert [item["config_entry_id"] for item in fired] == [entry.entry_id]


async def test_stream_lost_when_turned_off(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """An automation that is off does not count on."""
    await automate("stream_lost")
    entry.runtime_data.account.stream._async_set_connected(False)
    await turn_automation(hass, on=False)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await hass.async_block_till_done()
    assert fired == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("price_crossed", {"pair": "BTC-USD"}),
        ("price_crossed", {"pair": "BTC-USD", "price": "cheap"}),
        ("price_crossed", {"pair": "FOO-USD", "price": "1"}),
        ("price_moved", {"pair": "BTC-USD", "percentage": 1, "within": {"days": 2}}),
        ("balance_changed", {"currency": "BTC", "balance": "free"}),
        ("order_ended", {"outcomes": []}),
        ("order_filled", {"config_entry_id": "gone"}),
        ("order_filled", {"colour": "red"}),
    ],
)
async def test_wrong_options(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, options: dict[str, Any]
) -> None:
    """What cannot work is refused when the automation is written."""
    automation = {
        "alias": "Under test",
        "triggers": [{"trigger": f"cexio.{name}", "options": options}],
        "actions": [],
    }
    await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    state = hass.states.get("automation.under_test")
    assert state is not None
    assert state.state == "unavailable"
