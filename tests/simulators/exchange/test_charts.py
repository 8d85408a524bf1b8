"""Candles and the public tape."""

from itertools import pairwise
from typing import Any

import pytest

from tests.simulators.exchange.conftest import TUESDAY, Bench

NOW = int(TUESDAY * 1000)
HOUR = 3_600_000
HOURLY: dict[str, Any] = {"pair": "BTC-USD", "dataType": "bestAsk", "resolution": "1h"}


async def candles(bench: Bench, **data: Any) -> Any:
    """Return candles."""
    status, answer = await bench.client.public("get_candles", **data)
    assert status == 200, answer
    return answer["data"]


async def test_first_candle_contains_the_moment(still: Bench) -> None:
    """Bounds are rounded down to a candle, number or ISO text."""
    moment = NOW - 5 * HOUR
    found = await candles(still, **HOURLY, fromISO=moment, limit=2)
    first = moment // HOUR * HOUR
    assert [candle["timestamp"] for candle in found] == [first, first + HOUR]
    assert found == await candles(
        still, **HOURLY, fromISO="2026-11-10T05:20:00.000Z", limit=2
    )
    assert found[0]["timestampISO"] == "2026-11-10T05:00:00.000Z"
    assert all(candle["isClosed"] is True for candle in found)
    assert not any(
        isinstance(candle[name], str)
        for candle in found
        for name in ("open", "high", "low", "close", "volume")
    )


async def test_last_candle_is_open(still: Bench) -> None:
    """The key isClosed is missing, not false."""
    found = await candles(still, **HOURLY, toISO=NOW + 10 * HOUR, limit=3)
    assert [candle["timestamp"] for candle in found] == [
        NOW // HOUR * HOUR - 2 * HOUR,
        NOW // HOUR * HOUR - HOUR,
        NOW // HOUR * HOUR,
    ]
    assert [candle.get("isClosed") for candle in found] == [True, True, None]


async def test_candles_of_all_resolutions_agree(still: Bench) -> None:
    """24 hours make a day, 60 minutes an hour; candles follow each other without a jump."""
    day = (NOW // (24 * HOUR) - 3) * 24 * HOUR
    (daily,) = await candles(
        still, **HOURLY | {"resolution": "1d"}, fromISO=day, limit=1
    )
    hourly = await candles(still, **HOURLY, fromISO=day, toISO=day + 24 * HOUR - 1)
    assert len(hourly) == 24
    assert (hourly[0]["open"], hourly[-1]["close"]) == (daily["open"], daily["close"])
    assert max(candle["high"] for candle in hourly) == daily["high"]
    assert min(candle["low"] for candle in hourly) == daily["low"]
    for earlier, later in pairwise(hourly):
        assert earlier["close"] == later["open"]
    minutes = await candles(
        still, **HOURLY | {"resolution": "1m"}, fromISO=day, limit=60
    )
    assert max(candle["high"] for candle in minutes) == hourly[0]["high"]


async def test_live_candles_join_the_past(still: Bench) -> None:
    """What the market does after the start becomes candles, volume included."""
    await still.client.control("/market/price", pair="BTC-USD", price="61000")
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="BUY", amount="0.5"
    )
    await still.advance(61)
    (now,) = await candles(still, **HOURLY, toISO=NOW, limit=1)
    assert now["high"] == 61002
    assert now["close"] == 61002
    bids = await candles(
        still,
        **HOURLY | {"dataType": "bestBid", "resolution": "1m"},
        fromISO=NOW,
        limit=2,
    )
    assert [candle["close"] for candle in bids] == [60996, 60996]
    assert bids[0]["volume"] == pytest.approx(0.5002)
    assert "isClosed" not in bids[1]


async def test_empty_candle(still: Bench) -> None:
    """Where nothing is known there is a candle without prices."""
    assert await candles(still, **HOURLY, toISO=HOUR, limit=1) == [
        {
            "timestamp": HOUR,
            "resolution": "1h",
            "timestampISO": "1970-01-01T01:00:00.000Z",
        }
    ]
    assert await candles(still, **HOURLY, fromISO=NOW + HOUR, limit=1) == []


