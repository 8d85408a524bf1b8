"""points: what a household spends at the exchange, and what it would by polling."""

from benchmarks.harness import Figures, Row, limited
from benchmarks.household.processes import run, steady

MOST_POINTS = 20


def points(quick: bool) -> list[Row]:
    """Count what a household spends at the exchange, and ccxt asking for the same every ten seconds."""
    ours, peer = steady(quick), run("benchmarks.household.polling")
    return [
        limited(
            f"points: {budget}, a minute",
            "points",
            Figures(ours[budget]),
            MOST_POINTS,
            Figures(peer[budget]),
        )
        for budget in ("private", "public")
    ]
