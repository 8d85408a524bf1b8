"""Let the faults of a plan strike, and count how often they did."""

import asyncio
from collections import Counter
from typing import assert_never

from tests.resilience.faults import Call, Fault, Rule, Telegram
from tests.resilience.world import World


class Striker:
    """Brings faults to the simulators and takes them away again."""

    def __init__(self, world: World) -> None:
        """Strike at a world."""
        self._world = world
        self._rules: dict[int, str] = {}
        self._asked: Counter[str] = Counter()
        self._waiting: dict[int, str] = {}

    async def strike(self, name: str, fault: Fault) -> None:
        """Let a fault strike, for as long as it should."""
        match fault:
            case Rule():
                await self._rule(name, fault)
            case Call():
                await self._call(name, fault)
            case Telegram():
                answer = await self._world.telegram.post("/faults", **fault.body)
                self._waiting[answer["fault_id"]] = name
                self._asked[name] += int(fault.body.get("count", 1))
            case _:
                assert_never(fault)

    async def end(self) -> None:
        """Take all faults away, and count those that have struck."""
        await self._count()
        await self._world.exchange._call("DELETE", "/faults")
        waiting = await self._world.telegram.get("/faults")
        for fault in waiting["faults"]:
            self._asked[self._waiting[fault["fault_id"]]] -= fault["count"]
        await self._world.telegram._call("DELETE", "/faults")
        self._world.struck.update(+self._asked)

    async def _rule(self, name: str, rule: Rule) -> None:
        """Add a rule of the exchange; one without a time stays until it has struck."""
        answer = await self._world.exchange.post("/faults", **rule.fields)
        self._rules[answer["number"]] = name
        if rule.also is not None:
            path, body = rule.also
            await self._world.exchange.post(path, **body)
        if rule.seconds:
            await asyncio.sleep(rule.seconds)
            await self._count(answer["number"])
            await self._world.exchange._call("DELETE", f"/faults/{answer['number']}")

    async def _call(self, name: str, call: Call) -> None:
        """Call the exchange's control interface, and perhaps take it back."""
        await self._world.exchange.post(call.path, **call.body)
        self._world.struck[name] += 1
        if call.seconds:
            await asyncio.sleep(call.seconds)
            await self._world.exchange.post(call.path, **call.back)

    async def _count(self, only: int | None = None) -> None:
        """Count how often rules have struck, each once."""
        for rule in (await self._world.exchange.get("/faults"))["rules"]:
            number = rule["number"]
            if number in self._rules and only in {None, number}:
                name = self._rules.pop(number)
                # A stalled socket keeps no count.
                self._world.struck[name] += (
                    1 if rule["kind"] == "stall" else rule["done"]
                )
