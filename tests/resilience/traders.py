"""Carry out the trades and alerts of a plan."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
import time
from typing import Any

import aiohttp

from simulators.demo.control import ControlError
from simulators.demo.home_assistant import HomeAssistantError
from tests.resilience.ledger_of_truth import digits
from tests.resilience.observer import NotConnectedError
from tests.resilience.person import Person, Question
from tests.resilience.schedule import Alert, Part, Style, Tap, Trade, Way
from tests.resilience.world import World

PAIR = "BTC-USD"
ACCOUNT = "trading"
TICK = Decimal("0.1")
LOT = Decimal("0.00000001")
SMALLEST_ORDER = Decimal("0.006")
# Alerts have a pair of their own, whose price nobody else moves.
ALERT_PAIR = "ETH-USD"
ALERT_SENSORS = ("sensor.eth_usd_bid", "sensor.eth_usd_ask")
ALERT_BASE = Decimal(2500)
ALERT_STEP = Decimal(50)
QUESTION_SECONDS = 40.0
ORDER_SECONDS = 30.0
SEEN_SECONDS = 90.0
HOLD_SECONDS = 2.5
STATE_SECONDS = 5.0
ACTION_TRIES = 12
ACTION_PAUSE = 2.5
EXPIRE_SECONDS = 6.0

_WORDS = {"BUY": "Buy", "SELL": "Sell"}
_OTHER = {"BUY": "SELL", "SELL": "BUY"}


@dataclass(slots=True)
class SetAlert:
    """An alert, and how often the market crossed it before Home Assistant's eyes."""

    words: str
    up: bool
    repeat: bool
    is_certain: bool = True  # somebody said that it stands
    is_removed: bool = False
    least: int = 0
    most: int = 0

    def cross(self, *, up: bool, seen: bool) -> None:
        """Note that the market went over all levels of a side."""
        if up is not self.up or self.is_removed or (self.most and not self.repeat):
            return
        self.most += 1
        self.least += seen and self.is_certain


