"""Start the stand-in: `python -m simulators.telegram --port N [--state FILE] [--limits]`."""

import argparse
import asyncio
from pathlib import Path
import signal
import sys

import orjson

from simulators.telegram.server import TelegramServer


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.telegram",
        description="A Bot API on this machine, with a chat page in the browser.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on loopback; 0 for a free one"
    )
    parser.add_argument("--state", type=Path, help="file that keeps the chats")
    parser.add_argument(
        "--limits", action="store_true", help="refuse what Telegram's rates refuse"
    )
    return parser.parse_args(arguments)


async def run(arguments: argparse.Namespace) -> None:
    """Serve until told to stop; one line of JSON on standard output when ready."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with TelegramServer(
        port=arguments.port, state=arguments.state, limits=arguments.limits
    ) as server:
        sys.stdout.write(orjson.dumps(server.ready()).decode() + "\n")
        sys.stdout.flush()
        await stopping.wait()


def main() -> int:
    """Run and return the exit code."""
    try:
        asyncio.run(run(read_arguments()))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The Telegram stand-in cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
