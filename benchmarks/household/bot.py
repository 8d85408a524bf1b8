"""memory: what the bot's process has after some use, a chart included."""

import asyncio
from pathlib import Path

from benchmarks.harness import Row
from benchmarks.household.processes import row
from benchmarks.latency.stage import STAGE, Scene

MOST_MEGABYTES = 70
# A chart loads what draws, which is kept.
COMMANDS = ("/help", "/price BTC-USD", "/balance", "/portfolio", "/orders", "/status")
CHART = "/chart BTC-USD"
ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.2


def memory(_quick: bool) -> list[Row]:
    """Weigh the bot."""
    return [row("memory: the bot", "MB", [STAGE.run(_use_and_weigh)], MOST_MEGABYTES)]


async def _use_and_weigh(scene: Scene) -> float:
    """Ask the bot this and that; return the megabytes that its process has.

    Raises:
        TimeoutError: It does not answer.
    """
    for command in COMMANDS:
        await _ask(scene, "sendMessage", command)
    await _ask(scene, "sendPhoto", CHART)
    return resident(scene.system.processes.named("bot").process.pid) / 1e6


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
    """Return the bytes of a process that are in memory, what it shares with others counted in full."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    kilobytes = next(
        line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")
    )
    return int(kilobytes) * 1024
