"""An exchange that tells of as many executions, and of as many moves of books, as it is asked to.

`python -m benchmarks.throughput.hose PAIRS`: the simulator, whose market stands still, and beside it
`POST {hose}/executions {rate, seconds}` and `POST {hose}/books {rate, seconds}`, which answer when all has left.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from itertools import count
import signal
import sys
from time import time
from typing import Any

from aiohttp import web
import orjson

from simulators.exchange.server import ExchangeServer
from simulators.exchange.sockets.session import Session

SLICE = 0.01
# So many orders are open at once, and so many fills make one of them full.
ORDERS = 50
FILLS = 20
LOT = Decimal("0.001")
PRICE = 60000
# The points that a minute has at most are no matter here.
MANY_POINTS = 1_000_000


class Hose:
    """What is told beside what really happens."""

    def __init__(self, server: ExchangeServer) -> None:
        """Tell the clients of an exchange."""
        self._server = server
        self._numbers = count(1)
        self._orders: list[tuple[int, int]] = [(0, FILLS)] * ORDERS
        self._turn = 0
        self._prices: dict[str, Decimal] = {}

    async def executions(self, request: web.Request) -> web.Response:
        """Tell of executions: of the open orders in turns, each of a full one's place taken by a new one."""
        (session,) = (
            item
            for item in self._server.venue.hub.sessions
            if isinstance(item, Session) and item.private
        )

        def tell() -> None:
            """Tell of one."""
            self._turn = (self._turn + 1) % ORDERS
            number, filled = self._orders[self._turn]
            if filled == FILLS:
                number, filled = next(self._numbers), 0
                session.send(report(number, 0), "executionReport")
            self._orders[self._turn] = number, filled + 1
            session.send(report(number, filled + 1), "executionReport")

        return await pour(request, tell)

    async def books(self, request: web.Request) -> web.Response:
        """Move the best bid of one followed pair after the other."""
        every = self._server._feeds[False]._feeds  # noqa: SLF001  # the simulator moves books at a pace of its own
        feeds = [feed for feed in every.values() if feed.listeners]
        turns = count()

        def tell() -> None:
            """Move one; how much is bidden says when, in microseconds."""
            feed = feeds[next(turns) % len(feeds)]
            feed.sequence += 1
            best = max(feed.bids)
            tick = Decimal((0, (1,), -feed.pair.price_precision))
            before = self._prices.get(feed.pair.name)
            price = best + (2 * tick if before == best + tick else tick)
            self._prices[feed.pair.name] = price
            bids = [[format(price, "f"), f"{time():.6f}"]]
            if before is not None:
                bids.append([format(before, "f"), "0"])
            frame = orjson.dumps(
                {
                    "e": "order_book_increment",
                    "data": {
                        "seqId": feed.sequence,
                        "pair": feed.pair.name,
                        "bids": bids,
                        "asks": [],
                    },
                    "ok": "ok",
                }
            )
            for listener in feed.listeners:
                listener.send(frame, "order_book_increment", feed.pair.name)

        return await pour(request, tell)


def report(number: int, filled: int) -> bytes:
    """Return the report of an order's fill, or of its beginning; its last update says when it left."""
    amount, quote = filled * LOT, filled * LOT * PRICE
    data: dict[str, Any] = {
        "messageType": "executionReport",
        "clientId": "client",
        "orderId": str(number),
        "clientOrderId": f"scale-{number}",
        "accountId": "trading",
        "status": "NEW"
        if not filled
        else "PARTIALLY_FILLED"
        if filled < FILLS
        else "FILLED",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "executedAmountCcy1": f"{amount:.8f}",
        "executedAmountCcy2": f"{quote:.8f}",
        "requestedAmountCcy1": f"{FILLS * LOT:.8f}",
        "requestedAmountCcy2": None,
        "orderType": "Limit",
        "timeInForce": "GTC",
        "comment": None,
        "executionType": "Trade" if filled else "New",
        "executionId": f"1521616998836_{number}_{filled}",
        "transactTime": None,
        "lastUpdateTimestamp": int(time() * 1000),
        "expireTime": None,
        "effectiveTime": None,
        "price": f"{PRICE}.0",
        "averagePrice": f"{PRICE}.0" if filled else None,
        "feeAmount": f"{quote / 400:.8f}",
        "feeCurrency": "USD",
    }
    if filled:
        lot = {"lastAmountCcy1": f"{LOT:.8f}", "lastAmountCcy2": f"{LOT * PRICE:.8f}"}
        data |= lot | {"lastQuantity": f"{LOT:.8f}", "lastPrice": f"{PRICE}.0"}
    return orjson.dumps({"e": "executionReport", "ok": "ok", "data": data})


async def pour(request: web.Request, tell: Callable[[], None]) -> web.Response:
    """Tell so many a second, for some seconds; answer how many those were."""
    asked = await request.json()
    whole = round(asked["rate"] * asked["seconds"])
    loop = asyncio.get_running_loop()
    began, told = loop.time(), 0
    while told < whole:
        due = min(whole, round(asked["rate"] * (loop.time() - began + SLICE)))
        for _ in range(due - told):
            tell()
        told = due
        await asyncio.sleep(SLICE)
    return web.json_response({"told": whole})


async def main(pairs: int) -> None:
    """Serve until told to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    points = {"key_points": MANY_POINTS, "address_points": MANY_POINTS}
    server = ExchangeServer(market_moves=False, pairs=pairs, switches=points)
    async with server:
        hose, app = Hose(server), web.Application()
        app.router.add_post("/executions", hose.executions)
        app.router.add_post("/books", hose.books)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        sys.stdout.buffer.write(
            orjson.dumps(server.described() | {"hose": url}) + b"\n"
        )
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
