"""The running system, whose parts can be killed and started again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

from simulators.demo.control import Control
from simulators.demo.processes import Child
from simulators.demo.system import HASS, System, run_system
from simulators.telegram.server import TelegramServer
from simulators.telegram.state import dump_state, write_state
from tests.resilience.observer import Observer
from tests.resilience.schedule import Part

READY_SECONDS = 120.0
STRANGER_ID = 1002
# A call that was answered just before its bot died may not have been written down.
NOTED_WITHIN = 3.0


class World:
    """The system with its observer; knows what was done to it."""

    def __init__(self, system: System, directory: Path, observer: Observer) -> None:
        """Take over a running system whose state is in `directory`."""
        self.system = system
        self.observer = observer
        self.exchange = Control(system.session, system.exchange["control"])
        self.telegram = Control(system.session, system.telegram["control"])
        self.struck: Counter[str] = Counter()
        self.recoveries: list[float] = []
        self.bot_deaths: list[float] = []
        self.home_assistant_starts = 0
        self.calls: dict[tuple[float, str, str], Mapping[str, Any]] = {}
        self._directory = directory
        self._locks = {part: asyncio.Lock() for part in Part}

    async def kill(self, part: Part, down: float) -> None:
        """Kill a part, leave it dead for a while, start it again and wait until it has caught up.

        Raises:
            ProcessError, HomeAssistantError: it did not come back.
        """
        async with self._locks[part]:
            killed = time.monotonic()
            await self._end(part)
            self.struck[f"kill {part}"] += 1
            await asyncio.sleep(down)
            await _STARTS[part](self)
            self.recoveries.append(time.monotonic() - killed - down)

    async def wait_up(self) -> None:
        """Wait until no part is being restarted."""
        for lock in self._locks.values():
            async with lock:
                continue

    async def truth(self) -> Mapping[str, Any]:
        """Return the exchange's own books."""
        truth: Mapping[str, Any] = await self.exchange.get("/truth")
        return truth

    async def keep_calls(self) -> None:
        """Keep the record of the messages that the bot sent; the stand-in forgets old ones."""
        answer = await self.telegram.get("/calls", method="sendMessage")
        for call in answer["calls"]:
            text = str((call.get("parameters") or {}).get("text"))
            self.calls[call["time"], call["method"], text] = call

    def memory(self) -> dict[str, int]:
        """Return the resident memory of each part, in bytes."""
        found = {}
        for part in Part:
            status = Path(f"/proc/{self._child(part).process.pid}/status").read_text()
            line = next(
                line for line in status.splitlines() if line.startswith("VmRSS")
            )
            found[part.value] = int(line.split()[1]) * 1024
        return found

    def log_tails(self) -> str:
        """Return the ends of the logs."""
        return "\n".join(f"== {part}\n{self._child(part).log_tail()}" for part in Part)

    def _child(self, part: Part) -> Child:
        """Return the process of a part."""
        return next(
            child
            for child in self.system.processes._children
            if child.name == part.value
        )

    async def _end(self, part: Part) -> None:
        """Kill a part and all that it started; nothing in it gets a chance to clean up."""
        child = self._child(part)
        if part is Part.BOT:
            self.bot_deaths.append(time.time())
        os.killpg(child.process.pid, signal.SIGKILL)
        await child.process.wait()
        self.system.processes._children.remove(child)

    async def _start_home_assistant(self) -> None:
        """Start Home Assistant; it is back when the feed holds what the exchange had filled by then."""
        await self.system.processes.start(
            Part.HOME_ASSISTANT,
            [HASS, "--config", self._directory / "home_assistant", "--skip-pip"],
        )
        await self.system.home_assistant.wait_until_up(READY_SECONDS)
        self.home_assistant_starts += 1
        async with asyncio.timeout(READY_SECONDS):
            await self.observer.following.wait()

    async def _start_bot(self) -> None:
        """Start the bot; it says itself when it is ready."""
        await self.system.processes.start(
            Part.BOT,
            [
                sys.executable,
                "-m",
                "telegram_bot",
                "run",
                "--config",
                self._directory / "bot.toml",
            ],
            ready_seconds=READY_SECONDS,
        )


_STARTS = {
    Part.HOME_ASSISTANT: World._start_home_assistant,
    Part.BOT: World._start_bot,
}


def _let_a_stranger_in(directory: Path) -> None:
    """Let a stranger see the owner's chat, which Telegram never would: the bot must not rely on it."""
    telegram = TelegramServer()
    world = telegram.world
    chat = world.chat(world.bot(telegram.token), 1001)
    chat.members.append(world.user(STRANGER_ID).id)
    directory.mkdir(parents=True, exist_ok=True)
    write_state(directory / "telegram.json", dump_state(world))


@asynccontextmanager
async def run_world(
    directory: Path, *, seed: int, progress: Callable[[str], None]
) -> AsyncIterator[World]:
    """Run the whole system with its observer; leave nothing behind."""
    await asyncio.to_thread(_let_a_stranger_in, directory)
    async with run_system(
        directory, seed=seed, progress=progress, preferred_ports=False
    ) as system:
        observer = Observer(system.home_assistant, system.owner_token)
        async with observer:
            world = World(system, directory, observer)
            await observer.wait_following(READY_SECONDS)
            yield world
