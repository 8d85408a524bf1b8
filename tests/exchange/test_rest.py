"""REST requests over real HTTP: what is sent, and what becomes of the answer or refusal."""

import asyncio
from threading import get_ident
from unittest.mock import Mock

import aiohttp
import pytest

from custom_components.cexio.exchange import (
    AuthenticationError,
    BadKeyError,
    Budget,
    CexioError,
    InvalidRequestError,
    MaintenanceError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Priority,
    RateLimitError,
    RestClient,
    TransportError,
    UnexpectedAnswerError,
)

from .examples import NEW_REPORT
from .fakes import CREDENTIALS, ORDER, START, FakeClock, ScriptedExchange


async def test_private_requests_are_signed_as_sent(
    exchange: ScriptedExchange,
    rest: RestClient,
    key_budget: Budget,
    address_budget: Budget,
) -> None:
    """Key, time and signature are in the headers, parameters in the body, points are the key's."""
    exchange.ok("get_my_orders", [])
    assert await rest.get_my_orders(order_id="18", pair="BTC-USD") == []
    (request,) = exchange.requests
    assert request.side == "rest"
    assert request.is_signed_by(CREDENTIALS)
    assert request.headers["X-AGGR-TIMESTAMP"] == "1700000020"
    assert request.headers["Content-Type"] == "application/json"
    assert request.data == {"orderId": 18, "pair": "BTC-USD"}
    assert (key_budget.used, address_budget.used) == (5, 0)


async def test_public_requests_carry_no_key(
    exchange: ScriptedExchange,
    rest: RestClient,
    key_budget: Budget,
    address_budget: Budget,
) -> None:
    """The address pays for them."""
    exchange.ok("get_ticker", {})
    assert await rest.get_ticker() == {}
    (request,) = exchange.requests
    assert request.side == "rest-public" and request.body == "{}"
    assert not [name for name in request.headers if "AGGR" in name]
    assert (key_budget.used, address_budget.used) == (0, 1)


async def test_an_order_is_sent_in_plain_digits_and_stamped(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """No exponent, no float, the exchange's time in milliseconds."""
    exchange.ok("do_my_new_order", NEW_REPORT)
    placed = await rest.do_my_new_order(ORDER)
    assert placed.order_id == "17062"
    assert exchange.requests[0].data == {
        "timestamp": 1_700_000_020_000,
        "clientOrderId": "mine",
        "accountId": "trading",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "orderType": "Limit",
        "timeInForce": "GTC",
        "amountCcy1": "0.00000001",
        "price": "10000",
    }


@pytest.mark.parametrize("action", ["no_such_method", "order_book_subscribe"])
async def test_unknown_methods_are_not_sent(
    exchange: ScriptedExchange, rest: RestClient, action: str
) -> None:
    """Neither invented ones nor those of the WebSocket."""
    with pytest.raises(InvalidRequestError):
        await rest.request(action, {})
    assert exchange.requests == []


async def test_without_a_key_private_methods_are_refused_here(
    exchange: ScriptedExchange, session: aiohttp.ClientSession, address_budget: Budget
) -> None:
    """No request is made and nothing is measured."""
    client = RestClient(
        session, endpoints=exchange.endpoints, address_budget=address_budget
    )
    with pytest.raises(AuthenticationError, match="needs an API key"):
        await client.get_my_volume()
    assert exchange.requests == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            200,
            {"ok": "ok", "data": {"error": "Bad Request"}},
            InvalidRequestError,
            "Bad Request",
        ),
        (200, {"error": "Insufficient"}, InvalidRequestError, "Insufficient"),
        (200, {"error": None, "data": {"error": "x"}}, InvalidRequestError, "x"),
        (422, {"error": "y", "statusCode": 422}, InvalidRequestError, "y"),
        (401, {"error": "Invalid API key"}, BadKeyError, "Invalid API key"),
        (200, {"data": {}}, UnexpectedAnswerError, "neither"),
        (200, [], UnexpectedAnswerError, "200"),
        (200, b"", UnexpectedAnswerError, "200"),
        (
            200,
            {"ok": "ok", "data": {"period": 1}},
            UnexpectedAnswerError,
            "Unreadable Volume",
        ),
        (200, {"ok": "ok"}, UnexpectedAnswerError, "Unreadable Volume"),
        (302, b"", UnexpectedAnswerError, "302"),
        (403, b"<html>blocked</html>", UnexpectedAnswerError, "403"),
        (404, b"<html>", UnexpectedAnswerError, "404"),
        (502, b"<html>", TransportError, "502"),
        (500, {"error": "Unexpected error"}, TransportError, "Unexpected error"),
        (
            503,
            {"error": "order_status is on maintenance"},
            MaintenanceError,
            "order_status",
        ),
        (500, {}, TransportError, "cannot be reached"),
    ],
)
async def test_refused_reads(
    exchange: ScriptedExchange,
    rest: RestClient,
    status: int,
    body: object,
    kind: type[CexioError],
    text: str,
) -> None:
    """Each of the three failure planes, and answers of another form."""
    exchange.answer("get_my_volume", body, status=status)
    with pytest.raises(CexioError) as caught:
        await rest.get_my_volume()
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(exchange.called("get_my_volume")) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", OutcomeUnknownError),
        (200, {"data": {}}, OutcomeUnknownError),
        (200, {"ok": "ok", "data": {"status": "NEW"}}, OutcomeUnknownError),
        (500, {"error": "Unexpected error"}, OutcomeUnknownError),
        (502, b"<html>", OutcomeUnknownError),
        (504, b"", OutcomeUnknownError),
        (408, b"", OutcomeUnknownError),
        (403, b"<html>", UnexpectedAnswerError),
        (429, b"", RateLimitError),
        (401, b"", AuthenticationError),
        (400, {"error": "Mandatory parameter price is missing"}, InvalidRequestError),
        (500, {"error": "order_placement is on maintenance"}, MaintenanceError),
    ],
)
async def test_refused_orders(
    exchange: ScriptedExchange,
    rest: RestClient,
    status: int,
    body: object,
    kind: type[CexioError],
) -> None:
    """Only a clear refusal is one; all else is unknown. Sent once in every case."""
    exchange.ok("get_server_time", {"timestamp": 1_700_000_120_000})
    exchange.answer("do_my_new_order", body, status=status)
    with pytest.raises(CexioError) as caught:
        await rest.do_my_new_order(ORDER)
    assert type(caught.value) is kind
    assert len(exchange.called("do_my_new_order")) == 1


