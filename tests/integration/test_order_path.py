"""What stands between a request and the order that leaves: one write, and nothing that was asked a moment ago."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.conversion import Converter
from custom_components.cexio.database import Database
from custom_components.cexio.exchange import NewOrder, Order, Priority, Stream
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import LIMIT_BUY, act, settled, switch_trading, truth


@asynccontextmanager
async def looking(look: Callable[[], Any]) -> AsyncIterator[None]:
    """Look around in the moment in which an order leaves."""
    send = Stream.do_my_new_order

    async def do_my_new_order(stream: Stream, order: NewOrder) -> Order:
        """Look, then send."""
        await look()
        return await send(stream, order)

    with patch.object(Stream, "do_my_new_order", do_my_new_order):
        yield


async def test_one_transaction_before_an_order_leaves(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Who asked and what is about to be sent are on disk together, and nothing is read for it."""
    await switch_trading(hass)
    desk = entry.runtime_data.account.desk
    ran: list[str] = []
    run = Database._run

    def count(database: Database, work: Any, begin: str = "BEGIN IMMEDIATE") -> Any:
        """Count a transaction."""
        ran.append(begin)
        return run(database, work, begin)

    found: dict[str, Any] = {}

    async def look() -> None:
        """Read what is on disk."""
        found["ran"] = ran[:]
        (found["record"],) = await desk.audit.async_last(1)
        found["placement"] = await desk._placements.async_get("one")

    async with looking(look):
        with patch.object(Database, "_run", count):
            await act(hass, "place_order", **LIMIT_BUY, client_order_id="one")
    assert found["ran"] == ["BEGIN IMMEDIATE"]
    assert found["record"].client_order_id == "one"
    assert found["record"].outcome is None
    assert found["placement"].outcome is None
    (record,) = await desk.audit.async_last(2)
    assert record.outcome.startswith("placed ")


async def test_refusal_by_the_disk_is_recorded(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What was undone with its transaction is written down when the disk takes something again."""
    await switch_trading(hass)
    desk, database = entry.runtime_data.account.desk, entry.runtime_data.database
    run = Database._run
    refused = False

    def refuse_once(
        database: Database, work: Any, begin: str = "BEGIN IMMEDIATE"
    ) -> Any:
        """Undo the first transaction, after all of it has been written."""
        nonlocal refused

        def undo(connection: sqlite3.Connection) -> Any:
            """Do the work, then fail."""
            work(connection)
            raise sqlite3.OperationalError("database or disk is full")

        if not refused:
            refused = True
            return run(database, undo, begin)
        return run(database, work, begin)

    # Takes the number that the undone record had.
    with (
        patch.object(Database, "_run", refuse_once),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="one")
    assert raised.value.translation_key == "storage_failed"
    (record,) = await desk.audit.async_last(2)
    assert record.outcome == "refused: storage_failed"
    assert await desk._placements.async_get("one") is None
    assert database.path.exists()
    assert (await truth(exchange))["orders"] == []
    # Its id is still free.
    await act(hass, "place_order", **LIMIT_BUY, client_order_id="one")
    records = await desk.audit.async_last(3)
    assert [record.outcome for record in records] == [
        f"placed {(await truth(exchange))['orders'][0]['orderId']}",
        "refused: storage_failed",
    ]


async def test_requests_are_known_after_a_restart_until_they_are_forgotten(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The ids that were used are read once; what is deleted is not looked for any more."""
    await switch_trading(hass)
    first = await act(hass, "place_order", **LIMIT_BUY, client_order_id="one")
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(entry)
    again = await act(hass, "place_order", **LIMIT_BUY, client_order_id="one")
    assert again["order"]["order_id"] == first["order"]["order_id"]
    placements = entry.runtime_data.account.desk._placements
    assert await placements.async_get("one") is not None
    with patch("custom_components.cexio.placements.KEEP_SETTLED", -1.0):
        await act(hass, "place_order", **LIMIT_BUY, client_order_id="two")
    assert await placements.async_get("one") is None
    assert await placements.async_get("two") is not None
    with patch.object(Database, "async_read") as read:
        assert await placements.async_get("one") is None
    read.assert_not_called()


async def test_order_does_not_wait_for_fees(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """It takes those of the same day; a preview wants newer ones."""
    reference = entry.runtime_data.reference

    async def asked(priority: Priority, age: timedelta) -> int:
        """Want the fee of a pair; return how often that made a request."""
        before = (await truth(exchange))["requests"].get("get_my_current_fee", 0)
        reference._fees_asked = dt_util.utcnow() - age
        assert await reference.async_fee_percentage("BTC-USD", priority) is not None
        now = (await truth(exchange))["requests"]["get_my_current_fee"]
        return int(now - before)

    assert await asked(Priority.INTERACTIVE, timedelta(minutes=11)) == 1
    assert await asked(Priority.INTERACTIVE, timedelta(minutes=9)) == 0
    assert await asked(Priority.ORDER, timedelta(hours=23)) == 0
    assert await asked(Priority.ORDER, timedelta(hours=25)) == 1


async def test_worth_that_no_limit_asks_for(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """It is told by the last ticker; where a limit needs it, or there is no ticker, the book is asked for."""
    runtime = entry.runtime_data
    await runtime.markets.tickers.async_want(["BTC-EUR"])
    await runtime.markets.tickers.async_refresh()
    converter = Converter(runtime.markets, runtime.reference)

    async def books() -> int:
        """Return how often a book was asked for."""
        asked: int = (await truth(exchange))["requests"].get("get_order_book", 0)
        return asked

    before = await books()
    assert runtime.markets.price("BTC-EUR") is not None
    quick = await converter.async_convert(
        Decimal(100), "EUR", "BTC", must_be_live=False
    )
    assert await books() == before
    assert quick == await converter.async_convert(Decimal(100), "EUR", "BTC")
    assert await books() == before + 1
    runtime.markets.tickers.data = {}
    await converter.async_convert(Decimal(100), "EUR", "BTC", must_be_live=False)
    assert await books() == before + 2
