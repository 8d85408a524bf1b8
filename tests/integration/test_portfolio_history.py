"""The past of the accounts in long-term statistics: from the ledger and the prices of its days."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio import (
    portfolio_history as history_module,
    profit as profit_module,
)
from custom_components.cexio.exchange import (
    CexioError,
    RestClient,
    UnsupportedPairError,
)
from custom_components.cexio.long_term import HOUR
from custom_components.cexio.portfolio import SAMPLE_INTERVAL
from custom_components.cexio.portfolio_history import (
    BUSY_PAUSE,
    DAY,
    IDLE_PAUSE,
    PortfolioHistory,
    day_of,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import act, switch_trading, until
from tests.integration.recorded import at, kept, questions

SERIES = "cexio:portfolio_01account_all_usd"


@pytest.fixture(autouse=True)
def custom_integrations(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Have a recorder, which has to be there first."""


@pytest.fixture(autouse=True)
def one_moment() -> Iterator[None]:
    """Have no day end in the middle of a test."""
    with at(dt_util.utcnow()):
        yield


@pytest.fixture(autouse=True)
def no_horizon() -> Iterator[None]:
    """Count what has just happened as known."""
    with (
        patch.object(profit_module, "HORIZON", -timedelta(seconds=30)),
        patch.object(history_module, "QUIET", timedelta(seconds=10)),
    ):
        yield


