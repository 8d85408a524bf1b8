"""ccxt.pro on the same frames, in an environment of its own; OPTION: what is made of a frame, "ticker" or "book" alone.

ccxt.pro knows an earlier protocol of the exchange. The frames are given to its handlers of books under the names that
they had there, and a ticker is made of each, as its handler of tickers does.
"""

import asyncio
import json
from pathlib import Path
import signal
import sys
from typing import Any

import ccxt.pro

WATCHED = 40
COUNTING_SECONDS = 2.0


class Exchange(ccxt.pro.cex):  # type: ignore[misc]  # ccxt is not typed where this is checked
    """The exchange by ccxt.pro, with the names of today's frames."""

    with_tickers = False
    frames = 0

    def handle_message(self, client: Any, message: dict[str, Any]) -> None:
        """Handle a frame."""
        name = message["e"]
        if name not in ("order_book_subscribe", "order_book_increment"):
            return
        data = message["data"]
        pair = data["pair"]
        symbol = pair.replace("-", "/")
        is_increment = name == "order_book_increment"
        if is_increment and symbol not in self.orderbooks:
            return
        self.frames += 1
        book = {
            "id": data["seqId"],
            "pair": pair.replace("-", ":"),
            "bids": data["bids"],
            "asks": data["asks"],
        }
        super().handle_message(
            client,
            {
                "e": "md_update" if is_increment else "order-book-subscribe",
                "data": book,
            },
        )
        if self.with_tickers:
            self.take_ticker(client, pair, symbol)

    async def follow(self, symbol: str) -> Any:
        """Return the book of a pair after its next change; the first time, ask for it."""
        name = f"orderbook:{symbol}"
        message = {
            "e": "order_book_subscribe",
            "oid": name,
            "data": {"pair": self.market(symbol)["id"]},
        }
        return (await self.watch(self.urls["api"]["ws"], name, message, name)).limit()

    async def watch_for_ever(self, symbol: str) -> None:
        """Take each book, as a program does that is written for ccxt.pro."""
        while True:
            await self.follow(symbol)

    def take_ticker(self, client: Any, pair: str, symbol: str) -> None:
        """Make a ticker of a book, and tell those who wait for it."""
        book = self.orderbooks[symbol]
        prices = {
            field: str(book[side][0][0])
            for field, side in (("bestBid", "bids"), ("bestAsk", "asks"))
            if book[side]
        }
        ticker = self.parse_ticker({"id": pair, **prices}, self.market(symbol))
        self.tickers[symbol] = ticker
        client.resolve(ticker, f"ticker:{symbol}")
        client.resolve(ticker, "tickers")


async def follow_all(option: str, ready: dict[str, Any]) -> float:
    """Follow every book until told to end; return how many frames a second there were."""
    exchange = Exchange({"enableRateLimit": False})
    exchange.with_tickers = option == "ticker"
    exchange.urls["api"] = {"public": ready["rest_public"], "ws": ready["ws_public"]}
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        markets = list(await exchange.load_markets())
        await asyncio.gather(*map(exchange.follow, markets))
        watching = asyncio.gather(*map(exchange.watch_for_ever, markets[:WATCHED]))
        sys.stdout.write("{}\n")
        sys.stdout.flush()
        await told.wait()
        watching.cancel()
        before = exchange.frames
        await asyncio.sleep(COUNTING_SECONDS)
        return (exchange.frames - before) / COUNTING_SECONDS
    finally:
        await exchange.close()


def main(option: str, ready: dict[str, Any], report: str) -> None:
    """Be a side."""
    frames = asyncio.run(follow_all(option, ready))
    Path(report).write_text(json.dumps({"changes_per_second": frames}))
