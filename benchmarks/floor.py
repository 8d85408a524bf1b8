"""The least that the same work can cost."""

import base64
import hmac

import orjson

from benchmarks.data import KEY, NEW_ORDER, PAIRS, REPORT, SECRET, TICKERS


def parse_report() -> object:
    """Decode an execution report."""
    return orjson.loads(REPORT)


def parse_ticker() -> object:
    """Decode a ticker."""
    return orjson.loads(TICKERS)


def parse_pairs() -> object:
    """Decode 900 pairs."""
    return orjson.loads(PAIRS)


def sign() -> object:
    """Serialise and sign by hand."""
    body = orjson.dumps(NEW_ORDER)
    digest = hmac.digest(SECRET.encode(), b"do_my_new_order1700000000" + body, "sha256")
    return {
        "Content-Type": "application/json",
        "X-AGGR-KEY": KEY,
        "X-AGGR-TIMESTAMP": "1700000000",
        "X-AGGR-SIGNATURE": base64.b64encode(digest).decode(),
    }
