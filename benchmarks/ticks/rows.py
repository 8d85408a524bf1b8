"""Let all sides work on the same frames at the same time, and compare the CPU time that each takes."""

import asyncio
from pathlib import Path
import tempfile
from time import clock_gettime, monotonic

import orjson

from benchmarks.harness import OUR_PYTHON, PEER_PYTHON, REPOSITORY, Figures, Row, ratio
from simulators.demo.processes import Processes

SECONDS = 60
QUICK_SECONDS = 5
# What comes once after a start is over by then.
SETTLING_SECONDS = 3.0
READY_SECONDS = 60.0
# A side whose states change more rarely than this a second does not do the work.
LEAST_CHANGES = 30
TIMES_FLOOR, TIMES_PEER = 1.5, 0.3
GOAL = f"≤ {TIMES_FLOOR:g} x floor, ≤ {TIMES_PEER:g} x the cheaper peer"
MILLISECONDS = 1e3

# Name, ours, the floor, the peers of which the cheaper one counts: each a module and its option.
ROWS = (
    (
        "tick cost: one sensor a market",
        *("ours one", "floor 1"),
        ("ccxt_pro ticker", "rest_sensors each"),
    ),
    (
        "tick cost: as installed",
        *("ours installed", "floor 3"),
        ("ccxt_pro ticker", "rest_sensors each"),
    ),
    (
        "tick cost: leanest rivals",
        *("ours one", "floor entity"),
        ("ccxt_pro book", "rest_sensors all"),
    ),
    (
        "tick cost: floor keeps books",
        *("ours one", "floor book"),
        ("ccxt_pro ticker", "rest_sensors each"),
    ),
)


def tick_cost(quick: bool) -> list[Row]:
    """Take in 300 pairs that are pushed once a second, 40 of them watched."""
    found = asyncio.run(measure(QUICK_SECONDS if quick else SECONDS))
    rows: list[Row] = []
    for name, ours, floor, peers in ROWS:
        peer = min((found[side] for side in peers), key=lambda figures: figures.median)
        to_floor = ratio(found[ours], found[floor])
        to_peer = ratio(found[ours], peer)
        met = (
            to_floor is not None
            and to_peer is not None
            and to_floor <= TIMES_FLOOR
            and to_peer <= TIMES_PEER
        )
        rows.append(Row(name, "ms/s", found[ours], GOAL, met, found[floor], peer))
    return rows


async def measure(seconds: int) -> dict[str, Figures]:
    """Run all sides for some seconds; return what each took.

    Raises:
        ProcessError: A side did not start.
        RuntimeError: A side did not do the work.
    """
    sides = sorted({side for _, *pair, peers in ROWS for side in (*pair, *peers)})
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        async with Processes(REPOSITORY, directory / "logs") as processes:
            pids = await start(processes, directory, sides)
            await asyncio.sleep(SETTLING_SECONDS)
            found = await watch(pids, seconds)
        for side in sides:
            report = directory / side
            if not report.exists():
                raise RuntimeError(f"{side} ended")
            changes = orjson.loads(report.read_bytes())["changes_per_second"]
            if changes < LEAST_CHANGES:
                raise RuntimeError(f"{side} showed {changes} changes a second")
    return found


async def start(
    processes: Processes, directory: Path, sides: list[str]
) -> dict[str, int]:
    """Start the exchange, then all sides; return their process ids."""
    exchange = await processes.start(
        "exchange",
        [OUR_PYTHON, "-m", "benchmarks.ticks.exchange"],
        ready_seconds=READY_SECONDS,
    )
    line = orjson.dumps(dict(exchange.ready)).decode()
    groups: dict[Path, list[str]] = {OUR_PYTHON: [], PEER_PYTHON: []}
    for side in sides:
        groups[PEER_PYTHON if side.startswith("ccxt") else OUR_PYTHON].append(side)
    started = await asyncio.gather(
        *(
            processes.start(
                f"sides {number}",
                [python, "-m", "benchmarks.ticks.fork", line, directory, *members],
                ready_seconds=READY_SECONDS,
            )
            for number, (python, members) in enumerate(groups.items())
        )
    )
    return {side: pid for child in started for side, pid in child.ready.items()}


async def watch(pids: dict[str, int], seconds: int) -> dict[str, Figures]:
    """Return the CPU milliseconds of a second: the mean, and the 95th percentile of single seconds."""
    samples: dict[str, list[float]] = {side: [] for side in pids}
    began = monotonic()
    first = last = {side: cpu(pid) for side, pid in pids.items()}
    for number in range(1, seconds + 1):
        await asyncio.sleep(began + number - monotonic())
        now = {side: cpu(pid) for side, pid in pids.items()}
        for side, taken in samples.items():
            taken.append(now[side] - last[side])
        last = now
    lasted = monotonic() - began
    return {
        side: Figures(
            (last[side] - first[side]) / lasted * MILLISECONDS,
            Figures.of(taken, MILLISECONDS).p95,
        )
        for side, taken in samples.items()
    }


def cpu(pid: int) -> float:
    """Return the CPU seconds, user's and system's, that a process has had with all its threads."""
    # What the C library makes of a process id for its own CPU clock.
    return clock_gettime(~pid << 3 | 2)