@pytest.fixture(autouse=True)
async def funds_moved(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Have money gone to the wallet nine days ago, and bitcoins come four days ago."""
    await switch_trading(hass)
    await act(
        hass, "withdraw_to_wallet", account_id="trading", currency="USD", amount="20"
    )
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="BTC", amount="0.01"
    )
    rows = exchange.venue.engine.accounts.history
    for index, days in ((-2, 9), (-1, 4)):
        time = rows[index].time - days * 24 * 3600 * 1000
        rows[index] = replace(rows[index], time=time)
    await until(
        lambda: entry.runtime_data.account.balances.data["trading"]["USD"].total
    )


def history(entry: MockConfigEntry) -> PortfolioHistory:
    """Return what fills the statistics."""
    found: PortfolioHistory = entry.runtime_data.account.portfolio_history
    return found


async def fill(entry: MockConfigEntry) -> None:
    """Work until the past is written."""
    profit = entry.runtime_data.account.profit
    await until(lambda: profit.turns.is_waiting)
    while not await history(entry).async_work():
        await profit.async_work()


async def closes(hass: HomeAssistant, pair: str, days: int) -> dict[float, Decimal]:
    """Return the last price of each of the last days."""
    answer = await act(
        hass,
        "get_candles",
        pair=pair,
        resolution="1d",
        limit=days,
        end=dt_util.utcnow() - DAY,
    )
    return {
        datetime.fromisoformat(item["start"]).timestamp(): Decimal(item["close"])
        for item in answer["candles"]
    }


async def expected(
    hass: HomeAssistant, entry: MockConfigEntry, days: int
) -> dict[float, Decimal]:
    """Reckon the value of each day another way: from what is known to have moved."""
    now = dt_util.utcnow()
    positions = entry.runtime_data.account.portfolio.data.positions
    paths = {item.currency: item.worth.pairs for item in positions}
    prices = {
        pair: await closes(hass, pair, days)
        for pair in {pair for pairs in paths.values() for pair in pairs}
    }
    found: dict[float, Decimal] = {}
    for ago in range(1, days + 1):
        day = day_of(now) - ago * DAY
        held = history(entry)._held()
        held["BTC"] -= Decimal("0.01") if day + DAY <= now - 4 * DAY else 0
        held["USD"] += Decimal(20) if day + DAY <= now - 9 * DAY else 0
        total = Decimal()
        for code, amount in held.items():
            current, worth = code, amount
            for pair in paths[code]:
                base, quote = pair.split("-")
                price = prices[pair][day.timestamp()]
                worth = worth * price if current == base else worth / price
                current = quote if current == base else base
            total += worth
        found[day.timestamp()] = total
    return found


async def test_past_days(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Each day since the first row has its value at its last prices; the wallet is left out."""
    await fill(entry)
    rows = await kept(hass, SERIES)
    assert len(rows) == 9
    values = await expected(hass, entry, 9)
    for row in rows:
        value = values.pop(row["start"] + HOUR.seconds - DAY.total_seconds())
        assert row["mean"] == row["min"] == row["max"] == pytest.approx(float(value))
    assert values == {}
    asked = await questions(exchange)
    assert await history(entry)._async_turn() == IDLE_PAUSE
    await hass.config_entries.async_reload(entry.entry_id)
    await fill(entry)
    assert await questions(exchange) == asked
    assert await kept(hass, SERIES) == rows


async def test_bounded_and_interrupted(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A turn asks little; a failure is no end, and nothing is written before all is there."""
    profit = entry.runtime_data.account.profit
    assert await history(entry)._async_turn() == BUSY_PAUSE
    await until(lambda: profit.turns.is_waiting)
    await profit._async_read()
    with patch.object(history_module, "QUESTIONS_A_TURN", 2):
        assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await questions(exchange) == 2
        with patch.object(RestClient, "get_candles", side_effect=CexioError("no")):
            assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await history(entry)._async_turn() == BUSY_PAUSE
        assert await questions(exchange) == 4
    assert await kept(hass, SERIES) == []
    assert await history(entry)._async_turn() == IDLE_PAUSE
    assert len(await kept(hass, SERIES)) == 9


async def test_something_happens_meanwhile(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Balances and ledger have to be of one moment: else another one is taken."""
    assert not await history(entry).async_work()
    first = history(entry)._anchor
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="USD", amount="25"
    )
    profit = entry.runtime_data.account.profit
    await until(lambda: profit.turns.is_waiting)
    await profit._async_read()
    assert not await history(entry).async_work()
    assert history(entry)._anchor is None
    now = dt_util.utcnow() + timedelta(minutes=5)
    with at(now):
        assert not await history(entry).async_work()
        assert history(entry)._anchor not in (None, first)
        await profit._async_read()
        while not await history(entry).async_work():
            pass
    values = await expected(hass, entry, 1)
    (row,) = (await kept(hass, SERIES))[-1:]
    # What came just now was not there yesterday.
    assert row["mean"] == pytest.approx(float(*values.values()) - 25)


async def test_pairs_without_prices(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What has no price at all is not counted; a day that lacks one is left out."""
    real = RestClient.get_candles
    today = day_of(dt_util.utcnow())

    async def some(self: RestClient, pair: str, **data: Any) -> Any:
        """Refuse one pair, and forget a day of another."""
        if pair.startswith("SHIB"):
            raise UnsupportedPairError("no")
        found = await real(self, pair, **data)
        return [
            item for item in found if pair != "ETH-USD" or item.start != today - 3 * DAY
        ]

    with patch.object(RestClient, "get_candles", some):
        await fill(entry)
    rows = await kept(hass, SERIES)
    assert len(rows) == 8
    missing = (today - 2 * DAY - HOUR).timestamp()
    assert missing not in [row["start"] for row in rows]
    values = await expected(hass, entry, 1)
    assert rows[-1]["mean"] < float(*values.values())


async def test_another_currency(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each currency has a series of its own."""
    await fill(entry)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "portfolio_currency": "BTC"}
    )
    await hass.async_block_till_done()
    await fill(entry)
    rows = await kept(hass, SERIES.replace("usd", "btc"))
    assert len(rows) == len(await kept(hass, SERIES)) == 9
    assert rows[-1]["mean"] < 100


