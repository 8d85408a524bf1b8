"""memory: how much Home Assistant grows by the integration."""

from benchmarks.harness import Row
from benchmarks.household.processes import row, steady

MOST_MEGABYTES = 12


def memory(quick: bool) -> list[Row]:
    """Weigh Home Assistant before the integration is imported, and while it watches 40 markets."""
    grown = steady(quick)["megabytes"]
    return [row("memory: Home Assistant", "MB", [grown], MOST_MEGABYTES)]
