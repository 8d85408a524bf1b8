"""scale: how much a second until the feed is behind, and how the cost grows with the amount."""

from collections.abc import Sequence
import math
import statistics
from typing import Any

from benchmarks.harness import Figures, Row
from benchmarks.household.processes import run

STEEPEST = 1.05
FEWEST_EXECUTIONS = 2000
# How often the amount is doubled, and for how many seconds each is poured.
LEVELS, QUICK_LEVELS = 5, 4
PAIR_LEVELS, QUICK_PAIR_LEVELS = 4, 2
SECONDS, QUICK_SECONDS = 3.0, 0.5


def scale(quick: bool) -> list[Row]:
    """Double executions a second and pairs until the feed is behind; look how the cost grows."""
    found = run(
        "benchmarks.throughput.house",
        str(QUICK_LEVELS if quick else LEVELS),
        str(QUICK_PAIR_LEVELS if quick else PAIR_LEVELS),
        str(QUICK_SECONDS if quick else SECONDS),
    )
    executions, pairs = found["executions"], found["pairs"]
    fastest = kept_up_with(executions["steps"])
    return [
        Row(
            "scale: executions a second",
            "1/s",
            Figures(fastest),
            f"≥ {FEWEST_EXECUTIONS} 1/s",
            fastest >= FEWEST_EXECUTIONS,
        ),
        flat("scale: slope, executions", executions["costs"]),
        Row(
            "scale: pairs",
            "1/s",
            Figures(kept_up_with(pairs["steps"])),
            "until 1 s behind",
            met=True,
        ),
        flat("scale: slope, pairs", pairs["costs"]),
    ]


def kept_up_with(steps: Sequence[Any]) -> float:
    """Return the highest rate at which all came, and nothing a second late."""
    return max((float(step["rate"]) for step in steps if step["kept_up"]), default=0.0)


def flat(name: str, costs: Sequence[Any]) -> Row:
    """Hold the growth of the whole cost over the amount against a straight line."""
    fit = statistics.linear_regression(
        [math.log(step["count"]) for step in costs],
        [math.log(step["cpu"]) for step in costs],
    )
    goal = f"≤ {STEEPEST:g} (log-log)"
    return Row(name, "slope", Figures(fit.slope), goal, fit.slope <= STEEPEST)
