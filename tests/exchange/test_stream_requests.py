"""Requests over the stream: matched with their answers, refused, lost, and paid for in points."""

import asyncio
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    Budget,
    InvalidRequestError,
    OutcomeUnknownError,
    Priority,
    RateLimitError,
    TransportError,
    Unreadable,
)

from .conftest import MakeStream
from .fakes import (
    FakeClock,
    ScriptedExchange,
    Socket,
    refuses,
    replies,
    says_nothing,
    up,
)


async def test_many_requests_are_matched_by_their_oid(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Answers may come in any order."""
    held: list[tuple[Socket, dict[str, Any]]] = []

    async def backwards(socket: Socket, frame: dict[str, Any]) -> None:
        held.append((socket, frame))
        if len(held) == 5:
            for where, asked in reversed(held):
                await where.reply(asked, {"accountId": asked["data"]["accountId"]})

    exchange.answers["do_create_account"] = backwards
    stream = make_stream()
    await up(stream, exchange)
    names = [f"account{number}" for number in range(5)]
    made = await asyncio.gather(
        *(stream.do_create_account(name, "BTC") for name in names)
    )
    assert made == names
    assert len({frame["oid"] for _, frame in held}) == 5


async def test_ok_with_an_error_inside_is_an_error(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """The mark "ok" does not prove success."""

    async def both(socket: Socket, frame: dict[str, Any]) -> None:
        await socket.reply(
            frame,
            {"error": "Parameter pairs should be Array of Strings", "statusCode": 422},
        )

    exchange.answers["get_pairs_info"] = both
    stream = make_stream(None)
    await up(stream, exchange)
    with pytest.raises(InvalidRequestError, match="Array of Strings"):
        await stream.get_pairs_info([])


@pytest.mark.parametrize("reply", [{}, {"error": "Something new"}, {"data": None}])
async def test_an_answer_without_ok_is_an_error(
    exchange: ScriptedExchange, make_stream: MakeStream, reply: dict[str, Any]
) -> None:
    """No "ok" means failure, whatever else is there."""

    async def odd(socket: Socket, frame: dict[str, Any]) -> None:
        await socket.send({"e": frame["e"], "oid": frame["oid"], **reply})

    exchange.answers["get_my_volume"] = odd
    stream = make_stream()
    await up(stream, exchange)
    with pytest.raises(InvalidRequestError):
        await stream.get_my_volume()


async def test_a_request_without_answer_times_out(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """A read failed, an order may have been placed; a late answer disturbs nobody."""
    exchange.answers["get_my_volume"] = says_nothing
    exchange.answers["do_cancel_all_orders"] = says_nothing
    stream = make_stream()
    socket = await up(stream, exchange)
    read = asyncio.create_task(stream.get_my_volume())
    asked = await socket.received("get_my_volume")
    clock.advance(10)
    with pytest.raises(TransportError, match="in time"):
        await read
    order = asyncio.create_task(stream.do_cancel_all_orders())
    await socket.received("do_cancel_all_orders")
    clock.advance(10)
    with pytest.raises(OutcomeUnknownError):
        await order
    exchange.answers["get_my_volume"] = replies(
        {"period": "30d", "volume": "1", "currency": "USD"}
    )
    await socket.reply(asked, {"period": "30d", "volume": "2", "currency": "USD"})
    assert (await stream.get_my_volume()).volume == 1


async def test_a_rate_limit_answer_empties_the_minute(
    exchange: ScriptedExchange, make_stream: MakeStream, key_budget: Budget
) -> None:
    """The one who asked learns when to ask again."""
    exchange.answers["get_my_volume"] = refuses("API rate limit reached")
    stream = make_stream()
    await up(stream, exchange)
    with pytest.raises(RateLimitError) as caught:
        await stream.get_my_volume()
    assert caught.value.retry_at.timestamp() == 1_700_000_040
    assert key_budget.used == 200


async def test_a_rate_limit_that_nobody_waits_for_empties_the_minute_too(
    exchange: ScriptedExchange, make_stream: MakeStream, key_budget: Budget
) -> None:
    """An error without oid is not lost."""
    stream = make_stream()
    socket = await up(stream, exchange)
    exchange.answers["get_my_volume"] = replies(
        {"period": "30d", "volume": "1", "currency": "USD"}
    )
    await socket.send({"e": "get_ticker", "data": {"error": "API rate limit reached"}})
    await socket.event("account_update", {})
    async with stream.listen(Unreadable) as events:
        await anext(events)
    assert key_budget.used == 200


@pytest.mark.parametrize(
    "action", ["get_ticker", "get_server_time", "no_such_method", "place-order"]
)
async def test_what_would_close_the_socket_is_not_sent(
    exchange: ScriptedExchange, make_stream: MakeStream, action: str
) -> None:
    """An unknown message type ends the session, so it is refused here."""
    stream = make_stream()
    await up(stream, exchange)
    with pytest.raises(InvalidRequestError):
        await stream.request(action, {})


async def test_private_methods_are_not_sent_over_a_public_socket(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """The public socket offers public methods only."""
    stream = make_stream(None)
    socket = await up(stream, exchange)
    assert socket.side == "ws-public"
    with pytest.raises(InvalidRequestError):
        await stream.get_my_orders()


async def test_the_connection_may_go_while_a_request_waits_for_points(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    clock: FakeClock,
    key_budget: Budget,
) -> None:
    """Then it is surely not sent, even an order."""
    stream = make_stream()
    socket = await up(stream, exchange)
    key_budget.exhaust()
    order = asyncio.create_task(stream.do_cancel_all_orders())
    await clock.waiting(20, 21)
    await socket.close()
    await clock.asleep(0.5, 1)
    clock.advance(20.2)
    with pytest.raises(TransportError):
        await order


async def test_an_order_is_stamped_when_it_is_sent(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    clock: FakeClock,
    key_budget: Budget,
) -> None:
    """Not when it was asked for: it may have waited for points."""
    exchange.answers["do_cancel_my_order"] = replies({})
    clock.now += 10
    stream = make_stream()
    socket = await up(stream, exchange)
    key_budget.exhaust()
    cancel = asyncio.create_task(
        stream.do_cancel_my_order(client_order_id="a", cancel_request_id="c")
    )
    await clock.waiting(10, 11)
    clock.advance(10.5)
    await cancel
    frame = await socket.received("do_cancel_my_order")
    assert frame["data"] == {
        "timestamp": 1_700_000_040_500,
        "clientOrderId": "a",
        "cancelRequestId": "c",
    }


async def test_points_are_spent_by_priority(
    exchange: ScriptedExchange, make_stream: MakeStream, key_budget: Budget
) -> None:
    """The last quarter is for orders."""
    exchange.answers["do_cancel_all_orders"] = replies({"clientOrderIds": []})
    stream = make_stream()
    await up(stream, exchange)
    await key_budget.spend(150, Priority.BACKGROUND)
    assert await stream.do_cancel_all_orders() == []
    assert key_budget.used == 155
