"""Run Home Assistant with an eye on its event loop: `python watched.py REPORT ARGUMENT...`.

Runs in the environment of the newest Home Assistant and imports nothing of this project. Each
turn of the loop that takes longer than the limit becomes a line of JSON in REPORT.
"""

import asyncio
import gc
import json
import linecache
import os
from pathlib import Path
import signal
import sys
import time
from types import FrameType
from typing import TextIO

from homeassistant.__main__ import main

LIMIT = 0.02
STACK_DEPTH = 40
OWN = "custom_components/cexio/"

type Place = tuple[str, int, str]


class Collecting:
    """How long the collection of the whole process's garbage took, which strikes any turn."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0
        self._begun = 0.0

    def __call__(self, phase: str, _info: object) -> None:
        """Take in that a collection begins or ends."""
        if phase == "start":
            self._begun = time.thread_time()
        else:
            self.seconds += time.thread_time() - self._begun


def watch(report: TextIO) -> None:
    """Measure each turn of the event loop of this thread, and look into it when the limit is over.

    What the machine made it wait for a processor is told apart: it is no block of the loop's making.
    """
    run = asyncio.Handle._run
    collecting = Collecting()
    schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    stack: list[Place] = []

    def waited() -> float:
        """Return for how long this thread was ready to run, but did not, in seconds."""
        return int(os.pread(schedule, 64, 0).split()[1]) / 1e9

    def look(_number: int, frame: FrameType | None) -> None:
        """Note where the turn is at the limit."""
        stack.clear()
        while frame is not None and len(stack) < STACK_DEPTH:
            code = frame.f_code
            stack.append((code.co_filename, frame.f_lineno, code.co_name))
            frame = frame.f_back

    def measured(handle: asyncio.Handle) -> None:
        """Run one turn."""
        what = handle._callback  # type: ignore[attr-defined]  # asyncio's own debug mode shows it, too
        stack.clear()
        collecting.seconds = 0.0
        waited_before, cpu, begun = waited(), time.thread_time(), time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            run(handle)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            took = time.monotonic() - begun
            if took >= LIMIT:
                cpu = time.thread_time() - cpu
                tell(what, took, cpu, waited() - waited_before)

    def tell(what: object, took: float, cpu: float, waiting: float) -> None:
        """Write a line."""
        owner = getattr(what, "__self__", None)
        name = repr(owner if isinstance(owner, asyncio.Task) else what)
        line = {
            "time": time.time(),
            "took": took,
            "cpu": cpu,
            "collecting": collecting.seconds,
            "waited": waiting,
            "own": OWN in name or any(OWN in place[0] for place in stack),
            "what": name[:400],
            "stack": [
                f"{path}:{number} {function}" for path, number, function in stack
            ],
        }
        report.write(f"{json.dumps(line)}\n")
        report.flush()

    gc.callbacks.append(collecting)
    # The debug mode would ask the disk whether any source file has changed, for each task anew.
    linecache.checkcache = lambda filename=None: None
    signal.signal(signal.SIGALRM, look)
    asyncio.Handle._run = measured  # type: ignore[method-assign, assignment]  # the one place through which every turn goes


if __name__ == "__main__":
    with Path(sys.argv.pop(1)).open("a", encoding="utf-8") as file:
        watch(file)
        sys.exit(main())
