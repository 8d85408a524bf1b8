"""Books and trades as streams."""

from decimal import Decimal

from simulators.exchange.clock import Clock
from tests.simulators.exchange.books import BTC, Book, increments
from tests.simulators.exchange.conftest import TUESDAY, Bench


async def test_book_kept_from_increments_equals_the_book() -> None:
    """Over a minute of a moving market, on both sockets; one increment a second at most on the public one."""
    async with Bench(clock=Clock(TUESDAY, frozen=True), market_moves=True) as bench:
        public, private = await bench.public(), await bench.private()
        books = {
            socket: Book(await socket.ok("order_book_subscribe", BTC))
            for socket in (public, private)
        }
        assert (
            len(books[public].sides["bids"]) == len(books[public].sides["asks"]) == 20
        )
        seen = dict.fromkeys(books, 0)
        for _ in range(60):
            await bench.client.control(
                "/market/trade", pair="BTC-USD", side="BUY", amount="0.3"
            )
            await bench.advance(0.9)
            for socket, book in books.items():
                for increment in await increments(socket):
                    book.apply(increment)
                    seen[socket] += 1
        assert 50 <= seen[public] <= 55
        assert seen[private] >= 90
        await bench.client.control("/market/pause")
        await bench.advance(2)
        _, answer = await bench.client.public("get_order_book", pair="BTC-USD")
        for socket, book in books.items():
            for increment in await increments(socket):
                book.apply(increment)
            for side in ("bids", "asks"):
                assert book.levels(side) == [
                    (Decimal(price), Decimal(amount))
                    for price, amount in answer["data"][side]
                ]


async def test_quiet_book_is_silent(still: Bench) -> None:
    """Nothing changed, nothing sent."""
    socket = await still.public()
    await socket.ok("order_book_subscribe", BTC)
    await still.advance(10)
    assert await increments(socket) == []


async def test_subscribing_again_gives_a_fresh_snapshot_in_one_stream(
    still: Bench,
) -> None:
    """Its sequence is that of the last increment, and increments still come once."""
    socket = await still.public()
    first = await socket.ok("order_book_subscribe", BTC)
    await still.client.control(
        "/orders", pair="BTC-USD", side="BUY", price="60000", amount="1"
    )
    await still.advance(1)
    (increment,) = await increments(socket)
    assert increment["seqId"] == first["seqId"] + 1
    assert increment["bids"] == [["60000", "1.00000000"], ["59880", "0.00000000"]]
    again = await socket.ok("order_book_subscribe", BTC)
    assert again["seqId"] == increment["seqId"]
    assert again["bids"][0] == ["60000", "1.00000000"]
    await still.client.control(
        "/orders", pair="BTC-USD", side="BUY", price="60000", amount="1"
    )
    await still.advance(1)
    assert len(await increments(socket)) == 1


async def test_latecomer_joins_the_stream_where_it_is(still: Bench) -> None:
    """A second socket's snapshot fits the increments that both get."""
    first, second = await still.public(), await still.public()
    await first.ok("order_book_subscribe", BTC)
    await still.client.control(
        "/orders", pair="BTC-USD", side="BUY", price="60000", amount="1"
    )
    book = Book(await second.ok("order_book_subscribe", BTC))
    await still.advance(1)
    for increment in await increments(second):
        book.apply(increment)
    assert book.levels("bids")[0] == (Decimal(60000), Decimal(1))


async def test_unsubscribing(still: Bench) -> None:
    """The stream ends; a pair that is not held is fine too."""
    socket = await still.public()
    await socket.ok("order_book_subscribe", BTC)
    for _ in range(2):
        assert await socket.ok("order_book_unsubscribe", BTC) == BTC
    await still.client.control(
        "/orders", pair="BTC-USD", side="BUY", price="60000", amount="1"
    )
    await still.advance(2)
    assert await increments(socket) == []


async def test_trades(still: Bench) -> None:
    """One frame a trade, no snapshot by default; unsubscribing takes the pair and returns the id."""
    socket = await still.public()
    request_id = (await socket.ok("trade_subscribe", BTC))["reqId"]
    assert request_id.startswith("public-")
    assert (await socket.ok("trade_subscribe", BTC))["reqId"] == request_id
    for _ in range(2):
        await still.client.control(
            "/market/trade", pair="BTC-USD", side="BUY", amount="0.01"
        )
    await still.client.control(
        "/market/trade", pair="ETH-USD", side="BUY", amount="0.01"
    )
    frames = await socket.drain()
    assert [frame["data"] for frame in frames] == [
        {
            "pair": "BTC-USD",
            "tradeId": f"1794306000000-{number}",
            "dateISO": "2026-11-10T10:20:00.000Z",
            "side": "BUY",
            "price": "60006.0",
            "amount": "0.01000000",
        }
        for number in range(2)
    ]
    assert await socket.ok("trade_unsubscribe", BTC) == {"reqId": request_id}
    assert await socket.ok("trade_unsubscribe", BTC) == {"reqId": ""}
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="BUY", amount="0.01"
    )
    assert await socket.drain() == []


async def test_trade_snapshot_when_switched_on(still: Bench) -> None:
    """Documented, never seen: the last trades, oldest first."""
    await still.client.control("/switches", trade_snapshot=True)
    socket = await still.private()
    await socket.ok("trade_subscribe", BTC)
    snapshot = await socket.next("tradeHistorySnapshot")
    moments = [int(trade["tradeId"].partition("-")[0]) for trade in snapshot["trades"]]
    assert moments == sorted(moments)
    assert len(moments) == 40


async def test_market_is_mean_reverting_and_seeded() -> None:
    """An hour later prices are near where they began, and the same for the same seed."""
    mids = []
    for _ in range(2):
        async with Bench(
            clock=Clock(TUESDAY, frozen=True), market_moves=True, seed=7
        ) as bench:
            market = bench.server.venue.market
            for _ in range(3600):
                market.tick(["BTC-USD", "SHIB-USD"])
            mids.append((market.mid("BTC-USD"), market.mid("SHIB-USD")))
            assert bench.server.exchange.books["BTC-USD"].bids.top(20)
    assert mids[0] == mids[1]
    assert mids[0][0] != 60000
    assert abs(mids[0][0] / 60000 - 1) < Decimal("0.03")


async def test_maker_refills(still: Bench) -> None:
    """A book that was bought empty is full again a second later, paused or not."""
    await still.client.control("/market/trade", pair="BTC-USD", side="BUY", amount="60")
    await still.advance(1)
    book = (await still.client.public("get_order_book", pair="BTC-USD"))[1]["data"]
    assert len(book["asks"]) == 20
    assert book["asks"][0][0] == "60006.0"
