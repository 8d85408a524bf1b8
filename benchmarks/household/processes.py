"""Run what is measured in processes of its own; hold what they say against absolute goals."""

from functools import cache
import subprocess
from typing import Any

import orjson

from benchmarks.harness import OUR_PYTHON, REPOSITORY, Figures, Row

MINUTES = 5.0
QUICK_MINUTES = 0.1


@cache
def steady(quick: bool) -> Any:
    """Let a household run, once for all who ask."""
    minutes = QUICK_MINUTES if quick else MINUTES
    return run("benchmarks.household.steady", str(minutes))


def row(name: str, unit: str, samples: list[float], most: int) -> Row:
    """Hold samples against an absolute goal."""
    figures = Figures.of(samples)
    return Row(name, unit, figures, f"≤ {most} {unit}", figures.median <= most)


def run(module: str, *arguments: str) -> Any:
    """Run a module in a process of its own; return what its last line says."""
    done = subprocess.run(
        [OUR_PYTHON, "-m", module, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        check=True,
    )
    return orjson.loads(done.stdout.splitlines()[-1])
