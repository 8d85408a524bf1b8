"""Let Home Assistant work for a while and judge it: `python -m tests.endurance`."""

import argparse
import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
import os
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Any

import aiohttp

from simulators.demo.home_assistant import Connection, HomeAssistantError
from simulators.demo.processes import ProcessError
from simulators.demo.system import HASS, System, run_system
from tests.endurance.verdict import Price, Turn, Verdict, judge
from tests.programs import parser_of, say, until_stopped

WATCHED = Path(__file__).with_name("watched.py")
PRICES_WITHIN_SECONDS = 60.0
LOOKS = 5
# Each market gets one alert of each of these, all repeating.
ALERTS: tuple[dict[str, Any], ...] = (
    {"condition": "crosses"},
    {"condition": "moves", "percentage": "0.5", "window": {"minutes": 1}},
    {"condition": "spread_above", "percentage": "0.05"},
)

DESCRIPTION = """\
Runs the newest Home Assistant with many watched markets and three price alerts on each of them, the asyncio debug
mode on, and looks at every turn of its event loop. Exits 1 when this integration logged a warning or an error,
when a watched price stood still, or when a turn in which it was at work computed for longer than 20 ms. Waiting for
a processor or for other threads does not count, nor does the collection of the whole process's garbage, which
strikes any turn; both are shown."""
EXAMPLES = """\
examples:
  ./scripts/endure                            ten minutes with 40 markets
  ./scripts/endure --minutes 1 --pairs 10     a short one"""


@dataclass(frozen=True, slots=True)
class Course:
    """What was seen from outside while Home Assistant worked."""

    begun: float
    ended: float
    prices: Mapping[str, Price]
    fired: int
    # Resident memory in bytes, in equal steps from the beginning to the end.
    memory: tuple[int, ...]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of(
        "./scripts/endure", DESCRIPTION, EXAMPLES, minutes=10.0, seed_of="market"
    )
    parser.add_argument(
        "--pairs", type=int, default=40, help="watched markets (default: %(default)s)"
    )
    return parser.parse_args()


async def mids(connection: Connection) -> dict[str, Price]:
    """Return the middle price of each market, by its entity."""
    return {
        state["entity_id"]: Price(
            state["state"], datetime.fromisoformat(state["last_updated"]).timestamp()
        )
        for state in await connection.command({"type": "get_states"})
        if state["entity_id"].startswith("sensor.")
        and state["entity_id"].endswith("_mid_price")
    }


async def add_alerts(connection: Connection, markets: Mapping[str, Price]) -> None:
    """Set the alerts of each market; those on a level at the price of the moment."""
    for entity, price in markets.items():
        name = entity.removeprefix("sensor.").removesuffix("_mid_price")
        for alert in ALERTS:
            level = {"price": price.state} if alert["condition"] == "crosses" else {}
            await connection.call_action(
                "cexio",
                "add_price_alert",
                pair=name.replace("_", "-"),
                repeat=True,
                **alert,
                **level,
            )


def memory_of(system: System) -> int:
    """Return the resident memory of Home Assistant in bytes."""
    (pid,) = (
        child.process.pid
        for child in system.processes._children
        if child.name == "home_assistant"
    )
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


async def work(system: System, pairs: int, seconds: float) -> Course:
    """Set the alerts, let Home Assistant work, and look at it from outside.

    Raises:
        HomeAssistantError: it did not show the price of each market.
    """
    token = system.owner_token
    async with system.home_assistant.connect(token) as connection:
        async with asyncio.timeout(PRICES_WITHIN_SECONDS):
            first = await mids(connection)
            while len(first) < pairs or not all(
                item.is_known for item in first.values()
            ):
                await asyncio.sleep(0.5)
                first = await mids(connection)
        await connection.command(
            {"type": "subscribe_events", "event_type": "cexio_price_alert"}
        )
        say(f"setting {len(ALERTS) * pairs} price alerts")
        await add_alerts(connection, first)
        say(f"working for {seconds / 60:g} minutes")
        begun, memory = time.time(), [memory_of(system)]
        for _ in range(LOOKS):
            await asyncio.sleep(seconds / LOOKS)
            memory.append(memory_of(system))
        return Course(
            begun,
            time.time(),
            await mids(connection),
            connection.events.qsize(),
            tuple(memory),
        )


