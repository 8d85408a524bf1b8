"""What became of an order: found out, whichever part of the answer is missing."""

from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.cexio.exchange import OutcomeUnknownError, RestClient, Stream
from custom_components.cexio.placements import Placements
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    account_entry,
    act,
    control,
    set_up,
    switch_trading,
    truth,
    until,
)

RESTING: dict[str, Any] = {
    "pair": "BTC-USD",
    "side": "buy",
    "order_type": "limit",
    "amount": "0.01",
    "price": "59000",
}


async def test_refused_request_may_be_made_again(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What surely was not placed is placed anew under the same client order id."""
    await switch_trading(hass)
    refuse = {"kind": "refuse", "match": "do_my_new_order", "status": 422}
    await control(exchange, "faults", refuse | {"text": "Not today", "count": 1})
    with pytest.raises(HomeAssistantError):
        await act(hass, "place_order", **RESTING, client_order_id="again")
    placed = await act(hass, "place_order", **RESTING, client_order_id="again")
    assert placed["order"]["status"] == "new"
    (row,) = (await truth(exchange))["orders"]
    assert row["clientOrderId"] == "again"


async def test_repeat_finds_what_no_report_told_of(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Answer and reports are lost and nobody could be asked; the repeat asks, and places nothing."""
    await switch_trading(hass)

    async def lose(_stream: Stream, *args: Any, **kwargs: Any) -> None:
        """Place the order and lose the answer."""
        await RestClient.do_my_new_order(entry.runtime_data.rest, *args, **kwargs)
        raise OutcomeUnknownError

    drop = {"kind": "drop", "match": "executionReport", "channel": "private"}
    await control(exchange, "faults", drop)
    refuse = {"kind": "refuse", "match": "get_my_orders", "status": 500}
    await control(exchange, "faults", refuse)
    with (
        patch.object(Stream, "do_my_new_order", lose),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "place_order", **RESTING, client_order_id="lost")
    assert raised.value.translation_key == "outcome_unknown"
    assert entry.runtime_data.account.ledger.open_orders == []
    exchange.venue.faults.remove()
    again = await act(hass, "place_order", **RESTING, client_order_id="lost")
    assert again["order"]["client_order_id"] == "lost"
    assert len((await truth(exchange))["orders"]) == 1
    placement = await entry.runtime_data.account.desk._placements.async_get("lost")
    assert placement is not None
    assert placement.outcome == "placed"


async def test_outcome_that_the_disk_refuses(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The order is placed and told of; its outcome is found out again when it matters."""
    await switch_trading(hass)
    full = sqlite3.OperationalError("database or disk is full")
    with patch.object(Placements, "async_note", side_effect=full):
        placed = await act(hass, "place_order", **RESTING, client_order_id="full")
    again = await act(hass, "place_order", **RESTING, client_order_id="full")
    assert again["order"]["order_id"] == placed["order"]["order_id"]
    assert len((await truth(exchange))["orders"]) == 1


async def test_cancel_whose_report_never_comes(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """After a while the exchange is asked for the order."""
    await switch_trading(hass)
    placed = await act(hass, "place_order", **RESTING)
    order_id = placed["order"]["order_id"]
    await until(lambda: entry.runtime_data.account.ledger.get(order_id=order_id))
    drop = {"kind": "drop", "match": "executionReport", "channel": "private"}
    await control(exchange, "faults", drop)
    with patch("custom_components.cexio.order_outcomes.CANCEL_PATIENCE", 0.05):
        answer = await act(hass, "cancel_order", order_id=order_id)
    assert answer["order"]["status"] == "cancelled"
    assert exchange.venue.requests["get_my_orders"]


async def test_day_that_another_order_used_up_meanwhile(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """What was free when the order was looked at may be gone when it is written down."""
    await set_up(hass, account_entry(exchange, largest_day_value="1000"))
    await switch_trading(hass)
    await act(hass, "place_order", **RESTING)
    worth = Placements.async_worth
    found: list[Decimal] = []

    async def once_nothing(
        placements: Placements, *args: Any, **kwargs: Any
    ) -> Decimal:
        """Know nothing of the other order at first."""
        found.append(await worth(placements, *args, **kwargs))
        return Decimal() if len(found) == 1 else found[-1]

    with (
        patch.object(Placements, "async_worth", once_nothing),
        pytest.raises(ServiceValidationError) as raised,
    ):
        await act(hass, "place_order", **RESTING)
    assert raised.value.translation_key == "day_limit_reached"
    assert raised.value.translation_placeholders is not None
    assert raised.value.translation_placeholders["used"] == "590.00"
    assert len((await truth(exchange))["orders"]) == 1


async def test_price_near_the_market_passes(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """The limit of the distance is no limit for what is within it."""
    await set_up(hass, account_entry(exchange, largest_distance="5"))
    await switch_trading(hass)
    placed = await act(hass, "place_order", **RESTING)
    assert placed["order"]["status"] == "new"
