"""Measure this project, the floor and the peers side by side."""

import argparse
from pathlib import Path
import sys

import orjson

from benchmarks.harness import Comparison, Goal, Result, compare

TURNS = 60
QUICK_TURNS = 10
WORK = {
    "parse: execution report": ("parse_report", Goal(4, 5)),
    "parse: ticker": ("parse_ticker", Goal(4, 5)),
    "parse: 900 pairs": ("parse_pairs", Goal(4, 5)),
    "sign": ("sign", Goal(2)),
}
COMPARISONS = tuple(
    Comparison(
        name,
        ours=f"benchmarks.ours:{function}",
        floor=f"benchmarks.floor:{function}",
        peer=f"benchmarks.peer:{function}",
        goal=goal,
    )
    for name, (function, goal) in WORK.items()
)
COLUMNS = "{:26} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}  {}"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./scripts/benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument(
        "--only", metavar="NAME", default="", help="those whose names begin so"
    )
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the results as JSON, too"
    )
    return parser.parse_args()


def row(result: Result) -> str:
    """Return a line of the table; times in microseconds."""
    to_peer = result.ratio_to_peer
    return COLUMNS.format(
        result.comparison.name,
        f"{result.ours.median * 1e6:.2f}",
        f"{result.ours.p95 * 1e6:.2f}",
        f"{result.floor.median * 1e6:.2f}",
        "-" if result.peer is None else f"{result.peer.median * 1e6:.2f}",
        f"{result.ratio_to_floor:.2f}",
        "-" if to_peer is None else f"{to_peer:.3f}",
        f"{result.comparison.goal}: {'met' if result.met else 'NOT MET'}",
    )


def main() -> int:
    """Run the comparisons and print the table."""
    arguments = parse_arguments()
    chosen = [item for item in COMPARISONS if item.name.startswith(arguments.only)]
    if not chosen:
        names = ", ".join(item.name for item in COMPARISONS)
        print(f"No benchmark begins with {arguments.only!r}; there are: {names}")
        return 2
    print(
        COLUMNS.format(
            "µs", "ours", "p95", "floor", "peer", "x floor", "x peer", "goal"
        )
    )
    results = []
    for comparison in chosen:
        results.append(compare(comparison, QUICK_TURNS if arguments.quick else TURNS))
        print(row(results[-1]), flush=True)
    if arguments.json:
        arguments.json.write_bytes(
            orjson.dumps(
                [result.as_dict() for result in results], option=orjson.OPT_INDENT_2
            )
        )
    return 0


sys.exit(main())
