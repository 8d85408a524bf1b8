"""One run: a plan is carried out, things settle, and everybody is compared."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
import itertools
from pathlib import Path
import time
from typing import Any

import aiohttp

from simulators.demo.control import ControlError
from simulators.demo.home_assistant import HomeAssistantError
from tests.resilience.doubts import doubtful_texts
from tests.resilience.faults import FAULTS
from tests.resilience.ledger_of_truth import read_chat, read_feed, read_truth
from tests.resilience.person import Person
from tests.resilience.schedule import QUIET_SECONDS, Plan, Tap, Way, one_more
from tests.resilience.strikes import Striker
from tests.resilience.traders import Traders
from tests.resilience.verdict import (
    Asked,
    Crossed,
    Verdict,
    judge_alerts,
    judge_chat,
    judge_feed,
    judge_orders,
)
from tests.resilience.world import NOTED_WITHIN, World, run_world

KEEP_CALLS_SECONDS = 30.0
# Longer than the bot's longest backoff, so that a pause is no sign of an end.
CHAT_QUIET_SECONDS = 5.0
LOOK_SECONDS = 2.0
# For trades under way when the plan is over.
GRACE_SECONDS = 10.0
# For occasions that the plan did not give.
TRADE_ON_SECONDS = 180.0
# The bot has found out, or let a question run out, by then, also where points are short for some minutes.
FOUND_OUT_SECONDS = 330.0


@dataclass(slots=True)
class Report:
    """What a run found."""

    seed: int
    seconds: float
    executions: int = 0
    orders: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)
    recoveries: list[float] = field(default_factory=list)
    settle_seconds: float = 0.0
    memory_start: dict[str, int] = field(default_factory=dict)
    memory_end: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def recovery(self, share: float) -> float | None:
        """Return the recovery time that a share of the kills stayed below."""
        ordered = sorted(self.recoveries)
        return (
            ordered[min(len(ordered) - 1, int(share * len(ordered)))]
            if ordered
            else None
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "executions": self.executions,
            "orders": self.orders,
            "faults": dict(sorted(self.faults.items())),
            "lost": len(self.verdict.lost),
            "doubled": len(self.verdict.doubled),
            "orders_doubled": len(self.verdict.orders_doubled),
            "untrue": len(self.verdict.untrue),
            "in_doubt": len(self.verdict.in_doubt),
            "recovery_p50": self.recovery(0.5),
            "recovery_p95": self.recovery(0.95),
            "settle_seconds": round(self.settle_seconds, 1),
            "memory_start": self.memory_start,
            "memory_end": self.memory_end,
            "findings": self.verdict.words(),
            "notes": [
                text if count == 1 else f"{text} ({count} times)"
                for text, count in Counter(self.notes).items()
            ],
        }


async def run(
    plan: Plan,
    directory: Path,
    *,
    settle_seconds: float,
    progress: Callable[[str], None],
    executions: int = 0,
) -> Report:
    """Carry out a plan in processes of its own, and compare.

    Args:
        plan: what happens.
        directory: where stores and logs go.
        settle_seconds: how long to wait at most until everybody agrees.
        progress: told what is being done.
        executions: trade on until there are so many.

    Raises:
        ProcessError, HomeAssistantError: a part did not start, or did not come back after a kill.
    """
    started = time.monotonic()
    report = Report(plan.seed, plan.seconds)
    async with (
        run_world(directory, seed=plan.seed, progress=progress) as world,
        Person(world.telegram, world.system.owner_id) as person,
    ):
        traders = Traders(world, person, itertools.cycle(plan.taps))
        await traders.prepare()
        report.memory_start = world.memory()
        progress(f"{time.monotonic() - started:6.1f} s  the plan begins")
        numbers = itertools.count(len(plan.trades))

        async def trade_more(way: Way = Way.ELSEWHERE) -> None:
            """Trade beyond the plan."""
            await traders.trade(one_more(next(numbers), way))

        striker = Striker(world, trade_more)
        await _carry_out(plan, world, traders, striker)
        progress(f"{time.monotonic() - started:6.1f} s  trading on where needed")
        await _trade_on(plan, world, striker, trade_more, executions)
        progress(f"{time.monotonic() - started:6.1f} s  letting things settle")
        await striker.end()
        await _settle(report, world, traders, settle_seconds)
        report.memory_end = world.memory()
        report.faults = dict(world.struck)
        report.recoveries = world.recoveries
        report.notes += traders.refused + world.observer.odd
        progress(f"{time.monotonic() - started:6.1f} s  done")
    report.seconds = time.monotonic() - started
    return report


async def _carry_out(
    plan: Plan, world: World, traders: Traders, striker: Striker
) -> None:
    """Do everything at its time; what waits for an answer at the end waits no more."""
    began = time.monotonic()

    async def at(moment: float, work: Coroutine[Any, Any, None]) -> None:
        """Do something at its time."""
        try:
            await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
        except asyncio.CancelledError:
            work.close()
            raise
        await work

    async def alerts() -> None:
        """Set the alerts, one after the other."""
        for alert in plan.alerts:
            if time.monotonic() - began < plan.seconds - QUIET_SECONDS:
                await at(alert.at, traders.alert(alert))

    keeper = asyncio.create_task(_keep_calls(world))
    trades = [
        asyncio.create_task(at(trade.at, traders.trade(trade))) for trade in plan.trades
    ]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(alerts())
            for trouble in plan.troubles:
                strike = striker.strike(trouble.fault, FAULTS[trouble.fault])
                group.create_task(at(trouble.at, strike))
            for kill in plan.kills:
                group.create_task(at(kill.at, world.kill(kill)))
            group.create_task(asyncio.sleep(plan.seconds))
        await asyncio.wait(trades, timeout=GRACE_SECONDS)
    finally:
        for task in (keeper, *trades):
            task.cancel()
        ended = await asyncio.gather(*trades, return_exceptions=True)
        await asyncio.gather(keeper, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception):
            raise failure
    await world.wait_up()


async def _trade_on(
    plan: Plan,
    world: World,
    striker: Striker,
    trade_more: Callable[[Way], Awaitable[None]],
    executions: int,
) -> None:
    """Trade on until all faults of the plan have struck; a slow machine gives some no occasion before."""
    deadline = time.monotonic() + TRADE_ON_SECONDS
    wanted = {trouble.fault for trouble in plan.troubles}
    taps = {Tap.DOUBLE, Tap.AGAIN, Tap.STRANGER} if wanted else set()
    while time.monotonic() < deadline:
        struck = await striker.so_far()
        if any(not struck[tap] for tap in taps):
            way = Way.CHAT
        elif any(not struck[name] for name in wanted):
            way = Way.ACTION
        elif len((await world.truth())["fills"]) < executions:
            way = Way.ELSEWHERE
        else:
            return
        await trade_more(way)


async def _keep_calls(world: World) -> None:
    """Keep the record of calls now and then."""
    while True:
        await asyncio.sleep(KEEP_CALLS_SECONDS)
        with suppress(ControlError, aiohttp.ClientError, TimeoutError):
            await world.keep_calls()


async def _settle(
    report: Report, world: World, traders: Traders, seconds: float
) -> None:
    """Look again and again until everybody agrees, or the time is over."""
    # What a frame that was dropped without a trace has hidden comes with the next connection;
    # nobody wants to wait here for the slow timer that would bring it too.
    await world.exchange.post("/sockets/close", kind="all", notice=True)
    began = time.monotonic()
    while True:
        verdict = await _judge(report, world, traders)
        quiet = time.monotonic() - traders.person.changed_at >= CHAT_QUIET_SECONDS
        passed = time.monotonic() - began
        if (verdict.is_settled and quiet) or passed >= seconds:
            break
        await asyncio.sleep(LOOK_SECONDS)
    if passed >= FOUND_OUT_SECONDS:
        verdict.untrue += verdict.unsettled
    report.verdict = verdict
    report.settle_seconds = passed
    report.notes += [f"unsettled: {text}" for text in verdict.unsettled]


async def _judge(report: Report, world: World, traders: Traders) -> Verdict:
    """Compare everything as it is now."""
    verdict = Verdict()
    try:
        entries = await world.observer.all_entries()
    except (HomeAssistantError, aiohttp.ClientError, OSError, TimeoutError) as err:
        verdict.lost.append(f"feed: it can't be read: {err}")
        return verdict
    truth = await world.truth()
    orders = read_truth(truth)
    told, fired = read_feed(entries)
    chat = read_chat(traders.person.messages)
    await world.keep_calls()
    doubtful = doubtful_texts(
        world.calls.values(), world.bot_deaths, NOTED_WITHIN, world.bot_disk_full
    )
    asked = [
        Asked(item.kind, item.confirmation_id, item.message_id, item.confirmed)
        for item in traders.person.questions
    ]
    crossed = [Crossed(item.words, item.least, item.most) for item in traders.alerts]
    judge_feed(verdict, orders, told)
    judge_chat(verdict, orders, told, chat, asked, doubtful)
    judge_orders(verdict, orders, asked, chat)
    judge_alerts(verdict, crossed, fired, chat, doubtful)
    seen = world.observer.entries
    held = {entry["seq"]: entry["id"] for entry in entries}
    verdict.untrue.extend(
        f"feed: entry {seq} was {entry['id']} and is now {held.get(seq)}"
        for seq, entry in seen.items()
        if held.get(seq) != entry["id"]
    )
    report.executions = len(truth["fills"])
    report.orders = len(orders)
    return verdict