async def run(options: argparse.Namespace, directory: Path) -> int:
    """Run the system, judge it, and return the exit status."""
    report = directory / "turns.json"
    # Warnings that Python keeps silent otherwise are logged; debug is asyncio's, too.
    hass: list[str | Path] = [HASS.with_name("python"), "-W", "default"]
    hass += [WATCHED, report, "--debug"]
    async with run_system(
        directory,
        seed=options.seed,
        progress=say,
        preferred_ports=False,
        pairs=options.pairs,
        hass=hass,
    ) as system:
        course = await work(system, options.pairs, options.minutes * 60)
    verdict = judge(
        (directory / "logs" / "home_assistant.log").read_text("utf-8"),
        report.read_bytes().splitlines(),
        course.prices,
        course.ended,
    )
    say(table(course, verdict))
    return 0 if verdict.is_good else 1


def longest(turns: Iterable[Turn]) -> str:
    """Return for how long the longest of some turns computed, collected, and took by the clock."""
    seen = [(item.cpu - item.collecting, item.collecting, item.took) for item in turns]
    if not seen:
        return "none over 20 ms"
    own, collecting, took = (max(values) * 1000 for values in zip(*seen, strict=True))
    return f"{own:.0f} ms computing, {collecting:.0f} ms collecting, {took:.0f} ms by the clock"


def table(course: Course, verdict: Verdict) -> str:
    """Return what was found as a table, and everything that is wrong below it."""
    starting, working = (
        [turn for turn in verdict.others if (turn.time < course.begun) is early]
        for early in (True, False)
    )
    own = [turn for turn in verdict.own if turn.time >= course.begun]
    count = len(course.prices)
    rows = (
        (
            "markets, price alerts, times one fired",
            f"{count}, {count * len(ALERTS)}, {course.fired}",
        ),
        ("warnings and errors of this integration", len(verdict.complaints)),
        ("prices that stood still", len(verdict.still)),
        ("turns in which it computed for over 20 ms", len(verdict.blocks)),
        ("its turns over 20 ms by the clock", len(verdict.own)),
        ("the longest of them", longest(verdict.own)),
        ("the longest of them after its start", longest(own)),
        ("the longest of others, at the start", longest(starting)),
        ("the longest of others, later", longest(working)),
        ("memory in MiB", ", ".join(f"{item / 2**20:.0f}" for item in course.memory)),
        (
            "load of the machine at the end",
            f"{os.getloadavg()[1]:.1f} on {os.cpu_count()} processors",
        ),
    )
    lines = [f"{name:<44}{value}" for name, value in rows]
    lines += verdict.complaints
    lines += [f"stood still: {name}" for name in verdict.still]
    lines += [
        "\n  ".join((f"computed {turn.cpu * 1000:.0f} ms: {turn.what}", *turn.stack))
        for turn in verdict.blocks
    ]
    return "\n".join(lines)


def main() -> int:
    """Run, print, tell by the exit status."""
    options = parse_arguments()
    directory = (
        options.directory or Path(tempfile.mkdtemp(prefix="cexio-endure-"))
    ).resolve()
    try:
        result = asyncio.run(until_stopped(run(options, directory)))
    except (ProcessError, HomeAssistantError, aiohttp.ClientError, TimeoutError) as err:
        say(f"FAILED  {err!r}\nlogs: {directory / 'logs'}")
        return 1
    except asyncio.CancelledError:
        say("stopped")
        return 130
    if result:
        say(f"logs: {directory}")
    elif options.directory is None:
        shutil.rmtree(directory)
    return result


if __name__ == "__main__":
    sys.exit(main())
