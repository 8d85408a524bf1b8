"""Measure this project, the floor and the peers side by side."""

import argparse
from collections.abc import Callable
from pathlib import Path
import sys

import orjson

from benchmarks import chart, codec
from benchmarks.harness import Row
from benchmarks.household import bot, memory, points, start
from benchmarks.latency import fills, taps
from benchmarks.latency.stage import STAGE

# By name; each takes whether it is to be quick.
BENCHMARKS: dict[str, Callable[[bool], list[Row]]] = {
    "parse": codec.parse,
    "sign": codec.sign,
    "chart": chart.run,
    "start": start.start,
    "points": points.points,
    "memory": memory.memory,
    # The last ones: from the first of them on a whole system runs beside.
    "memory-bot": bot.memory,
    "fill-to-chat": fills.fill_to_chat,
    "fill-to-event": fills.fill_to_event,
    "tap-to-order": taps.tap_to_order,
}
COLUMNS = "{:34} {:>5} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}  {}"
TITLES = (
    *("", "unit", "ours", "p95", "floor", "p95", "peer", "p95"),
    *("x floor", "x peer"),
)


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


def number(value: float | None) -> str:
    """Return a number as the table shows it."""
    return "-" if value is None else f"{value:.2f}"


def line(row: Row) -> str:
    """Return a line of the table."""
    measured = [
        value
        for side in (row.ours, row.floor, row.peer)
        for value in ((side.median, side.p95) if side else (None, None))
    ]
    to_peer = row.ratio_to_peer
    return COLUMNS.format(
        row.name,
        row.unit,
        *map(number, measured),
        number(row.ratio_to_floor),
        "-" if to_peer is None else f"{to_peer:.4f}",
        f"{row.goal}: {'met' if row.met else 'NOT MET'}",
    )


def main() -> int:
    """Run the benchmarks and print the table."""
    arguments = parse_arguments()
    chosen = [
        run for name, run in BENCHMARKS.items() if name.startswith(arguments.only)
    ]
    if not chosen:
        names = ", ".join(BENCHMARKS)
        print(f"No benchmark begins with {arguments.only!r}; there are: {names}")
        return 2
    print(COLUMNS.format(*TITLES, "goal"))
    rows: list[Row] = []
    with STAGE:
        for run in chosen:
            for row in run(arguments.quick):
                rows.append(row)
                print(line(row), flush=True)
    if arguments.json:
        arguments.json.write_bytes(
            orjson.dumps([row.as_dict() for row in rows], option=orjson.OPT_INDENT_2)
        )
    return 0


sys.exit(main())
