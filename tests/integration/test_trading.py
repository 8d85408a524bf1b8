"""The trading desk: what is refused, what is placed, and that nothing is placed twice."""

import asyncio
import contextlib
from datetime import timedelta
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.cexio.exchange import OrderRejectedError, OutcomeUnknownError
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser, async_capture_events
from tests.integration.helpers import (
    PATIENCE,
    account_entry,
    act,
    control,
    set_up,
    settled,
    switch_trading,
    truth,
    until,
)

LIMIT_BUY: dict[str, Any] = {
    "pair": "BTC-USD",
    "side": "buy",
    "order_type": "limit",
    "amount": "0.01",
    "price": "59000",
}

# The exchange takes this many active orders (rest.md 3.6).
MOST_ORDERS = 20


def changed(**fields: Any) -> dict[str, Any]:
    """Return the usual order with some fields changed, None meaning left out."""
    return {
        key: value for key, value in (LIMIT_BUY | fields).items() if value is not None
    }


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
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, action, **LIMIT_BUY)
    assert raised.value.translation_key == "trading_off"
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
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, "place_order", **fields)
    assert raised.value.translation_key == key
    assert (await truth(exchange))["orders"] == []


async def test_day_limit(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """The orders of a day count together, over a restart, until midnight has passed."""
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
    tomorrow = dt_util.start_of_local_day() + timedelta(days=1, seconds=1)
    with patch("homeassistant.util.dt.start_of_local_day", return_value=tomorrow):
        await act(hass, "preview_order", **LIMIT_BUY)


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
    refused = [item for item in found if isinstance(item, ServiceValidationError)]
    assert [item.translation_key for item in refused] == ["day_limit_reached"] * 3
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_that_cannot_be_written_down_is_not_sent(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """With a full disk nothing is placed, but what rests can be cancelled."""
    await switch_trading(hass)
    placed = await act(hass, "place_order", **LIMIT_BUY)
    database = entry.runtime_data.database
    with (
        patch.object(
            database,
            "async_run",
            side_effect=sqlite3.OperationalError("database or disk is full"),
        ),
    ):
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


async def test_cancelled_caller_still_places(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An automation that starts anew does not leave an order half placed."""
    await switch_trading(hass)
    call = hass.async_create_task(
        act(hass, "place_order", **LIMIT_BUY, client_order_id="anew")
    )
    desk = entry.runtime_data.account.desk
    await until(lambda: desk._placing)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: not desk._placing)
    (record,) = await desk.audit.async_last(1)
    assert record.outcome is not None
    assert record.outcome.startswith("placed ")
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_under_way_when_everything_stops(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its outcome is unknown, not failed, and the next start finds it out."""
    await switch_trading(hass)
    desk = entry.runtime_data.account.desk
    place = desk._stream.do_my_new_order
    is_placed = asyncio.Event()

    async def never_answer(*args: Any, **kwargs: Any) -> None:
        """Place the order and keep the answer back for ever."""
        await place(*args, **kwargs)
        is_placed.set()
        await asyncio.Event().wait()

    fields = changed(client_order_id="stopped")
    with (
        patch.object(type(desk._stream), "do_my_new_order", side_effect=never_answer),
        patch("custom_components.cexio.trading.STOP_PATIENCE", 0.01),
    ):
        call = hass.async_create_task(act(hass, "place_order", **fields))
        async with asyncio.timeout(PATIENCE):
            await is_placed.wait()
        assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "outcome_unknown"
    with pytest.raises(ServiceValidationError) as refused:
        await desk.async_place(None, Context())
    assert refused.value.translation_key == "entry_not_loaded"
    assert "closed" not in caplog.text
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    (record,) = await entry.runtime_data.account.desk.audit.async_last(1)
    assert record.outcome is not None
    assert record.outcome.startswith("placed ")
    assert len((await truth(exchange))["orders"]) == 1


async def test_order_that_ends_while_everything_stops(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order that is nearly done is waited for."""
    await switch_trading(hass)
    desk = entry.runtime_data.account.desk
    call = hass.async_create_task(act(hass, "place_order", **LIMIT_BUY))
    await until(lambda: desk._placing)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await call)["order"]["status"] == "new"


async def test_cancel_that_ends_while_everything_stops(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A cancel is waited for too, and what came of it is written down."""
    await switch_trading(hass)
    placed = (await act(hass, "place_order", **LIMIT_BUY))["order"]
    cancel = hass.async_create_task(
        act(hass, "cancel_order", order_id=placed["order_id"])
    )
    desk = entry.runtime_data.account.desk
    await until(lambda: not desk.audit.idle.is_set())
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await cancel)["order"]["status"] == "cancelled"
    assert "could not be written" not in caplog.text
    assert "closed" not in caplog.text


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
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, action, context, **fields)
        assert raised.value.translation_key == "not_allowed_to_trade"
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


async def test_preview_of_a_limit_order(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A preview says cost, fee and balances to the last digit."""
    await switch_trading(hass)
    preview = (await act(hass, "preview_order", **LIMIT_BUY))["preview"]
    assert preview["cost"] == "590.00"
    percentage = Decimal(preview["fee_percentage"])
    fee = Decimal(590) * percentage / 100
    assert Decimal(preview["fee"]) == fee
    assert Decimal(preview["total"]) == 590 + fee
    assert preview["fee_currency"] == preview["quote_currency"] == "USD"
    assert Decimal(preview["balance_before"]["USD"]) == 50000
    assert Decimal(preview["balance_after"]["USD"]) == 50000 - 590 - fee
    assert Decimal(preview["balance_after"]["BTC"]) == Decimal("1.51")
    assert Decimal(preview["market_price"]) == 60006
    assert preview["distance_percentage"] == "-1.6765"
    assert preview["warnings"] == []
    assert preview["time_in_force"] == "gtc"
    assert preview["account_id"] == "trading"


async def test_warnings_of_a_preview(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A preview warns of prices that are probably mistyped and of thin books."""
    await switch_trading(hass)
    crossing = await act(hass, "preview_order", **changed(price="66000"))
    assert [item["key"] for item in crossing["preview"]["warnings"]] == [
        "crosses_market",
        "price_far_from_market",
    ]
    stop = await act(
        hass,
        "preview_order",
        **changed(order_type="stop_limit", stop_price="59000"),
    )
    assert [item["key"] for item in stop["preview"]["warnings"]] == [
        "stop_price_passed"
    ]
    market = await act(
        hass,
        "preview_order",
        pair="BTC-USD",
        side="sell",
        order_type="market",
        quote_amount="1000",
    )
    preview = market["preview"]
    assert preview["cost"] == "1000"
    assert Decimal(preview["slippage_percentage"]) >= 0
    assert preview["price"] is None


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
        await until(
            lambda: [event.data["event"] for event in events].count("filled") == count  # noqa: B023 - it is asked before the next turn
        )
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
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, "cancel_order", None, **{name: value})
        assert raised.value.translation_key == "unknown_order"
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, "cancel_order")
    assert raised.value.translation_key == "order_id_required"


async def test_cancel_an_order_placed_elsewhere(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Orders of the web terminal are followed and can be cancelled."""
    await control(
        exchange,
        "client-orders",
        {
            "clientOrderId": "web-1",
            "accountId": "trading",
            "currency1": "BTC",
            "currency2": "USD",
            "side": "SELL",
            "orderType": "Limit",
            "amountCcy1": "0.1",
            "price": "70000",
        },
    )
    (order,) = (await act(hass, "get_orders"))["orders"]
    assert order["client_order_id"] == "web-1"
    answer = await act(hass, "cancel_order", order_id=order["order_id"])
    assert answer["order"]["status"] == "cancelled"


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
