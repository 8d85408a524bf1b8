"""The main job, told as a story of steps, each of them checked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
import time
from typing import Any

from simulators.demo.chat import Chat, has
from simulators.demo.control import Control
from simulators.demo.home_assistant import Connection
from simulators.demo.system import System

PAIR = "BTC-USD"
AMOUNT = Decimal("0.01")
WAIT_SECONDS = 15.0


class StepError(Exception):
    """A step of the story did not end as it should."""


class Story:
    """Buys, is alerted and cancels through the chat, and compares with the exchange's own books."""

    def __init__(
        self, system: System, connection: Connection, tell: Callable[[str], None]
    ) -> None:
        """Tell the story of `system`, with events coming in over `connection`."""
        self._connection = connection
        self._tell = tell
        self._exchange = Control(system.session, system.exchange["control"])
        self._public = Control(system.session, system.exchange["rest_public"])
        self._chat = Chat(system.session, system.telegram["control"], system.owner_id)

    async def run(self) -> None:
        """Go through every step; raise on the first that fails."""
        for kind in ("cexio_execution", "cexio_price_alert", "state_changed"):
            await self._connection.command(
                {"type": "subscribe_events", "event_type": kind}
            )
        await self._exchange.post("/market/pause")
        for step in (
            self._ask_the_price,
            self._ask_the_balance,
            self._buy,
            self._be_alerted,
            self._cancel,
        ):
            await step()
        await self._compare()

    async def _ask_the_price(self) -> None:
        """/price shows what the exchange's book says."""
        async with self._step("asked /price, got the market's own bid and ask"):
            bid, ask = await self._best()
            await self._chat.ask(f"/price {PAIR}", PAIR, _digits(bid), _digits(ask))

    async def _ask_the_balance(self) -> None:
        """/balance shows what the account holds."""
        async with self._step("asked /balance, got what the account holds"):
            total = (await self._balance("BTC"))["total"]
            await self._chat.ask("/balance", "trading", "BTC", _digits(Decimal(total)))

    async def _buy(self) -> None:
        """A previewed and confirmed order reaches the exchange once, and its fill everybody."""
        before = Decimal((await self._balance("BTC"))["total"])
        orders = len((await self._truth())["orders"])
        _, ask = await self._best()
        price = (ask * Decimal("1.001")).quantize(Decimal("0.1"))
        async with self._step(f"asked to buy {AMOUNT} BTC, got the preview"):
            card = await self._chat.ask(
                f"/buy {AMOUNT} {PAIR} {price}", "buy", PAIR, _digits(price)
            )
            if len((await self._truth())["orders"]) != orders:
                raise StepError("an order reached the exchange before it was confirmed")
        async with self._step("tapped Confirm, the order reached the exchange once"):
            await self._chat.tap(card, "Confirm")
            order = await self._new_order(orders)
        async with self._step("the fill came as a Home Assistant event"):
            event = await self._event(
                "cexio_execution",
                lambda data: (
                    data["order_id"] == order["orderId"] and data["event"] == "filled"
                ),
            )
            if Decimal(event["executed_amount"]) != AMOUNT:
                raise StepError(f"the event tells another amount: {event}")
        async with self._step("the balance sensor changed"):
            await self._state(format((before + AMOUNT).normalize(), "f"))
        async with self._step("the fill came as a message of its own"):
            await self._chat.wait(
                lambda message: (
                    message["message_id"] > card["message_id"]
                    and has(message, "filled", f"{AMOUNT} BTC")
                ),
                "the fill",
            )

    async def _be_alerted(self) -> None:
        """An alert fires when the market moves over it."""
        bid, ask = await self._best()
        middle = (bid + ask) / 2
        level = (middle * Decimal("1.02")).quantize(Decimal(1))
        async with self._step(f"set an alert above {level}"):
            set_at = await self._chat.ask(
                f"/alert {PAIR} > {level}", PAIR, _digits(level)
            )
        async with self._step("moved the market over it, the alert fired"):
            await self._exchange.post(
                "/market/price",
                pair=PAIR,
                price=f"{(level * Decimal('1.01')).quantize(Decimal('0.1')):f}",
            )
            await self._event("cexio_price_alert", lambda data: True)
            await self._chat.wait(
                lambda message: (
                    message["message_id"] > set_at["message_id"]
                    and has(message, PAIR, _digits(level))
                ),
                "the alert",
            )

    async def _cancel(self) -> None:
        """A resting order is cancelled from the chat."""
        orders = len((await self._truth())["orders"])
        bid, _ = await self._best()
        price = (bid * Decimal("0.97")).quantize(Decimal("0.1"))
        async with self._step("placed an order that rests in the book"):
            card = await self._chat.ask(
                f"/buy {AMOUNT} {PAIR} {price}", "buy", _digits(price)
            )
            await self._chat.tap(card, "Confirm")
            order = await self._new_order(orders)
        async with self._step("cancelled it from the chat"):
            asked = await self._chat.ask(f"/cancel {order['orderId']}", _digits(price))
            await self._chat.tap(asked, "Confirm")
            await self._event(
                "cexio_execution",
                lambda data: (
                    data["order_id"] == order["orderId"]
                    and data["event"] == "cancelled"
                ),
            )
            await self._chat.wait(
                lambda message: (
                    message["message_id"] == card["message_id"]
                    and has(message, "🚫 cancelled")
                ),
                "the end on the order's card",
            )
            if (await self._order(order["orderId"]))["status"] != "CANCELLED":
                raise StepError("the exchange still has the order")

    async def _compare(self) -> None:
        """What the exchange did is what was asked for, no more and no less."""
        async with self._step("the exchange's books agree: two orders, one fill"):
            truth = await self._truth()
            filled = sum(
                (Decimal(fill["amount"]) for fill in truth["fills"]), Decimal(0)
            )
            if len(truth["orders"]) != 2 or filled != AMOUNT:
                raise StepError(
                    f"the exchange has {len(truth['orders'])} orders and filled {filled}"
                )

    async def _truth(self) -> Mapping[str, Any]:
        """Return the exchange's own books."""
        truth: Mapping[str, Any] = await self._exchange.get("/truth")
        return truth

    async def _balance(self, currency: str) -> Mapping[str, str]:
        """Return a balance of the sub-account, from the exchange's own books."""
        balance: Mapping[str, str] = (await self._truth())["balances"]["trading"][
            currency
        ]
        return balance

    async def _best(self) -> tuple[Decimal, Decimal]:
        """Return the best bid and ask."""
        book = (await self._public.post("/get_order_book", pair=PAIR))["data"]
        return Decimal(book["bids"][0][0]), Decimal(book["asks"][0][0])

    async def _order(self, order_id: str) -> Mapping[str, Any]:
        """Return an order, from the exchange's own books."""
        orders: list[Mapping[str, Any]] = (await self._truth())["orders"]
        return next(order for order in orders if order["orderId"] == order_id)

    async def _new_order(self, known: int) -> Mapping[str, Any]:
        """Wait until the exchange has one order more than `known`."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                orders: list[Mapping[str, Any]] = (await self._truth())["orders"]
                if len(orders) > known + 1:
                    raise StepError("the exchange received more than one order")
                if len(orders) > known:
                    return max(orders, key=lambda order: int(order["orderId"]))
                await asyncio.sleep(0.01)

    async def _event(
        self, kind: str, is_it: Callable[[Mapping[str, Any]], bool]
    ) -> Mapping[str, Any]:
        """Wait for an event of Home Assistant's bus."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                event = await self._connection.events.get()
                if event["event_type"] == kind and is_it(event["data"]):
                    data: Mapping[str, Any] = event["data"]
                    return data

    async def _state(self, expected: str) -> None:
        """Wait until the BTC sensor of the sub-account shows an amount."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                states = await self._connection.states()
                if any(
                    "trading" in entity and "btc" in entity and _same(state, expected)
                    for entity, state in states.items()
                ):
                    return
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def _step(self, title: str) -> AsyncIterator[None]:
        """Time one step and tell of it; say which one failed."""
        started = time.monotonic()
        try:
            yield
        except TimeoutError:
            raise StepError(
                f"{title}: it did not happen within {WAIT_SECONDS:.0f} s"
            ) from None
        except Exception as err:
            raise StepError(f"{title}: {err}") from err
        self._tell(f"{(time.monotonic() - started) * 1000:8.0f} ms  {title}")


def _digits(value: Decimal) -> str:
    """Return an amount as the chat shows it in English: in groups, without trailing zeros."""
    return format(value.normalize(), ",f")


def _same(state: str, expected: str) -> bool:
    """Tell whether a state is that number."""
    try:
        return Decimal(state) == Decimal(expected)
    except ArithmeticError:
        return False
