"""The demo: the main story, and a start and stop that leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import sys

import orjson
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CHECK_SECONDS = 90.0
START_SECONDS = 90.0
STOP_SECONDS = 45.0

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def demo(*arguments: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the demo with these arguments; end it when the test did not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators.demo",
        *arguments,
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def read_until(process: asyncio.subprocess.Process, words: str) -> str:
    """Read the demo's output up to the line that holds the words."""
    assert process.stdout
    lines = []
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stdout:
            lines.append(line.decode())
            if words in lines[-1]:
                return "".join(lines)
    raise AssertionError(f"the demo ended without {words!r}:\n{''.join(lines)}")


def processes_that_name(directory: Path) -> list[str]:
    """Return the command lines of running processes that name a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in command:
            found.append(command)
    return found


async def test_the_story_holds(tmp_path: Path) -> None:
    """The check tells the whole story in time, exits 0 and leaves no process behind."""
    async with demo("--check", "--directory", tmp_path) as process:
        assert process.stdout
        async with asyncio.timeout(CHECK_SECONDS):
            output = (await process.stdout.read()).decode()
            assert await process.wait() == 0, output
    assert output.count(" ms  ") >= 12
    assert processes_that_name(tmp_path) == []


async def test_a_second_start_keeps_the_state(tmp_path: Path) -> None:
    """Ctrl-C stops everything; a second start finds the same ports, accounts and account."""
    for start in (1, 2):
        async with demo("--directory", tmp_path) as process:
            output = await read_until(process, "Ctrl-C")
            assert "Home Assistant  http://127.0.0.1:" in output
            assert ("adding the integration" in output) is (start == 1)
            accounts = (tmp_path / "accounts.json").read_bytes()
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(STOP_SECONDS):
                assert await process.wait() == 0
        assert processes_that_name(tmp_path) == []
        if start == 1:
            first_accounts = accounts
    assert accounts == first_accounts
    assert (tmp_path / "accounts.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("arguments", [(), ("--fresh",)])
async def test_a_taken_port_is_named(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A port of an earlier start that is taken by now gives one clear sentence.

    Starting anew must not pull the files from under a demo that is still running.
    """
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ports = {"home_assistant": port, "exchange": port, "telegram": port}
    (tmp_path / "ports.json").write_bytes(orjson.dumps(ports))
    async with server, demo("--directory", tmp_path, *arguments) as process:
        assert process.stdout
        output = (await process.stdout.read()).decode()
        assert await process.wait() == 1
    assert f"port {port} (home assistant) is in use" in output
    assert (tmp_path / "ports.json").exists()


async def test_the_check_fails_with_the_step_that_failed(tmp_path: Path) -> None:
    """A part that dies is named, with the end of its log, and the check exits 1."""
    (tmp_path / "telegram.json").mkdir()
    async with demo("--check", "--directory", tmp_path) as process:
        assert process.stdout
        output = (await process.stdout.read()).decode()
        assert await process.wait() == 1
    assert "FAILED  telegram did not start" in output
    assert os.fspath(tmp_path / "logs") in output
    assert processes_that_name(tmp_path) == []
