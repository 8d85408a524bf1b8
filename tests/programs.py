"""What the programs of the tests have in common: arguments, words, and how they end."""

import argparse
import asyncio
from collections.abc import Coroutine
from pathlib import Path
import signal
import sys
from typing import Any


def parser_of(
    prog: str, description: str, epilog: str, *, minutes: float, seed_of: str
) -> argparse.ArgumentParser:
    """Return a parser of what every program takes."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=minutes,
        help="how long (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help=f"seed of the {seed_of} (default: %(default)s)",
    )
    parser.add_argument(
        "--directory", type=Path, help="where stores and logs go (default: temporary)"
    )
    return parser


def say(text: str) -> None:
    """Tell what is being done."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def runs(pid: int) -> bool:
    """Return whether a process runs; one that ended may still wait for its parent to notice."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError, ProcessLookupError:
        return False
    return state != "Z"


async def until_stopped[T](work: Coroutine[Any, Any, T]) -> T:
    """Do the work; SIGTERM and Ctrl-C let it stop all its processes first."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task
