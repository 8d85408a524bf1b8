"""Count what a minute of polling with ccxt would cost at the exchange; print it, as JSON.

The limits are lifted: with more points than a minute has, the exchange would refuse.
"""

import asyncio
import json
from pathlib import Path
import sys
import tempfile

import aiohttp
import orjson

from benchmarks.harness import PEER_PYTHON, REPOSITORY
from benchmarks.household.furnish import MARKETS, furnish
from benchmarks.household.steady import budgets
from simulators.demo.control import Control
from simulators.demo.processes import Processes

READY_SECONDS = 30.0
ROUND_SECONDS = 30.0
ROUNDS = 3
# It asks every ten seconds.
ROUNDS_A_MINUTE = 6
MANY_POINTS = 1_000_000


async def main() -> None:
    """Start an exchange and the client, count, and print."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        logs = Path(name)
        async with (
            Processes(REPOSITORY, logs) as processes,
            aiohttp.ClientSession() as session,
        ):
            exchange = await processes.start(
                "exchange",
                [
                    *(sys.executable, "-m", "simulators.exchange", "--still"),
                    *("--pairs", str(MARKETS)),
                ],
                ready_seconds=READY_SECONDS,
            )
            control = Control(session, exchange.ready["control"])
            await control.post(
                "/switches", key_points=MANY_POINTS, address_points=MANY_POINTS
            )
            pairs = await furnish(session, control, exchange.ready)
            truth = await control.get("/truth")
            accounts = sorted(truth["balances"].keys() - {"wallet"})
            symbols = [pair.replace("-", "/") for pair in pairs]
            with (logs / "poller.log").open("wb") as log:
                client = await asyncio.create_subprocess_exec(
                    *(PEER_PYTHON, "-m", "benchmarks.household.poller"),
                    json.dumps(dict(exchange.ready)),
                    *(json.dumps(symbols), json.dumps(accounts)),
                    cwd=REPOSITORY,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                )
            try:
                rounds = await count(control, client)
            finally:
                client.kill()
                await client.wait()
    # A round may have lain across the end of a calendar minute, in which the counts begin anew.
    private, public = (max(spent) for spent in zip(*rounds, strict=True))
    print(
        orjson.dumps(
            {
                "private": private * ROUNDS_A_MINUTE,
                "public": public * ROUNDS_A_MINUTE,
            }
        ).decode()
    )


async def count(
    control: Control, client: asyncio.subprocess.Process
) -> list[tuple[int, int]]:
    """Let the client ask some rounds; return the private and public points of each.

    Raises:
        RuntimeError: The client ended.
        TimeoutError: It takes too long.
    """
    stdin, stdout = client.stdin, client.stdout
    if stdin is None or stdout is None:
        raise RuntimeError("the client has no pipes")
    rounds = []
    async with asyncio.timeout(ROUND_SECONDS * (ROUNDS + 1)):
        await _line(stdout)
        for _ in range(ROUNDS):
            private, public = await budgets(control)
            stdin.write(b"\n")
            await _line(stdout)
            now_private, now_public = await budgets(control)
            rounds.append((now_private - private, now_public - public))
    return rounds


async def _line(stdout: asyncio.StreamReader) -> None:
    """Wait for a sign of the client.

    Raises:
        RuntimeError: It ended.
    """
    if not await stdout.readline():
        raise RuntimeError("the client ended")


if __name__ == "__main__":
    asyncio.run(main())
