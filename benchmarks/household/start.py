"""start: the time to import the integration, and to set an entry up."""

from collections.abc import Mapping, Sequence

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
    turns = QUICK_TURNS if quick else TURNS
    near, far = (
        run("benchmarks.household.entry", str(turns), str(delay)) for delay in (0, FAR)
    )
    # What the entities alone take does not depend on how far away the exchange is.
    with_entities = [
        asked + added for asked, added in zip(near["floor"], near["bare"], strict=True)
    ]
    return [
        _entry("start: entry", near),
        _entry("start: floor adds the entities", {**near, "floor": with_entities}),
        _entry("start: entry, exchange far away", far),
        limited("start: import", "ms", Figures.of(samples), MOST_MILLISECONDS),
    ]


def _entry(name: str, found: Mapping[str, Sequence[float]]) -> Row:
    """Compare a set-up with the requests that it needs, and with another integration."""
    ours, floor, peer = (Figures.of(found[side]) for side in ("ours", "floor", "peer"))
    return compared(name, "ms", GOAL, ours, floor, peer)