@dataclass(slots=True)
class Traders:
    """Everybody who acts in a run."""

    world: World
    person: Person
    taps: Iterator[Tap]
    alerts: list[SetAlert] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        """Stop the market's own moves, and bring money enough."""
        await self.world.exchange.post("/market/pause")
        for currency, amount in (("USD", "20000000"), ("BTC", "300")):
            await self.world.exchange.post(
                "/deposits", account_id=ACCOUNT, currency=currency, amount=amount
            )
        await self.person.send("/start")

    async def trade(self, trade: Trade) -> None:
        """Carry out one trade."""
        amount = SMALLEST_ORDER + LOT * (1 + trade.number * 7)
        price = await self._price(trade)
        client_order_id = await _PLACE[trade.way](self, trade, amount, price)
        if client_order_id is None:
            return
        order = await self._placed(client_order_id)
        if order is not None:
            await self._live_through(trade, order)

    async def _price(self, trade: Trade) -> Decimal:
        """Return a price between the best bid and the best ask, nearer to the own side."""
        best = await self.world.exchange.post("/market/refill", pair=PAIR)
        step = TICK * (1 + trade.number % 25)
        if trade.side == "BUY":
            return Decimal(best["best_bid"]) + step
        return Decimal(best["best_ask"]) - step

    async def _place_elsewhere(
        self, trade: Trade, amount: Decimal, price: Decimal
    ) -> str | None:
        """Place an order in the web terminal."""
        client_order_id = f"web-{trade.number}"
        body: dict[str, Any] = {
            "accountId": ACCOUNT,
            "currency1": "BTC",
            "currency2": "USD",
            "side": trade.side,
            "orderType": "Limit",
            "timeInForce": "GTC",
            "amountCcy1": format(amount, "f"),
            "price": format(price, "f"),
            "clientOrderId": client_order_id,
        }
        if trade.style is Style.MARKET:
            body |= {"orderType": "Market", "timeInForce": None, "price": None}
        elif trade.style is Style.INSTANT:
            body |= {"timeInForce": "IOC", "price": self._beyond(trade, price)}
        elif trade.style is Style.EXPIRE:
            now = (await self.world.exchange.get("/clock"))["timestamp"]
            body |= {
                "timeInForce": "GTD",
                "expireTime": now + int(EXPIRE_SECONDS * 1000),
            }
        await self.world.exchange.post("/client-orders", **body)
        return client_order_id

    @staticmethod
    def _beyond(trade: Trade, price: Decimal) -> str:
        """Return a price that meets the first levels of the other side."""
        step = Decimal(20) if trade.side == "BUY" else Decimal(-20)
        return format(price + step, "f")

    async def _place_by_chat(
        self, trade: Trade, amount: Decimal, price: Decimal
    ) -> str | None:
        """Ask for an order in the chat and tap; None when no order can come of it."""
        word = _WORDS[trade.side]
        at = "market" if trade.style is Style.MARKET else format(price, "f")
        question = await self._ask(
            f"/{word.lower()} {amount:f} {PAIR} {at}",
            f"{word} {digits(amount)} BTC at {'the market price' if at == 'market' else digits(price) + ' USD'}?",
        )
        if question is None:
            return None
        tap = next(self.taps)
        await self.person.tap(question, tap)
        if tap is not Tap.ONCE:
            self.world.struck[tap.value] += 1
        return question.client_order_id if question.confirmed else None

    async def _place_by_action(
        self, trade: Trade, amount: Decimal, price: Decimal
    ) -> str | None:
        """Place an order as an automation does, which repeats it with the same id until it has an answer."""
        client_order_id = f"auto-{trade.number}"
        for _ in range(ACTION_TRIES):
            try:
                await self.world.observer.call(
                    "place_order",
                    pair=PAIR,
                    side=trade.side.lower(),
                    order_type="limit",
                    amount=format(amount, "f"),
                    price=format(price, "f"),
                    client_order_id=client_order_id,
                )
            except HomeAssistantError as err:
                self.refused.append(f"{client_order_id}: {err}")
                await asyncio.sleep(ACTION_PAUSE)
            else:
                break
        return client_order_id

    async def _ask(self, command: str, words: str) -> Question | None:
        """Ask for an order; a bot that died meanwhile owes no answer."""
        return await self.person.ask(command, words, "order", QUESTION_SECONDS)

    async def _placed(self, client_order_id: str) -> Mapping[str, Any] | None:
        """Wait until the exchange has the order; it need not come to be."""
        deadline = time.monotonic() + ORDER_SECONDS
        while time.monotonic() < deadline:
            order = await self._order(client_order_id)
            if order is not None:
                return order
            await asyncio.sleep(0.5)
        return None

    async def _order(self, client_order_id: str) -> Mapping[str, Any] | None:
        """Return an order of the exchange."""
        for order in reversed((await self.world.truth())["orders"]):
            if order["clientOrderId"] == client_order_id:
                found: Mapping[str, Any] = order
                return found
        return None

    async def _live_through(self, trade: Trade, order: Mapping[str, Any]) -> None:
        """Let the market do to an order what the plan wants."""
        amount = Decimal(order["requestedAmountCcy1"])
        # Rounded up: no crumb is left for the end.
        part = (amount / len(trade.nibbles)).quantize(LOT, ROUND_UP)
        if trade.style in {Style.NIBBLES, Style.CANCEL, Style.EXPIRE}:
            few = trade.style is not Style.NIBBLES
            for pause in trade.nibbles[:2] if few else trade.nibbles:
                await asyncio.sleep(pause)
                with suppress(ControlError):
                    await self.world.exchange.post(
                        "/market/trade",
                        pair=PAIR,
                        side=_OTHER[trade.side],
                        amount=format(part, "f"),
                    )
        if trade.style is Style.CANCEL:
            cancel = (
                self._cancel_by_chat
                if trade.way is Way.CHAT
                else self._cancel_by_action
            )
            await cancel(order)
        elif trade.style in {Style.SWEEP, Style.NIBBLES}:
            await asyncio.sleep(trade.nibbles[0])
            now = await self._order(order["clientOrderId"])
            if now is not None and not now["statusIsFinal"]:
                await self._sweep(trade, Decimal(order["price"]))

    async def _sweep(self, trade: Trade, price: Decimal) -> None:
        """Move the market over an order and back."""
        away = Decimal(15) if trade.side == "SELL" else Decimal(-15)
        for target in (price + away, price):
            await self.world.exchange.post(
                "/market/price", pair=PAIR, price=format(target, "f")
            )
            await asyncio.sleep(0.2)

    async def _cancel_by_action(self, order: Mapping[str, Any]) -> None:
        """Cancel an order as an automation does, which repeats it until it has an answer."""
        for _ in range(ACTION_TRIES):
            try:
                await self.world.observer.call(
                    "cancel_order", order_id=order["orderId"]
                )
            except HomeAssistantError:
                await asyncio.sleep(ACTION_PAUSE)
            else:
                return

    async def _cancel_by_chat(self, order: Mapping[str, Any]) -> None:
        """Cancel an order from the chat; a second question whether to place it may still be on its way."""
        amount = digits(Decimal(order["requestedAmountCcy1"]))
        question = await self.person.ask(
            f"/cancel {order['orderId']}",
            f"Cancel this order?\n{_WORDS[order['side']]} {amount} BTC at",
            "cancel",
            QUESTION_SECONDS,
        )
        if question is not None:
            await self.person.tap(question, Tap.ONCE)

    async def alert(self, alert: Alert) -> None:
        """Set an alert and let the market cross it; alerts come one after the other."""
        cents = Decimal(alert.number + 1) / 100
        sign = 1 if alert.up else -1
        level = ALERT_BASE + sign * (ALERT_STEP / 2 + cents)
        words = f"{ALERT_PAIR} {'>' if alert.up else '<'} {digits(level)}"
        made = SetAlert(words, alert.up, alert.repeat)
        self.alerts.append(made)
        alert_id = None
        if alert.repeat:
            alert_id = await self._set_by_action(level, up=alert.up)
            made.is_certain = alert_id is not None
        else:
            made.is_certain = await self._set_by_chat(words)
        if not made.is_certain:
            self.refused.append(f"alert {words} is not known to stand")
        for _ in range(alert.crossings):
            for target in (ALERT_BASE + sign * ALERT_STEP, ALERT_BASE):
                seen = await self._move_and_be_seen(target)
                if target != ALERT_BASE:
                    for item in self.alerts:
                        item.cross(up=alert.up, seen=seen)
        if alert_id is not None:
            # Otherwise all of them would fire at each crossing of a long run.
            made.is_removed = await self._remove_by_action(alert_id)
            made.is_certain = made.is_removed

    async def _set_by_chat(self, words: str) -> bool:
        """Set an alert from the chat; tell whether the bot says that it stands."""
        await self.person.send(f"/alert {words}")
        answer = await self.person.see(
            lambda message: f"Alert set: {words}" in message["text"], QUESTION_SECONDS
        )
        return answer is not None

    async def _set_by_action(self, level: Decimal, *, up: bool) -> str | None:
        """Set a repeating alert as an automation does; return its id, None when nobody knows whether it stands."""
        for _ in range(ACTION_TRIES):
            try:
                answer = await self.world.observer.call(
                    "add_price_alert",
                    pair=ALERT_PAIR,
                    condition="above" if up else "below",
                    price=format(level, "f"),
                    repeat=True,
                )
            except NotConnectedError:
                await asyncio.sleep(ACTION_PAUSE)
            except HomeAssistantError as err:
                self.refused.append(f"alert at {level}: {err}")
                return None
            else:
                alert_id: str = answer["alert"]["alert_id"]
                return alert_id
        return None

    async def _remove_by_action(self, alert_id: str) -> bool:
        """Remove an alert as an automation does, which repeats it; tell whether it is gone."""
        for _ in range(ACTION_TRIES):
            try:
                await self.world.observer.call("remove_price_alert", alert_id=alert_id)
            except HomeAssistantError as err:
                if "no price alert" in str(err):
                    return True
                await asyncio.sleep(ACTION_PAUSE)
            else:
                return True
        return False

    async def _move_and_be_seen(self, target: Decimal) -> bool:
        """Move the market and hold it until Home Assistant has shown the price for a while in one life."""
        best = await self.world.exchange.post(
            "/market/price", pair=ALERT_PAIR, price=format(target, "f")
        )
        deadline = time.monotonic() + SEEN_SECONDS
        shown, since, life = None, deadline, -1
        while time.monotonic() < deadline:
            await asyncio.sleep(0.3)
            shown = await self._shown()
            now, starts = time.monotonic(), self.world.home_assistant_starts
            is_right = shown == (best["best_bid"], best["best_ask"])
            # What can't be written and dies with the process is known to nobody.
            if not is_right or Part.HOME_ASSISTANT in self.world.full:
                life = -1
            elif life != starts:
                since, life = now, starts
            elif now - since >= HOLD_SECONDS:
                return True
        self.refused.append(f"{ALERT_PAIR} is at {best}, shown is {shown}")
        return False

    async def _shown(self) -> tuple[str, ...] | None:
        """Return bid and ask as the sensors show them; None when Home Assistant does not answer."""
        home_assistant = self.world.system.home_assistant
        try:
            async with asyncio.timeout(STATE_SECONDS):
                states = [
                    await home_assistant.call(
                        "GET",
                        f"/api/states/{entity}",
                        token=self.world.system.owner_token,
                    )
                    for entity in ALERT_SENSORS
                ]
        except HomeAssistantError, aiohttp.ClientError, OSError, TimeoutError:
            return None
        return tuple(state["state"] for state in states)


_PLACE = {
    Way.ELSEWHERE: Traders._place_elsewhere,
    Way.CHAT: Traders._place_by_chat,
    Way.ACTION: Traders._place_by_action,
}
