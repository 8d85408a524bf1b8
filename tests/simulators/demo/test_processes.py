"""Child processes end with whoever owns them."""

import asyncio
from pathlib import Path
import sys

import pytest

from simulators.demo.processes import Processes
from tests.patience import PATIENCE
from tests.programs import runs

# It has a child of its own, and neither of them hears a polite word.
STUBBORN = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
other = os.fork()
if other:
    print('{"other": %d}' % other, flush=True)
while True:
    signal.sigwait({signal.SIGTERM})
    open(sys.argv[1], "w").close()
"""


async def test_interrupted_while_it_stops_its_children(tmp_path: Path) -> None:
    """What did not end yet is ended at once, with all that it started."""
    heard = tmp_path / "heard"
    others: list[int] = []

    async def run() -> None:
        """Start two, and stop them."""
        async with Processes(tmp_path, tmp_path / "logs") as processes:
            for name in ("one", "two"):
                child = await processes.start(
                    name,
                    [sys.executable, "-c", STUBBORN, str(heard)],
                    ready_seconds=PATIENCE,
                )
                others.extend((child.process.pid, child.ready["other"]))

    running = asyncio.create_task(run())
    async with asyncio.timeout(PATIENCE):
        while not heard.exists():  # noqa: ASYNC110 - only a file tells that the child was asked to end
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        while any(map(runs, others)):  # noqa: ASYNC110 - nobody tells of the end of another's child
            await asyncio.sleep(0.01)
