"""An exchange simulator in a process of its own, as somebody reaches it by hand."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
import hmac
from pathlib import Path
import sys
import tempfile
from time import time
from typing import Any

import aiohttp
import orjson

from benchmarks.harness import REPOSITORY
from simulators.demo.control import Control
from simulators.demo.processes import Processes

PAIR, TICK = "BTC-USD", Decimal("0.1")
ACCOUNT = "trading"
# The market stands still.
SIMULATOR = ("simulators.exchange", "--still")
# Where many starts, absences or questions a minute are no single one's own cost.
WITHOUT_LIMITS = (
    *("--switch", "key_points=1000000"),
    *("--switch", "address_points=1000000"),
)
READY_SECONDS = 30.0


class Exchange:
    """What runs, its control, and its requests by hand."""

    def __init__(
        self, session: aiohttp.ClientSession, ready: Mapping[str, Any]
    ) -> None:
        """Reach the exchange of a ready line."""
        self.session = session
        self.ready = ready
        self.control = Control(session, ready["control"])

    async def public(self, action: str, **data: Any) -> Any:
        """Make a public request; return the data of its answer.

        Raises:
            RuntimeError: The exchange refused.
        """
        return await self._ask("rest_public", action, orjson.dumps(data), {})

    async def signed(self, action: str, **data: Any) -> Any:
        """Make a private request; return the data of its answer.

        Raises:
            RuntimeError: The exchange refused.
        """
        timestamp = str(int(time()))
        body = orjson.dumps(data)
        message = f"{action}{timestamp}".encode() + body
        digest = hmac.digest(self.ready["secret"].encode(), message, "sha256")
        headers = {
            "X-AGGR-KEY": self.ready["key"],
            "X-AGGR-TIMESTAMP": timestamp,
            "X-AGGR-SIGNATURE": base64.b64encode(digest).decode(),
        }
        return await self._ask("rest", action, body, headers)

    async def _ask(
        self, url: str, action: str, body: bytes, headers: Mapping[str, str]
    ) -> Any:
        """Make a request."""
        async with self.session.post(
            f"{self.ready[url]}/{action}",
            data=body,
            headers={"Content-Type": "application/json", **headers},
        ) as response:
            answer = orjson.loads(await response.read())
        if answer.get("ok") != "ok":
            raise RuntimeError(f"{action} was refused: {answer}")
        return answer["data"]

    async def ask_for_start(self, pairs: Iterable[str]) -> None:
        """Make the requests that a start needs: what is traded and held, then prices."""
        await asyncio.gather(
            self.public("get_pairs_info"),
            self.public("get_currencies_info"),
            self.signed("get_my_account_status_v3"),
            self.signed("get_my_wallet_balance"),
        )
        await self.public("get_ticker", pairs=list(pairs))

    async def pairs(self) -> list[str]:
        """Return the names of all pairs that are listed."""
        rows = await self.public("get_pairs_info")
        return [f"{row['base']}-{row['quote']}" for row in rows]

    async def points(self) -> tuple[int, int]:
        """Return the points that this minute has cost the key and the address."""
        used = await self.control.get("/budgets")
        return used["keys"]["all"], used["address"]

    async def delay(self, seconds: float) -> None:
        """Take so long with each answer from now on."""
        if seconds:
            await self.control.post(
                "/faults", kind="delay", channel="rest", seconds=seconds
            )


async def place(
    control: Control, name: str, amount: str, price: str, side: str = "BUY"
) -> None:
    """Place an order as its owner does elsewhere."""
    await control.post(
        "/client-orders",
        clientOrderId=name,
        accountId=ACCOUNT,
        currency1="BTC",
        currency2="USD",
        side=side,
        orderType="Limit",
        timeInForce="GTC",
        amountCcy1=amount,
        price=price,
    )


async def place_best(control: Control, amounts: Mapping[str, Decimal]) -> None:
    """Place orders of these names at the best price, where the first one is filled first."""
    best = await control.post("/market/refill", pair=PAIR)
    price = format(Decimal(best["best_bid"]) + TICK, "f")
    for name, amount in amounts.items():
        await place(control, name, format(amount, "f"), price)


@asynccontextmanager
async def exchange(module: str, *arguments: str) -> AsyncIterator[Exchange]:
    """Run a module that is an exchange, with nothing left behind."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as logs:
        async with (
            Processes(REPOSITORY, Path(logs)) as processes,
            aiohttp.ClientSession() as session,
        ):
            child = await processes.start(
                "exchange",
                [sys.executable, "-m", module, *arguments],
                ready_seconds=READY_SECONDS,
            )
            yield Exchange(session, child.ready)
