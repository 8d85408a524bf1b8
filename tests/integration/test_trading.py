"""The trading desk: what is placed, that nothing is placed twice, and what is written down of it."""

import asyncio
from decimal import Decimal
from functools import partial
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.cexio.exchange import OutcomeUnknownError
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser, async_capture_events
from tests.integration.helpers import (
    LIMIT_BUY,
    MOST_ORDERS,
    account_entry,
    act,
    changed,
    control,
    full_disk,
    set_up,
    settled,
    switch_trading,
    truth,
    until,
)


async def test_order_that_cannot_be_written_down_is_not_sent(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """With a full disk nothing is placed, but what rests can be cancelled."""
    await switch_trading(hass)
    placed = await act(hass, "place_order", **LIMIT_BUY)
    with full_disk(entry):
        with pytest.raises(HomeAssistantError) as raised:
            await act(hass, "place_order", **LIMIT_BUY)
        assert raised.value.translation_key == "storage_failed"
        order_id = placed["order"]["order_id"]
        answer = await act(hass, "cancel_order", order_id=order_id)
        assert answer["order"]["status"] == "cancelled"
    (row,) = (await truth(exchange))["orders"]
    assert row["status"] == "CANCELLED"


async def test_audit_trail(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Who asked for what, and what came of it, is kept over a restart."""
    admin = MockUser(name="Root", is_owner=True).add_to_hass(hass)
    stranger = MockUser(name="Bob").add_to_hass(hass)
    entry = await set_up(hass, account_entry(exchange))
    await switch_trading(hass)
    placed = await act(
        hass,
        "place_order",
        Context(user_id=admin.id),
        **LIMIT_BUY,
        client_order_id="one",
        comment="Telegram: Ada (1001)",
    )
    order_id = placed["order"]["order_id"]
    with pytest.raises(ServiceValidationError):
        await act(hass, "cancel_order", Context(user_id=stranger.id), order_id=order_id)
    run = Context()
    hass.states.async_set("automation.stop", "on", context=run)
    await act(hass, "cancel_order", run, order_id=order_id, comment="stop")
    await act(hass, "cancel_all_orders", account_id="trading", comment="all")
    with (
        patch.object(
            type(entry.runtime_data.account.desk._stream),
            "do_my_new_order",
            side_effect=OutcomeUnknownError,
        ),
        pytest.raises(HomeAssistantError),
    ):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="two")
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    audit = entry.runtime_data.account.desk.audit
    records = list(reversed(await audit.async_last(10)))
    assert [
        (record.action, record.user_name, record.origin, record.outcome)
        for record in records
    ] == [
        ("place", "Root", None, f"placed {order_id}"),
        ("cancel", "Bob", None, "refused: not_allowed_to_trade"),
        ("cancel", None, "automation.stop", f"cancelled {order_id}"),
        ("cancel_all", None, None, "cancelled 0"),
        ("place", None, None, "unknown"),
    ]
    assert [record.comment for record in records] == [
        *("Telegram: Ada (1001)", None, "stop", "all", None)
    ]
    assert records[3].request == {"account_id": "trading"}
    assert records[0].user_id == admin.id
    assert records[0].request["amount"] == "0.01"
    with patch("custom_components.cexio.placements.LOST_AFTER", 0):
        await entry.runtime_data.account.stream.async_catch_up()
    (last,) = await audit.async_last(1)
    assert last.outcome == "never placed"
    with (
        patch("custom_components.cexio.audit.LARGEST_COUNT", 2),
        pytest.raises(ServiceValidationError),
    ):
        await act(hass, "place_order", **changed(amount=None))
    assert [record.outcome for record in await audit.async_last(10)] == [
        "refused: amount_required",
        "never placed",
    ]


async def test_place_fill_and_balance(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A market order is placed once, filled, and shows in the balances."""
    await switch_trading(hass)
    answer = await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="buy",
        order_type="market",
        amount="0.01",
        client_order_id="buy-1",
        comment="a test",
    )
    order = answer["order"]
    assert order["client_order_id"] == "buy-1"
    assert order["comment"] == "a test"
    await until(lambda: hass.states.is_state("sensor.trading_btc_total", "1.51000000"))
    found = await truth(exchange)
    (fill,) = found["fills"]
    (row,) = found["orders"]
    assert row["orderId"] == order["order_id"]
    assert Decimal(fill["amount"]) == Decimal("0.01")


@pytest.mark.parametrize(
    "switches",
    [
        {"reply_status": "first"},
        {"reply_status": "latest"},
        {"reply_status": "latest", "reply_order": "events_first"},
    ],
)
async def test_fills_are_told_as_the_exchange_made_them(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    switches: dict[str, str],
) -> None:
    """A market order that eats several levels is told fill by fill, each with its fee."""
    await control(exchange, "switches", switches)
    await switch_trading(hass)
    events = async_capture_events(hass, "cexio_execution")

    def are_filled(count: int) -> bool:
        """Tell whether so many orders were filled whole."""
        return [event.data["event"] for event in events].count("filled") == count

    for count in (1, 2, 3):
        for price in ("60001", "60002", "60003"):
            level = {
                "pair": "BTC-USD",
                "side": "SELL",
                "price": price,
                "amount": "0.01",
            }
            await control(exchange, "orders", level)
        await act(
            hass,
            "place_order",
            pair="BTC-USD",
            side="buy",
            order_type="market",
            amount="0.03",
        )
        await until(partial(are_filled, count))
    told = [event.data["fill"] for event in events if event.data["fill"]]
    real = (await truth(exchange))["fills"]
    assert len(real) == 9
    for name, theirs in (
        ("amount", "amount"),
        ("quote_amount", "quote_amount"),
        ("price", "price"),
        ("fee_amount", "fee"),
    ):
        assert [Decimal(fill[name]) for fill in told] == [
            Decimal(fill[theirs]) for fill in real
        ]


async def test_same_client_order_id_is_one_order(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Repeating a request, at once or later, gives the same order and sends nothing."""
    await switch_trading(hass)
    fields = changed(client_order_id="tap-1")
    first, second = await asyncio.gather(
        act(hass, "place_order", **fields), act(hass, "place_order", **fields)
    )
    third = await act(hass, "place_order", **(fields | {"amount": "0.010"}))
    ids = {answer["order"]["order_id"] for answer in (first, second, third)}
    assert len(ids) == 1
    found = await truth(exchange)
    assert len(found["orders"]) == 1
    assert found["requests"]["do_my_new_order"] == 1
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, "place_order", **(fields | {"amount": "0.02"}))
    assert raised.value.translation_key == "client_order_id_used"
    assert len((await truth(exchange))["orders"]) == 1


async def test_repeat_after_a_restart(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The id is remembered across restarts."""
    await switch_trading(hass)
    fields = changed(client_order_id="tap-2")
    first = await act(hass, "place_order", **fields)
    await hass.config_entries.async_reload(entry.entry_id)
    again = await act(hass, "place_order", **fields)
    assert again["order"]["order_id"] == first["order"]["order_id"]
    assert len((await truth(exchange))["orders"]) == 1


async def test_rejected_by_the_exchange(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A rejection carries the exchange's words, and is told again to who repeats it."""
    await switch_trading(hass)
    small = changed(amount="0.0005")
    for _ in range(MOST_ORDERS):
        await act(hass, "place_order", **small)
    for _ in range(2):
        with pytest.raises(HomeAssistantError) as raised:
            await act(hass, "place_order", **small, client_order_id="one-too-many")
        assert raised.value.translation_key == "order_rejected"
        assert "Too many active orders" in str(raised.value)
    assert len((await act(hass, "get_orders"))["orders"]) == MOST_ORDERS


async def test_placed_over_rest_without_a_stream(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Without a private stream orders go over REST, and are cancelled there too."""
    await switch_trading(hass)
    await entry.runtime_data.account.stream.async_stop()
    answer = await act(hass, "place_order", **LIMIT_BUY)
    assert answer["order"]["status"] == "new"
    answer = await act(hass, "cancel_order", order_id=answer["order"]["order_id"])
    assert answer["order"]["status"] == "cancelled"
    assert len((await truth(exchange))["orders"]) == 1


async def test_exchange_gone(
    hass: HomeAssistant, entry: MockConfigEntry, exchange: ExchangeServer
) -> None:
    """With the exchange out of reach nothing is sent and the words say so."""
    await switch_trading(hass)
    await act(hass, "preview_order", **LIMIT_BUY)
    await exchange.__aexit__(None, None, None)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "place_order", **LIMIT_BUY)
    assert raised.value.translation_key == "not_connected"
