"""Deposits and withdrawals: told once for each state, never from before set-up, late after an absence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio import funding as funding_module
from custom_components.cexio.const import EVENT_FUNDING
from custom_components.cexio.exchange import CexioError, RestClient, Stream
from custom_components.cexio.feed import Feed, FeedEntry, FeedKind
from custom_components.cexio.funding import (
    INTERVAL,
    MOST_QUESTIONS,
    POSTPONED,
    SETTLE,
    START_PAUSE,
    FundingWatch,
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
    control,
    set_up,
    switch_trading,
    truth,
    until,
)


@pytest.fixture(autouse=True)
def room() -> Iterator[None]:
    """Have room in each minute."""
    with patch.object(funding_module, "has_quiet_minute", return_value=True):
        yield


def watch(entry: MockConfigEntry) -> FundingWatch:
    """Return what asks for the history."""
    found: FundingWatch = entry.runtime_data.account.funding
    return found


async def told(entry: MockConfigEntry) -> list[FeedEntry]:
    """Return what the journal has of deposits and withdrawals."""
    entries = await entry.runtime_data.feed.async_read(0, 1000)
    return [item for item in entries if item.kind is FeedKind.FUNDING]


async def deposit(exchange: ExchangeServer, amount: str = "5") -> str:
    """Let money come from outside; return the number of the move."""
    data = {"account_id": "trading", "currency": "USD", "amount": amount}
    return str((await control(exchange, "deposits", data))["tx_id"])


def set_state(exchange: ExchangeServer, number: str, status: str, **data: Any) -> None:
    """Change a row of the exchange's history, as of now."""
    rows = exchange.venue.engine.accounts.funding
    for index, row in enumerate(rows):
        if str(row.number) == number:
            now = exchange.venue.clock.now_ms()
            rows.append(replace(rows.pop(index), status=status, time=now, **data))
            return
    raise AssertionError(number)


async def pass_time(hass: HomeAssistant, span: timedelta) -> None:
    """Let timers of the span fire."""
    async_fire_time_changed(hass, dt_util.utcnow() + span)
    await hass.async_block_till_done()


