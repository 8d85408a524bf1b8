"""Hundreds of pairs and dozens of sockets."""

import asyncio
import time

from simulators.exchange.clock import Clock
from simulators.exchange.engine.reference import listing
from tests.simulators.exchange.conftest import TUESDAY, Bench

PAIRS = 300
SOCKETS = 50
EACH = 20
SECONDS = 3


async def test_three_hundred_pairs_and_fifty_sockets_keep_their_pace() -> None:
    """A second of the exchange takes less than a second of this machine, with every socket hearing twenty books."""
    async with Bench(
        clock=Clock(TUESDAY, frozen=True),
        market_moves=True,
        pairs=PAIRS,
        switches={"address_points": 10_000},
    ) as bench:
        names = list(bench.server.exchange.listing.pairs)
        assert len(names) == PAIRS
        sockets = [await bench.public() for _ in range(SOCKETS)]
        for number, socket in enumerate(sockets):
            for offset in range(EACH):
                await socket.ok(
                    "order_book_subscribe",
                    {"pair": names[(number * 6 + offset) % PAIRS]},
                )
        # Of the processor's time: others may use the same one.
        began = time.process_time()
        await bench.advance(SECONDS)
        await asyncio.gather(*(socket.send(e="ping") for socket in sockets))
        heard = 0
        for socket in sockets:
            while (await socket.receive())["e"] != "pong":
                heard += 1
        assert time.process_time() - began < SECONDS
        assert heard > SOCKETS * EACH * SECONDS * 0.8


def test_generated_pairs_are_sound() -> None:
    """However many, each has bounds that make sense."""
    pairs = listing(900).pairs
    assert len(pairs) == 900
    for pair in pairs.values():
        assert 0 < pair.min_price < pair.price < pair.max_price
        assert 0 < pair.base_lot_size <= pair.base_min < pair.base_max
        assert 0 < pair.quote_min < pair.quote_max
