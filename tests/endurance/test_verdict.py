"""What a run is judged by: a complaint, a block and a price that stands still are found, and only these."""

from pathlib import Path
import subprocess
import sys
from typing import Any

import orjson

from tests.endurance.verdict import LIMIT, Price, Turn, judge, records

QUIET = """\
something that was said before the log began
2026-11-21 01:10:51.760+00:00 WARNING (SyncWorker_1) [homeassistant.loader] We found a custom integration cexio
2026-11-21 01:10:52.072 ERROR (MainThread) [homeassistant.components.zha] No stick
2026-11-21 01:10:52.900+00:00 WARNING (MainThread) [asyncio] Executing <Task coro=<cexio() done>> took 0.102 seconds
2026-11-21 01:10:53.000+00:00 INFO (MainThread) [custom_components.cexio.feed] Connected
"""
WARNING = "2026-11-21 01:11:00.307-03:00 WARNING (MainThread) [custom_components.cexio.market] Odd\n"
TRACEBACK = """\
2026-11-21 01:12:00.000+00:00 ERROR (MainThread) [homeassistant] Error doing job
Traceback (most recent call last):
  File "/config/custom_components/cexio/market.py", line 1, in x
ValueError
"""
SCRIPT = """\
import asyncio, gc, sys, time
from tests.endurance.watched import watch

async def main():
    await asyncio.sleep(0.001)
    begun = time.thread_time()
    while time.thread_time() - begun < 0.05:
        pass
    await asyncio.sleep(0.001)
    time.sleep(0.06)
    await asyncio.sleep(0.001)
    begun = time.thread_time()
    while time.thread_time() - begun < 0.05:
        gc.collect()
    await asyncio.sleep(0.1)

with open(sys.argv[1], "a") as file:
    watch(file)
    asyncio.run(main())
"""


def turn(**changed: Any) -> bytes:
    """Return a line about a turn of the loop."""
    data = {
        "time": 5.0,
        "took": 0.05,
        "cpu": 0.03,
        "collecting": 0.005,
        "waited": 0.01,
        "own": True,
        "what": "a task",
        "stack": ["a.py:1 f"],
    }
    return orjson.dumps(data | changed)


def test_log_is_read_record_by_record() -> None:
    """What has no head belongs to the record before it."""
    found = [
        (level, logger, len(text.splitlines()))
        for level, logger, text in records(QUIET + TRACEBACK + WARNING)
    ]
    assert found == [
        ("WARNING", "homeassistant.loader", 1),
        ("ERROR", "homeassistant.components.zha", 1),
        ("WARNING", "asyncio", 1),
        ("INFO", "custom_components.cexio.feed", 1),
        ("ERROR", "homeassistant", 4),
        ("WARNING", "custom_components.cexio.market", 1),
    ]
    assert list(records("")) == []


def test_good() -> None:
    """Others may complain and block; neither waiting for a processor nor a collection counts."""
    lines = [
        turn(own=False, cpu=9, took=9),
        turn(took=0.1, cpu=0.01, waited=0.09),
        turn(took=0.3, cpu=0.25, collecting=0.24),
    ]
    verdict = judge(QUIET, lines, {"a": Price("60000", 90)}, 100)
    assert verdict.is_good
    assert (len(verdict.own), len(verdict.others)) == (2, 1)


def test_bad() -> None:
    """Each thing that is wrong alone is enough."""
    for log in (QUIET + WARNING, TRACEBACK + QUIET):
        verdict = judge(log, [], {}, 0)
        assert len(verdict.complaints) == 1
        assert not verdict.is_good
    verdict = judge(QUIET, [turn()], {}, 0)
    assert [item.cpu for item in verdict.blocks] == [0.03]
    assert not verdict.is_good
    prices = {
        "old": Price("60000", 39),
        "new": Price("60000", 41),
        "gone": Price("unavailable", 99),
    }
    verdict = judge(QUIET, [], prices, 100)
    assert verdict.still == ("old", "gone")
    assert not verdict.is_good


def test_slow_turns_are_found(tmp_path: Path) -> None:
    """Turns that compute, sleep and collect are told, with where they were at the limit."""
    report = tmp_path / "turns.json"
    subprocess.run(
        [sys.executable, "-c", SCRIPT, report],
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=60,
    )
    turns = [Turn(**orjson.loads(line)) for line in report.read_bytes().splitlines()]
    # A busy machine makes others slow, too.
    inside = [
        item
        for item in turns
        if any(place.startswith("<string>") for place in item.stack[:3])
        and item.took - item.waited >= LIMIT
    ]
    computing, sleeping, collecting = inside
    assert computing.is_block
    assert sleeping.cpu < 0.05 <= sleeping.took - sleeping.waited
    assert collecting.collecting > computing.collecting
    assert not any(item.own for item in inside)
