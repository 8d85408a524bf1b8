"""Candles and the public tape (rest.md 4.A.2, 4.A.3; websocket.md 3.4, 3.5)."""

from typing import Any

from simulators.exchange import wire
from simulators.exchange.clock import iso, parse_iso
from simulators.exchange.engine.events import Trade
from simulators.exchange.engine.orders import Side
from simulators.exchange.engine.reference import Pair
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import BAD_REQUEST, Call, RequestError
from simulators.exchange.statistics import Candle

RESOLUTIONS_MS = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
DATA_TYPES = ("bestAsk", "bestBid")
# The documentation names no maximum; more than this is cut off.
MAX_CANDLES = 1000
# Default and cap of a page of trades: public, private.
TRADES_PUBLIC = (1000, 10_000)
TRADES_PRIVATE = (100, 1000)


def get_candles(call: Call) -> list[dict[str, Any]] | dict[str, Any]:
    """Return candles of one pair as a list, or the last candle of each of several pairs.

    Where nothing is known the list holds the documented "empty candle". Texts of refusals are this simulator's
    own but for that of an unsupported pair in a list.
    """
    data = call.data
    resolution, data_type = (
        _one_of(data, "resolution", tuple(RESOLUTIONS_MS)),
        _one_of(data, "dataType", DATA_TYPES),
    )
    start, end = _moment(data, "fromISO"), _moment(data, "toISO")
    limit = parameters.optional_integer(data, "limit", least=1)
    if start is None and end is None:
        raise RequestError(
            "At least one of the parameters fromISO, toISO should be specified"
        )
    if (limit is None) == (start is None or end is None):
        words = (
            "is missing"
            if limit is None
            else "should not be specified together with fromISO and toISO"
        )
        raise RequestError(
            f"Mandatory parameter limit {words}"
            if limit is None
            else f"Parameter limit {words}"
        )
    if (data.get("pair") is None) == (data.get("pairsList") is None):
        raise RequestError(
            "Exactly one of the parameters pair, pairsList should be specified"
        )
    if data.get("pair") is not None:
        pair = parameters.listed_pair(call)
        return _candles(
            call,
            pair,
            resolution,
            data_type,
            _starts(call, resolution, start, end, limit),
        )
    if limit != 1:
        raise RequestError("Parameter limit should be 1 for pairsList")
    starts = _starts(call, resolution, start, end, limit)
    names = (
        [data["pairsList"]] if isinstance(data["pairsList"], str) else data["pairsList"]
    )
    refused = RequestError("Parameter pairsList should be Array of Strings")
    names = parameters.texts({"pairsList": names}, "pairsList", refused)
    if not names:
        raise refused
    listed = call.venue.engine.listing.pairs
    return {
        name: _candles(call, listed[name], resolution, data_type, starts)
        if name in listed
        else {"error": {"code": BAD_REQUEST, "reason": f"Unsupported pair {name}"}}
        for name in names
    }


def _one_of(data: parameters.Data, name: str, values: tuple[str, ...]) -> str:
    """Return one of some words."""
    value = parameters.text(data, name)
    if value not in values:
        raise RequestError(
            f"Mandatory parameter {name} should be one of {','.join(values)}"
        )
    return value


def _moment(data: parameters.Data, name: str) -> int | None:
    """Return a moment in milliseconds: a number despite the name, an ISO text is taken as well."""
    value = data.get(name)
    if isinstance(value, str):
        try:
            return parse_iso(value)
        except ValueError:
            raise RequestError(f"Parameter {name} should be a timestamp") from None
    return parameters.optional_integer(data, name)


def _starts(
    call: Call, resolution: str, start: int | None, end: int | None, limit: int | None
) -> list[int]:
    """Return the opening moments of the candles asked for; none begins in the future."""
    span = RESOLUTIONS_MS[resolution]
    now = call.venue.clock.now_ms()
    last = min(now, now if end is None else end) // span * span
    count = MAX_CANDLES if limit is None else min(limit, MAX_CANDLES)
    if start is None:
        return list(range(max(0, last - (count - 1) * span), last + 1, span))
    first = start // span * span
    return list(range(first, min(last, first + (count - 1) * span) + 1, span))


