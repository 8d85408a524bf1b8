"""What the benchmarks of latency run on: the whole system, and each rival beside it on simulators of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
import json
from pathlib import Path
import sys
import tempfile
from types import TracebackType
from typing import Any, Self

import orjson

from benchmarks.exchange import ACCOUNT
from benchmarks.harness import OUR_PYTHON, PEER_PYTHON, REPOSITORY
from simulators.demo.control import Control
from simulators.demo.processes import Processes
from simulators.demo.system import HASS, System, run_system

READY_SECONDS = 30.0
QUIET_SECONDS = 3.0
SEED = 7


@dataclass(frozen=True, slots=True)
class Rig:
    """An exchange and a chat that one side has to itself, as the benchmark controls them."""

    exchange: Control
    telegram: Control
    ready: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that runs."""

    system: System
    ours: Rig
    floor: Rig
    peer: Rig
    stamps: Path

    def events(self) -> list[dict[str, Any]]:
        """Return what Home Assistant noted, oldest first."""
        return [orjson.loads(line) for line in self.stamps.read_bytes().splitlines()]


class Stage:
    """Starts everything when the first benchmark needs it; the context manager leaves nothing behind."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._scene: Scene | None = None

    def __enter__(self) -> Self:
        """Wait to be needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def run[Result](self, work: Callable[[Scene], Awaitable[Result]]) -> Result:
        """Let a benchmark work on the scene.

        Raises:
            ProcessError, HomeAssistantError: A part did not start.
        """

        async def on_scene() -> Result:
            """Set the scene the first time."""
            if self._scene is None:
                self._scene = await self._set()
            return await work(self._scene)

        return self._runner.run(on_scene())

    async def _set(self) -> Scene:
        """Set the scene; where a part does not start, none is left to the next benchmark."""
        async with AsyncExitStack() as stack:
            scene = await _start(stack)
            self._stack = stack.pop_all()
        return scene


async def _start(stack: AsyncExitStack) -> Scene:
    """Start the rivals, then the system."""
    directory = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
    )
    processes = await stack.enter_async_context(
        Processes(REPOSITORY, directory / "logs")
    )
    floor = await _simulators(processes, "floor")
    peer = await _simulators(processes, "peer")
    relay: list[str | Path] = [OUR_PYTHON, "-m", "benchmarks.latency.relay"]
    await _rival(processes, "relay", relay, floor)
    poller: list[str | Path] = [PEER_PYTHON, "-m", "benchmarks.latency.poller"]
    await _rival(processes, "poller", poller, peer)
    stamps = directory / "stamps"
    wrapper = Path(__file__).with_name("stamped_home_assistant.py")
    system = await stack.enter_async_context(
        run_system(
            directory / "system",
            seed=SEED,
            progress=_progress,
            preferred_ports=False,
            hass=(
                HASS.with_name("python"),
                *("-P", wrapper, stamps, json.dumps(dict(floor["exchange"]))),
                "homeassistant",
            ),
        )
    )
    ours = {"exchange": system.exchange, "telegram": system.telegram}
    ours_rig, floor_rig, peer_rig = (
        Rig(
            Control(system.session, ready["exchange"]["control"]),
            Control(system.session, ready["telegram"]["control"]),
            ready,
        )
        for ready in (ours, floor, peer)
    )
    for rig in (ours_rig, floor_rig, peer_rig):
        await _prepare(rig)
    await quiet(ours_rig)
    return Scene(system, ours_rig, floor_rig, peer_rig, stamps)


async def _simulators(processes: Processes, side: str) -> dict[str, Mapping[str, Any]]:
    """Start the simulators of a side; return their ready lines."""
    return {
        name: (
            await processes.start(
                f"{side} {name}",
                [sys.executable, "-m", f"simulators.{name}", *options],
                ready_seconds=READY_SECONDS,
            )
        ).ready
        for name, options in (
            ("exchange", ("--seed", str(SEED), "--still")),
            ("telegram", ()),
        )
    }


async def _rival(
    processes: Processes,
    name: str,
    command: Sequence[str | Path],
    ready: Mapping[str, Mapping[str, Any]],
) -> None:
    """Start what works on the simulators of its side."""
    lines = [json.dumps(dict(ready[part])) for part in ("exchange", "telegram")]
    await processes.start(name, [*command, *lines], ready_seconds=READY_SECONDS)


async def _prepare(rig: Rig) -> None:
    """Stop the market's own moves, bring money enough, and let the person greet the bot."""
    await rig.exchange.post("/market/pause")
    # As Telegram's own: nobody shall be quick by speaking more often than it allows.
    await rig.telegram.post("/limits", enabled=True)
    # Twenty are the default; orders wait here to be filled one by one.
    await rig.exchange.post("/switches", active_orders=1000)
    for currency, amount in (("USD", "100000000"), ("BTC", "1000")):
        await rig.exchange.post(
            "/deposits", account_id=ACCOUNT, currency=currency, amount=amount
        )
    person = rig.ready["telegram"]["users"][0]["id"]
    await rig.telegram.post("/send", user_id=person, text="/start")


async def quiet(rig: Rig) -> None:
    """Wait until the bot has said all it had to: its messages come one a second.

    Raises:
        TimeoutError: It does not stop.
    """
    said = -1
    async with asyncio.timeout(READY_SECONDS):
        while True:
            calls = (await rig.telegram.get("/calls", method="sendMessage"))["calls"]
            if len(calls) == said:
                return
            said = len(calls)
            await asyncio.sleep(QUIET_SECONDS)


def _progress(words: str) -> None:
    """Tell what is being done, beside the table."""
    sys.stderr.write(f"  {words}\n")


STAGE = Stage()
