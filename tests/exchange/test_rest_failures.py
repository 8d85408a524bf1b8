"""REST requests whose answer is lost, late, or refused for its time: asked again or unknown."""

import asyncio
import traceback

import aiohttp
from aiohttp import web
import pytest

from custom_components.cexio.exchange import (
    AuthenticationError,
    Budget,
    CexioError,
    ClockError,
    Endpoints,
    OrderRejectedError,
    OutcomeUnknownError,
    RestClient,
    TransportError,
)

from .examples import NEW_REPORT
from .fakes import CREDENTIALS, ORDER, VOLUME, FakeClock, Request, ScriptedExchange


@pytest.mark.parametrize(
    ("action", "kind"),
    [("get_my_volume", TransportError), ("do_cancel_all_orders", OutcomeUnknownError)],
)
async def test_no_answer_in_time(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    key_budget: Budget,
    action: str,
    kind: type[CexioError],
) -> None:
    """After sending, a read has failed and anything else is unknown."""
    client = RestClient(
        session,
        endpoints=exchange.endpoints,
        credentials=CREDENTIALS,
        address_budget=key_budget,
        key_budget=key_budget,
        clock=clock,
        # Half of it is for connecting.
        timeout=1.0,
    )
    released = asyncio.Event()

    async def late(request: Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    exchange.rest[action] = [late]
    with pytest.raises(CexioError, match="in time") as caught:
        await client.request(action, {})
    released.set()
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("action", "kind"),
    [("get_my_volume", TransportError), ("do_cancel_all_orders", OutcomeUnknownError)],
)
async def test_a_line_that_breaks_after_sending(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    key_budget: Budget,
    action: str,
    kind: type[CexioError],
) -> None:
    """A server that takes the request and hangs up leaves an order unknown; one request only."""
    taken = []

    async def hang_up(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        taken.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = RestClient(
        session,
        endpoints=Endpoints.from_base(f"http://127.0.0.1:{port}/secret-path"),
        credentials=CREDENTIALS,
        address_budget=key_budget,
        key_budget=key_budget,
        clock=clock,
    )
    async with server:
        with pytest.raises(CexioError, match="lost") as caught:
            await client.request(action, {})
    assert type(caught.value) is kind
    assert len(taken) == 1


async def test_an_exchange_out_of_reach_surely_got_nothing(
    session: aiohttp.ClientSession, clock: FakeClock, key_budget: Budget
) -> None:
    """Even an order is then not sent; no text or trace quotes address, key or signature."""
    client = RestClient(
        session,
        endpoints=Endpoints.from_base("http://127.0.0.1:1/secret-path"),
        credentials=CREDENTIALS,
        address_budget=key_budget,
        clock=clock,
    )
    with pytest.raises(TransportError) as caught:
        await client.do_my_new_order(ORDER)
    told = "".join(traceback.format_exception(caught.value))
    assert str(caught.value) == "The exchange cannot be reached"
    assert "secret-path" not in told and CREDENTIALS.key not in told


async def test_a_certificate_that_is_none_is_named(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    key_budget: Budget,
) -> None:
    """Speaking TLS to a server without it is no matter of reach."""
    client = RestClient(
        session,
        endpoints=Endpoints.from_base(exchange.base.replace("http://", "https://")),
        credentials=CREDENTIALS,
        address_budget=key_budget,
        clock=clock,
    )
    with pytest.raises(TransportError, match="certificate"):
        await client.get_my_volume()


@pytest.mark.parametrize(
    "text", ["Timestamp is not in 20sec range", "Authorization Failed"]
)
async def test_a_read_refused_for_its_time_is_signed_again(
    exchange: ScriptedExchange, rest: RestClient, clock: FakeClock, text: str
) -> None:
    """The exchange's clock is measured and the read repeated once."""
    exchange.answer("get_my_volume", {"error": text}, status=401)
    exchange.ok("get_my_volume", VOLUME)
    exchange.ok("get_server_time", {"timestamp": "1700000120000"})
    assert (await rest.get_my_volume()).volume == 1
    assert clock.offset == 100.0 and rest.clock is clock
    first, second = exchange.called("get_my_volume")
    assert first.headers["X-AGGR-TIMESTAMP"] == "1700000020"
    assert second.headers["X-AGGR-TIMESTAMP"] == "1700000120"
    assert second.is_signed_by(CREDENTIALS)


async def test_a_clock_that_is_right_is_no_reason_to_ask_again(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """The refusal is passed on; neither is it repeated when measuring fails."""
    exchange.answer("get_my_volume", {"error": "Authorization Failed"}, status=401)
    exchange.ok("get_server_time", {"timestamp": 1_700_000_021_000})
    exchange.answer("get_server_time", b"", status=500)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await rest.get_my_volume()
    assert len(exchange.called("get_my_volume")) == 2


async def test_an_order_refused_for_its_time_is_not_repeated(
    exchange: ScriptedExchange, rest: RestClient, clock: FakeClock
) -> None:
    """The clock is measured for the next one, at sign-in as well as by the order's own time."""
    exchange.ok("get_server_time", {"timestamp": 1_700_000_120_000})
    exchange.answer(
        "do_my_new_order", {"error": "Timestamp is not in 20sec range"}, status=401
    )
    with pytest.raises(ClockError):
        await rest.do_my_new_order(ORDER)
    assert clock.offset == 100.0
    clock.offset = 0.0
    exchange.rest.clear()
    exchange.ok("get_server_time", {"timestamp": 1_700_000_120_000})
    rejection = {
        "status": "REJECTED",
        "rejectCode": 424,
        "rejectReason": "ClientTime ...",
    }
    exchange.ok("do_my_new_order", {**NEW_REPORT, **rejection})
    with pytest.raises(OrderRejectedError) as caught:
        await rest.do_my_new_order(ORDER)
    assert caught.value.code == 424
    assert clock.offset == 100.0
    assert len(exchange.called("do_my_new_order")) == 2