async def next_turn(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the planned turn begin now, and wait until it is over."""
    turns = watch(entry).turns
    await until(lambda: turns.is_waiting)
    turns.async_plan(timedelta())
    await pass_time(hass, timedelta(seconds=1))
    await until(lambda: turns.is_waiting)
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_told_at_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The stream tells that something moved, the history what it was."""
    events: list[Event] = async_capture_events(hass, EVENT_FUNDING)
    number = await deposit(exchange, "5")
    await until(lambda: watch(entry)._awaited)
    await pass_time(hass, SETTLE)
    await until(lambda: events)
    (item,) = await told(entry)
    assert item.id == f"funding:{number}:approved"
    assert not item.late
    assert item.data == {
        "direction": "deposit",
        "currency": "USD",
        "amount": "5.00000000",
        "status": "approved",
        "account_id": "trading",
        "transaction_id": number,
    }
    assert events[0].data == {
        "config_entry_id": entry.entry_id,
        "id": item.id,
        "seq": item.seq,
        "late": False,
        **item.data,
    }
    await until(lambda: watch(entry).turns.is_waiting)
    assert watch(entry)._awaited == {}
    await next_turn(hass, entry)
    assert len(events) == len(await told(entry)) == 1


async def test_wallet(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What goes to the wallet is a withdrawal, what comes from it a deposit."""
    await switch_trading(hass)
    for action in ("withdraw_to_wallet", "deposit_from_wallet"):
        await act(hass, action, account_id="trading", currency="USD", amount="20")
        await act(hass, action, account_id="trading", currency="BTC", amount="0.01")
    await next_turn(hass, entry)
    assert [
        (item.data["direction"], item.data["currency"], item.data["amount"])
        for item in await told(entry)
    ] == [
        ("withdrawal", "USD", "20.00000000"),
        ("withdrawal", "BTC", "0.01000000"),
        ("deposit", "USD", "20.00000000"),
        ("deposit", "BTC", "0.01000000"),
    ]


async def test_nothing_from_before_set_up(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """History is no news; what was pending then and gets through later is."""
    await deposit(exchange)
    pending = await deposit(exchange)
    set_state(exchange, pending, "pending")
    entry = await set_up(hass, account_entry(exchange))
    await next_turn(hass, entry)
    assert await told(entry) == []
    set_state(exchange, pending, "approved")
    await next_turn(hass, entry)
    assert [item.id for item in await told(entry)] == [f"funding:{pending}:approved"]


async def test_each_state_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A change of the state is news, the same state under a new date is not."""
    number = await deposit(exchange)
    for status in ("pending", "pending", "approved", "on_its_way"):
        set_state(exchange, number, status)
        await next_turn(hass, entry)
    assert [item.data["status"] for item in await told(entry)] == [
        "pending",
        "approved",
        "unknown",
    ]


async def test_absence(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What happened meanwhile is told late, once, though the journal forgot the rest."""
    await deposit(exchange)
    await next_turn(hass, entry)
    assert len(await told(entry)) == 1
    await entry.runtime_data.database.async_run(
        lambda connection: connection.execute("DELETE FROM feed")
    )
    await hass.config_entries.async_unload(entry.entry_id)
    number = await deposit(exchange, "7")
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.account.stream.has_caught_up)
    await next_turn(hass, entry)
    (item,) = await told(entry)
    assert item.id == f"funding:{number}:approved"
    assert item.late
    await hass.config_entries.async_reload(entry.entry_id)
    await next_turn(hass, entry)
    assert len(await told(entry)) == 1


async def test_what_was_told_is_forgotten_in_the_end(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Only what may come again is remembered, and what is older does not come again."""
    await deposit(exchange)
    await next_turn(hass, entry)
    held = watch(entry)
    assert len(held._told) == 1
    await entry.runtime_data.database.async_run(
        lambda connection: connection.execute("DELETE FROM feed")
    )
    with patch.object(funding_module, "OVERLAP", timedelta(0)):
        await held.async_ask()
        await held.async_ask()
    assert held._told == {}
    await held.async_ask()
    await hass.config_entries.async_reload(entry.entry_id)
    assert watch(entry)._told == {}
    await next_turn(hass, entry)
    assert await told(entry) == []


async def test_pages(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """As many pages are read as there is news, oldest told first; then one alone."""
    numbers = [await deposit(exchange, str(amount)) for amount in range(1, 6)]
    await until(lambda: len(watch(entry)._awaited) == 5)
    with patch.object(funding_module, "PAGE_SIZE", 2):
        await watch(entry).async_ask()
        assert [item.data["transaction_id"] for item in await told(entry)] == numbers
        asked = (await truth(exchange))["requests"]["get_my_funding_history"]
        assert asked == 3
        with patch.object(funding_module, "OVERLAP", timedelta(0)):
            await watch(entry).async_ask()
            await watch(entry).async_ask()
    again = (await truth(exchange))["requests"]["get_my_funding_history"]
    assert again == asked + 3 + 1


async def test_no_row_comes(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A row that does not come is asked for some times, then at the usual pace."""
    with patch.object(RestClient, "get_my_funding_history", return_value=[]) as asked:
        number = await deposit(exchange)
        await until(lambda: watch(entry)._awaited)
        for left in range(MOST_QUESTIONS - 1, 0, -1):
            await next_turn(hass, entry)
            assert watch(entry)._awaited == {number: left}
        assert await watch(entry)._async_turn() == INTERVAL
        assert asked.await_count == MOST_QUESTIONS
    assert watch(entry)._awaited == {}
    await next_turn(hass, entry)
    assert len(await told(entry)) == 1


@pytest.mark.parametrize("error", [CexioError("no"), sqlite3.OperationalError("disk")])
async def test_failure_is_no_end(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    error: Exception,
) -> None:
    """What could not be asked or kept is told another time."""
    place = RestClient if isinstance(error, CexioError) else Feed
    name = "get_my_funding_history" if place is RestClient else "async_append"
    await deposit(exchange)
    with patch.object(place, name, side_effect=error):
        await next_turn(hass, entry)
    assert await told(entry) == []
    await next_turn(hass, entry)
    assert len(await told(entry)) == 1


async def test_busy_minutes(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A busy minute puts the question off, unless somebody waits or it has been long."""
    held = watch(entry)
    with patch.object(funding_module, "has_quiet_minute", return_value=False):
        assert await held._async_turn() == POSTPONED
        assert (await truth(exchange))["requests"].get("get_my_funding_history", 0) == 0
        held._asked -= timedelta(hours=1)
        assert await held._async_turn() == INTERVAL
        assert await held._async_turn() == POSTPONED
        await deposit(exchange)
        await until(lambda: held._awaited)
        assert await held._async_turn() == INTERVAL
    assert len(await told(entry)) == 1


async def test_other_moves(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Orders and transfers change balances, but are not in the history of deposits."""
    await switch_trading(hass)
    balances = entry.runtime_data.account.balances
    before = balances.data["savings"].get("USD")
    await act(
        hass,
        "transfer",
        from_account_id="trading",
        to_account_id="savings",
        currency="USD",
        amount="5",
    )
    await until(lambda: balances.data["savings"].get("USD") != before)
    assert watch(entry)._awaited == {}
    await next_turn(hass, entry)
    assert await told(entry) == []


async def test_events_that_were_missed(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """More events than can be read, or a new connection: it is asked soon."""
    real = Stream.listen
    broken = False

    class Overflow:
        """A queue that nobody read in time."""

        async def __aenter__(self) -> None:
            """Fail."""
            raise CexioError("too slow")

        async def __aexit__(self, *details: object) -> None:
            """Leave."""

    def listen(self: Stream, *types: Any, **kw: Any) -> Any:
        """Fail once."""
        nonlocal broken
        if not broken and len(types) == 2:
            broken = True
            return Overflow()
        return real(self, *types, **kw)

    with patch.object(Stream, "listen", listen):
        entry = await set_up(hass, account_entry(exchange))
    assert broken
    watch(entry).turns.async_plan(INTERVAL)
    await control(exchange, "sockets/close", {"kind": "private", "notice": False})
    await until(
        lambda: (
            watch(entry).turns._due < hass.loop.time() + START_PAUSE.total_seconds() + 1
        )
    )
    await deposit(exchange)
    await next_turn(hass, entry)
    assert len(await told(entry)) == 1
