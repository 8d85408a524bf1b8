"""Books and trades are followed across losses, gaps and sessions."""

import asyncio
from decimal import Decimal
import logging
from typing import Any

import pytest

from custom_components.cexio.exchange import (
    BestPrices,
    Disconnected,
    OrderBook,
    PermissionDeniedError,
    Stream,
    Subscription,
    Trade,
    TradeHistory,
    Unreadable,
    UnsupportedPairError,
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

PAIR = "BTC-USD"


def book(sequence: int, *bids: tuple[str, str], pair: str = PAIR) -> dict[str, Any]:
    """Return a snapshot or an increment."""
    return {"seqId": sequence, "pair": pair, "bids": bids, "asks": []}


async def counting(socket: Socket, frame: dict[str, Any]) -> None:
    """Answer each subscription with a snapshot, 100, 200, 300 ..."""
    number = getattr(socket, "snapshots", 0) + 100
    socket.snapshots = number  # type: ignore[attr-defined]  # the test's own counter
    await socket.reply(
        frame, book(number, ("1", str(number)), pair=frame["data"]["pair"])
    )


async def follow_book(
    stream: Stream, exchange: ScriptedExchange
) -> tuple[Subscription[OrderBook], Socket]:
    """Follow a book whose snapshots are counted; return what is told of it, and the exchange's end."""
    exchange.answers["order_book_subscribe"] = counting
    events = stream.listen(OrderBook)
    socket = await up(stream, exchange)
    await stream.subscribe_order_book(PAIR)
    return events, socket


async def test_a_gap_brings_a_new_snapshot(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """The first loss is repaired at once, and what comes meanwhile is left aside."""
    stream = make_stream(None)
    events, socket = await follow_book(stream, exchange)
    await socket.event("order_book_increment", book(101, ("2", "1")))
    await socket.event("order_book_increment", book(105, ("3", "1")))
    await socket.event("order_book_increment", book(106, ("3", "1")))
    assert [(await anext(events)).sequence for _ in range(3)] == [100, 101, 200]
    found = stream.order_book(PAIR)
    assert found is not None and found.best_bid == 1
    for _ in range(2):
        assert (await socket.received("order_book_subscribe"))["data"] == {"pair": PAIR}


async def test_whoever_is_called_hears_the_best_prices(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each change at once, until the call is closed; failing at one loses no other."""
    stream = make_stream(None)
    heard: list[tuple[Decimal | None, Decimal | None]] = []

    def take(event: BestPrices) -> None:
        """Note the prices; fail at the first ones."""
        heard.append((event.bid, event.ask))
        if len(heard) == 1:
            raise ValueError("broken")

    call = stream.call(take, BestPrices)
    events, socket = await follow_book(stream, exchange)
    changes = ([("2", "1"), ("3", "1")], [("3", "0.00")], [("2", "0"), ("1", "0")])
    for sequence, bids in enumerate(changes, 101):
        await socket.event("order_book_increment", book(sequence, *bids))
    for _ in range(4):
        await anext(events)
    assert heard == [(1, None), (3, None), (2, None), (None, None)]
    assert "BestPrices could not be taken in" in caplog.text
    call.close()
    await socket.event("order_book_increment", book(104, ("5", "1")))
    assert (await anext(events)).best_bid == 5
    assert len(heard) == 4


async def test_changes_that_nobody_follows_are_not_read(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Whatever is in them; only one without a pair might have been meant for somebody."""
    stream = make_stream(None)
    unreadable = stream.listen(Unreadable)
    events, socket = await follow_book(stream, exchange)
    await anext(events)
    for data in ({"pair": "A-B", "bids": "nonsense"}, {"pair": 5}, None):
        await socket.event("order_book_increment", data)
    await socket.event("order_book_increment", book(101, ("2", "1")))
    assert (await anext(events)).sequence == 101
    unreadable.close()
    assert [event.name async for event in unreadable] == ["order_book_increment"] * 2


@pytest.mark.parametrize(
    ("frame", "unwanted"),
    [
        ('{"e":"order_book_increment","data":{"seqId":1,"pair":"A-B","bids":[', True),
        ('{"e":"order_book_increment","data":{"pair":"BTC-US","seqId":1}}', True),
        ('{"e":"order_book_increment","data":{"seqId":1,"pair":"BTC-USD"}}', False),
        # Written otherwise than it ever was: what it is, only reading tells.
        ('{"e":"order_book_increment","data":{"seqId":1,"pair": "A-B"}}', False),
        ('{"e": "order_book_increment","data":{"pair":"A-B"}}', False),
        ('{"e":"order_book_increment","data":{"pair":"A-B', False),
        (
            '{"e":"order_book_increment","data":{"bids":[' + " " * 99 + '"pair":"A-B"',
            False,
        ),
        ('{"e":"order_book_increment"}', False),
        ('{"e":"order_book_subscribe","data":{"pair":"A-B"}}', False),
        (b'{"e":"order_book_increment","data":{"pair":"A-B"}}', False),
        ("", False),
    ],
)
async def test_frames_that_are_left_unread(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    frame: str | bytes,
    unwanted: bool,
) -> None:
    """Only those that surely are a change of what nobody follows."""
    stream = make_stream(None)
    await follow_book(stream, exchange)
    assert stream._feeds.is_unwanted(frame) is unwanted


async def test_repeated_losses_are_repaired_ever_more_slowly(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """A feed that is always broken does not eat the points."""
    stream = make_stream(None)
    events, socket = await follow_book(stream, exchange)
    await anext(events)
    await socket.event("order_book_increment", book(900))
    await anext(events)
    await socket.event("order_book_increment", book(900))
    assert await clock.asleep(2, 4) == 2
    clock.advance(2)
    await anext(events)
    await socket.event("order_book_increment", {"pair": PAIR, "seqId": "x"})
    assert await clock.asleep(4, 4.5) == 4


async def test_books_and_trades_return_with_the_next_session(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """What was followed is followed again, and a book is not trusted in between."""
    exchange.answers["order_book_subscribe"] = counting
    exchange.answers["trade_subscribe"] = replies({"reqId": "1"})
    stream = make_stream(None)
    await stream.subscribe_order_book("EARLY-USD")
    books, lost = stream.listen(OrderBook), stream.listen(Disconnected)
    socket = await up(stream, exchange)
    assert (await anext(books)).pair == "EARLY-USD"
    await stream.subscribe_order_book(PAIR)
    await stream.subscribe_trades(PAIR)
    await anext(books)
    await socket.close()
    await anext(lost)
    assert stream.order_book(PAIR) is None
    await clock.asleep(0.5, 1)
    clock.advance(1)
    again = await exchange.socket()
    asked = [await again.received("order_book_subscribe") for _ in range(2)]
    assert {frame["data"]["pair"] for frame in asked} == {"EARLY-USD", PAIR}
    assert (await again.received("trade_subscribe"))["data"] == {"pair": PAIR}
    assert {(await anext(books)).pair for _ in range(2)} == {"EARLY-USD", PAIR}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Currency pair BTC-USD is not supported", UnsupportedPairError),
        ("No permission", PermissionDeniedError),
    ],
)
async def test_a_pair_that_is_refused_is_not_remembered(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    text: str,
    kind: type[Exception],
) -> None:
    """The one who asked is told."""
    exchange.answers["order_book_subscribe"] = refuses(text)
    stream = make_stream()
    await up(stream, exchange)
    with pytest.raises(kind):
        await stream.subscribe_order_book(PAIR)
    assert stream._feeds._books == {}


async def test_a_pair_that_is_no_longer_traded_is_given_up(
    exchange: ScriptedExchange,
    make_stream: MakeStream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Found out when subscribing again, it is said in the log."""
    caplog.set_level(logging.INFO)
    exchange.answers["trade_subscribe"] = refuses(
        "Currency pair OLD-USD is not supported"
    )
    exchange.answers["order_book_subscribe"] = replies(book(1, pair=PAIR))
    stream = make_stream(None)
    await stream.subscribe_trades("OLD-USD")
    socket = await up(stream, exchange)
    await socket.received("trade_subscribe")
    await stream.subscribe_order_book(PAIR)
    assert stream._feeds._tapes == {}
    assert "OLD-USD is no longer followed" in caplog.text


async def test_a_subscription_that_fails_for_now_is_tried_again(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """Maintenance, a snapshot that cannot be read, no answer: the next try comes later."""
    answers = [
        refuses("market_data is on maintenance"),
        refuses("market_data is on maintenance"),
        replies({"pair": PAIR, "bids": 7}),
        counting,
    ]

    async def next_answer(socket: Socket, frame: dict[str, Any]) -> None:
        await answers.pop(0)(socket, frame)

    exchange.answers["order_book_subscribe"] = next_answer
    stream = make_stream(None)
    events = stream.listen(OrderBook)
    await up(stream, exchange)
    await stream.subscribe_order_book(PAIR)
    for pause in (2, 4):
        await clock.asleep(pause, pause)
        clock.advance(pause)
    assert (await anext(events)).sequence == 100


async def test_leaving_a_pair_while_it_is_being_subscribed(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """The tries end, and asking again while they last does not double them."""
    exchange.answers["order_book_subscribe"] = refuses("market_data is on maintenance")
    exchange.answers["order_book_unsubscribe"] = refuses("Not subscribed")
    stream = make_stream(None)
    socket = await up(stream, exchange)
    await stream.subscribe_order_book(PAIR)
    await stream.subscribe_order_book(PAIR)
    await clock.asleep(2, 2)
    await stream.unsubscribe_order_book(PAIR)
    await stream.unsubscribe_order_book(PAIR)
    await stream.unsubscribe_trades(PAIR)
    clock.advance(2)
    exchange.answers["get_processing_info"] = replies({})
    await stream.get_processing_info()
    assert stream._feeds._under_way == set()
    names = []
    while not socket.frames.empty():
        names.append(socket.frames.get_nowait()["e"])
    assert names.count("order_book_subscribe") == 2
    assert names.count("order_book_unsubscribe") == 1


async def test_leaving_without_a_session_is_silent(make_stream: MakeStream) -> None:
    """The exchange has forgotten it by itself."""
    stream = make_stream(None)
    await stream.subscribe_order_book(PAIR)
    await stream.unsubscribe_order_book(PAIR)
    assert stream._feeds._books == {}


async def test_messages_of_pairs_that_nobody_follows_are_left_aside(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Late messages of a pair just left, or of one that was asked for past the memory."""
    exchange.answers["order_book_subscribe"] = counting
    stream = make_stream(None)
    events = stream.listen(OrderBook, Trade, TradeHistory)
    socket = await up(stream, exchange)
    trade = {"pair": "X-Y", "tradeId": "1-0", "dateISO": "2023-03-07T08:04:16.117Z"}
    trade |= {"side": "BUY", "price": "1", "amount": "1"}
    await socket.event("order_book_increment", book(1, pair="X-Y"))
    await socket.event("tradeUpdate", trade)
    await socket.event("tradeHistorySnapshot", {"pair": "X-Y", "trades": []})
    await stream.request("order_book_subscribe", {"pair": "X-Y"})
    await stream.subscribe_order_book(PAIR)
    first = await anext(events)
    assert isinstance(first, OrderBook) and first.pair == PAIR


async def test_each_trade_counts_once(
    exchange: ScriptedExchange, make_stream: MakeStream
) -> None:
    """Updates before the snapshot, repeated ones, further snapshots; ids compare as numbers."""
    exchange.answers["trade_subscribe"] = replies({"reqId": "1"})
    exchange.answers["trade_unsubscribe"] = replies({"reqId": "1"})
    stream = make_stream(None)
    events = stream.listen(Trade, TradeHistory)
    socket = await up(stream, exchange)
    await stream.subscribe_trades(PAIR)

    def row(trade_id: str) -> dict[str, Any]:
        fields = {"tradeId": trade_id, "dateISO": "2023-03-07T08:04:16.117Z"}
        return fields | {"side": "BUY", "price": "1", "amount": "1"}

    await socket.event("tradeUpdate", {"pair": PAIR, **row("1000-2")})
    rows = [row("1000-10"), row("1000-1"), row("1000-2"), row("1000-9")]
    await socket.event("tradeHistorySnapshot", {"pair": PAIR, "trades": rows})
    await socket.event("tradeHistorySnapshot", {"pair": PAIR, "trades": rows})
    await socket.event("tradeUpdate", {"pair": PAIR, **row("1000-10")})
    await socket.event("tradeUpdate", {"pair": PAIR, **row("1001-0")})
    first, second, third = [await anext(events) for _ in range(3)]
    assert isinstance(first, Trade) and first.trade_id == "1000-2"
    assert isinstance(second, TradeHistory)
    assert [trade.trade_id for trade in second.trades] == ["1000-9", "1000-10"]
    assert isinstance(third, Trade) and third.trade_id == "1001-0"
    await stream.unsubscribe_trades(PAIR)
    assert (await socket.received("trade_unsubscribe"))["data"] == {"pair": PAIR}


async def test_no_answer_to_a_subscription_is_tried_again_later(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """The one who asked goes on; the book comes when the exchange answers."""
    exchange.answers["order_book_subscribe"] = says_nothing
    stream = make_stream(None)
    events = stream.listen(OrderBook)
    socket = await up(stream, exchange)
    asking = asyncio.create_task(stream.subscribe_order_book(PAIR))
    await socket.received("order_book_subscribe")
    exchange.answers["order_book_subscribe"] = counting
    clock.advance(10)
    await asking
    assert (await anext(events)).sequence == 100


async def test_a_session_that_ends_while_subscribing(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """The one who asked goes on; the next session subscribes."""
    exchange.answers["order_book_subscribe"] = says_nothing
    stream = make_stream(None)
    events = stream.listen(OrderBook)
    socket = await up(stream, exchange)
    asking = asyncio.create_task(stream.subscribe_order_book(PAIR))
    await socket.received("order_book_subscribe")
    exchange.answers["order_book_subscribe"] = counting
    await socket.close()
    await asking
    await clock.asleep(0.5, 1)
    clock.advance(1)
    assert (await anext(events)).sequence == 100


async def test_unreadable_changes_ask_for_one_snapshot(
    exchange: ScriptedExchange, make_stream: MakeStream, clock: FakeClock
) -> None:
    """However many of them come while it is under way."""
    stream = make_stream(None)
    events, socket = await follow_book(stream, exchange)
    await anext(events)
    exchange.answers["order_book_subscribe"] = says_nothing
    for _ in range(5):
        await socket.event("order_book_increment", {"pair": PAIR})
    exchange.answers["get_processing_info"] = replies({})
    await socket.received("order_book_subscribe")
    await socket.received("order_book_subscribe")
    await stream.get_processing_info()
    assert all(frame["e"] != "order_book_subscribe" for frame in drained(socket))


def drained(socket: Socket) -> list[dict[str, Any]]:
    """Return the frames that arrived and were not looked at."""
    found = []
    while not socket.frames.empty():
        found.append(socket.frames.get_nowait())
    return found
