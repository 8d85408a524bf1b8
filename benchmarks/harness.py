"""Compare sides that do the same work: in turns, in processes of their own, by their ratios."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import signal
import statistics
import subprocess
from typing import Self, override

import orjson

REPOSITORY = Path(__file__).resolve().parents[1]
OUR_PYTHON = REPOSITORY / ".venv" / "bin" / "python"
PEER_PYTHON = REPOSITORY / ".venv-ccxt" / "bin" / "python"
# One turn should last about this long: short enough to alternate, long enough to be timed.
TURN_SECONDS = 0.05
MICROSECONDS = 1e6


def end_when_told() -> None:
    """Let SIGTERM end this program as Ctrl-C does, and both all that it has started, on the way out.

    Where a shell runs it in the background, it would not hear a Ctrl-C otherwise, and neither would what it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


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

    def is_met(self, to_floor: float | None, to_peer: float | None) -> bool:
        """Whether the ratios of the medians reach it; a side that was not measured is not counted."""
        return (to_floor is None or to_floor <= self.times_floor) and (
            self.times_faster is None
            or to_peer is None
            or to_peer <= 1 / self.times_faster
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One piece of work, as this project, the floor and a peer do it (each "module:function")."""

    name: str
    ours: str
    floor: str
    peer: str
    goal: Goal


@dataclass(frozen=True, slots=True)
class Figures:
    """What one side was measured at."""

    median: float
    p95: float | None = None

    @classmethod
    def of(cls, samples: Sequence[float], scale: float = 1) -> Self:
        """Sum samples up, each times `scale`."""
        p95 = statistics.quantiles(samples, n=20)[-1] if len(samples) > 1 else None
        return cls(
            statistics.median(samples) * scale, None if p95 is None else p95 * scale
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: medians and 95th percentiles in `unit`, or counts without a spread."""

    name: str
    unit: str
    ours: Figures
    goal: str
    met: bool
    floor: Figures | None = None
    peer: Figures | None = None

    @property
    def ratio_to_floor(self) -> float | None:
        """Return how many times the floor this project takes."""
        return ratio(self.ours, self.floor)

    @property
    def ratio_to_peer(self) -> float | None:
        """Return which part of the peer's cost this project has."""
        return ratio(self.ours, self.peer)

    def as_dict(self) -> dict[str, object]:
        """Return the row as the JSON file holds it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours.median,
            "ours_p95": self.ours.p95,
            "floor": self.floor and self.floor.median,
            "floor_p95": self.floor and self.floor.p95,
            "peer": self.peer and self.peer.median,
            "peer_p95": self.peer and self.peer.p95,
            "ratio_to_floor": self.ratio_to_floor,
            "ratio_to_peer": self.ratio_to_peer,
            "goal": self.goal,
            "met": self.met,
        }


def ratio(ours: Figures, other: Figures | None) -> float | None:
    """Return how many times another side's median this project's is; None where there is nothing to divide by."""
    return ours.median / other.median if other and other.median else None


def compared(
    name: str,
    unit: str,
    goal: Goal,
    ours: Figures,
    floor: Figures,
    peer: Figures | None = None,
) -> Row:
    """Hold what was measured against the floor, and the peer where the goal speaks of it."""
    is_met = goal.is_met(ratio(ours, floor), ratio(ours, peer))
    return Row(name, unit, ours, str(goal), is_met, floor=floor, peer=peer)


def limited(
    name: str, unit: str, ours: Figures, most: float, peer: Figures | None = None
) -> Row:
    """Hold what was measured against a limit of its own."""
    goal = f"≤ {most:g} {unit}"
    return Row(name, unit, ours, goal, ours.median <= most, peer=peer)


class Worker:
    """A process that does one side's work on demand."""

    def __init__(self, process: subprocess.Popen[bytes], target: str) -> None:
        """Use a process that was started for one target."""
        self._process = process
        self._target = target

    def at(self, target: str) -> Self:
        """Return the same process at other work."""
        return type(self)(self._process, target)

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
        # A Ctrl-C is for this program; a worker ends with its input.
        start_new_session=True,
    ) as process:
        try:
            yield Worker(process, target)
        except BaseException:
            process.kill()
            raise
        if process.stdin is not None:
            process.stdin.close()


def _count(side: Worker) -> int:
    """Warm a side up, and find out how often it does its work in one turn."""
    side.run(3)
    return max(1, round(TURN_SECONDS / max(side.run(3) / 3, 1e-9)))


def compare(comparisons: Sequence[Comparison], turns: int) -> list[Row]:
    """Let the sides work in turns, so that whatever slows the machine slows them all; one process for each side."""
    first = comparisons[0]
    with (
        worker(OUR_PYTHON, first.ours) as ours,
        worker(OUR_PYTHON, first.floor) as floor,
        worker(PEER_PYTHON, first.peer) as peer,
    ):
        return [
            _row(
                comparison,
                [
                    ours.at(comparison.ours),
                    floor.at(comparison.floor),
                    peer.at(comparison.peer),
                ],
                turns,
            )
            for comparison in comparisons
        ]


def _row(comparison: Comparison, sides: Sequence[Worker], turns: int) -> Row:
    """Compare one piece of work."""
    counts = [_count(side) for side in sides]
    samples: list[list[float]] = [[] for _ in sides]
    for _ in range(turns):
        for side, count, found in zip(sides, counts, samples, strict=True):
            found.append(side.run(count) / count)
    ours, floor, peer = (Figures.of(found, MICROSECONDS) for found in samples)
    return compared(comparison.name, "µs", comparison.goal, ours, floor, peer)
