"""Every benchmark still runs, and tells what the table needs; how fast anything is, no test holds."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
import math
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import orjson
import pytest

from benchmarks.__main__ import ALONE, ON_STAGE
from benchmarks.command_line import main
from benchmarks.harness import REPOSITORY
from benchmarks.latency.stage import Scene, Stage
from tests.programs import runs

KEYS = {
    *("name", "unit", "ours", "ours_p95", "floor", "floor_p95", "peer", "peer_p95"),
    *("ratio_to_floor", "ratio_to_peer", "goal", "met"),
}
STOP_SECONDS = 60.0


async def start(*words: str, module: str = "benchmarks") -> asyncio.subprocess.Process:
    """Run ./scripts/benchmark as somebody else would, without the set-up; or a part of it alone."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


# They take two minutes on a machine that has nothing else to do.
@pytest.mark.timeout(900)
@pytest.mark.benchmark
@pytest.mark.parametrize(
    "names", [list(ALONE), list(ON_STAGE)], ids=["alone", "on stage"]
)
async def test_every_benchmark_runs(names: list[str], tmp_path: Path) -> None:
    """Each with at least a row, each row with numbers that can be."""
    results = tmp_path / "results.json"
    chosen = [word for name in names for word in ("--only", name)]
    process = await start("--quick", "--json", str(results), *chosen)
    table, progress = await process.communicate()
    assert process.returncode == 0, progress.decode()
    rows: list[dict[str, Any]] = orjson.loads(results.read_bytes())
    for row in rows:
        check(row)
        assert row["name"] in table.decode()
    assert [name for name in names if name.encode() not in progress] == []


def check(row: dict[str, Any]) -> None:
    """Hold a row against what any row must be."""
    assert row.keys() == KEYS
    assert row["name"] and row["unit"] and row["goal"]
    assert isinstance(row["met"], bool)
    assert math.isfinite(row["ours"]) and row["ours"] >= 0
    for side in ("floor", "peer"):
        other, times = row[side], row[f"ratio_to_{side}"]
        assert other is None or (math.isfinite(other) and other > 0), row
        assert times == (None if other is None else pytest.approx(row["ours"] / other))
    for side in ("ours", "floor", "peer"):
        p95, median = row[f"{side}_p95"], row[side]
        assert p95 is None or p95 >= median, row


def descendants(process: int) -> set[int]:
    """Return the processes that a process has started, and these, and so on."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name before it may hold blanks and brackets.
            fields = status.read_text().rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    found = {process}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def alive(processes: Iterable[int]) -> list[int]:
    """Return those that still run."""
    return [process for process in processes if runs(process)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("name", "deep"), [("parse", 3), ("memory", 2), ("fill-to-event", 3)]
)
async def test_an_end_from_outside_ends_everything(
    name: str, deep: int, number: signal.Signals
) -> None:
    """Whether what runs are workers, a process with processes of its own, or the stage."""
    await ended_from_outside(await start("--quick", "--only", name), deep, number)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("household.absence", ("1", "0")),
        ("household.entry", ("1", "0")),
        ("household.polling", ()),
        ("household.steady", ("1",)),
        ("throughput.house", ("1", "1", "1")),
    ],
)
async def test_an_end_of_a_part_ends_what_it_started(
    module: str, words: tuple[str, ...]
) -> None:
    """Also when it is told so itself, not by the program whose part it is."""
    process = await start(*words, module=f"benchmarks.{module}")
    await ended_from_outside(process, 1, signal.SIGTERM)


async def ended_from_outside(
    process: asyncio.subprocess.Process, deep: int, number: signal.Signals
) -> None:
    """End a program when it has started so many others, and look that none is left."""
    started: set[int] = set()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while len(started) < deep:
                await asyncio.sleep(0.05)
                started |= descendants(process.pid)
            process.send_signal(number)
            _, progress = await process.communicate()
            assert process.returncode == 130, progress.decode()
        assert alive(started) == []
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        for left in alive(started):
            os.kill(left, signal.SIGKILL)


def test_a_stage_that_cannot_be_set_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next benchmark is not measured beside what did start."""
    before = descendants(os.getpid())
    begun: set[int] = set()

    async def broken(*_: object) -> None:
        """Be a rival that does not start."""
        begun.update(descendants(os.getpid()) - before)
        raise RuntimeError("no rival")

    async def work(_: Scene) -> None:
        """Never begin."""

    monkeypatch.setattr("benchmarks.latency.stage._rival", broken)
    with Stage() as stage:
        with pytest.raises(RuntimeError, match="no rival"):
            stage.run(work)
        assert begun
        assert alive(begun) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "nonsense"], "begins with nonsense; there are: parse, sign"),
        (["--only", "x", "--only", "y"], "begins with x or y"),
        (["--only", "parse", "--only", "y"], "begins with y; there are"),
        (["--json", "/nowhere/results.json"], "/nowhere/results.json cannot be"),
        (["--json", "/"], "/ cannot be written"),
        (["--slow"], "unrecognized arguments"),
    ],
)
def test_what_cannot_be_run(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clear word, and nothing is started."""
    with pytest.raises(SystemExit) as ended:
        main(ALONE | ON_STAGE, words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """It names every benchmark with what it does, and shows how to ask."""
    with pytest.raises(SystemExit):
        main(ALONE | ON_STAGE, ["--help"])
    words = capsys.readouterr().out
    for name, run in (ALONE | ON_STAGE).items():
        assert f"  {name} " in words
        assert (run.__doc__ or "").splitlines()[0].rstrip(".") in words
    assert "./scripts/benchmark --only parse" in words


HALF_BROKEN = """
import sys
from benchmarks.command_line import main
from benchmarks.harness import Figures, Row
def good(quick): return [Row("good", "s", Figures(2.0), "≤ 1 s", False, floor=Figures(4.0))]
sys.exit(main({"bad": lambda quick: [1 / 0], "good": good}, sys.argv[1:]))
"""


def test_one_that_fails_takes_no_other_along(tmp_path: Path) -> None:
    """The rest is measured and kept, and the end says what failed."""
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-c", HALF_BROKEN, "--json", str(results)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=STOP_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr and "Failed: bad" in done.stderr
    (row,) = orjson.loads(results.read_bytes())
    check(row)
    assert (row["name"], row["ratio_to_floor"], row["met"]) == ("good", 0.5, False)
    assert "NOT MET" in done.stdout
