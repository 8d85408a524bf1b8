"""memory: how much Home Assistant grows by the integration, and what the bot has.

Beside the first stands how much it grows by the code of the integration and as many empty entities alone.
"""

from dataclasses import replace

from benchmarks.harness import Figures, Row, limited
from benchmarks.household import bot
from benchmarks.household.processes import run, steady

MOST_MEGABYTES = 12
# Home Assistant writes its registry ten seconds after the last entity came.
WRITTEN_SECONDS = 15.0


def memory(quick: bool) -> list[Row]:
    """Weigh what 40 watched markets add to Home Assistant, and the bot after some use."""
    grown = steady(quick)["megabytes"]
    empty = run("benchmarks.household.empty", "0" if quick else str(WRITTEN_SECONDS))
    ours = limited("memory: Home Assistant", "MB", Figures(grown), MOST_MEGABYTES)
    return [
        replace(ours, floor=Figures(sum(empty.values()))),
        *bot.memory(quick),
    ]
