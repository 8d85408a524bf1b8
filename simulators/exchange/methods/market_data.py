"""Public methods: time, pairs, currencies, ticker, book (rest.md 4.A, websocket.md 3.1 to 3.12)."""

from typing import Any

from simulators.exchange import wire
from simulators.exchange.clock import iso
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import Call, RequestError


def get_server_time(call: Call) -> dict[str, Any]:
    """Return the exchange's clock."""
    now = call.venue.clock.now_ms()
    return {"timestamp": now, "ISODate": iso(now)}


def get_pairs_info(call: Call) -> list[dict[str, Any]]:
    """Return trading conditions; unknown pairs are left out."""
    refused = RequestError(
        "Parameter pairs should be Array of Strings", show_code=True, inside_ok=True
    )
    wanted = parameters.texts(call.data, "pairs", refused)
    if wanted == []:
        raise refused
    listed = call.venue.engine.listing.pairs
    names = listed if wanted is None else [name for name in wanted if name in listed]
    return [wire.pair_row(listed[name]) for name in names]


def get_currencies_info(call: Call) -> list[dict[str, Any]]:
    """Return currencies; unknown ones are left out."""
    refused = RequestError(
        "Parameter currencies should be Array of Strings", inside_ok=True
    )
    wanted = parameters.texts(call.data, "currencies", refused)
    if wanted == []:
        raise refused
    listed = call.venue.engine.listing.currencies
    codes = listed if wanted is None else [code for code in wanted if code in listed]
    return [
        {
            "currency": code,
            "walletDeposit": listed[code].wallet_precision is not None,
            "walletWithdrawal": listed[code].wallet_precision is not None,
            "fiat": listed[code].fiat,
            "precision": listed[code].precision,
            "walletPrecision": listed[code].wallet_precision,
        }
        for code in codes
    ]


def get_ticker(call: Call) -> dict[str, Any]:
    """Return 24-hour statistics, of all pairs when none are named; unknown pairs are left out."""
    refused = RequestError("Parameter pairs should be Array of Strings")
    wanted = parameters.texts(call.data, "pairs", refused)
    if wanted == []:
        raise refused
    listed = call.venue.engine.listing.pairs
    names = listed if wanted is None else [name for name in wanted if name in listed]
    return {name: call.venue.statistics.ticker(listed[name]) for name in names}


def get_order_book(call: Call) -> dict[str, Any]:
    """Return the best 20 levels of a side; the undocumented `depth` 1 asks for one (rest.md 8)."""
    depth = call.data.get("depth", 0)
    if depth not in (0, 1) or isinstance(depth, bool):
        raise RequestError("Parameter depth should be one of [0, 1]")
    pair = parameters.listed_pair(call)
    book = call.venue.engine.books[pair.name]
    count = 1 if depth else wire.BOOK_DEPTH
    trimmed = call.websocket
    return {
        "timestamp": call.venue.clock.now_ms(),
        "currency1": pair.base,
        "currency2": pair.quote,
        "bids": wire.levels(book.bids.top(count), pair, trimmed=trimmed),
        "asks": wire.levels(book.asks.top(count), pair, trimmed=trimmed),
    }
