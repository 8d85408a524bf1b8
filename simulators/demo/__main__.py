"""Run the whole system to try it, or to see that it works."""

import argparse
import asyncio
from collections.abc import Coroutine
from pathlib import Path
import shutil
import signal
import sys
import tempfile
import time

import aiohttp

from simulators.demo.home_assistant import HomeAssistantError
from simulators.demo.ports import forget
from simulators.demo.processes import ProcessError
from simulators.demo.story import StepError, Story
from simulators.demo.system import REPOSITORY, run_system

DEFAULT_DIRECTORY = REPOSITORY / ".demo"

DESCRIPTION = """\
Run the whole system on this machine: the exchange simulator, a real Home
Assistant with the integration, the Telegram stand-in with its chat page, and
the real bot. Nothing leaves this machine and no money is real.
"""
EXAMPLES = """\
examples:
  ./scripts/demo           try it: prints the links, Ctrl-C stops everything
  ./scripts/demo --fresh   the same, starting anew
  ./scripts/demo --check   run the main story without a person and exit 0 or 1
"""


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./scripts/demo",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="run the main story in a system of its own, print its steps with their times",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget what an earlier start left behind"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=7,
        help="seed of the simulated market (default: %(default)s)",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=None,
        help="where the demo keeps its state and logs (default: .demo, or with --check a temporary one)",
    )
    return parser.parse_args()


def say(text: str) -> None:
    """Tell what is being done."""
    print(text, flush=True)


async def run(directory: Path, seed: int) -> int:
    """Run until Ctrl-C, or until a part ends by itself."""
    async with run_system(directory, seed=seed, progress=say) as system:
        say(
            f"\n  Home Assistant  {system.dashboard_url}\n"
            f"  Chat with the bot  {system.telegram['chat_page']}\n"
            f"  Stop  Ctrl-C here (state and logs stay in {directory}; --fresh starts anew)\n"
        )
        ended = await system.processes.first_end()
        say(f"{ended.name} ended unexpectedly; the end of its log:\n{ended.log_tail()}")
        return 1


async def check(directory: Path, seed: int) -> int:
    """Run the story; return 0, or 1 with the step that failed."""
    started = time.monotonic()
    async with run_system(
        directory, seed=seed, progress=say, preferred_ports=False
    ) as system:
        say(f"{(time.monotonic() - started) * 1000:8.0f} ms  everything is up")
        async with system.home_assistant.connect(system.owner_token) as connection:
            await Story(system, connection, say).run()
    say(f"{(time.monotonic() - started) * 1000:8.0f} ms  in all")
    return 0


async def until_stopped(work: Coroutine[object, object, int], when_stopped: int) -> int:
    """Run the work; a Ctrl-C or SIGTERM cancels it, lets it clean up and gives `when_stopped`."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        say("stopped")
        return when_stopped


def main() -> int:
    """Run the demo."""
    arguments = parse_arguments()
    directory = arguments.directory
    if directory is None:
        directory = (
            Path(tempfile.mkdtemp(prefix="cexio-check-"))
            if arguments.check
            else DEFAULT_DIRECTORY
        )
    # A check that was interrupted has not passed; stopping the demo is how it ends.
    work, when_stopped = (check, 130) if arguments.check else (run, 0)
    try:
        if arguments.fresh:
            forget(directory)
        result = asyncio.run(
            until_stopped(work(directory.resolve(), arguments.seed), when_stopped)
        )
    except (ProcessError, HomeAssistantError, StepError, aiohttp.ClientError) as err:
        say(f"FAILED  {err}\nlogs: {directory / 'logs'}")
        return 1
    if arguments.check and arguments.directory is None:
        shutil.rmtree(directory)
    return result


if __name__ == "__main__":
    sys.exit(main())
