"""What became of an order: found out, whichever part of the answer is missing."""

import contextlib
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.exchange import (
    OrderRejectedError,
    OutcomeUnknownError,
    RestClient,
    Stream,
)
from custom_components.cexio.placements import Placements
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    LIMIT_BUY,
    MOST_ORDERS,
    account_entry,
    act,
    changed,
    control,
    set_up,
    switch_trading,
    truth,
    until,
)


async def test_refused_request_may_be_made_again(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What surely was not placed is placed anew under the same client order id."""
    await switch_trading(hass)
    refuse = {"kind": "refuse", "match": "do_my_new_order", "status": 422}
    await control(exchange, "faults", refuse | {"text": "Not today", "count": 1})
    with pytest.raises(HomeAssistantError):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="again")
    placed = await act(hass, "place_order", **LIMIT_BUY, client_order_id="again")
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
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="lost")
    assert raised.value.translation_key == "outcome_unknown"
    assert entry.runtime_data.account.ledger.open_orders == []
    exchange.venue.faults.remove()
    again = await act(hass, "place_order", **LIMIT_BUY, client_order_id="lost")
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
        placed = await act(hass, "place_order", **LIMIT_BUY, client_order_id="full")
    again = await act(hass, "place_order", **LIMIT_BUY, client_order_id="full")
    assert again["order"]["order_id"] == placed["order"]["order_id"]
    assert len((await truth(exchange))["orders"]) == 1


async def test_cancel_whose_report_never_comes(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """After a while the exchange is asked for the order."""
    await switch_trading(hass)
    placed = await act(hass, "place_order", **LIMIT_BUY)
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
    await act(hass, "place_order", **LIMIT_BUY)
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
        await act(hass, "place_order", **LIMIT_BUY)
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
    placed = await act(hass, "place_order", **LIMIT_BUY)
    assert placed["order"]["status"] == "new"


async def test_rejection_whose_answer_was_lost(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A rejection that is only found by asking does not use up the day."""
    entry = await set_up(hass, account_entry(exchange, largest_day_value="10000"))
    await switch_trading(hass)
    small = changed(amount="0.0005")
    for _ in range(MOST_ORDERS):
        await act(hass, "place_order", **small)
    desk = entry.runtime_data.account.desk
    place = desk._stream.do_my_new_order

    async def lose(*args: Any, **kwargs: Any) -> None:
        """Be rejected, and never hear of it."""
        with contextlib.suppress(OrderRejectedError):
            await place(*args, **kwargs)
        raise OutcomeUnknownError

    with (
        patch.object(type(desk._stream), "do_my_new_order", side_effect=lose),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "place_order", **small, client_order_id="lost")
    assert raised.value.translation_key == "order_rejected"
    placement = await desk._placements.async_get("lost")
    assert placement is not None
    assert placement.outcome == "refused"
    used = await desk._placements.async_worth(dt_util.start_of_local_day())
    assert used == MOST_ORDERS * Decimal("29.5")


async def test_repeat_that_cannot_be_asked_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A refusal of the question says nothing of the order, which may have been placed."""
    await switch_trading(hass)
    desk = entry.runtime_data.account.desk
    with (
        patch.object(
            type(desk._stream), "do_my_new_order", side_effect=OutcomeUnknownError
        ),
        pytest.raises(HomeAssistantError),
    ):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="lost")
    await control(
        exchange,
        "faults",
        {"kind": "refuse", "match": "get_my_orders", "status": 429},
    )
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="lost")
    assert raised.value.translation_key == "outcome_unknown"


async def test_lost_answer_is_asked_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order whose answer is lost is found by its client order id, not sent again."""
    await switch_trading(hass)
    stream = entry.runtime_data.account.desk._stream
    place = stream.do_my_new_order

    async def lose(*args: Any, **kwargs: Any) -> None:
        """Place the order and lose the answer."""
        await place(*args, **kwargs)
        raise OutcomeUnknownError

    with patch.object(type(stream), "do_my_new_order", side_effect=lose):
        answer = await act(hass, "place_order", **changed(client_order_id="lost-1"))
    assert answer["order"]["status"] == "new"
    assert len((await truth(exchange))["orders"]) == 1


async def test_unknown_outcome_is_told_and_a_repeat_is_safe(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What cannot be found out is unknown, never failed; the same id is not sent again."""
    await switch_trading(hass)
    stream = entry.runtime_data.account.desk._stream
    fields = changed(client_order_id="lost-2")
    with patch.object(
        type(stream), "do_my_new_order", side_effect=OutcomeUnknownError
    ) as sent:
        for _ in range(2):
            with pytest.raises(HomeAssistantError) as raised:
                await act(hass, "place_order", **fields)
            assert raised.value.translation_key == "outcome_unknown"
    assert sent.call_count == 1
    # After a minute the exchange would refuse the old request: a new one is safe.
    with patch("custom_components.cexio.placements.LOST_AFTER", 0):
        answer = await act(hass, "place_order", **fields)
    assert answer["order"]["status"] == "new"
    assert len((await truth(exchange))["orders"]) == 1
