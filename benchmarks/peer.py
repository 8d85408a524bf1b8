"""What ccxt does for the same work; runs in an environment of its own."""

import json

import ccxt

from benchmarks.data import KEY, NEW_ORDER, PAIRS, REPORT, SECRET, TICKERS

EXCHANGE = ccxt.cex({"apiKey": KEY, "secret": SECRET})
MARKET = EXCHANGE.parse_market(json.loads(PAIRS)["data"][0])


def parse_report() -> object:
    """Read an order."""
    return EXCHANGE.parse_order(EXCHANGE.parse_json(REPORT)["data"], MARKET)


def parse_ticker() -> object:
    """Read a ticker."""
    data = EXCHANGE.parse_json(TICKERS)["data"]
    return [EXCHANGE.parse_ticker(row, MARKET) for row in data.values()]


def parse_pairs() -> object:
    """Read the trading conditions of 900 pairs, and index them as load_markets does."""
    return EXCHANGE.set_markets(
        EXCHANGE.parse_markets(EXCHANGE.parse_json(PAIRS)["data"])
    )


def sign() -> object:
    """Serialise and sign a request."""
    return EXCHANGE.sign("do_my_new_order", ["private"], "POST", dict(NEW_ORDER))
