"""What this project does."""

import orjson

from benchmarks.data import KEY, NEW_ORDER, PAIRS, REPORT, SECRET, TICKERS
from custom_components.cexio.exchange import ExecutionReport, sign_rest
from custom_components.cexio.exchange.methods.market import read_pairs, read_tickers


def parse_report() -> object:
    """Read an execution report."""
    return ExecutionReport.from_wire(orjson.loads(REPORT)["data"])


def parse_ticker() -> object:
    """Read a ticker."""
    return read_tickers(orjson.loads(TICKERS)["data"])


def parse_pairs() -> object:
    """Read the trading conditions of 900 pairs."""
    return read_pairs(orjson.loads(PAIRS)["data"])


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
