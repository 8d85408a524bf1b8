"""A thousand executions on fifty orders within a second: nothing lost, nobody held up, few messages."""

import asyncio
import contextlib
from decimal import Decimal
import os
from pathlib import Path
import signal
import sqlite3
from time import monotonic
from typing import Any

from benchmarks.exchange import PAIR, place_best
from benchmarks.harness import Figures, Row, limited
from benchmarks.latency.stage import STAGE, Scene, quiet
from simulators.demo.home_assistant import Connection

ORDERS, PARTS = 50, 20
EXECUTIONS = ORDERS * PARTS
SLICE = Decimal("0.006")
SPREAD_SECONDS = 0.95
ARRIVAL_SECONDS = 30.0
LOOK_SECONDS = 0.005
LONGEST_BLOCK_MS, DRAIN_SECONDS, MESSAGES = 20, 2, 20
TELLING = frozenset({"sendMessage", "editMessageText"})


def burst(quick: bool) -> list[Row]:
    """Burst once; `quick` changes nothing, it takes seconds."""
    del quick
    return STAGE.run(_burst)


async def _burst(scene: Scene) -> list[Row]:
    """Place the orders, let them be filled in parts all at once, and look at what came of it."""
    exchange = scene.ours.exchange
    names = [f"burst-{number}" for number in range(ORDERS)]
    await place_best(exchange, dict.fromkeys(names, SLICE * PARTS))
    # The notices of the orders themselves are no part of it.
    await quiet(scene.ours)
    home_assistant = scene.system.processes.named("home_assistant").process.pid
    fed: dict[str, int] = {}
    async with scene.system.home_assistant.connect(
        scene.system.owner_token
    ) as connection:
        stands = await connection.command({"type": "cexio/feed/subscribe", "since": 0})
        follower = asyncio.create_task(_follow(connection, stands["newest"], fed))
        os.kill(home_assistant, signal.SIGUSR1)
        began = monotonic()
        await asyncio.gather(*(_fill(scene, began, part) for part in range(PARTS)))
        drained = await _until_drained(scene, fed)
        os.kill(home_assistant, signal.SIGUSR1)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
    await quiet(scene.ours)
    left = [
        item["time"]
        for item in (await exchange.get("/stamps"))["reports"]
        if item["execution_type"] == "Trade" and item["client_order_id"] in names
    ]
    calls: list[dict[str, Any]] = (await scene.ours.telegram.get("/calls"))["calls"]
    told = sum(
        call["method"] in TELLING and call["monotonic"] > began for call in calls
    )
    kept = _kept(scene, "SELECT id FROM events")
    block = next(
        item for item in scene.events()[::-1] if item["event"] == "longest_block"
    )
    lost = EXECUTIONS - len(fed.keys() & kept)
    return [
        limited(f"burst: {name}", unit, Figures(value), most)
        for name, unit, value, most in (
            ("lost", "executions", lost, 0),
            ("longest block", "ms", block["seconds"] * 1000, LONGEST_BLOCK_MS),
            ("feed drained after", "s", drained - max(left), DRAIN_SECONDS),
            ("chat", "messages", told, MESSAGES),
        )
    ]


async def _follow(connection: Connection, newest: int, fed: dict[str, int]) -> None:
    """Note the executions that the feed brings after an entry, as it brings them to the bot."""
    while True:
        for entry in (await connection.events.get())["entries"]:
            if entry["seq"] > newest and (entry["data"].get("fill")):
                fed[entry["id"]] = entry["seq"]


async def _until_drained(scene: Scene, fed: dict[str, int]) -> float:
    """Return when the bot had written down all that the feed told; or gave it up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ARRIVAL_SECONDS):
            while True:
                if len(fed) >= EXECUTIONS and _kept(scene, "SELECT seq FROM feed") >= {
                    max(fed.values())
                }:
                    break
                await asyncio.sleep(LOOK_SECONDS)
    return monotonic()


def _kept(scene: Scene, query: str) -> set[Any]:
    """Return what the bot has written down."""
    path: Path = scene.stamps.with_name("system") / "bot.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {value for (value,) in db.execute(query)}


async def _fill(scene: Scene, began: float, part: int) -> None:
    """Let as many parts be filled as there are orders, when it is their turn within the second."""
    due = began + part * SPREAD_SECONDS / PARTS
    await asyncio.sleep(max(0.0, due - monotonic()))
    await scene.ours.exchange.post(
        "/market/trade",
        pair=PAIR,
        side="SELL",
        amount=format(SLICE, "f"),
        times=ORDERS,
    )
