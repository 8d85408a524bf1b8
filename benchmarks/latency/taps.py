"""From a tap on Confirm to the exchange: one order on each side, in turns."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
import json

from benchmarks.exchange import ACCOUNT, PAIR, TICK
from benchmarks.harness import OUR_PYTHON, Figures, Goal, Row, compared
from benchmarks.latency.stage import READY_SECONDS, STAGE, Rig, Scene
from benchmarks.latency.tapper import KEEP_AND_PLACE, PLACE
from simulators.demo.chat import Chat

SAMPLES, QUICK_SAMPLES = 100, 4
WARM_UP = 1
# Far below the market, and over at once: an account may have few open orders.
AMOUNT = "0.001"
BELOW = Decimal("0.97")
# What a side does after the order has left is over by then.
SETTLED_SECONDS = 0.2
CARD_SECONDS = 15.0
MILLISECONDS = 1000
GOAL = Goal(2)


def tap_to_order(quick: bool) -> list[Row]:
    """Compare how soon a tap is an order: with the same calls alone, and with those that also write down what we do."""
    found = _measure(QUICK_SAMPLES if quick else SAMPLES)
    ours = Figures.of(found["ours"], MILLISECONDS)
    return [
        compared(name, "ms", GOAL, ours, Figures.of(found[side], MILLISECONDS))
        for name, side in (
            ("tap-to-order", PLACE),
            ("  both kept on disk", KEEP_AND_PLACE),
        )
    ]


@cache
def _measure(samples: int) -> Mapping[str, Sequence[float]]:
    """Return the seconds from tap to order by side."""
    return STAGE.run(lambda scene: _tap(scene, samples))


async def _tap(scene: Scene, samples: int) -> Mapping[str, Sequence[float]]:
    """Tap on each side in turns, then read the stamps."""
    best = await scene.ours.exchange.post("/market/refill", pair=PAIR)
    price = (Decimal(best["best_bid"]) * BELOW).quantize(TICK)
    message_id = await _floor(scene, format(price, "f"))
    person = scene.floor.ready["telegram"]["users"][0]["id"]
    # By side: the id of the tap, and the client order id that it leads to.
    taps: dict[str, dict[str, str]] = {"ours": {}, PLACE: {}, KEEP_AND_PLACE: {}}
    for _ in range(WARM_UP + samples):
        tap, order = await _confirm(scene, f"/buy {AMOUNT} {PAIR} {price} ioc")
        taps["ours"][tap] = order
        for button in (PLACE, KEEP_AND_PLACE):
            tapped = await scene.floor.telegram.post(
                "/tap", user_id=person, message_id=message_id, button=button
            )
            tap = tapped["callback_query_id"]
            taps[button][tap] = f"tap-{tap}"
            await asyncio.sleep(SETTLED_SECONDS)
    return {
        side: (await _seconds(rig, taps[side]))[WARM_UP:]
        for side, rig in (
            ("ours", scene.ours),
            (PLACE, scene.floor),
            (KEEP_AND_PLACE, scene.floor),
        )
    }


async def _confirm(scene: Scene, command: str) -> tuple[str, str]:
    """Ask for an order, confirm it, and wait for its card; return the tap's id and the client order id."""
    system = scene.system
    chat = Chat(system.session, system.telegram["control"], system.owner_id)
    question = await chat.ask(command, "Holds until")
    await asyncio.sleep(SETTLED_SECONDS)
    (data,) = (
        button["callback_data"]
        for row in question["buttons"]
        for button in row
        if button["text"] == "Confirm"
    )
    tapped = await scene.ours.telegram.post(
        "/tap",
        user_id=system.owner_id,
        message_id=question["message_id"],
        button=data,
    )
    card = question["message_id"]
    # Whoever looks at the chat takes the processor from what is timed; beside the floor nobody does.
    await asyncio.sleep(SETTLED_SECONDS)
    await chat.wait(
        lambda message: (
            message["message_id"] == card and "Cancelled" in message["text"]
        ),
        "the end of the order",
        CARD_SECONDS,
    )
    await asyncio.sleep(SETTLED_SECONDS)
    return tapped["callback_query_id"], f"tg-{data.split(':')[1]}"


async def _floor(scene: Scene, price: str) -> int:
    """Start the floor's bot; return the message that is tapped."""
    system = scene.system
    order = {
        "accountId": ACCOUNT,
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "orderType": "Limit",
        "timeInForce": "IOC",
        "amountCcy1": AMOUNT,
        "price": price,
    }
    child = await system.processes.start(
        "tapper",
        [
            *(OUR_PYTHON, "-m", "benchmarks.latency.tapper"),
            json.dumps(dict(scene.floor.ready["telegram"])),
            f"{system.home_assistant.url}/api/websocket",
            system.owner_token,
            json.dumps(order),
            scene.stamps.with_name("taps"),
        ],
        ready_seconds=READY_SECONDS,
    )
    message_id: int = child.ready["message_id"]
    return message_id


async def _seconds(rig: Rig, taps: Mapping[str, str]) -> list[float]:
    """Return how long each tap took to be an order.

    Raises:
        KeyError: One did not become an order.
    """
    handed = (await rig.telegram.get("/stamps"))["taps"]
    orders = {
        request["client_order_id"]: request["time"]
        for request in (await rig.exchange.get("/stamps"))["requests"]
        if request["action"] == "do_my_new_order"
    }
    return [orders[order] - handed[tap] for tap, order in taps.items()]
