"""What is found out by asking: lost answers, many orders at once, life without a stream."""

from datetime import timedelta
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.account_stream import TICK
from custom_components.cexio.conversion import Converter, conversion_paths
from custom_components.cexio.exchange import (
    AuthenticationError,
    CexioError,
    Disconnected,
    ExecutionReport,
    OutcomeUnknownError,
    RestClient,
    Stream,
    TransportError,
    Unreadable,
)
from custom_components.cexio.recovery import (
    FURTHER_PAGES,
    LARGEST_POINTS,
    QUESTION_POINTS,
    SINGLE_QUESTIONS,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from tests.integration.helpers import (
    account_entry,
    act,
    change_key,
    changed,
    control,
    order_elsewhere,
    set_up,
    settled,
    switch_trading,
    truth,
    until,
)

RESTING = changed(amount="0.001")


async def test_lost_answer_is_found_after_a_restart(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An order whose answer was lost for good is found when Home Assistant is back."""
    await switch_trading(hass)

    async def lose(stream: Stream, *args: Any, **kwargs: Any) -> None:
        """Place the order, lose the answer, and all reports of it."""
        await entry.runtime_data.account.stream.async_stop()
        await RestClient.do_my_new_order(entry.runtime_data.rest, *args, **kwargs)
        raise OutcomeUnknownError

    with (
        patch.object(Stream, "do_my_new_order", lose),
        patch("custom_components.cexio.order_outcomes.RESOLVE_DELAYS", ()),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "place_order", **RESTING, client_order_id="lost-3")
    assert raised.value.translation_key == "outcome_unknown"
    assert entry.runtime_data.account.ledger.open_orders == []
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    (order,) = entry.runtime_data.account.ledger.open_orders
    assert order.client_order_id == "lost-3"
    again = await act(hass, "place_order", **RESTING, client_order_id="lost-3")
    assert again["order"]["order_id"] == order.order_id
    assert len((await truth(exchange))["orders"]) == 1


async def test_lost_answer_to_a_cancel(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A cancel whose answer is lost is looked up; in doubt it is told so."""
    await switch_trading(hass)
    order = (await act(hass, "place_order", **RESTING))["order"]
    cancel = Stream.do_cancel_my_order

    async def never_sent(stream: Stream, **kwargs: Any) -> None:
        """Lose the request."""
        raise OutcomeUnknownError

    async def lose(stream: Stream, **kwargs: Any) -> None:
        """Cancel the order and lose the answer."""
        await cancel(stream, **kwargs)
        raise OutcomeUnknownError

    with (
        patch.object(Stream, "do_cancel_my_order", never_sent),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "cancel_order", order_id=order["order_id"])
    assert raised.value.translation_key == "outcome_unknown"
    with patch.object(Stream, "do_cancel_my_order", lose):
        answer = await act(hass, "cancel_order", order_id=order["order_id"])
    assert answer["order"]["status"] == "cancelled"


async def test_stream_that_did_not_send(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What the stream surely did not send goes over REST."""
    await switch_trading(hass)
    with (
        patch.object(Stream, "do_my_new_order", side_effect=TransportError("gone")),
        patch.object(Stream, "do_cancel_my_order", side_effect=TransportError("gone")),
    ):
        order = (await act(hass, "place_order", **RESTING))["order"]
        answer = await act(hass, "cancel_order", order_id=order["order_id"])
    assert answer["order"]["status"] == "cancelled"
    assert len((await truth(exchange))["orders"]) == 1


async def test_many_orders_ended_meanwhile(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Many ended orders are found with few questions, each told once."""
    await switch_trading(hass)
    for _ in range(8):
        await act(hass, "place_order", **RESTING)
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    before = (await truth(exchange))["requests"]["get_my_orders"]
    events = async_capture_events(hass, "cexio_execution")
    # Long ago: the orders are older than what is asked for since the last contact.
    with patch("custom_components.cexio.recovery.CLOCK_MARGIN", -TICK):
        await hass.config_entries.async_setup(entry.entry_id)
        ledger = entry.runtime_data.account.ledger
        await settled(entry)
    await entry.runtime_data.account.stream.async_catch_up()
    assert ledger.open_orders == []
    assert [event.data["event"] for event in events] == ["filled"] * 8
    assert (await truth(exchange))["requests"]["get_my_orders"] - before < 20


async def test_line_was_deaf_before_it_was_given_up(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What happened shortly before the last contact is asked for too, also when a clock was put right since."""
    account = entry.runtime_data.account
    await account.stream.async_stop()
    await order_elsewhere(exchange)
    now = entry.runtime_data.client.clock.exchange_now()
    await account.ledger.async_note_contact(now + timedelta(seconds=100))
    events = async_capture_events(hass, "cexio_execution")
    await account.stream.async_catch_up()
    await hass.async_block_till_done()
    assert [event.data["event"] for event in events] == ["filled"]


async def test_questions_take_over_without_a_stream(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Each minute without a stream the exchange is asked, and a refused key is noticed."""
    account = entry.runtime_data.account
    account.stream.connected = False
    with patch.object(account.stream, "async_catch_up") as asked:
        async_fire_time_changed(hass, dt_util.utcnow() + TICK * 1.1)
        await until(lambda: asked.called)
    with patch.object(RestClient, "_request", side_effect=AuthenticationError("no")):
        async_fire_time_changed(hass, dt_util.utcnow() + TICK * 2.2)
        await until(hass.config_entries.flow.async_progress)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_event_that_fails_is_found_again(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A report that could not be kept is told once the disk works again."""
    await switch_trading(hass)
    order = (await act(hass, "place_order", **RESTING))["order"]
    events = async_capture_events(hass, "cexio_execution")
    ledger = entry.runtime_data.account.ledger
    with patch.object(
        ledger, "async_apply_reports", side_effect=OSError("full")
    ) as lost:
        await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
        await until(lambda: lost.called)
    assert not events
    await entry.runtime_data.account.stream.async_catch_up()
    # No report can come any more, but the ledger does not know that.
    await until(lambda: events)
    assert [event.data["id"] for event in events] == [f"fill:{order['order_id']}:0.001"]
    assert events[0].data["late"] is False


async def test_cost_of_a_recovery_is_bounded(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """However much is in doubt, one run asks for no more points than it says."""
    await switch_trading(hass)
    account = entry.runtime_data.account
    for _ in range(12):
        await act(hass, "place_order", **RESTING)
    for number in range(9):
        await account.desk._placements.async_keep(f"doubtful-{number}", "{}", None)
    await account.stream.async_stop()
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
    before = (await truth(exchange))["requests"]
    # The orders are older than what is asked for, so that each has to be looked up.
    with patch("custom_components.cexio.recovery.CLOCK_MARGIN", -TICK):
        await account.stream.async_catch_up()
    after = (await truth(exchange))["requests"]
    asked = sum(
        after[name] - before[name]
        for name in ("get_my_orders", "get_my_account_status_v3")
    )
    last = account.stream.recovery.last
    assert last.points == asked * QUESTION_POINTS == 70
    # The rest is for answers that do not fit on one page.
    assert LARGEST_POINTS == 70 + FURTHER_PAGES * QUESTION_POINTS == 90
    assert last.changes == SINGLE_QUESTIONS
    assert last.fills == SINGLE_QUESTIONS
    # What was left over is found by the next runs.
    await account.stream.async_catch_up()
    assert account.ledger.open_orders == []


async def test_events_that_came_too_fast(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """When the queue of events ran over, the gap is asked for with a new queue open."""
    await switch_trading(hass)
    account = entry.runtime_data.account
    events = async_capture_events(hass, "cexio_execution")
    async with account.stream._catching_up:
        (subscription,) = account.desk._stream._hub.listeners(ExecutionReport)
        subscription._maximum = 0
        await act(hass, "place_order", **RESTING)
        await control(exchange, "market/price", {"pair": "BTC-USD", "price": "58000"})
        await until(
            lambda: (
                account.stream.recovery.runs == 1
                and account.stream._following.is_set() is False
            )
        )
    await until(
        lambda: [event.data["event"] for event in events] == ["accepted", "filled"]
    )


async def test_event_that_cannot_be_read(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What an unreadable event may have told is asked for."""
    account = entry.runtime_data.account
    runs = account.stream.recovery.runs
    account.desk._stream._hub.publish(Unreadable("executionReport"))
    await until(lambda: account.stream.recovery.runs == runs + 1)


async def test_key_refused_by_the_stream(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A key that is refused while the stream reconnects is asked for anew, and noted."""
    account = entry.runtime_data.account
    change_key(exchange, active=False)
    await control(exchange, "sockets/close", {"kind": "private", "notice": False})
    await until(lambda: not account.stream.has_caught_up)
    await until(hass.config_entries.flow.async_progress)
    assert not account.stream.connected
    assert account.ledger.live_since is None
    assert account.stream.history[-1]["event"] == "disconnected"


async def test_recovery_on_a_broken_disk(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A recovery that cannot be kept is done again when the disk works."""
    account = entry.runtime_data.account
    with patch.object(
        account.stream.recovery, "async_run", side_effect=sqlite3.OperationalError
    ):
        account.desk._stream._hub.publish(Unreadable("executionReport"))
        await until(lambda: not account.stream.has_caught_up)
    async_fire_time_changed(hass, dt_util.utcnow() + TICK * 1.1)
    await until(lambda: account.stream.has_caught_up)


async def test_waiting_executions_are_told_at_a_disconnect(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """When the stream is gone no report will come: what waits is taken as it is."""
    await switch_trading(hass)
    account = entry.runtime_data.account
    await control(exchange, "switches", {"reply_status": "latest"})
    events = async_capture_events(hass, "cexio_execution")
    with patch.object(account.ledger, "async_apply_reports"):
        await act(
            hass,
            "place_order",
            pair="BTC-USD",
            side="buy",
            order_type="market",
            amount="0.01",
        )
        assert [event.data["event"] for event in events] == ["accepted"]
        account.desk._stream._hub.publish(Disconnected(TransportError("gone")))
        await until(lambda: len(events) == 2)
    assert events[1].data["event"] == "filled"
    assert events[1].data["fill"]["amount"] == "0.01000000"


async def test_balances_refused(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Balances that cannot be asked for are unavailable until they can."""
    balances = entry.runtime_data.account.balances
    with patch.object(
        RestClient, "get_my_account_status_v3", side_effect=CexioError("no")
    ):
        await balances.async_refresh()
    assert hass.states.is_state("sensor.trading_btc_total", "unavailable")
    await balances.async_refresh()
    assert hass.states.is_state("sensor.trading_btc_total", "1.50000000")


def test_paths_between_currencies() -> None:
    """The shortest way comes first; without any there is none."""
    pairs = {"BTC-USD", "BTC-EUR", "EUR-USD", "LTC-USDT", "USDT-USD"}
    assert list(conversion_paths("USD", "USD", pairs)) == [()]
    assert next(conversion_paths("EUR", "USD", pairs)) == (("EUR", "USD"),)
    assert (("EUR", "BTC"), ("BTC", "USD")) in list(
        conversion_paths("EUR", "USD", pairs)
    )
    assert list(conversion_paths("LTC", "USD", pairs)) == [
        (("LTC", "USDT"), ("USDT", "USD"))
    ]
    assert list(conversion_paths("XXX", "USD", pairs)) == []


async def test_conversion(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Amounts are converted by the books, in either direction, or not at all."""
    entry = await set_up(hass, account_entry(exchange))
    runtime = entry.runtime_data
    converter = Converter(runtime.markets, runtime.reference)
    assert await converter.async_convert(Decimal(2), "BTC", "USD") == 120000
    assert await converter.async_convert(Decimal(60000), "USD", "BTC") == 1
    bridged = await converter.async_convert(Decimal(1), "LTC", "USD")
    assert bridged is not None
    assert bridged > 0
    assert await converter.async_convert(Decimal(1), "XXX", "USD") is None
    with patch.object(RestClient, "get_order_book", side_effect=TransportError("gone")):
        assert await converter.async_convert(Decimal(1), "LTC", "USDT") is None
