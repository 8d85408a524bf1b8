"""An exchange that pushes the books of 300 pairs to whoever connects, once a second each; prints its ready line.

The frames are the documented increments of a moving market. Only that nobody has to ask for them is its own: the
exchange allows 100 questions a minute, so that 300 subscriptions of each side would take longer than the benchmark.
"""

import asyncio
import signal
import sys

import orjson

from simulators.exchange.server import ExchangeServer
from simulators.exchange.sockets.session import Session

SEED = 7
PAIRS = 300
LOOK_SECONDS = 0.1
# Sides that only listen and a poll each second are no concern of this benchmark.
SWITCHES = {"address_points": 1_000_000, "idle_limit": 3600.0}


async def main() -> None:
    """Serve until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with ExchangeServer(seed=SEED, pairs=PAIRS, switches=SWITCHES) as server:
        pushing = asyncio.create_task(push(server))
        sys.stdout.buffer.write(orjson.dumps(server.described()) + b"\n")
        sys.stdout.flush()
        await stop.wait()
        pushing.cancel()
        await asyncio.wait([pushing])


async def push(server: ExchangeServer) -> None:
    """Add every public socket to the listeners of every book."""
    pairs = list(server.exchange.listing.pairs)[:PAIRS]
    known: set[int] = set()
    while True:
        for session in server.venue.hub.sessions:
            if (
                isinstance(session, Session)
                and not session.private
                and session.number not in known
            ):
                known.add(session.number)
                for pair in pairs:
                    session.feeds.subscribe(pair, session)
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(main())
