"""Child processes that are started in order and stopped in the opposite one."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import os
from pathlib import Path
import signal
from typing import Any, Self

import orjson

STOP_SECONDS = 20.0


class ProcessError(Exception):
    """A child process did not start or ended too early."""


@dataclass(slots=True)
class Child:
    """One child process, its log and, where it prints one, its ready line."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    ready: Mapping[str, Any] = field(default_factory=dict)

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of the child's log."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


class Processes:
    """Owns child processes; the context manager leaves none behind."""

    def __init__(self, directory: Path, logs: Path) -> None:
        """Run children in `directory`, logging to a file each in `logs`."""
        self._directory = directory
        self._logs = logs
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        """Start with no child."""
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop every child, the last one first; whoever cannot wait for that leaves none either."""
        try:
            while self._children:
                await self.stop(self._children[-1])
        finally:
            for child in self._children:
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)

    async def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        ready_seconds: float | None = None,
    ) -> Child:
        """Start a child; with `ready_seconds`, wait for the JSON line on its standard output.

        Raises:
            ProcessError: the child ended, or was not ready in time.
        """
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._directory,
                env={**os.environ, **(environment or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if ready_seconds else output,
                stderr=output,
                # A Ctrl-C must reach this program alone, which then stops the children in order.
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        if ready_seconds:
            child.ready = await self._read_ready_line(child, ready_seconds)
        return child

    def named(self, name: str) -> Child:
        """Return the running child of a name.

        Raises:
            KeyError: there is none.
        """
        return {child.name: child for child in self._children}[name]

    async def kill(self, child: Child) -> None:
        """End a child and all that it started at once; none of it gets a chance to clean up."""
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        await child.process.wait()
        self._children.remove(child)

    async def stop(self, child: Child) -> None:
        """End a child politely, then with force, with all that it started."""
        process = child.process
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
        await self.kill(child)

    async def first_end(self) -> Child:
        """Wait until any child ends by itself, and return it."""
        waits = {
            asyncio.create_task(child.process.wait()): child for child in self._children
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return waits[done.pop()]

    @staticmethod
    async def _read_ready_line(child: Child, seconds: float) -> Mapping[str, Any]:
        """Return the child's ready line."""
        stdout = child.process.stdout
        if stdout is None:
            raise ProcessError(f"{child.name} has no standard output")
        try:
            async with asyncio.timeout(seconds):
                line = await stdout.readline()
        except TimeoutError:
            raise ProcessError(
                f"{child.name} was not ready within {seconds:.0f} s:\n{child.log_tail()}"
            ) from None
        if not line:
            raise ProcessError(f"{child.name} did not start:\n{child.log_tail()}")
        ready: Mapping[str, Any] = orjson.loads(line)
        return ready
