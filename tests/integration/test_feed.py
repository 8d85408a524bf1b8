"""The way of an execution: event entity, bus event, sensors, and who subscribes to the feed."""

from dataclasses import replace
from decimal import Decimal
import sqlite3
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.feed_client import Subscriber, item
from tests.integration.harness import (
    MockConfigEntry,
    WebSocketGenerator,
    async_capture_events,
)
from tests.integration.helpers import (
    EXECUTIONS,
    account_entry,
    act,
    changed,
    control,
    order_elsewhere,
    settled,
    switch_trading,
    truth,
    until,
)

RESTING = changed(amount="0.02")


async def test_way_of_a_fill(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A fill shows once everywhere, with the exchange's amounts, price and fee."""
    events = async_capture_events(hass, "cexio_execution")
    subscriber = Subscriber(await hass_ws_client())
    await subscriber.subscribe()
    await switch_trading(hass)
    order = (await act(hass, "place_order", **RESTING))["order"]
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    accepted, *fills = await subscriber.receive(2)
    assert accepted["data"]["event"] == "accepted"
    assert accepted["id"] == f"status:{order['order_id']}:new"
    assert fills[-1]["data"]["event"] == "filled"
    assert fills[-1]["id"] == f"fill:{order['order_id']}:0.02"

    real = (await truth(exchange))["fills"]
    for name in ("amount", "quote_amount"):
        assert sum(Decimal(item["data"]["fill"][name]) for item in fills) == sum(
            Decimal(item[name]) for item in real
        )
    fees = [Decimal(item["data"]["fill"]["fee_amount"]) for item in fills]
    assert sum(fees) == sum(Decimal(item["fee"]) for item in real)
    assert [Decimal(item["data"]["fill"]["price"]) for item in fills] == [
        Decimal(item["price"]) for item in real
    ]
    assert not any(item["late"] for item in subscriber.entries)

    state = hass.states.get(EXECUTIONS)
    assert state is not None
    assert state.attributes["event_type"] == "filled"
    assert state.attributes["order_id"] == order["order_id"]
    assert state.attributes["id"] == fills[-1]["id"]
    assert [event.data["id"] for event in events] == [
        item["id"] for item in subscriber.entries
    ]
    assert events[0].data["config_entry_id"] == entry.entry_id
    assert events[-1].data["fill"] == fills[-1]["data"]["fill"]
    await until(lambda: hass.states.is_state("sensor.trading_btc_total", "1.52000000"))
    last = hass.states.get("sensor.cex_io_last_execution")
    assert last is not None
    assert last.attributes["event"] == "filled"


async def test_fill_while_home_assistant_was_off(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What happened in the meantime is told once it is back, once, marked as late."""
    await switch_trading(hass)
    order = (await act(hass, "place_order", **RESTING))["order"]
    resting = (await act(hass, "place_order", **(RESTING | {"price": "50000"})))[
        "order"
    ]
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    elsewhere = await order_elsewhere(exchange)
    events = async_capture_events(hass, "cexio_execution")
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    found = {event.data["id"]: event.data for event in events}
    assert len(found) == len(events)
    missed = found[f"fill:{order['order_id']}:0.02"]
    assert missed["late"] is True
    assert missed["event"] == "filled"
    assert any(
        data["client_order_id"] == "web-1" and data["event"] == "filled"
        for data in found.values()
    ), (elsewhere, found)
    assert not any(data["order_id"] == resting["order_id"] for data in found.values())

    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    assert len(events) == len(found)


async def test_lost_connection(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
) -> None:
    """A cut socket shows, comes back by itself, and nothing is lost or doubled."""
    await switch_trading(hass)
    events = async_capture_events(hass, "cexio_execution")
    changes = async_capture_events(hass, "state_changed")
    await act(hass, "place_order", **RESTING)
    await control(exchange, "sockets/close", {"kind": "all", "notice": False})
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    await until(lambda: any(event.data["event"] == "filled" for event in events))
    await settled(entry)
    await hass.async_block_till_done()
    shown = [
        event.data["new_state"].state
        for event in changes
        if event.data["entity_id"] == "binary_sensor.cex_io_stream"
    ]
    assert shown == ["off", "on"]
    ids = [event.data["id"] for event in events]
    assert len(ids) == len(set(ids)) == 2
    assert len((await truth(exchange))["fills"]) == 1


async def test_resuming_after_a_cursor(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """A subscriber gets what came after its cursor, then what comes; any user may."""
    await switch_trading(hass)
    for number in range(3):
        await act(hass, "place_order", **RESTING, client_order_id=f"r-{number}")
    feed = entry.runtime_data.feed
    subscriber = Subscriber(
        await hass_ws_client(access_token=hass_read_only_access_token)
    )
    await subscriber.subscribe(config_entry_id=entry.entry_id, since=1)
    assert subscriber.result == {
        "feed_id": feed.feed_id,
        "oldest": 1,
        "newest": 3,
        "too_old": False,
    }
    assert [item["seq"] for item in await subscriber.receive(2)] == [2, 3]
    await act(hass, "cancel_order", client_order_id="r-0")
    entries = await subscriber.receive(4)
    assert [item["seq"] for item in entries] == [2, 3, 4, 5]
    assert [item["data"]["event"] for item in entries[2:]] == [
        "cancel_pending",
        "cancelled",
    ]


async def test_subscription_outlives_a_reload(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """After a reload the same subscription goes on, with what happened meanwhile."""
    await switch_trading(hass)
    await act(hass, "place_order", **RESTING)
    subscriber = Subscriber(await hass_ws_client())
    await subscriber.subscribe(since=None)
    feed_id = subscriber.result["feed_id"]
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    await hass.config_entries.async_setup(entry.entry_id)
    (filled,) = await subscriber.receive(1)
    assert filled["late"] is True
    assert filled["seq"] == 2
    assert entry.runtime_data.feed.feed_id == feed_id


async def test_subscription_needs_a_loaded_entry(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """Without a loaded entry the subscription is refused."""
    await hass.config_entries.async_unload(entry.entry_id)
    client = await hass_ws_client()
    for fields in ({}, {"config_entry_id": entry.entry_id}, {"config_entry_id": "x"}):
        await client.send_json_auto_id({"type": "cexio/feed/subscribe"} | fields)
        answer = await client.receive_json()
        assert answer["error"]["code"] == "entry_not_loaded"


async def test_too_old_cursor(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """A cursor before what is left is told so, and gets all that is left."""
    feed = entry.runtime_data.feed
    with (
        patch("custom_components.cexio.feed.LARGEST_COUNT", 2),
        patch("custom_components.cexio.feed.PRUNE_EVERY", 1),
    ):
        await feed.async_append([item(number) for number in range(1, 6)])
    subscriber = Subscriber(await hass_ws_client())
    await subscriber.subscribe(since=1)
    assert subscriber.result["too_old"] is True
    assert subscriber.result["oldest"] == 4
    assert [entry["seq"] for entry in await subscriber.receive(2)] == [4, 5]
    await subscriber.subscribe(since=3)
    assert subscriber.result["too_old"] is False


async def test_subscription_with_several_entries(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """With several accounts it has to be said which one is meant."""
    second = account_entry(exchange, key="read-only")
    second.add_to_hass(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "cexio/feed/subscribe"})
    assert (await client.receive_json())["error"]["code"] == "several_entries"
    subscriber = Subscriber(client)
    await subscriber.subscribe(config_entry_id=entry.entry_id)


async def test_subscriber_during_an_unload(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """A file that is closed meanwhile does not end a subscription."""
    subscriber = Subscriber(await hass_ws_client())
    feed = entry.runtime_data.feed
    with patch.object(
        feed, "async_read", side_effect=sqlite3.ProgrammingError("closed")
    ) as read:
        await subscriber.subscribe(since=0)
        await feed.async_append([item(1)])
        await until(lambda: read.called)
    await feed.async_append([item(2)])
    assert [got["id"] for got in await subscriber.receive(2)] == ["item:1", "item:2"]


async def test_slow_subscriber(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A subscriber that stops reading is not dropped, and gets everything when it reads on."""
    feed = entry.runtime_data.feed
    with (
        patch("homeassistant.components.websocket_api.http.MAX_PENDING_MSG", 100),
        patch("custom_components.cexio.websocket_api.PACE", 0.05),
    ):
        subscriber = Subscriber(await hass_ws_client())
        await subscriber.subscribe(since=0)
        # More than what the sockets between them hold, one message each if nobody waited.
        text = "x" * 20_000
        for number in range(1, 701):
            await feed.async_append([replace(item(number), data={"text": text})])
        received = await subscriber.receive(700)
    assert [got["seq"] for got in received] == list(range(1, 701))
    assert "unable to keep up" not in caplog.text
