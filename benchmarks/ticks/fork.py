"""Run sides in processes of their own that share what they import: `fork EXCHANGE REPORTS SIDE...`.

EXCHANGE is the ready line of the exchange, REPORTS a folder, a SIDE the name of a module and its option. Prints a line
with their process ids when all of them are at work; told to end, ends them.
"""

import gc
from importlib import import_module
import json
import os
from pathlib import Path
import signal
import sys
from types import ModuleType
from typing import Any, NoReturn


def main() -> None:
    """Import everything, begin the sides, and wait."""
    exchange, reports, *sides = sys.argv[1:]
    ready = json.loads(exchange)
    modules = [import_module(f"benchmarks.ticks.{side.split()[0]}") for side in sides]
    # What all share is left where it is.
    gc.collect()
    gc.freeze()
    pids: dict[str, int] = {}
    lines: list[int] = []

    def end(*_: object) -> None:
        """End all sides; it may be asked for at any time."""
        for pid in pids.values():
            os.kill(pid, signal.SIGTERM)

    for side, module in zip(sides, modules, strict=True):
        line, written = os.pipe()
        pid = os.fork()
        if not pid:
            os.dup2(written, sys.stdout.fileno())
            be(module, side, ready, reports)
        os.close(written)
        pids[side] = pid
        lines.append(line)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if all(os.read(line, 1) for line in lines):
        print(json.dumps(pids), flush=True)
    else:
        end()
    for pid in pids.values():
        os.waitpid(pid, 0)


def be(module: ModuleType, side: str, ready: dict[str, Any], reports: str) -> NoReturn:
    """Be a side; nothing of the parent's goes on here."""
    status = 1
    try:
        module.main(side.split()[1], ready, str(Path(reports) / side))
        status = 0
    finally:
        if status:
            sys.excepthook(*sys.exc_info())
        os._exit(status)


if __name__ == "__main__":
    main()
