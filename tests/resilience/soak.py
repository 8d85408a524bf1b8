"""Run it for as long as one likes: `python -m tests.resilience.soak`."""

import argparse
import asyncio
from pathlib import Path
import shutil
import sys
import tempfile

import aiohttp
import orjson

from simulators.demo.home_assistant import HomeAssistantError
from simulators.demo.processes import ProcessError
from tests.programs import parser_of, say, until_stopped
from tests.resilience.faults import EARLY, FAULTS
from tests.resilience.mortal import BOT_POINTS, HOME_ASSISTANT_POINTS
from tests.resilience.run import Report, run
from tests.resilience.schedule import Part, make_plan

KILL_EVERY_SECONDS = 40.0
# At most; a chat takes one edit a second, and a long run leaves more of them for the end.
SETTLE_SECONDS = 360.0
SETTLE_SHARE = 1 / 6

POINTS = {
    Part.HOME_ASSISTANT: tuple(HOME_ASSISTANT_POINTS),
    Part.BOT: tuple(BOT_POINTS),
}

DESCRIPTION = """\
Trades, fails and kills for a while, then compares: what the simulated exchange filled, what Home Assistant's
feed holds, what the chat shows. Exits 1 when anything was lost or doubled, or a card tells something untrue."""
EXAMPLES = """\
examples:
  ./scripts/soak --minutes 3 --seed 1              a short one
  ./scripts/soak --minutes 60 --seed 7 --json soak.json
  ./scripts/soak --minutes 2 --no-faults           without any trouble: it must be spotless

The same seed makes the same plan; what comes of it also depends on how fast this machine is.
Logs and stores stay in the directory that is named at the end when something was wrong."""


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of(
        "./scripts/soak", DESCRIPTION, EXAMPLES, minutes=3.0, seed_of="plan"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the table as JSON too"
    )
    parser.add_argument(
        "--no-faults", action="store_true", help="neither faults nor kills"
    )
    return parser.parse_args()


def table(report: Report) -> str:
    """Return the report as a table."""
    rows = []
    for name, value in report.as_dict().items():
        if isinstance(value, dict):
            rows.append((name, ""))
            rows += [
                (f"  {key}", f"{item / 2**20:.0f} MiB" if "memory" in name else item)
                for key, item in value.items()
            ]
        elif isinstance(value, list):
            rows += [(name, text) for text in value]
        else:
            rows.append(
                (name, f"{value:.1f} s" if isinstance(value, float) else str(value))
            )
    return "\n".join(f"{name:<38}{value}" for name, value in rows)


def main() -> int:
    """Run, print, tell by the exit status."""
    arguments = parse_arguments()
    seconds = arguments.minutes * 60
    plan = make_plan(
        arguments.seed,
        seconds,
        faults=() if arguments.no_faults else tuple(FAULTS),
        early=EARLY,
        points=POINTS,
        kills=0 if arguments.no_faults else max(2, int(seconds / KILL_EVERY_SECONDS)),
    )
    directory = (
        arguments.directory or Path(tempfile.mkdtemp(prefix="cexio-soak-"))
    ).resolve()
    try:
        report = asyncio.run(
            until_stopped(
                run(
                    plan,
                    directory,
                    settle_seconds=max(SETTLE_SECONDS, seconds * SETTLE_SHARE),
                    progress=say,
                )
            )
        )
    except (
        ProcessError,
        HomeAssistantError,
        aiohttp.ClientError,
        ExceptionGroup,
    ) as err:
        say(f"FAILED  {err!r}\nlogs: {directory / 'logs'}")
        return 1
    except asyncio.CancelledError:
        say("stopped")
        return 130
    say(table(report))
    if arguments.json:
        arguments.json.write_bytes(
            orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2)
        )
    if not report.verdict.is_good:
        say(f"logs and stores: {directory}")
        return 1
    if arguments.directory is None:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
