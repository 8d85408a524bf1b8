"""points: what a household spends at the exchange."""

from benchmarks.harness import Row
from benchmarks.household.processes import row, steady

MOST_POINTS = 20


def points(quick: bool) -> list[Row]:
    """Count what a household spends at the exchange."""
    found = steady(quick)
    return [
        row(f"points: {budget}, a minute", "points", [found[budget]], MOST_POINTS)
        for budget in ("private", "public")
    ]