async def test_last_candles_of_several_pairs(still: Bench) -> None:
    """Each pair for itself; an unknown one has its own error."""
    data = {
        "pairsList": ["BTC-USD", "XXX-YYY"],
        "toISO": NOW,
        "limit": 1,
        "dataType": "bestBid",
        "resolution": "1h",
    }
    found = await candles(still, **data)
    assert len(found["BTC-USD"]) == 1
    assert found["XXX-YYY"] == {
        "error": {"code": 400, "reason": "Unsupported pair XXX-YYY"}
    }
    assert await candles(still, **data | {"pairsList": "BTC-USD"}) == {
        "BTC-USD": found["BTC-USD"]
    }


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "Mandatory parameter resolution is missing"),
        (
            HOURLY | {"resolution": "3h"},
            "Mandatory parameter resolution should be one of 1m,5m,15m,30m,1h,2h,4h,1d",
        ),
        (
            HOURLY | {"dataType": "last"},
            "Mandatory parameter dataType should be one of bestAsk,bestBid",
        ),
        (HOURLY, "At least one of the parameters fromISO, toISO should be specified"),
        (HOURLY | {"fromISO": 5}, "Mandatory parameter limit is missing"),
        (
            HOURLY | {"fromISO": 5, "toISO": 6, "limit": 1},
            "Parameter limit should not be specified together with fromISO and toISO",
        ),
        (
            HOURLY | {"fromISO": 5, "limit": 0},
            "Parameter limit should be greater than or equal to 1",
        ),
        (
            HOURLY | {"fromISO": "soon", "limit": 1},
            "Parameter fromISO should be a timestamp",
        ),
        (
            HOURLY | {"pairsList": ["BTC-USD"], "toISO": 5, "limit": 1},
            "Exactly one of the parameters pair, pairsList should be specified",
        ),
        (
            HOURLY | {"pair": None, "toISO": 5, "limit": 1},
            "Exactly one of the parameters pair, pairsList should be specified",
        ),
        (
            HOURLY | {"pair": None, "pairsList": ["BTC-USD"], "toISO": 5, "limit": 2},
            "Parameter limit should be 1 for pairsList",
        ),
        (
            HOURLY | {"pair": None, "pairsList": [], "toISO": 5, "limit": 1},
            "Parameter pairsList should be Array of Strings",
        ),
        (
            HOURLY | {"pair": "NOPE-USD", "toISO": 5, "limit": 1},
            "pair NOPE-USD is not supported",
        ),
    ],
)
async def test_candle_refusals(bench: Bench, data: dict[str, Any], text: str) -> None:
    """Each wrong parameter is named."""
    assert await bench.client.public("get_candles", **data) == (422, {"error": text})


async def test_trade_history(still: Bench) -> None:
    """Oldest first; page sizes differ between public and private; too large ones are cut silently."""
    client = still.client
    for side in ("BUY", "SELL", "BUY"):
        await client.control("/market/trade", pair="BTC-USD", side=side, amount="0.01")
        await still.advance(1)

    async def trades(**data: Any) -> list[str]:
        """Return the ids of the trades."""
        _, answer = await client.public("get_trade_history", pair="BTC-USD", **data)
        return [trade["tradeId"] for trade in answer["data"]["trades"]]

    everything = await trades()
    assert len(everything) == 43
    assert everything[-3:] == [f"{NOW + 1000 * number}-0" for number in range(3)]
    assert everything == sorted(
        everything, key=lambda trade: tuple(map(int, trade.split("-")))
    )
    assert await trades(pageSize=2) == everything[-2:]
    assert await trades(side="SELL", fromTradeId=everything[-3]) == everything[-2:-1]
    assert (
        await trades(fromTradeId=everything[-3], toTradeId=everything[-2])
        == everything[-3:-1]
    )
    assert await trades(fromTradeId=everything[5], pageSize=2) == everything[5:7]
    assert await trades(fromDateISO="2026-11-10T10:20:01.000Z") == everything[-2:]
    assert (
        await trades(
            fromDateISO="2026-11-10T10:20:00.000Z", toDateISO="2026-11-10T10:20:00.000Z"
        )
        == everything[-3:-2]
    )
    assert (await client.public("get_trade_history", pair="BTC-USD", pageSize=99999))[
        1
    ]["data"]["pageSize"] == 10000
    assert (await client.ok("get_trade_history", pair="BTC-USD"))["pageSize"] == 100
    assert (await client.ok("get_trade_history", pair="BTC-USD", pageSize=99999))[
        "pageSize"
    ] == 1000
    (last,) = (await client.ok("get_trade_history", pair="BTC-USD", pageSize=1))[
        "trades"
    ]
    assert last == {
        "tradeId": f"{NOW + 2000}-0",
        "dateISO": "2026-11-10T10:20:02.000Z",
        "side": "BUY",
        "price": "60006.0",
        "amount": "0.01000000",
    }


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"toDateISO": "2026-11-10T10:20:00.000Z"},
            "Parameter toDateISO requires fromDateISO",
        ),
        ({"toTradeId": "1-0"}, "Parameter toTradeId requires fromTradeId"),
        (
            {"fromDateISO": "2026-11-10T10:20:00", "fromTradeId": "1-0"},
            "Date and trade id filters should not be specified together",
        ),
        (
            {"fromDateISO": "soon"},
            "Parameter fromDateISO should be a date in ISO format",
        ),
        ({"fromTradeId": "soon"}, "Parameter fromTradeId should be a trade id"),
        ({"pageSize": 0}, "Parameter pageSize should be greater than or equal to 1"),
        ({"side": "UP"}, "Mandatory parameter side should be one of BUY,SELL"),
    ],
)
async def test_trade_history_refusals(
    bench: Bench, data: dict[str, Any], text: str
) -> None:
    """Each wrong parameter is named."""
    assert await bench.client.public("get_trade_history", pair="BTC-USD", **data) == (
        422,
        {"error": text},
    )
