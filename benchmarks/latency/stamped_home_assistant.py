"""Run Home Assistant so that it notes when events fire, with the floor's client beside the integration.

`stamped_home_assistant.py STAMPS FLOOR MODULE ARGUMENT...`: STAMPS is a file that gets a line of JSON an event;
FLOOR is the ready line of the exchange that the floor's client listens to. Lives in Home Assistant's environment.
"""

import asyncio
from asyncio import Handle
from collections.abc import Callable
import hashlib
import hmac
import os
from pathlib import Path
import runpy
import signal
import sys
from time import monotonic, perf_counter, time
from typing import Any

import aiohttp
from homeassistant.core import EventBus, HomeAssistant, ServiceCall
import orjson

PING_SECONDS = 5.0
OURS, FLOOR = "cexio_execution", "benchmark_floor"
# The floor once more, after what it tells is on disk.
KEPT = "benchmark_kept"
# What takes a step of the loop.
RUN: Callable[[Handle], None] = Handle._run  # noqa: SLF001  # nothing public does


class Notes:
    """What is noted: the moments of events, and the longest blocks of the loop when asked to look."""

    def __init__(self, path: str, floor: dict[str, Any]) -> None:
        """Write to a file that is opened now, so that the loop opens none."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._floor = floor
        self._longest: float | None = None
        self._held: list[bytes] = []

    def write(self, **note: Any) -> None:
        """Write a line, later while the loop is timed: who writes to a file lets other threads go first."""
        self._held.append(orjson.dumps(note) + b"\n")
        if self._longest is None:
            os.write(self._file, b"".join(self._held))
            self._held.clear()

    def watch_events(self) -> None:
        """Note each event of interest before it fires."""
        fire, start = EventBus.async_fire, HomeAssistant.async_start

        def async_fire(
            bus: EventBus, event_type: Any, event_data: Any = None, *rest: Any
        ) -> None:
            """Fire an event."""
            now = monotonic()
            fire(bus, event_type, event_data, *rest)
            if event_type in (OURS, FLOOR, KEPT):
                order = event_data["client_order_id"]
                self.write(event=event_type, time=now, order=order)

        async def async_start(hass: HomeAssistant) -> None:
            """Start Home Assistant, then what runs beside the integration."""
            await start(hass)
            hass.async_create_background_task(listen(hass, self._floor), "floor")
            hass.loop.add_signal_handler(signal.SIGUSR1, self._watch_blocks)

        # Of this process alone.
        EventBus.async_fire = async_fire  # type: ignore[assignment,method-assign]  # wrapped, to stamp it
        HomeAssistant.async_start = async_start  # type: ignore[assignment,method-assign]  # wrapped, to start the floor

    def _watch_blocks(self) -> None:
        """Begin to time each step of the loop; told again, write the longest and stop."""
        if (longest := self._longest) is not None:
            self._longest = None
            self.write(event="longest_block", seconds=longest)
            Handle._run = RUN  # type: ignore[assignment,method-assign]  # noqa: SLF001  # the loop's own step is given back
            return
        self._longest = 0.0

        def timed(handle: Handle) -> None:
            """Take a step."""
            began = perf_counter()
            RUN(handle)
            if self._longest is not None:
                self._longest = max(self._longest, perf_counter() - began)

        Handle._run = timed  # type: ignore[assignment,method-assign]  # noqa: SLF001  # nothing public times each step


async def listen(hass: HomeAssistant, ready: dict[str, Any]) -> None:
    """Be the floor: parse frames, fire events."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(ready["ws"]) as socket,
    ):
        await socket.receive()
        await socket.send_str(sign_in(ready["key"], ready["secret"]))
        hass.async_create_background_task(keep_alive(socket), "floor's pings")
        kept = keeper(hass, "fills")
        offer_orders(hass, socket)
        async for message in socket:
            frame = orjson.loads(message.data)
            if frame["e"] != "executionReport":
                continue
            data = frame["data"]
            if data["executionType"] == "Trade":
                event = {
                    "client_order_id": data["clientOrderId"],
                    "amount": data["lastAmountCcy1"],
                    "price": data["lastPrice"],
                }
                hass.bus.async_fire(FLOOR, event)
                await kept.add(data["clientOrderId"])
                hass.bus.async_fire(KEPT, event)


def keeper(hass: HomeAssistant, name: str) -> Any:
    """Return what writes rows to a file of a name."""
    # This program must find nothing of the repository by its name.
    module = runpy.run_path(str(Path(__file__).with_name("kept.py")))
    return module["Kept"](Path(hass.config.path(f"benchmark-{name}.sqlite")))


def offer_orders(hass: HomeAssistant, socket: aiohttp.ClientWebSocketResponse) -> None:
    """Be the floor of orders: services that send what they are given, with and without a note of it on disk."""
    kept = keeper(hass, "orders")

    async def place(call: ServiceCall) -> None:
        """Send the order."""
        name = call.data["clientOrderId"]
        data = {**call.data, "timestamp": int(time() * 1000)}
        frame = {"e": "do_my_new_order", "oid": name, "data": data}
        await socket.send_str(orjson.dumps(frame).decode())

    async def keep_and_place(call: ServiceCall) -> None:
        """Write the order down, then send it."""
        await kept.add(call.data["clientOrderId"])
        await place(call)

    hass.services.async_register("benchmark", "place", place)
    hass.services.async_register("benchmark", "keep_and_place", keep_and_place)


async def keep_alive(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Speak now and then: who is silent is hung up on."""
    while True:
        await asyncio.sleep(PING_SECONDS)
        await socket.send_str('{"e":"ping"}')


def sign_in(key: str, secret: str) -> str:
    """Return the message that signs a socket in."""
    timestamp = int(time())
    digest = hmac.new(secret.encode(), f"{timestamp}{key}".encode(), hashlib.sha256)
    auth = {"key": key, "signature": digest.hexdigest(), "timestamp": timestamp}
    return orjson.dumps({"e": "auth", "oid": "auth", "auth": auth}).decode()


def main() -> None:
    """Run Home Assistant with its arguments."""
    _, stamps, floor, module, *arguments = sys.argv
    Notes(stamps, orjson.loads(floor)).watch_events()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