def _candles(
    call: Call, pair: Pair, resolution: str, data_type: str, starts: list[int]
) -> list[dict[str, Any]]:
    """Return the candles as the exchange writes them."""
    span, now = RESOLUTIONS_MS[resolution], call.venue.clock.now_ms()
    known = call.venue.statistics.candles(
        pair, starts, span, ask=data_type == "bestAsk"
    )
    rows = [
        _row(start, resolution, candle, closed=start + span <= now)
        for start, candle in known.items()
    ]
    return rows or [
        _row(start, resolution, None, closed=False) for start in starts[-1:]
    ]


def _row(
    start: int, resolution: str, candle: Candle | None, *, closed: bool
) -> dict[str, Any]:
    """Return one candle: prices are JSON numbers here, `isClosed` is there only when true."""
    row: dict[str, Any] = {"timestamp": start}
    if candle is not None:
        row |= {
            "open": wire.number(candle.bar.open),
            "high": wire.number(candle.bar.high),
            "low": wire.number(candle.bar.low),
            "close": wire.number(candle.bar.close),
            "volume": wire.number(candle.volume),
        }
    row["resolution"] = resolution
    if closed and candle is not None:
        row["isClosed"] = True
    row["timestampISO"] = iso(start)
    return row


def get_trade_history(call: Call) -> dict[str, Any]:
    """Return trades, oldest first; too large a page is cut silently. Bounds by date and id are inclusive."""
    data = call.data
    pair = parameters.listed_pair(call)
    side = parameters.optional_choice(data, "side", Side)
    default, most = TRADES_PRIVATE if call.private else TRADES_PUBLIC
    size = min(parameters.optional_integer(data, "pageSize", least=1) or default, most)
    dates = _date(data, "fromDateISO"), _date(data, "toDateISO")
    ids = _trade_id(data, "fromTradeId"), _trade_id(data, "toTradeId")
    for (first, last), (first_name, last_name) in (
        (dates, ("fromDateISO", "toDateISO")),
        (ids, ("fromTradeId", "toTradeId")),
    ):
        if last is not None and first is None:
            raise RequestError(f"Parameter {last_name} requires {first_name}")
    if dates[0] is not None and ids[0] is not None:
        raise RequestError("Date and trade id filters should not be specified together")
    trades = [
        trade
        for trade in call.venue.engine.tapes[pair.name].trades
        if (side is None or trade.side is side) and _within(trade, dates, ids)
    ]
    page = trades[-size:] if dates[0] is None and ids[0] is None else trades[:size]
    return {"pageSize": size, "trades": [wire.trade_row(trade, pair) for trade in page]}


def _date(data: parameters.Data, name: str) -> int | None:
    """Return a moment given as ISO text."""
    value = parameters.optional_text(data, name)
    if value is None:
        return None
    try:
        return parse_iso(value)
    except ValueError:
        raise RequestError(f"Parameter {name} should be a date in ISO format") from None


def _trade_id(data: parameters.Data, name: str) -> tuple[int, int] | None:
    """Return both parts of a trade id, which order as numbers."""
    value = parameters.optional_text(data, name)
    if value is None:
        return None
    moment, _, sequence = value.partition("-")
    if not (moment.isdecimal() and sequence.isdecimal()):
        raise RequestError(f"Parameter {name} should be a trade id")
    return int(moment), int(sequence)


def _within(
    trade: Trade,
    dates: tuple[int | None, int | None],
    ids: tuple[tuple[int, int] | None, tuple[int, int] | None],
) -> bool:
    """Tell whether a trade is between the bounds."""
    number = (trade.time, trade.sequence)
    return (
        (dates[0] is None or trade.time >= dates[0])
        and (dates[1] is None or trade.time <= dates[1])
        and (ids[0] is None or number >= ids[0])
        and (ids[1] is None or number <= ids[1])
    )