async def test_by_the_hour(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """From now on each hour is kept as it was, once the past is there."""
    held = history(entry)
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    portfolio = entry.runtime_data.account.portfolio
    worth = portfolio.worth

    async def look(minutes: int, factor: int = 1) -> None:
        """Take a sample when everything is worth some times as much."""

        def changed(amount: Decimal, currency: str) -> Any:
            """Return another value."""
            return worth(amount * factor, currency)

        with patch.object(portfolio, "worth", changed):
            await held._async_sample(hour + timedelta(minutes=minutes))

    await look(5)
    await look(10, 4)
    await look(65)
    assert len(held._waiting) == 1
    assert await kept(hass, SERIES) == []
    await fill(entry)
    await look(70)
    assert held._waiting == []
    past, present = (await kept(hass, SERIES))[-2:]
    assert present["start"] == hour.timestamp()
    assert past["start"] < present["start"]
    assert present["max"] == pytest.approx(4 * present["min"])
    assert present["mean"] == pytest.approx(2.5 * present["min"])
    # Without prices there is nothing to see.
    portfolio.last_update_success = False
    await look(125)
    await look(130)
    portfolio.last_update_success = True
    assert held._samples == []
    await look(185)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "portfolio_currency": "BTC"}
    )
    await hass.async_block_till_done()
    held.turns.async_plan(IDLE_PAUSE)
    await look(190)
    assert len(held._samples) == 1
    assert held._waiting == []
    assert held.turns._due - hass.loop.time() <= BUSY_PAUSE.total_seconds()


async def test_nothing_to_fill(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Without a ledger there is no past, only what is from now on."""
    profit = entry.runtime_data.account.profit
    with patch.object(RestClient, "get_my_transaction_history", return_value=[]):
        await until(lambda: profit.turns.is_waiting)
        while not await history(entry).async_work():
            await profit.async_work()
    assert await kept(hass, SERIES) == []


async def test_begins_by_itself(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A while after set-up the work begins, and ends with the entry."""
    held = history(entry)
    async_fire_time_changed(hass, dt_util.utcnow() + SAMPLE_INTERVAL)
    await until(lambda: held._samples and held.turns.is_waiting)
    with patch(
        "custom_components.cexio.long_term.async_migration_in_progress",
        return_value=True,
    ):
        assert await held._async_turn() == BUSY_PAUSE
    await hass.config_entries.async_unload(entry.entry_id)
    assert not held.turns.is_waiting


def test_days_after_an_absence() -> None:
    """Only what follows the newest hour is filled; what came after the anchor is not counted."""
    noon = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    with closing(sqlite3.connect(":memory:")) as connection:
        check_days(connection, noon)


def check_days(connection: sqlite3.Connection, noon: datetime) -> None:
    """Compare the days that a ledger tells of with those that it should."""
    connection.execute("CREATE TABLE transactions (time REAL, currency TEXT, amount)")
    anchor = history_module._Anchor(noon, {"USD": Decimal(7)})
    assert history_module._days(connection, anchor, None) == {}
    newest = datetime.fromisoformat("2026-03-07T22:00:00+00:00")
    days = history_module._days(connection, anchor, newest)
    assert days == {
        datetime.fromisoformat(f"2026-03-{day}T00:00:00+00:00"): {"USD": Decimal(7)}
        for day in ("07", "08", "09")
    }
    moves = [(timedelta(days=-2), "USD", "9"), (timedelta(hours=1), "USD", "1")]
    connection.executemany(
        "INSERT INTO transactions VALUES (?, ?, ?)",
        [((noon + span).timestamp(), *rest) for span, *rest in moves],
    )
    days = history_module._days(connection, anchor, newest + HOUR)
    # More went than the ledger ever saw coming: it was nothing, not less.
    assert days == {
        datetime.fromisoformat("2026-03-08T00:00:00+00:00"): {"USD": Decimal(7)},
        datetime.fromisoformat("2026-03-09T00:00:00+00:00"): {"USD": Decimal(7)},
    }
    days = history_module._days(connection, anchor, newest)
    assert days is not None
    assert days[datetime.fromisoformat("2026-03-07T00:00:00+00:00")] == {}
    close = history_module._Anchor(noon + HOUR, anchor.held)
    assert history_module._days(connection, close, newest) is None
