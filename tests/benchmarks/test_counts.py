"""What reading a message leaves in memory does not vary from run to run."""

from collections.abc import Callable
import gc
import sys
from typing import Any

import orjson
import pytest

from benchmarks.data import PAIRS, REPORT, TICKERS
from custom_components.cexio.exchange import ExecutionReport, Pair, Ticker

MESSAGES = 1000


@pytest.mark.parametrize(
    ("read", "message", "blocks"),
    [
        # The report, its order, the name of the pair, and eight numbers.
        (ExecutionReport.from_wire, orjson.loads(REPORT)["data"], 11),
        # The ticker, seventeen numbers and a moment.
        (
            lambda row: Ticker.from_wire(row, "BTC-USD"),
            orjson.loads(TICKERS)["data"]["BTC-USD"],
            19,
        ),
        # The pair and eight numbers.
        (Pair.from_wire, orjson.loads(PAIRS)["data"][0], 9),
    ],
    ids=["execution report", "ticker", "pair"],
)
def test_blocks_of_memory_that_a_message_leaves(
    read: Callable[[Any], object], message: dict[str, Any], blocks: int
) -> None:
    """The value and what it holds, and nothing beside: no dictionary, no copy."""
    kept: list[object] = [None] * MESSAGES
    read(message)
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for place in range(MESSAGES):
            kept[place] = read(message)
        grown = sys.getallocatedblocks() - before
    finally:
        gc.enable()
    assert grown / MESSAGES == pytest.approx(blocks, abs=0.1)
