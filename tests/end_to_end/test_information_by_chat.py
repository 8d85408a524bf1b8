"""What the bot tells, against a real Home Assistant and the simulated exchange: it agrees with the exchange's own books."""

from decimal import Decimal
from pathlib import Path

import pytest

from simulators.demo.chat import Chat, Message, has
from simulators.demo.control import Control
from simulators.demo.system import System, run_system

PAIR = "BTC-USD"

pytestmark = pytest.mark.timeout(240)


class Reader:
    """The owner in front of the chat, and the exchange beside it."""

    def __init__(self, system: System) -> None:
        """Use a running system."""
        self.exchange = Control(system.session, system.exchange["control"])
        self.public = Control(system.session, system.exchange["rest_public"])
        self.chat = Chat(system.session, system.telegram["control"], system.owner_id)

    async def order(self, text: str, outcome: str) -> Message:
        """Place an order; return its card once it shows what became of it."""
        card = await self.chat.ask(text, "Holds until")
        await self.chat.tap(card, "Confirm")
        return await self.chat.wait(
            lambda message: (
                message["message_id"] == card["message_id"] and has(message, outcome)
            ),
            f"the card with {outcome}",
        )

    async def best_ask(self) -> Decimal:
        """Return the best price at which somebody sells."""
        book = (await self.public.post("/get_order_book", pair=PAIR))["data"]
        return Decimal(book["asks"][0][0])


async def test_information(tmp_path: Path) -> None:
    """Each question has its answer, and it is the exchange's."""
    async with run_system(
        tmp_path, seed=11, progress=lambda _: None, preferred_ports=False
    ) as system:
        reader = Reader(system)
        chat = reader.chat
        await _watch(reader)
        await reader.exchange.post("/market/pause")
        ask = await reader.best_ask()
        await reader.order(
            f"/buy 0.02 {PAIR} {ask * Decimal('1.001'):.1f}", "Average price"
        )
        await reader.order(f"/buy 0.01 {PAIR} {ask * Decimal('0.97'):.1f}", "Accepted")
        order = (await reader.exchange.get("/truth"))["orders"][-1]["orderId"]
        chart = await chat.ask(f"/chart {PAIR} 5m", "1 fill of yours", "Buy 0.01 BTC")
        assert chart["photo"]
        await chat.tap(chart, "1d")
        await chat.wait(lambda message: has(message, "candles of 1d"), "days")
        await chat.ask("/orders", "1 open order", order)
        await chat.ask(f"/order {order}", "Accepted", "Nothing filled yet")
        await chat.ask("/fills", "Bought 0.02 BTC", "fee")
        await chat.ask("/history", "Trade", "+0.02 BTC", "Fee")
        await chat.ask("/history transfers", "Nothing here")
        await chat.ask(f"/fees {PAIR}", "Fees in force", "Volume of 30d", "up to")
        await chat.ask(f"/conditions {PAIR}", "In steps of 0.00000001 BTC")
        book = await chat.ask(f"/book {PAIR}", "Spread")
        assert has(book, f"{await reader.best_ask():,f}".rstrip("0").rstrip("."))
        held = (await reader.exchange.get("/truth"))["balances"]["savings"]["BTC"]
        total = format(Decimal(held["total"]).normalize(), "f")
        await chat.ask("/balance savings", "savings", f"BTC {total}")
        assert (await chat.ask("/portfolio", "BTC 3.02", "USD"))["photo"]
        deposit = await chat.ask("/deposit BTC", "Deposit BTC over", "At least")
        assert deposit["photo"]
        assert deposit["buttons"][0][0]["copy_text"] in deposit["caption"]
        await chat.ask("/deposit BTX", "I don't know the currency BTX")
        await chat.ask("/status", "All is well", "Trading is on", "connected")


async def _watch(reader: Reader) -> None:
    """Watch a price, see it follow the market, and stop it."""
    shown = await reader.chat.ask(f"/watch {PAIR}", "Live until")
    ask = await reader.best_ask()
    await reader.exchange.post(
        "/market/price", pair=PAIR, price=f"{ask * Decimal('1.02'):.1f}"
    )
    moved = await reader.chat.wait(
        lambda message: (
            message["message_id"] == shown["message_id"]
            and message["text"] != shown["text"]
        ),
        "another price in the same message",
    )
    await reader.chat.tap(moved, "Stop")
    await reader.chat.wait(
        lambda message: (
            message["message_id"] == shown["message_id"] and has(message, "Prices of")
        ),
        "the last prices",
    )
