"""The running system, whose parts can be killed and started again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import resource
import sys
import time
from typing import Any

from simulators.demo.control import Control
from simulators.demo.processes import Child
from simulators.demo.system import HASS, System, run_system
from simulators.telegram.server import TelegramServer
from simulators.telegram.state import dump_state, write_state
from tests.resilience import mortal
from tests.resilience.observer import Observer
from tests.resilience.schedule import Kill, Part

READY_SECONDS = 120.0
# A part that does not come to its point by then is killed where it is.
POINT_SECONDS = 30.0
# A part goes through these only when it connects anew.
PROVOKED = frozenset({"recovery begun", "recovery answered, nothing applied"})
# What both parts log when a disk that refused takes something again.
WRITTEN_AGAIN = "can be written again"
WRITTEN_AGAIN_SECONDS = 45.0
LOOK_SECONDS = 0.5
STRANGER_ID = 1002
# A call that was answered just before its bot died may not have been written down.
NOTED_WITHIN = 5.0


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
        self.full: set[Part] = set()
        self.bot_disk_full: list[tuple[float, float]] = []
        self._directory = directory
        self._orders = directory / "orders to die"
        self._orders.mkdir()
        self._locks = {part: asyncio.Lock() for part in Part}

    async def kill(self, kill: Kill) -> None:
        """Kill a part, leave it dead for a while, start it again and wait until it has caught up.

        Raises:
            ProcessError, HomeAssistantError: it did not come back.
        """
        part = kill.part
        async with self._locks[part]:
            if kill.point is not None and await self._dies_at(part, kill.point):
                self.struck[f"kill at: {kill.point}"] += 1
            killed = time.monotonic()
            if part is Part.BOT:
                self.bot_deaths.append(time.time())
            await self.system.processes.kill(self._child(part))
            self.struck[f"kill {part}"] += 1
            await asyncio.sleep(kill.down)
            await _STARTS[part](self)
            self.recoveries.append(time.monotonic() - killed - kill.down)

    async def fill_disk(self, part: Part, seconds: float) -> bool:
        """Let the kernel refuse whatever a part writes to a file, for a while.

        Returns whether the part noticed, and wrote again afterwards; False when it was killed meanwhile.
        """
        async with self._locks[part]:
            child = self._child(part)
            noticed = _count(child.log, WRITTEN_AGAIN)
            _let_files_grow_to(child, 0)
            self.full.add(part)
        began = time.time()
        await asyncio.sleep(seconds)
        self.full.discard(part)
        _let_files_grow_to(child, None)
        if part is Part.BOT:
            self.bot_disk_full.append((began, time.time()))
        deadline = time.monotonic() + WRITTEN_AGAIN_SECONDS
        while child.process.returncode is None and time.monotonic() < deadline:
            if _count(child.log, WRITTEN_AGAIN) > noticed:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

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
        return self.system.processes.named(part)

    async def _dies_at(self, part: Part, point: str) -> bool:
        """Tell a part to die at a point; return whether it came there in time."""
        order = self._orders / point
        order.touch()
        if point in PROVOKED:
            await self.exchange.post("/sockets/close", kind="all", notice=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(POINT_SECONDS):
                await self._child(part).process.wait()
        came = not order.exists()
        order.unlink(missing_ok=True)
        return came

    async def _start_home_assistant(self) -> None:
        """Start Home Assistant; it is back when the feed holds what the exchange had filled by then."""
        await self.system.processes.start(
            Part.HOME_ASSISTANT,
            [
                HASS.with_name("python"),
                "-P",
                mortal.__file__,
                self._orders,
                "homeassistant",
                "--config",
                self._directory / "home_assistant",
                "--skip-pip",
            ],
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
                mortal.__name__,
                self._orders,
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


def _let_files_grow_to(child: Child, size: int | None) -> None:
    """Let no file of a process grow beyond a size; a write beyond it fails like one to a full disk."""
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)
        soft = hard if size is None else size
        resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


def _count(path: Path, words: str) -> int:
    """Return how often a log says something."""
    return path.read_text(encoding="utf-8", errors="replace").count(words)


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
