"""Orders by chat against a real Home Assistant and the simulated exchange: second factor, cancel all, the stop, an absence."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
import time
from typing import Any

import pyotp
import pytest

from simulators.demo.chat import Chat, Message, has
from simulators.demo.control import Control
from simulators.demo.system import System, run_system
from tests.patience import PATIENCE

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ABOVE = Decimal(1000)

pytestmark = pytest.mark.timeout(240)


class Trader:
    """The owner in front of the chat, and the exchange's own books beside it."""

    def __init__(self, system: System) -> None:
        """Use a running system."""
        self._system = system
        self._exchange = Control(system.session, system.exchange["control"])
        self._public = Control(system.session, system.exchange["rest_public"])
        self.chat = Chat(system.session, system.telegram["control"], system.owner_id)

    async def below(self) -> Decimal:
        """Return a price at which an order rests in the book."""
        book = (await self._public.post("/get_order_book", pair="BTC-USD"))["data"]
        return (Decimal(book["bids"][0][0]) * Decimal("0.97")).quantize(Decimal("0.1"))

    async def orders(self) -> list[Mapping[str, Any]]:
        """Return all orders, from the exchange's own books."""
        orders: list[Mapping[str, Any]] = (await self._exchange.get("/truth"))["orders"]
        return orders

    async def wait_orders(self, count: int, status: str) -> None:
        """Wait until so many orders are in a state at the exchange."""
        async with asyncio.timeout(PATIENCE):
            while True:
                orders = await self.orders()
                if sum(order["status"] == status for order in orders) == count:
                    return
                await asyncio.sleep(0.05)

    async def card(self, card: Message, *words: str) -> Message:
        """Wait until a card shows some words."""
        return await self.chat.wait(
            lambda message: (
                message["message_id"] == card["message_id"] and has(message, *words)
            ),
            f"the card with {', '.join(words)}",
            PATIENCE,
        )

    async def write_code(self, code: str) -> None:
        """Write a code, and see that it does not stay."""
        sent = await self.chat.send(code)
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = await self.chat.messages()
                if all(message["message_id"] != sent for message in shown):
                    return
                await asyncio.sleep(0.05)


async def test_orders_by_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One system for all: it takes most of the time to start."""
    monkeypatch.setenv("CEXIO_BOT_ORDERS_SECOND_FACTOR_ABOVE", str(ABOVE))
    monkeypatch.setenv("CEXIO_BOT_SECOND_FACTOR_TOTP_SECRET", SECRET)
    async with run_system(
        tmp_path, seed=7, progress=lambda _: None, preferred_ports=False
    ) as system:
        trader = Trader(system)
        await second_factor(trader)
        await cancel_all(trader)
        await part(trader)
        await stop_and_resume(trader)
        await home_assistant_gone(trader, system)


async def second_factor(trader: Trader) -> None:
    """Above the worth, Confirm alone orders nothing; a wrong code neither; the right one once."""
    price = await trader.below()
    size = (ABOVE * 2 / price).quantize(Decimal("0.001"))
    card = await trader.chat.ask(f"/buy {size} BTC-USD {price}", "asks for your code")
    await trader.chat.tap(card, "Confirm")
    await trader.card(card, "code of your authenticator app")
    await trader.write_code(wrong_code())
    await trader.chat.wait(
        lambda message: has(message, "This code is wrong"), "the refusal"
    )
    assert await trader.orders() == []
    await trader.write_code(code())
    await trader.card(card, "🟢 Accepted")
    assert len(await trader.orders()) == 1


async def cancel_all(trader: Trader) -> None:
    """Every open order is cancelled at the exchange, and each end comes as a report."""
    card = await trader.chat.ask(
        f"/buy 0.001 BTC-USD {await trader.below()} until 2h", "Ends by itself at"
    )
    await trader.chat.tap(card, "Confirm")
    await trader.card(card, "🟢 Accepted")
    question = await trader.chat.ask("/cancelall", "Cancel all 2 open orders?")
    await trader.chat.tap(question, "Confirm")
    await trader.card(question, "2 orders are being cancelled")
    await trader.wait_orders(2, "CANCELLED")
    await trader.card(card, "🚫 Cancelled")


async def part(trader: Trader) -> None:
    """A part of what is available is sold in whole lots, step by step."""
    asked = await trader.chat.ask("/sell 1% on trading", "Sell what?")
    await trader.chat.tap(asked, "BTC-USD")
    await trader.card(asked, "At which price?")
    await trader.chat.tap(await trader.card(asked, "At which price?"), "Market price")
    card = await trader.chat.wait(
        lambda message: has(message, "1 % of", "BTC available, in whole lots"),
        "the card",
    )
    await trader.chat.tap(card, "Confirm")
    await trader.card(card, "✅ Filled")
    await trader.card(asked, "/sell 1% BTC-USD market on trading")


async def stop_and_resume(trader: Trader) -> None:
    """The switch of Home Assistant goes off at once, and on again with the code only."""
    await trader.chat.ask("/stop", "⛔ Trading is off.")
    await trader.chat.ask("/buy 0.001 BTC-USD market", "Trading is off.")
    card = await trader.chat.ask("/resume", "Switch trading on?")
    await trader.chat.tap(card, "Confirm")
    await trader.card(card, "code of your authenticator app")
    # One step ahead: the code of now was taken before.
    await trader.write_code(code(1))
    await trader.card(card, "🟢 Trading is on.")


async def home_assistant_gone(trader: Trader, system: System) -> None:
    """An order that can't reach Home Assistant is said to be not sent, and never is."""
    before = len(await trader.orders())
    card = await trader.chat.ask(
        f"/buy 0.001 BTC-USD {await trader.below()}", "Holds until"
    )
    await system.processes.stop(system.processes.named("home_assistant"))
    await trader.chat.tap(card, "Confirm")
    await trader.card(card, "❌ Not placed", "Nothing was sent")
    await trader.chat.ask("/price BTC-USD", "Home Assistant can't be reached")
    assert len(await trader.orders()) == before


def code(steps: int = 0) -> str:
    """Return the code that an authenticator app shows now, or some steps later."""
    return pyotp.TOTP(SECRET).at(int(time.time()) + 30 * steps)


def wrong_code() -> str:
    """Return a code that fits no step of the next minute."""
    near = {code(steps) for steps in range(-2, 4)}
    return next(text for text in ("111111", "222222") if text not in near)
