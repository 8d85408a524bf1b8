"""A client of the simulator that shares no code with it: signatures and frames written out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from simulators.exchange.clock import Clock
from simulators.exchange.server import ExchangeServer
from tests.simulators.exchange.client import Client, Socket

# A Tuesday, 10:20:00 UTC.
TUESDAY = 1_794_306_000.0
NOW = int(TUESDAY * 1000)
TRANSFER: dict[str, Any] = {
    "fromAccountId": "trading",
    "toAccountId": "savings",
    "amount": "2",
    "currency": "USD",
    "clientTxId": "123",
}
MOVE: dict[str, Any] = {
    "clientTxId": "tx-1",
    "accountId": "trading",
    "currency": "BTC",
    "amount": 0.1,
}

type Connect = Callable[..., Awaitable[Socket]]


class Bench:
    """A simulator with clients and sockets, closed together."""

    def __init__(self, **options: Any) -> None:
        """Take the options of ExchangeServer."""
        self.server = ExchangeServer(**{"seed": 1, "market_moves": False} | options)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the simulator and a client with the key that may do everything."""
        await self._stack.enter_async_context(self.server)
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.client = self.as_key("all")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        await self._stack.aclose()

    def as_key(self, name: str) -> Client:
        """Return a client that uses another key."""
        key = next(key for key in self.server.keys if key.name == name)
        return Client(
            self._http, self.server.base, key.key, key.secret, self.server.clock
        )

    async def public(self) -> Socket:
        """Open a public socket."""
        return await self._stack.enter_async_context(self.client.socket(private=False))

    async def private(self, name: str = "all", *, auth: bool = True) -> Socket:
        """Open a private socket."""
        return await self._stack.enter_async_context(
            self.as_key(name).socket(private=True, auth=auth)
        )

    async def advance(self, seconds: float) -> None:
        """Drive the clock."""
        await self.server.clock.advance(seconds)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Provide a simulator whose prices stand still."""
    async with Bench() as opened:
        yield opened


@pytest.fixture
async def still() -> AsyncIterator[Bench]:
    """Provide a simulator whose time stands still as well."""
    async with Bench(clock=Clock(TUESDAY, frozen=True)) as opened:
        yield opened
