"""memory: what the bot's process has after some use, a chart included."""

import asyncio
from importlib import metadata
from pathlib import Path
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.harness import OUR_PYTHON, REPOSITORY, Figures, Row, limited
from benchmarks.latency.stage import READY_SECONDS, STAGE, Scene
from simulators.demo.processes import Child

MOST_MEGABYTES = 70
# A chart loads what draws, which is kept.
COMMANDS = ("/help", "/price BTC-USD", "/balance", "/orders", "/status")
CHARTS = ("/portfolio", "/chart BTC-USD")
ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.2


def memory(_quick: bool) -> list[Row]:
    """Weigh the bot."""
    weight = Figures(STAGE.run(_use_and_weigh))
    return [limited("memory: the bot", "MB", weight, MOST_MEGABYTES)]


async def _use_and_weigh(scene: Scene) -> float:
    """Ask the bot this and that; return the megabytes that its process has.

    Raises:
        TimeoutError: It does not answer.
    """
    bot = await _start_alone(scene)
    for command in COMMANDS:
        await _ask(scene, "sendMessage", command)
    for command in CHARTS:
        await _ask(scene, "sendPhoto", command)
    return resident(bot.process.pid) / 1e6


async def _start_alone(scene: Scene) -> Child:
    """Let a bot that has its own packages alone take the place of the stage's."""
    processes = scene.system.processes
    await processes.stop(processes.named("bot"))
    path = scene.stamps.with_name("system") / "bot.toml"
    return await processes.start(
        "bot",
        [
            *(OUR_PYTHON, "-m", "benchmarks.household.alone", ",".join(foreign())),
            *("run", "--config", path),
        ],
        ready_seconds=READY_SECONDS,
    )


def foreign() -> list[str]:
    """Return the names of modules that are installed here, and not with the bot."""
    text = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    waiting = tomllib.loads(text)["project"]["dependencies"]
    own: set[str] = set()
    while waiting:
        requirement = Requirement(waiting.pop())
        marker, name = requirement.marker, canonicalize_name(requirement.name)
        if name not in own and (marker is None or marker.evaluate({"extra": ""})):
            own.add(name)
            waiting += metadata.requires(name) or []
    return sorted(
        module
        for module, names in metadata.packages_distributions().items()
        if own.isdisjoint(map(canonicalize_name, names))
    )


async def _ask(scene: Scene, method: str, command: str) -> None:
    """Ask the bot something, and wait until it answers with a method."""
    telegram = scene.ours.telegram
    person = scene.ours.ready["telegram"]["users"][0]["id"]
    had = len((await telegram.get("/calls", method=method))["calls"])
    await telegram.post("/send", user_id=person, text=command)
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            if len((await telegram.get("/calls", method=method))["calls"]) > had:
                return
            await asyncio.sleep(LOOK_SECONDS)


def resident(process: int) -> int:
    """Return the bytes of a process that are in memory, those that it shares with others in full."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    kilobytes = next(
        line.split()[1] for line in rollup.splitlines() if line.startswith("Rss:")
    )
    return int(kilobytes) * 1024
