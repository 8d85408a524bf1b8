"""memory: how much Home Assistant grows by the integration, and what the bot has."""

from benchmarks.harness import Figures, Row, limited
from benchmarks.household import bot
from benchmarks.household.processes import steady

MOST_MEGABYTES = 12


def memory(quick: bool) -> list[Row]:
    """Weigh what 40 watched markets add to Home Assistant, and the bot after some use."""
    grown = steady(quick)["megabytes"]
    return [
        limited("memory: Home Assistant", "MB", Figures(grown), MOST_MEGABYTES),
        *bot.memory(quick),
    ]
