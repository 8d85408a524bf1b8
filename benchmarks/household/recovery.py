"""recovery: Home Assistant is back after 200 missed fills on 40 orders, and tells of all of them."""

from collections.abc import Mapping, Sequence

from benchmarks.harness import Figures, Goal, Row, compared, limited
from benchmarks.household.processes import run

TURNS = 12
QUICK_TURNS = 2
# What an exchange on another continent takes to answer.
FAR = 0.1
GOAL = Goal(2)
MOST_POINTS = 40


def recovery(quick: bool) -> list[Row]:
    """Come back again and again, beside a client that asks the same by hand, nearby and far away."""
    near, far = (
        run(
            "benchmarks.household.absence",
            str(QUICK_TURNS if quick else TURNS),
            str(delay),
        )
        for delay in (0, FAR)
    )
    return [
        _compared("recovery", near, "told"),
        _compared("recovery, exchange far away", far, "told"),
        _compared("recovery, from the set-up on", near, "back"),
        limited("recovery: points", "points", Figures.of(near["points"]), MOST_POINTS),
    ]


def _compared(name: str, found: Mapping[str, Sequence[float]], side: str) -> Row:
    """Hold what it took against the questions alone."""
    ours, floor = Figures.of(found[side]), Figures.of(found[f"floor_{side}"])
    return compared(name, "ms", GOAL, ours, floor)
