"""Compare sides that do the same work: in turns, in processes of their own, by their ratios."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import statistics
import subprocess
from typing import Self, override

import orjson

REPOSITORY = Path(__file__).resolve().parents[1]
OUR_PYTHON = REPOSITORY / ".venv" / "bin" / "python"
PEER_PYTHON = REPOSITORY / ".venv-ccxt" / "bin" / "python"
# One turn should last about this long: short enough to alternate, long enough to be timed.
TURN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at: at most so many times the floor, at least so many times faster than the peer."""

    times_floor: float
    times_faster: float | None = None

    @override
    def __str__(self) -> str:
        """Return the goal as the table shows it."""
        text = f"≤ {self.times_floor:g} x floor"
        if self.times_faster is not None:
            text += f", ≥ {self.times_faster:g} x faster than the peer"
        return text


@dataclass(frozen=True, slots=True)
class Comparison:
    """One piece of work, as this project, the floor and a peer do it (each "module:function")."""

    name: str
    ours: str
    floor: str
    goal: Goal
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds for one piece of work."""

    median: float
    p95: float

    @classmethod
    def of(cls, samples: list[float]) -> Self:
        """Sum samples up."""
        return cls(statistics.median(samples), statistics.quantiles(samples, n=20)[-1])


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of a comparison."""

    comparison: Comparison
    ours: Figures
    floor: Figures
    peer: Figures | None

    @property
    def ratio_to_floor(self) -> float:
        """Return how many times the floor this project takes."""
        return self.ours.median / self.floor.median

    @property
    def ratio_to_peer(self) -> float | None:
        """Return which part of the peer's time this project takes."""
        return None if self.peer is None else self.ours.median / self.peer.median

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        goal, to_peer = self.comparison.goal, self.ratio_to_peer
        if self.ratio_to_floor > goal.times_floor:
            return False
        return (
            goal.times_faster is None
            or to_peer is None
            or to_peer <= 1 / goal.times_faster
        )

    def as_dict(self) -> dict[str, object]:
        """Return the result as the JSON file holds it; times in microseconds."""
        return {
            "name": self.comparison.name,
            "ours": self.ours.median * 1e6,
            "floor": self.floor.median * 1e6,
            "peer": None if self.peer is None else self.peer.median * 1e6,
            "ratio_to_floor": self.ratio_to_floor,
            "ratio_to_peer": self.ratio_to_peer,
            "goal": str(self.comparison.goal),
            "met": self.met,
        }


class Worker:
    """A process that does one side's work on demand."""

    def __init__(self, process: subprocess.Popen[bytes], target: str) -> None:
        """Use a process that was started for one target."""
        self._process = process
        self._target = target

    def run(self, count: int) -> float:
        """Do the work so many times; return the seconds that it took."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker has no pipes")
        stdin.write(orjson.dumps({"target": self._target, "count": count}) + b"\n")
        stdin.flush()
        if not (line := stdout.readline()):
            raise RuntimeError(f"the worker for {self._target} ended")
        seconds: float = orjson.loads(line)["seconds"]
        return seconds


@contextmanager
def worker(python: Path, target: str) -> Iterator[Worker]:
    """Run a worker for the time of a comparison."""
    with subprocess.Popen(
        [python, "-m", "benchmarks.worker"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield Worker(process, target)
        if process.stdin is not None:
            process.stdin.close()


def _count(side: Worker) -> int:
    """Warm a side up, and find out how often it does its work in one turn."""
    side.run(3)
    return max(1, round(TURN_SECONDS / max(side.run(3) / 3, 1e-9)))


def compare(comparison: Comparison, turns: int) -> Result:
    """Let the sides work in turns, so that whatever slows the machine slows them all."""
    with (
        worker(OUR_PYTHON, comparison.ours) as ours,
        worker(OUR_PYTHON, comparison.floor) as floor,
        worker(PEER_PYTHON, comparison.peer or "math:ulp") as peer,
    ):
        sides = [ours, floor] + ([peer] if comparison.peer else [])
        counts = [_count(side) for side in sides]
        samples: list[list[float]] = [[] for _ in sides]
        for _ in range(turns):
            for side, count, found in zip(sides, counts, samples, strict=True):
                found.append(side.run(count) / count)
    figures = [Figures.of(found) for found in samples]
    return Result(
        comparison,
        ours=figures[0],
        floor=figures[1],
        peer=figures[2] if comparison.peer else None,
    )
