"""Let the faults of a plan strike, and count how often they did."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, assert_never

from tests.resilience.faults import Call, Fault, FullDisk, Rule, Telegram
from tests.resilience.world import World

FULL_DISK_TRIES = 3


class Striker:
    """Brings faults to the simulators and takes them away again."""

    def __init__(self, world: World, provoke: Callable[[], Awaitable[None]]) -> None:
        """Strike at a world; `provoke` gives everybody something to write."""
        self._world = world
        self._provoke = provoke
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
            case FullDisk():
                await self._fill_disk(name, fault)
            case _:
                assert_never(fault)

    async def so_far(self) -> Counter[str]:
        """Return how often each fault has struck."""
        struck = self._world.struck + self._asked
        for rule in (await self._world.exchange.get("/faults"))["rules"]:
            if name := self._rules.get(rule["number"]):
                struck[name] += _strikes(rule)
        for fault in (await self._world.telegram.get("/faults"))["faults"]:
            struck[self._waiting[fault["fault_id"]]] -= fault["count"]
        return +struck

    async def end(self) -> None:
        """Take all faults away, and keep how often they have struck."""
        struck = await self.so_far()
        await self._world.exchange.delete("/faults")
        await self._world.telegram.delete("/faults")
        self._world.struck = struck

    async def _rule(self, name: str, rule: Rule) -> None:
        """Add a rule of the exchange; one without a time stays until it has struck."""
        answer = await self._world.exchange.post("/faults", **rule.fields)
        self._rules[answer["number"]] = name
        if rule.also is not None:
            path, body = rule.also
            await self._world.exchange.post(path, **body)
        if rule.seconds:
            await asyncio.sleep(rule.seconds)
            del self._rules[answer["number"]]
            for known in (await self._world.exchange.get("/faults"))["rules"]:
                if known["number"] == answer["number"]:
                    self._world.struck[name] += _strikes(known)
            await self._world.exchange.delete(f"/faults/{answer['number']}")

    async def _fill_disk(self, name: str, fault: FullDisk) -> None:
        """Fill a disk; again when the part was killed, or not connected, and could not notice."""
        for _ in range(FULL_DISK_TRIES):
            noticed, _traded = await asyncio.gather(
                self._world.fill_disk(fault.part, fault.seconds), self._provoke()
            )
            if noticed:
                self._world.struck[name] += 1
                return

    async def _call(self, name: str, call: Call) -> None:
        """Call the exchange's control interface, and perhaps take it back."""
        await self._world.exchange.post(call.path, **call.body)
        self._world.struck[name] += 1
        if call.seconds:
            await asyncio.sleep(call.seconds)
            await self._world.exchange.post(call.path, **call.back)


def _strikes(rule: Mapping[str, Any]) -> int:
    """Return how often a rule has struck; a stalled socket keeps no count."""
    return 1 if rule["kind"] == "stall" else int(rule["done"])
