"""What a person types: choose benchmarks, watch them run, read the table."""

import argparse
from collections.abc import Callable, Mapping, Sequence
import os
from pathlib import Path
import sys
import textwrap
from time import monotonic
import traceback

import orjson

from benchmarks.harness import Row, end_when_told
from benchmarks.latency.stage import STAGE

type Benchmark = Callable[[bool], list[Row]]

COLUMNS = "{:34} {:>5} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}  {}"
TITLES = (
    *("", "unit", "ours", "p95", "floor", "p95", "peer", "p95"),
    *("x floor", "x peer", "goal"),
)
EXAMPLES = """\
examples:
  ./scripts/benchmark                        everything; takes about twenty minutes
  ./scripts/benchmark --quick                everything with few samples, in less than three
  ./scripts/benchmark --only parse           one of them
  ./scripts/benchmark --only fill            all whose names begin so
  ./scripts/benchmark --only parse --only sign
  ./scripts/benchmark --json results.json    keep the results, too

ours, floor and peer are medians, each with its 95th percentile (p95). The floor is the least that the same work
can cost, the peer is other software that does it. "x floor" and "x peer" are what counts: how many times the
floor's or the peer's median ours is, measured in turns in one run on one machine. Progress goes to the standard
error, the table to the standard output. A goal that is missed is told, and is no error.
"""


def main(benchmarks: Mapping[str, Benchmark], words: Sequence[str]) -> int:
    """Run what was chosen and print the table; 1 when a benchmark failed, 130 when interrupted."""
    parser = _parser(benchmarks)
    arguments = parser.parse_args(words)
    begins = tuple(arguments.only) or ""
    chosen = {name: run for name, run in benchmarks.items() if name.startswith(begins)}
    if unknown := [
        begin
        for begin in arguments.only
        if not any(name.startswith(begin) for name in chosen)
    ]:
        wanted, known = " or ".join(unknown), ", ".join(benchmarks)
        parser.error(f"no benchmark's name begins with {wanted}; there are: {known}")
    results: Path | None = arguments.json
    # Nobody shall wait for what cannot be kept then.
    if results and (results.is_dir() or not os.access(results.parent, os.W_OK)):
        parser.error(f"{results} cannot be written")
    end_when_told()
    try:
        with STAGE:
            rows, failed = _run(chosen, quick=arguments.quick)
            if results:
                found = [row.as_dict() for row in rows]
                results.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    except KeyboardInterrupt:
        _tell("Interrupted; nothing is left running.")
        return 130
    if failed:
        _tell(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _parser(benchmarks: Mapping[str, Benchmark]) -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    names = "\n".join(
        f"  {name:14} {_first_line(run)}" for name, run in benchmarks.items()
    )
    parser = argparse.ArgumentParser(
        prog="./scripts/benchmark",
        description="Measure this project, the floor and the peers side by side.",
        epilog=f"benchmarks:\n{names}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="few samples: to see that everything runs"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="only the benchmark of this name, or all whose names begin so; more than one may be given",
    )
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the results as JSON, too"
    )
    return parser


def _first_line(run: Benchmark) -> str:
    """Return what a benchmark says it does."""
    return (run.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _run(
    chosen: Mapping[str, Benchmark], *, quick: bool
) -> tuple[list[Row], list[str]]:
    """Run one after another; return what they found, and the names of those that failed, which end no other."""
    rows, failed = [], []
    print(COLUMNS.format(*TITLES))
    for number, (name, run) in enumerate(chosen.items(), 1):
        began = monotonic()
        _tell(f"[{number}/{len(chosen)}] {name} ...")
        try:
            found = run(quick)
        except Exception:  # noqa: BLE001 - whatever it was, the others can be measured
            _tell(traceback.format_exc())
            failed.append(name)
            found = []
        for row in found:
            print(line(row), flush=True)
        rows += found
        _tell(f"[{number}/{len(chosen)}] {name}: {monotonic() - began:.1f} s")
    return rows, failed


def _tell(words: str) -> None:
    """Tell how it goes, beside the table."""
    sys.stderr.write(textwrap.indent(words, "  ") + "\n")
    sys.stderr.flush()


def _number(value: float | None) -> str:
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
        *map(_number, measured),
        _number(row.ratio_to_floor),
        "-" if to_peer is None else f"{to_peer:.4f}",
        f"{row.goal}: {'met' if row.met else 'NOT MET'}",
    )
