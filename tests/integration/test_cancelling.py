"""Resting orders: found and cancelled, by whichever id and wherever they were placed."""

from homeassistant.core import HomeAssistant
import pytest
import voluptuous as vol

from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    act,
    changed,
    control,
    order_elsewhere,
    refused,
    switch_trading,
    truth,
)


async def test_cancel(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A resting order is cancelled by either id, also while trading is off."""
    await switch_trading(hass)
    first = await act(hass, "place_order", **changed(client_order_id="rest-1"))
    second = await act(hass, "place_order", **changed(client_order_id="rest-2"))
    assert len((await act(hass, "get_orders"))["orders"]) == 2
    await switch_trading(hass, on=False)
    by_id = await act(hass, "cancel_order", order_id=first["order"]["order_id"])
    by_client_id = await act(hass, "cancel_order", client_order_id="rest-2")
    assert by_id["order"]["status"] == by_client_id["order"]["status"] == "cancelled"
    assert by_client_id["order"]["order_id"] == second["order"]["order_id"]
    assert by_client_id["order"]["client_order_id"] == "rest-2"
    assert (await act(hass, "get_orders"))["orders"] == []
    again = await act(hass, "cancel_order", client_order_id="rest-2")
    assert again["order"]["status"] == "cancelled"
    assert {row["status"] for row in (await truth(exchange))["orders"]} == {"CANCELLED"}


async def test_one_order_in_any_state(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order is found by either id, open or ended, known here or only there."""
    await switch_trading(hass)
    placed = await act(hass, "place_order", **changed(client_order_id="mine"))
    order_id = placed["order"]["order_id"]
    for ids in ({"order_id": order_id}, {"client_order_id": "mine"}):
        (order,) = (await act(hass, "get_orders", None, **ids))["orders"]
        assert (order["order_id"], order["status"]) == (order_id, "new")
    await act(hass, "cancel_order", order_id=order_id)
    (order,) = (await act(hass, "get_orders", client_order_id="mine"))["orders"]
    assert order["status"] == "cancelled"
    entry.runtime_data.account.ledger._orders.clear()
    (order,) = (await act(hass, "get_orders", client_order_id="mine"))["orders"]
    assert (order["order_id"], order["status"]) == (order_id, "cancelled")
    for ids in ({"order_id": "987654321"}, {"client_order_id": "nobody's"}):
        assert await act(hass, "get_orders", None, **ids) == {"orders": []}
    with pytest.raises(vol.Invalid):
        await act(hass, "get_orders", order_id=order_id, client_order_id="mine")


async def test_order_without_a_stream_is_asked_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """While no report can come, what is known of an open order is not trusted."""
    await switch_trading(hass)
    await act(hass, "place_order", **changed(client_order_id="mine"))
    await entry.runtime_data.account.stream.async_stop()
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    (order,) = (await act(hass, "get_orders", client_order_id="mine"))["orders"]
    assert order["status"] == "filled"


async def test_cancel_of_unknown_orders(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Cancelling what is not there is refused."""
    for name, value in (("order_id", "987654321"), ("client_order_id", "nobody's")):
        found = await refused(hass, "cancel_order", None, **{name: value})
        assert found == "unknown_order"
    assert await refused(hass, "cancel_order") == "order_id_required"


async def test_cancel_an_order_placed_elsewhere(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Orders of the web terminal are followed and can be cancelled."""
    await order_elsewhere(exchange, orderType="Limit", price="70000")
    (order,) = (await act(hass, "get_orders"))["orders"]
    assert order["client_order_id"] == "web-1"
    answer = await act(hass, "cancel_order", order_id=order["order_id"])
    assert answer["order"]["status"] == "cancelled"
