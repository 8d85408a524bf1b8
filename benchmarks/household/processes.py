"""Run what is measured in processes of its own: both ends of the line of JSON that tells what was found."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from functools import cache
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import orjson

from benchmarks.harness import OUR_PYTHON, REPOSITORY, end_when_told

MINUTES = 5.0
QUICK_MINUTES = 0.1
MOST_SECONDS = 900.0
STOP_SECONDS = 30.0


@cache
def steady(quick: bool) -> Any:
    """Let a household run, once for all who ask."""
    minutes = QUICK_MINUTES if quick else MINUTES
    return run("benchmarks.household.steady", str(minutes))


def run(module: str, *arguments: str) -> Any:
    """Run a module in a process of its own; return what its last line says.

    Raises:
        CalledProcessError: It failed.
        TimeoutExpired: It does not end.
    """
    command: list[str | Path] = [OUR_PYTHON, "-m", module, *arguments]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=MOST_SECONDS)
        except BaseException:
            # A Ctrl-C lets it stop what it has started itself.
            process.send_signal(signal.SIGINT)
            try:
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=STOP_SECONDS)
            finally:
                process.kill()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return orjson.loads(output.splitlines()[-1])


def tell(work: Coroutine[Any, Any, object]) -> None:
    """Be such a process: do the work and print what was found; told to end, leave nothing behind."""
    end_when_told()
    try:
        found = asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    print(orjson.dumps(found).decode())
