"""From the exchange to the bus of Home Assistant and to the chat: one fill a second on each side, in turns.

The orders are placed before, so that each second brings one report and nothing else.
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from time import monotonic

from benchmarks.exchange import PAIR, place_best
from benchmarks.harness import Figures, Goal, Row, compared, ratio
from benchmarks.latency.stage import STAGE, Rig, Scene, quiet

SAMPLES, QUICK_SAMPLES = 300, 8
WARM_UP = 3
SECONDS_EACH = 1.0
ARRIVAL_SECONDS = 10.0
SMALLEST, LOT = Decimal("0.006"), Decimal("0.00000001")
TIMES_P95 = 5
MILLISECONDS = 1000
TELLING = ("sendMessage", "editMessageText")


def fill_to_chat(quick: bool) -> list[Row]:
    """Compare how soon a fill is in the chat."""
    found = _measure(QUICK_SAMPLES if quick else SAMPLES)
    ours, floor, peer = (
        Figures.of(found[side, "chat"], MILLISECONDS)
        for side in ("ours", "floor", "peer")
    )
    goal, to_floor = Goal(3, 50), ratio(ours, floor)
    p95_met = not (ours.p95 and floor.p95) or ours.p95 <= TIMES_P95 * floor.p95
    return [
        Row(
            "fill-to-chat",
            "ms",
            ours,
            f"{goal}, p95 ≤ {TIMES_P95} x floor",
            goal.is_met(to_floor, ratio(ours, peer)) and p95_met,
            floor=floor,
            peer=peer,
        )
    ]


def fill_to_event(quick: bool) -> list[Row]:
    """Compare how soon a fill is on the bus of the same Home Assistant."""
    found = _measure(QUICK_SAMPLES if quick else SAMPLES)
    ours, floor, kept, peer = (
        Figures.of(found[side], MILLISECONDS)
        for side in (
            ("ours", "event"),
            ("floor", "event"),
            ("floor", "kept"),
            ("peer", "chat"),
        )
    )
    goal = Goal(1.5)
    return [
        compared(name, "ms", goal, ours, floor, peer)
        for name, floor in (("fill-to-event", floor), ("  floor kept on disk", kept))
    ]


@cache
def _measure(samples: int) -> Mapping[tuple[str, str], Sequence[float]]:
    """Return seconds by side and place where a fill arrived; both benchmarks look at the same fills."""
    return STAGE.run(lambda scene: _fill(scene, samples))


async def _fill(
    scene: Scene, samples: int
) -> Mapping[tuple[str, str], Sequence[float]]:
    """Fill an order on each side in turns, then read the stamps."""
    sides = {"ours": scene.ours, "floor": scene.floor, "peer": scene.peer}
    filled: dict[str, dict[str, float]] = {side: {} for side in sides}
    orders = {_name(number): _amount(number) for number in range(WARM_UP + samples)}
    await asyncio.gather(*(place_best(rig.exchange, orders) for rig in sides.values()))
    # The notices of the orders are no part of it.
    await quiet(scene.ours)
    amounts = {name: format(amount, "f") for name, amount in orders.items()}
    for name, amount in amounts.items():
        for side, rig in sides.items():
            filled[side][name], _ = await asyncio.gather(
                _trade(rig, amount), asyncio.sleep(SECONDS_EACH / len(sides))
            )
    for warm in range(WARM_UP):
        del amounts[_name(warm)]
    found: dict[tuple[str, str], Sequence[float]] = {}
    for side, rig in sides.items():
        # Nobody listens to the poller's exchange, so that no report leaves it.
        left = filled[side] | await _left(rig)
        found[side, "chat"] = await _until_told(rig, left, amounts)
    events = {
        (note["event"], note.get("order")): note["time"] for note in scene.events()
    }
    for side, what, event in (
        ("ours", "event", "cexio_execution"),
        ("floor", "event", "benchmark_floor"),
        ("floor", "kept", "benchmark_kept"),
    ):
        left = await _left(sides[side])
        found[side, what] = [events[event, name] - left[name] for name in amounts]
    return found


async def _trade(rig: Rig, amount: str) -> float:
    """Let somebody fill the next order, and return when they did."""
    moment = monotonic()
    await rig.exchange.post("/market/trade", pair=PAIR, side="SELL", amount=amount)
    return moment


def _name(number: int) -> str:
    """Return the client order id of an order."""
    return f"benchmark-{number}"


def _amount(number: int) -> Decimal:
    """Return an amount of eight digits that no other order has: its message can be told from others."""
    return SMALLEST + LOT * (1 + 10 * number)


async def _left(rig: Rig) -> dict[str, float]:
    """Return when the report of each order's fill left the exchange."""
    stamps = await rig.exchange.get("/stamps")
    fills: dict[str, float] = {}
    for report in stamps["reports"]:
        if report["execution_type"] == "Trade":
            fills.setdefault(report["client_order_id"], report["time"])
    return fills


async def _until_told(
    rig: Rig, left: Mapping[str, float], amounts: Mapping[str, str]
) -> list[float]:
    """Return how long each fill took until the chat was told of it.

    Raises:
        TimeoutError: The chat was not told of all of them.
    """
    async with asyncio.timeout(ARRIVAL_SECONDS):
        while True:
            calls = await _calls(rig)
            arrived = [
                next(
                    (
                        time
                        for time, text in calls
                        if time > left[name] and amount in text
                    ),
                    None,
                )
                for name, amount in amounts.items()
            ]
            if None not in arrived:
                return [
                    time - left[name]
                    for name, time in zip(amounts, arrived, strict=True)
                    if time is not None
                ]
            await asyncio.sleep(0.5)


async def _calls(rig: Rig) -> list[tuple[float, str]]:
    """Return when the chat was told what, oldest first."""
    answer = await rig.telegram.get("/calls")
    return [
        (call["monotonic"], str(call["parameters"].get("text")))
        for call in answer["calls"]
        if call["method"] in TELLING
    ]
