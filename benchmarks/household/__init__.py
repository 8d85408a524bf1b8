"""What the integration costs a Home Assistant that watches much: points, memory, the time to load."""

from functools import cache
import subprocess
from typing import Any

import orjson

from benchmarks.harness import OUR_PYTHON, REPOSITORY, Figures, Row

MINUTES = 5.0
QUICK_MINUTES = 0.5
IMPORTS = 20
QUICK_IMPORTS = 3
MOST_POINTS = 20
MOST_MEGABYTES = 12
MOST_MILLISECONDS = 150


def points(quick: bool) -> list[Row]:
    """Count what a household spends at the exchange."""
    found = _steady(quick)
    return [
        _row(f"points: {budget}, a minute", "points", [found[budget]], MOST_POINTS)
        for budget in ("private", "public")
    ]


def memory(quick: bool) -> list[Row]:
    """Tell how much Home Assistant grew by it."""
    megabytes = _steady(quick)["megabytes"]
    return [_row("memory: Home Assistant", "MB", [megabytes], MOST_MEGABYTES)]


@cache
def _steady(quick: bool) -> Any:
    """Let a household run, once for all who ask."""
    minutes = QUICK_MINUTES if quick else MINUTES
    return _run("benchmarks.household.steady", str(minutes))


def start(quick: bool) -> list[Row]:
    """Import the integration into processes that hold Home Assistant already."""
    samples = [
        _run("benchmarks.household.imports")["milliseconds"]
        for _ in range(QUICK_IMPORTS if quick else IMPORTS)
    ]
    return [_row("start: import", "ms", samples, MOST_MILLISECONDS)]


def _row(name: str, unit: str, samples: list[float], most: int) -> Row:
    """Hold samples against an absolute goal."""
    figures = Figures.of(samples)
    return Row(name, unit, figures, f"≤ {most} {unit}", figures.median <= most)


def _run(module: str, *arguments: str) -> Any:
    """Run a module in a process of its own; return what its last line says."""
    done = subprocess.run(
        [OUR_PYTHON, "-m", module, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        check=True,
    )
    return orjson.loads(done.stdout.splitlines()[-1])
