"""What the trading desk refuses before anything is sent: mistakes, limits and rights."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.exchange import OrderRejectedError, OutcomeUnknownError
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser
from tests.integration.helpers import (
    LIMIT_BUY,
    account_entry,
    act,
    changed,
    refused,
    set_up,
    settled,
    switch_trading,
    truth,
)


@pytest.mark.parametrize("action", ["preview_order", "place_order"])
@pytest.mark.parametrize(
    ("fields", "key"),
    [
        (changed(pair="FOO-USD"), "unknown_pair"),
        (changed(amount="0.00000001"), "amount_below_minimum"),
        (changed(amount="999999"), "amount_above_maximum"),
        (changed(amount="0.010000001"), "amount_off_lot"),
        (changed(price="59000.123"), "price_off_tick"),
        (changed(price="0.1"), "price_out_of_range"),
        (changed(amount="1"), "insufficient_funds"),
        (changed(side="sell", amount="2", price="61000"), "insufficient_funds"),
        (changed(price=None), "price_required"),
        (changed(amount=None), "amount_required"),
        (changed(quote_amount="100"), "amount_required"),
        (changed(order_type="market"), "price_not_allowed"),
        (changed(order_type="stop_limit"), "stop_price_required"),
        (changed(stop_price="60000"), "stop_price_not_allowed"),
        (changed(time_in_force="gtd"), "expire_time_required"),
        (
            changed(time_in_force="gtc", expire_time="2030-01-01 00:00:00"),
            "expire_time_not_allowed",
        ),
        (
            changed(order_type="market", price=None, time_in_force="gtc"),
            "time_in_force_not_allowed",
        ),
        (changed(account_id=""), "no_sub_account"),
    ],
)
async def test_refused_before_anything_is_sent(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    action: str,
    fields: dict[str, Any],
    key: str,
) -> None:
    """Orders that cannot work are refused in words, and the exchange never sees them."""
    await switch_trading(hass)
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, action, **fields)
    assert raised.value.translation_key == key
    assert raised.value.translation_domain == "cexio"
    assert "{" not in str(raised.value)
    found = await truth(exchange)
    assert found["orders"] == []
    assert "do_my_new_order" not in found["requests"]


@pytest.mark.parametrize("action", ["preview_order", "place_order"])
async def test_trading_is_off_after_set_up(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, action: str
) -> None:
    """Nobody trades before the switch was turned on."""
    assert await refused(hass, action, **LIMIT_BUY) == "trading_off"
    assert (await truth(exchange))["orders"] == []


@pytest.mark.parametrize(
    ("options", "fields", "key"),
    [
        ({"allowed_pairs": ["ETH-USD"]}, LIMIT_BUY, "pair_not_allowed"),
        ({"largest_order_value": "500"}, LIMIT_BUY, "order_too_large"),
        (
            {"largest_order_value": "500"},
            changed(pair="BTC-EUR", price="50000"),
            "order_too_large",
        ),
        ({"largest_distance": "1"}, changed(price="50000"), "price_too_far"),
    ],
)
async def test_guard_rails(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    options: dict[str, Any],
    fields: dict[str, Any],
    key: str,
) -> None:
    """What the options forbid is refused."""
    await set_up(hass, account_entry(exchange, **options))
    await switch_trading(hass)
    assert await refused(hass, "place_order", **fields) == key
    assert (await truth(exchange))["orders"] == []


async def test_day_limit(
    hass: HomeAssistant, exchange: ExchangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The orders of a day count together, over a restart, until midnight has passed."""
    today = dt_util.start_of_local_day()
    monkeypatch.setattr("homeassistant.util.dt.start_of_local_day", lambda: today)
    entry = await set_up(hass, account_entry(exchange, largest_day_value="1500"))
    await switch_trading(hass)
    # What was refused, by the desk or by the exchange, does not count.
    with pytest.raises(HomeAssistantError):
        await act(hass, "place_order", **changed(price="59000.123"))
    with (
        patch.object(
            type(entry.runtime_data.account.desk._stream),
            "do_my_new_order",
            side_effect=OrderRejectedError("no"),
        ),
        pytest.raises(HomeAssistantError),
    ):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="refused")
    await act(hass, "place_order", **LIMIT_BUY, client_order_id="first")
    await act(hass, "place_order", **LIMIT_BUY, client_order_id="first")
    # What may have been placed does count.
    with (
        patch.object(
            type(entry.runtime_data.account.desk._stream),
            "do_my_new_order",
            side_effect=OutcomeUnknownError,
        ),
        pytest.raises(HomeAssistantError),
    ):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="unknown")
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    for action in ("preview_order", "place_order"):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, action, **LIMIT_BUY)
        assert raised.value.translation_key == "day_limit_reached"
        assert "590.00 USD" in str(raised.value)
        assert "1180.00 USD already" in str(raised.value)
    await act(hass, "place_order", **changed(amount="0.005"))
    assert len((await truth(exchange))["orders"]) == 2
    tomorrow = today + timedelta(days=1, seconds=1)
    with patch("homeassistant.util.dt.start_of_local_day", return_value=tomorrow):
        await act(hass, "preview_order", **LIMIT_BUY)


async def test_day_limit_holds_for_orders_at_once(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Two orders at once cannot both use what is left of the day."""
    await set_up(hass, account_entry(exchange, largest_day_value="1000"))
    await switch_trading(hass)
    found = await asyncio.gather(
        *(act(hass, "place_order", **LIMIT_BUY) for _ in range(4)),
        return_exceptions=True,
    )
    refusals = [item for item in found if isinstance(item, ServiceValidationError)]
    assert [item.translation_key for item in refusals] == ["day_limit_reached"] * 3
    assert len((await truth(exchange))["orders"]) == 1


async def test_only_listed_users_trade(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A user who is not listed can neither preview, place nor cancel; others can."""
    listed = MockUser(name="Ada").add_to_hass(hass)
    stranger = MockUser(name="Bob").add_to_hass(hass)
    admin = MockUser(name="Root", is_owner=True).add_to_hass(hass)
    await set_up(hass, account_entry(exchange, traders=[listed.id]))
    await switch_trading(hass)
    context = Context(user_id=stranger.id)
    for action, fields in (
        ("preview_order", LIMIT_BUY),
        ("place_order", LIMIT_BUY),
        ("cancel_order", {"order_id": "1"}),
    ):
        assert await refused(hass, action, context, **fields) == "not_allowed_to_trade"
    for user in (listed, admin):
        answer = await act(hass, "place_order", Context(user_id=user.id), **LIMIT_BUY)
        assert answer["order"]["status"] == "new"
    assert len((await truth(exchange))["orders"]) == 2


async def test_key_without_the_right_to_trade(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A key that may only read is told apart from every other refusal."""
    await set_up(hass, account_entry(exchange, key="read-only"))
    await switch_trading(hass)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "place_order", **LIMIT_BUY)
    assert raised.value.translation_key == "permission_missing"
    assert (await truth(exchange))["orders"] == []


async def test_switch_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The switch comes back as it was left."""
    assert hass.states.is_state("switch.cex_io_trading", "off")
    await switch_trading(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.is_state("switch.cex_io_trading", "on")
    await switch_trading(hass, on=False)
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.is_state("switch.cex_io_trading", "off")
