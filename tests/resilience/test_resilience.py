"""A short run of everything: real processes, every fault, six kills."""

from pathlib import Path
import sys

import pytest

from tests.resilience.faults import EARLY, FAULTS
from tests.resilience.run import run
from tests.resilience.schedule import Part, Tap, make_plan
from tests.resilience.soak import POINTS, table

SEED = 13
SECONDS = 90.0
# At most: it goes on as soon as everybody agrees.
SETTLE_SECONDS = 360.0
KILLS = 6
EXECUTIONS = 200


# It takes three minutes; a machine that is busy with much else may need more.
@pytest.mark.timeout(1200)
@pytest.mark.resilience
async def test_nothing_is_lost_and_nothing_comes_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After all that can go wrong, the exchange, the feed and the chat agree to the last digit."""
    plan = make_plan(
        SEED, SECONDS, faults=tuple(FAULTS), early=EARLY, kills=KILLS, points=POINTS
    )
    report = await run(
        plan,
        tmp_path,
        settle_seconds=SETTLE_SECONDS,
        progress=lambda _: None,
        executions=EXECUTIONS,
    )
    with capsys.disabled():
        # The messages that Telegram left in doubt are the only copies allowed: whoever runs it sees how many.
        sys.stdout.write(f"\n{table(report)}\n")
    assert report.verdict.words() == []
    assert report.verdict.unsettled == []
    assert report.executions >= EXECUTIONS
    assert sum(report.faults[f"kill {part}"] for part in Part) == KILLS
    kinds = {*FAULTS, Tap.DOUBLE, Tap.AGAIN, Tap.STRANGER}
    assert {kind for kind in kinds if not report.faults.get(kind)} == set()
