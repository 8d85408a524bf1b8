"""Corners of the engine that cannot be reached, or hardly, through the API."""

from decimal import Decimal

import pytest

from simulators.exchange.clock import Clock
from simulators.exchange.engine.book import BookSide, Resting
from simulators.exchange.engine.ledger import CLIENT, MARKET, Ledger, OverdrawnError
from simulators.exchange.engine.matching import plan_quote, total_base, total_quote
from simulators.exchange.engine.orders import Side
from simulators.exchange.engine.reference import listing
from simulators.exchange.venue import Venue

SHIB = listing().pairs["SHIB-USD"]
DAY_MS = 86_400_000


def test_money_does_not_flow_backwards() -> None:
    """A negative movement is a mistake of the caller, an overdraft one of the client; neither changes anything."""
    ledger = Ledger()
    with pytest.raises(ValueError, match="negative"):
        ledger.move([(MARKET, f"{CLIENT}a", "USD", Decimal(-1))], time=0, reason="x")
    ledger.move([(MARKET, f"{CLIENT}a", "USD", Decimal(5))], time=0, reason="x")
    ledger.hold(f"{CLIENT}a", "USD", Decimal(3))
    with pytest.raises(OverdrawnError):
        ledger.move(
            [(f"{CLIENT}a", MARKET, "USD", Decimal("2.01"))], time=0, reason="x"
        )
    with pytest.raises(OverdrawnError):
        ledger.hold(f"{CLIENT}a", "USD", Decimal("2.01"))
    with pytest.raises(ValueError, match="holds less"):
        ledger.release(f"{CLIENT}a", "USD", Decimal("3.01"))
    assert ledger.available(f"{CLIENT}a", "USD") == 2
    ledger.move([(MARKET, MARKET, "USD", Decimal(5))], time=0, reason="to itself")
    assert len(ledger.entries) == 2


def test_dust_of_a_quote_amount_goes_with_the_last_trade() -> None:
    """What buys not even one whole SHIB is spent all the same."""
    side = BookSide(Side.SELL)
    for number, price in enumerate(("0.00002000", "0.00002001")):
        side.add(Resting(number, Side.SELL, Decimal(price), Decimal(1_000_000)))
    matches = plan_quote(SHIB, side, Side.BUY, Decimal("20.00001"), None)
    assert [match.base for match in matches] == [1_000_000]
    assert total_quote(matches) == Decimal("20.00001")
    alone = plan_quote(SHIB, side, Side.BUY, Decimal("0.00001"), None)
    assert alone == []


def test_quote_amount_stops_at_the_limit() -> None:
    """Worse prices are left alone."""
    side = BookSide(Side.SELL)
    for number, price in enumerate(("0.00002000", "0.00003000")):
        side.add(Resting(number, Side.SELL, Decimal(price), Decimal(1_000_000)))
    matches = plan_quote(SHIB, side, Side.BUY, Decimal(100), Decimal("0.000025"))
    assert (total_base(matches), total_quote(matches)) == (
        Decimal(1_000_000),
        Decimal(20),
    )


@pytest.fixture
def venue() -> Venue:
    """Provide an exchange without a network."""
    opened = Venue(seed=1, clock=Clock(1_794_306_000, frozen=True), pairs=0)
    opened.market.moving = False
    return opened


async def test_the_day_of_the_ticker_moves_on(venue: Venue) -> None:
    """After a day only what was traded in it counts, and changes are against what is really a day old."""
    pair = venue.engine.listing.pairs["BTC-USD"]
    await venue.clock.jump(40 * 86_400)
    quiet = venue.statistics.ticker(pair)
    assert (quiet["volume"], quiet["volume30d"]) == ("0.00000000", "0.00000000")
    assert quiet["bestBidChange"] == "-6.0"
    venue.market.move("BTC-USD", Decimal(50_000))
    await venue.clock.jump(23 * 3600)
    venue.market.move("BTC-USD", Decimal(55_000))
    ticker = venue.statistics.ticker(pair)
    assert (ticker["low"], ticker["high"]) == ("50000.0", "55000.0")
    assert ticker["priceChange"] == "5000.0"
    assert ticker["priceChangePercentage"] == "10.00"
    await venue.clock.jump(2 * 3600)
    assert venue.statistics.ticker(pair)["low"] == "55000.0"


def test_somebodys_crossing_order_is_traded_away_by_the_maker(venue: Venue) -> None:
    """The book never crosses, whoever is in it."""
    pair = venue.engine.listing.pairs["BTC-USD"]
    venue.market.leave("BTC-USD", None)
    venue.engine.others_place(pair, Side.BUY, Decimal(60_100), Decimal(1))
    venue.engine.others_place(pair, Side.SELL, Decimal(60_200), Decimal(1))
    venue.market.refill("BTC-USD")
    book = venue.engine.books["BTC-USD"]
    assert (book.bids.best(), book.asks.best()) == (Decimal(59_994), Decimal(60_006))


def test_cheap_coin_has_as_many_bids_as_fit(venue: Venue) -> None:
    """No quote is at or below zero."""
    venue.market.move("SHIB-USD", Decimal("0.00000003"))
    bids = venue.engine.books["SHIB-USD"].bids.top(30)
    assert [price for price, _ in bids] == [
        Decimal("0.00000002"),
        Decimal("0.00000001"),
    ]
