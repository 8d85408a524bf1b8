"""What this project does."""

import orjson

from benchmarks.data import KEY, NEW_ORDER, PAIRS, REPORT, SECRET, TICKERS
from custom_components.cexio.exchange import ExecutionReport, Pair, Ticker, sign_rest


def parse_report() -> object:
    """Read an execution report."""
    return ExecutionReport.from_wire(orjson.loads(REPORT)["data"])


def parse_ticker() -> object:
    """Read a ticker."""
    data = orjson.loads(TICKERS)["data"]
    return [Ticker.from_wire(row, pair) for pair, row in data.items()]


def parse_pairs() -> object:
    """Read the trading conditions of 900 pairs."""
    return [Pair.from_wire(row) for row in orjson.loads(PAIRS)["data"]]


def sign() -> object:
    """Serialise and sign a request."""
    body = orjson.dumps(NEW_ORDER)
    timestamp = 1700000000
    return {
        "Content-Type": "application/json",
        "X-AGGR-KEY": KEY,
        "X-AGGR-TIMESTAMP": str(timestamp),
        "X-AGGR-SIGNATURE": sign_rest(
            SECRET, "do_my_new_order", timestamp, body.decode()
        ),
    }
