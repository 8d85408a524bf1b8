"""Whatever arrives, the client raises nothing but its own errors and goes on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import copy
import random
from typing import Any

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import orjson

from custom_components.cexio.exchange import (
    AccountStatus,
    AccountUpdate,
    Budget,
    Candle,
    CexioError,
    Currency,
    DepositAddress,
    ExecutionReport,
    FeeStrategy,
    Funding,
    Order,
    OrderBookSnapshot,
    OrderCancelReject,
    Pair,
    ProcessingInfo,
    Stream,
    Ticker,
    Trade,
    TradeHistory,
    Transaction,
    UnexpectedAnswerError,
    Volume,
    WalletTransfer,
)
from custom_components.cexio.exchange.models import OrderBookIncrement
from custom_components.cexio.exchange.rest import decode_answer
from tests.patience import PATIENCE

from .examples import REST, WEBSOCKET
from .fakes import (
    CREDENTIALS,
    FakeClock,
    ScriptedExchange,
    Socket,
    replies,
    scripted_exchange,
)

type Parser = Callable[[Any], object]

PARSERS: dict[str, Parser] = {
    "orders": Order.from_wire,
    "reports": ExecutionReport.from_wire,
    "cancel rejects": OrderCancelReject.from_wire,
    "updates": AccountUpdate.from_wire,
    "status": AccountStatus.from_wire,
    "candles": Candle.from_wire,
    "currencies": Currency.from_wire,
    "addresses": DepositAddress.from_wire,
    "fees": FeeStrategy.from_wire,
    "funding": Funding.from_wire,
    "snapshots": OrderBookSnapshot.from_wire,
    "increments": OrderBookIncrement.from_wire,
    "pairs": Pair.from_wire,
    "networks": lambda data: ProcessingInfo.from_wire(data, currency="BTC"),
    "tickers": lambda data: Ticker.from_wire(data, pair="A-B"),
    "trades": lambda data: Trade.from_wire(data, pair="A-B"),
    "tapes": TradeHistory.from_wire,
    "transactions": Transaction.from_wire,
    "volumes": Volume.from_wire,
    "transfers": WalletTransfer.from_wire,
}

SEEDS = [orjson.dumps(example.data) for example in REST + WEBSOCKET]
FRAMES = [
    orjson.dumps({"e": example.name, "ok": "ok", "data": example.data})
    for example in WEBSOCKET
]
ODD: list[Any] = [
    None,
    True,
    -1,
    0.5,
    10**18,
    "",
    "x",
    "NaN",
    "1e99999",
    [],
    {},
    [[]],
    "\ud7ff",
    -0.0,
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


def mutate(value: Any, source: random.Random) -> Any:
    """Return a message with some parts dropped, replaced or swapped."""
    value = copy.deepcopy(value)
    for _ in range(source.randint(1, 4)):
        spot: Any = value
        parents: list[tuple[Any, Any]] = []
        while (
            isinstance(spot, dict | list)
            and spot
            and (not parents or source.random() < 0.7)
        ):
            key = (
                source.choice(list(spot))
                if isinstance(spot, dict)
                else source.randrange(len(spot))
            )
            parents.append((spot, key))
            spot = spot[key]
        if not parents:
            return copy.deepcopy(source.choice(ODD))
        parent, key = parents[-1]
        if source.random() < 0.3:
            del parent[key]
        else:
            parent[key] = copy.deepcopy(source.choice(ODD))
    return value


def parse_all(data: Any) -> None:
    """Give a message to every parser."""
    for parser in PARSERS.values():
        with suppress(UnexpectedAnswerError):
            parser(data)


@settings(max_examples=150, deadline=None)
@given(json_values)
def test_parsers_with_arbitrary_messages(data: Any) -> None:
    """No exception but the declared one."""
    parse_all(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_parsers_with_mutated_messages(seed: bytes, source: random.Random) -> None:
    """No exception but the declared one, however near to a right message."""
    data = mutate(orjson.loads(seed), source)
    parse_all(data)
    for row in data if isinstance(data, list) else ():
        parse_all(row)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["get_my_orders", "do_my_new_order"]),
    st.sampled_from([200, 204, 301, 400, 401, 403, 404, 408, 422, 429, 500, 503, 520]),
    st.one_of(
        st.binary(max_size=30),
        json_values.map(orjson.dumps),
        st.fixed_dictionaries(
            {}, optional={"ok": json_values, "data": json_values, "error": json_values}
        ).map(orjson.dumps),
    ),
)
def test_answers_of_any_form(action: str, status: int, body: bytes) -> None:
    """Data for a success, one of the client's errors for anything else."""
    budget = Budget(100, clock=FakeClock())
    failure: CexioError | None = None
    try:
        decode_answer(action, status, body, budget=budget)
    except CexioError as err:
        failure = err
    if failure is None:
        assert status == 200 and orjson.loads(body)["ok"] == "ok"
    else:
        assert 0 < len(str(failure)) <= 500


async def _survives(frames: list[str | bytes]) -> None:
    """Send frames to a private and a public stream; both must still answer afterwards."""
    probe = replies({"BTC": {"name": "Bitcoin", "blockchains": {}}})

    async def probing(socket: Socket, frame: dict[str, Any]) -> None:
        for text in frames:
            if isinstance(text, bytes):
                await socket.socket.send_bytes(text)
            else:
                await socket.send_text(text)
        await probe(socket, frame)

    async with scripted_exchange() as exchange, aiohttp.ClientSession() as session:
        exchange.answers["get_processing_info"] = probing
        exchange.answers["order_book_subscribe"] = replies(
            {"seqId": 8676229, "pair": "BTC-USD", "bids": [], "asks": []}
        )
        exchange.answers["trade_subscribe"] = replies({"reqId": "1"})
        for private in (True, False):
            await _probe(exchange, session, private)


async def _probe(
    exchange: ScriptedExchange, session: aiohttp.ClientSession, private: bool
) -> None:
    """Hold one session through the frames."""
    clock = FakeClock()
    ends = exchange.endpoints
    stream = Stream(
        session,
        ends.ws if private else ends.ws_public,
        budget=Budget(200, clock=clock),
        credentials=CREDENTIALS if private else None,
        clock=clock,
    )
    listener = stream.listen()
    await stream.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await stream.wait_connected(5)
            await stream.subscribe_order_book("BTC-USD")
            await stream.subscribe_trades("BTC-USD")
            found = await stream.get_processing_info()
        assert found["BTC"].name == "Bitcoin"
        assert stream.connected
    finally:
        await stream.stop()
    assert [event async for event in listener]


def harmless(text: bytes) -> bool:
    """Return whether a frame does not end the session by its own meaning."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return not (isinstance(frame, dict) and frame.get("e") == "disconnected")


frames = st.one_of(
    st.binary(max_size=40),
    json_values.map(orjson.dumps),
    st.tuples(st.sampled_from(FRAMES), st.randoms(use_true_random=False)).map(
        lambda pair: orjson.dumps(mutate(orjson.loads(pair[0]), pair[1]))
    ),
).filter(harmless)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(frames, max_size=30))
def test_the_stream_survives_any_frame(sent: list[bytes]) -> None:
    """Arbitrary bytes, arbitrary JSON, mutated events: the session goes on."""
    asyncio.run(_survives(list(sent)))