async def test_a_rate_limit_empties_the_minute(
    exchange: ScriptedExchange,
    rest: RestClient,
    clock: FakeClock,
    address_budget: Budget,
) -> None:
    """What comes next waits for the next minute; the exception says when that is."""
    exchange.answer("get_ticker", {"error": "API rate limit reached"}, status=429)
    with pytest.raises(RateLimitError) as caught:
        await rest.get_ticker()
    assert caught.value.retry_at.timestamp() == START + 20
    assert address_budget.used == 100
    exchange.ok("get_order_book", {"pair": "A-B", "bids": [], "asks": []})
    with pytest.raises(RateLimitError):
        await rest.get_order_book("A-B")
    waiting = asyncio.create_task(
        rest.get_order_book("A-B", priority=Priority.RECOVERY)
    )
    await clock.waiting(20, 21)
    assert exchange.called("get_order_book") == []
    clock.advance(20.3)
    assert (await waiting).bids == ()


async def test_cancelling_while_waiting_for_points_sends_nothing(
    exchange: ScriptedExchange, rest: RestClient, clock: FakeClock, key_budget: Budget
) -> None:
    """The place in the queue is given up."""
    key_budget.exhaust()
    waiting = asyncio.create_task(rest.get_my_volume(priority=Priority.BACKGROUND))
    await clock.waiting(20, 21)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert exchange.requests == []


async def test_market_data_with_the_key(
    exchange: ScriptedExchange,
    session: aiohttp.ClientSession,
    clock: FakeClock,
    key_budget: Budget,
    address_budget: Budget,
) -> None:
    """What both sides offer is signed and paid by the key; the rest stays public."""
    client = RestClient(
        session,
        endpoints=exchange.endpoints,
        credentials=CREDENTIALS,
        address_budget=address_budget,
        key_budget=key_budget,
        clock=clock,
        market_data_with_key=True,
    )
    exchange.ok("get_order_book", {"pair": "A-B", "bids": [], "asks": []})
    exchange.ok("get_ticker", {})
    await client.get_order_book("A-B")
    await client.get_ticker()
    book, ticker = exchange.requests
    assert book.side == "rest" and book.is_signed_by(CREDENTIALS)
    assert ticker.side == "rest-public" and "X-AGGR-KEY" not in ticker.headers
    assert (key_budget.used, address_budget.used) == (1, 1)


async def test_it_is_told_how_requests_went(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """Somebody who keeps an eye on the whole hears of each one, once."""
    heard: list[tuple[str, CexioError | None]] = []
    rest.on_outcome = lambda action, error: heard.append((action, error))
    exchange.ok("get_order_book", {"pair": "A-B", "bids": [], "asks": []})
    exchange.answer("get_my_volume", {"error": "No permission"}, status=403)
    await rest.get_order_book("A-B")
    with pytest.raises(PermissionDeniedError) as raised:
        await rest.get_my_volume()
    assert heard == [("get_order_book", None), ("get_my_volume", raised.value)]


async def test_a_listener_that_fails_spoils_no_answer(
    exchange: ScriptedExchange, rest: RestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What the exchange did is told to who asked for it, whatever others make of it."""
    rest.on_outcome = Mock(side_effect=KeyError)
    exchange.ok("get_order_book", {"pair": "A-B", "bids": [], "asks": []})
    assert (await rest.get_order_book("A-B")).bids == ()
    assert "failed on get_order_book" in caplog.text


async def test_a_large_answer_is_read_beside_the_loop(
    exchange: ScriptedExchange, rest: RestClient
) -> None:
    """All pairs at once would hold everything else up; a failure to read them is told the same."""
    readers: list[int] = []

    def read(data: list[int]) -> int:
        readers.append(get_ident())
        if data[-1] == 400:
            raise UnexpectedAnswerError("too many")
        return len(data)

    exchange.ok("get_pairs_info", [1], list(range(400)), list(range(401)))
    for count in (1, 400):
        assert (
            await rest._ask("get_pairs_info", {}, read, Priority.INTERACTIVE) == count
        )
    with pytest.raises(UnexpectedAnswerError, match="too many"):
        await rest._ask("get_pairs_info", {}, read, Priority.INTERACTIVE)
    assert [reader == get_ident() for reader in readers] == [True, False, False]
