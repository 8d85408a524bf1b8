"""Count what a minute of polling with ccxt would cost at the exchange; print it, as JSON.

The limits are lifted: with more points than a minute has, the exchange would refuse.
"""

import asyncio
import json

from benchmarks.exchange import SIMULATOR, WITHOUT_LIMITS, Exchange, exchange
from benchmarks.harness import PEER_PYTHON, REPOSITORY
from benchmarks.household.furnish import MARKETS, accounts, furnish
from benchmarks.household.processes import tell

ROUND_SECONDS = 30.0
ROUNDS = 3
# It asks every ten seconds.
ROUNDS_A_MINUTE = 6


async def main() -> dict[str, int]:
    """Start an exchange and the client, and count."""
    async with exchange(*SIMULATOR, *WITHOUT_LIMITS, "--pairs", str(MARKETS)) as there:
        pairs = await furnish(there)
        symbols = [pair.replace("-", "/") for pair in pairs]
        client = await asyncio.create_subprocess_exec(
            *(PEER_PYTHON, "-m", "benchmarks.household.poller"),
            json.dumps(dict(there.ready)),
            *(json.dumps(symbols), json.dumps(await accounts(there))),
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            rounds = await count(there, client)
        finally:
            client.kill()
            await client.wait()
    # A round may have lain across the end of a calendar minute, in which the counts begin anew.
    private, public = (max(spent) for spent in zip(*rounds, strict=True))
    return {"private": private * ROUNDS_A_MINUTE, "public": public * ROUNDS_A_MINUTE}


async def count(
    there: Exchange, client: asyncio.subprocess.Process
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
            private, public = await there.points()
            stdin.write(b"\n")
            await _line(stdout)
            now_private, now_public = await there.points()
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
    tell(main())
