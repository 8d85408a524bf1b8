"""start: the time to import the integration, and to set an entry up."""

from benchmarks.harness import Figures, Goal, Row, compared, limited
from benchmarks.household.processes import run

IMPORTS = 20
QUICK_IMPORTS = 1
TURNS = 20
QUICK_TURNS = 2
# What an exchange on another continent takes to answer.
FAR = 0.1
GOAL = Goal(1.5)
MOST_MILLISECONDS = 150


def start(quick: bool) -> list[Row]:
    """Set an entry up at an exchange nearby and far away, and import the integration."""
    # What is compiled the first time is kept for the next ones.
    run("benchmarks.household.imports")
    samples = [
        run("benchmarks.household.imports")["milliseconds"]
        for _ in range(QUICK_IMPORTS if quick else IMPORTS)
    ]
    return [
        _entry("start: entry", 0, quick),
        _entry("start: entry, exchange far away", FAR, quick),
        limited("start: import", "ms", Figures.of(samples), MOST_MILLISECONDS),
    ]


def _entry(name: str, delay: float, quick: bool) -> Row:
    """Set an entry up beside the requests that it needs, and beside another integration."""
    turns = QUICK_TURNS if quick else TURNS
    found = run("benchmarks.household.entry", str(turns), str(delay))
    ours, floor, peer = (Figures.of(found[side]) for side in ("ours", "floor", "peer"))
    return compared(name, "ms", GOAL, ours, floor, peer)
