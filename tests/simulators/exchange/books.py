"""Books as a subscriber keeps them."""

from decimal import Decimal
from typing import Any

from tests.simulators.exchange.client import Socket

BTC = {"pair": "BTC-USD"}


class Book:
    """A book as the documentation tells a client to keep it."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        """Begin with a snapshot."""
        self.sequence = snapshot["seqId"]
        self.sides = {
            side: {Decimal(price): Decimal(amount) for price, amount in snapshot[side]}
            for side in ("bids", "asks")
        }

    def apply(self, increment: dict[str, Any]) -> None:
        """Apply the next increment."""
        assert increment["seqId"] == self.sequence + 1
        assert increment["bids"] or increment["asks"]
        self.sequence += 1
        for side, levels in self.sides.items():
            for price, amount in increment[side]:
                if Decimal(amount):
                    levels[Decimal(price)] = Decimal(amount)
                else:
                    del levels[Decimal(price)]

    def levels(self, side: str) -> list[tuple[Decimal, Decimal]]:
        """Return a side, best first."""
        return sorted(self.sides[side].items(), reverse=side == "bids")


async def increments(socket: Socket, pair: str = "BTC-USD") -> list[dict[str, Any]]:
    """Return the increments that have arrived."""
    return [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "order_book_increment" and frame["data"]["pair"] == pair
    ]
