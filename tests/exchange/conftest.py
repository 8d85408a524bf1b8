"""What the tests of the exchange client share."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from custom_components.cexio.exchange import Budget, Credentials, RestClient, Stream

from .examples import NEW_REPORT
from .fakes import CREDENTIALS, FakeClock, ScriptedExchange, scripted_exchange


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that the test drives."""
    return FakeClock()


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    """Run a scripted exchange."""
    async with scripted_exchange() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP session."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def address_budget(clock: FakeClock) -> Budget:
    """Return the points of the address."""
    return Budget(100, clock=clock)


@pytest.fixture
def key_budget(clock: FakeClock) -> Budget:
    """Return the points of the key."""
    return Budget(200, clock=clock)


@pytest.fixture
def rest(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    address_budget: Budget,
    key_budget: Budget,
) -> RestClient:
    """Return a client with a key."""
    return RestClient(
        session,
        endpoints=exchange.endpoints,
        credentials=CREDENTIALS,
        address_budget=address_budget,
        key_budget=key_budget,
        clock=clock,
    )


type MakeStream = Callable[..., Stream]


@pytest.fixture
async def make_stream(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    address_budget: Budget,
    key_budget: Budget,
) -> AsyncIterator[MakeStream]:
    """Return a maker of streams, which are stopped in the end."""
    made: list[Stream] = []

    def make(credentials: Credentials | None = CREDENTIALS, **options: Any) -> Stream:
        """Make a private stream, or a public one without credentials."""
        ends = exchange.endpoints
        stream = Stream(
            session,
            ends.ws if credentials else ends.ws_public,
            budget=key_budget if credentials else address_budget,
            credentials=credentials,
            clock=clock,
            **options,
        )
        made.append(stream)
        return stream

    yield make
    for stream in made:
        await stream.stop()


@pytest.fixture
def report() -> dict[str, Any]:
    """Return the execution report of an accepted order (websocket.md 4.2.1)."""
    return dict(NEW_REPORT)
