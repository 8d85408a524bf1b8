"""Be away while 40 orders are filled in 200 parts, come back, and tell of all of them; print how it went, as JSON.

`python -m benchmarks.household.absence TURNS DELAY`: in turns the integration is set up again, and the same questions are
asked by hand. `back` is counted from the beginning of the set-up, `told` from the moment at which the private stream is
connected, with which the recovery begins; the first turn, in which everything is new, is left out. DELAY is how many seconds
the exchange takes with each answer.
"""

import asyncio
from datetime import datetime
import sys
from time import monotonic, time
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback

from benchmarks.exchange import (
    ACCOUNT,
    PAIR,
    SIMULATOR,
    WITHOUT_LIMITS,
    Exchange,
    exchange,
    place,
)
from benchmarks.home_assistant import account_entry, home_assistant, set_up, unload
from benchmarks.household.processes import tell

# Half of the orders are open before, as many as an account may have; the others are placed meanwhile.
HALF, PARTS = 20, 5
AMOUNT, PART = "0.010", "0.002"
PRICE = "59000"
# As long before the last contact as the integration asks, too.
MARGIN_SECONDS = 180
PATIENCE = 20.0
TURN_SECONDS = 3.0
LOOK_SECONDS = 0.05
ASKED = "get_my_orders"


async def main(turns: int, delay: float) -> dict[str, list[float]]:
    """Set everything up and measure."""
    async with (
        exchange(*SIMULATOR, *WITHOUT_LIMITS) as there,
        home_assistant() as hass,
    ):
        await there.delay(delay)
        return await Household(hass, there).measure(turns)


class Household:
    """A Home Assistant that comes and goes, and somebody who asks by hand."""

    def __init__(self, hass: HomeAssistant, there: Exchange) -> None:
        """Watch one pair of an exchange that runs."""
        self._hass = hass
        self._exchange = there
        self._control = there.control
        self._entry = account_entry(there.ready, [PAIR])
        self._told: dict[str, float] = {}

    async def measure(self, turns: int) -> dict[str, list[float]]:
        """Take turns; return milliseconds and points by what was measured."""
        await self._control.post(
            "/deposits", account_id=ACCOUNT, currency="USD", amount="100000000"
        )
        self._hass.bus.async_listen("cexio_execution", self._async_take)
        self._entry.add_to_hass(self._hass)
        await self._come_back()
        found: dict[str, list[float]] = {
            name: [] for name in ("back", "told", "points", "floor_back", "floor_told")
        }
        for turn in range(turns + 1):
            known, others = (
                [f"{half}-{turn}-{number}" for number in range(HALF)]
                for half in ("known", "other")
            )
            await self._place(known)
            await self._see(known)
            await unload(self._hass, self._entry)
            left = time()
            await self._control.post("/market/empty", pair=PAIR)
            await self._fill()
            await self._place(others)
            await self._fill()
            await self._control.post("/market/refill", pair=PAIR)
            figures = await self._recover([*known, *others]) | await self._ask(left)
            if turn:
                for name, figure in figures.items():
                    found[name].append(figure)
        return found

    @callback
    def _async_take(self, event: Event[Any]) -> None:
        """Note when an order was told as filled."""
        if event.data["event"] == "filled":
            self._told[event.data["client_order_id"]] = monotonic()

    async def _come_back(self) -> None:
        """Set the entry up, and wait until it is known what happened meanwhile."""
        await set_up(self._hass, self._entry)
        async with asyncio.timeout(PATIENCE):
            while not self._entry.runtime_data.account.stream.has_caught_up:  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(LOOK_SECONDS)

    async def _place(self, orders: list[str]) -> None:
        """Place orders elsewhere."""
        for order in orders:
            await place(self._control, order, AMOUNT, PRICE)

    async def _see(self, orders: list[str]) -> None:
        """Wait until orders are known."""
        ledger = self._entry.runtime_data.account.ledger
        async with asyncio.timeout(PATIENCE):
            while len(ledger.open_orders) < len(orders):  # noqa: ASYNC110 - the ledger tells nobody how many it knows
                await asyncio.sleep(LOOK_SECONDS)

    async def _fill(self) -> None:
        """Let somebody fill what is open, each order in some parts."""
        for _ in range(HALF * PARTS):
            await self._control.post(
                "/market/trade", pair=PAIR, side="SELL", amount=PART
            )

    async def _recover(self, orders: list[str]) -> dict[str, float]:
        """Be back; return what it took until all orders were told."""
        await self._await_new_minute()
        self._told.clear()
        spent = await self._points()
        began = monotonic()
        await self._come_back()
        points = await self._points() - spent
        told = max(self._told[order] for order in orders)
        return {
            "back": (told - began) * 1e3,
            "told": (told - self._connected()) * 1e3,
            "points": points,
        }

    def _connected(self) -> float:
        """Return when the stream was connected, by the monotonic clock; with that the recovery begins."""
        history = self._entry.runtime_data.account.stream.history
        (text,) = (item["time"] for item in history if item["event"] == "connected")
        return monotonic() - (time() - datetime.fromisoformat(text).timestamp())

    async def _ask(self, left: float) -> dict[str, float]:
        """Ask by hand for what is needed to be back: what is traded and held, then prices, then orders.

        Raises:
            RuntimeError: The answer does not hold the orders.
        """
        began = monotonic()
        await self._exchange.ask_for_start([PAIR])
        asked = monotonic()
        since = int((left - MARGIN_SECONDS) * 1000)
        open_orders, ended = await asyncio.gather(
            self._exchange.signed(ASKED),
            self._exchange.signed(
                ASKED, archived=True, serverCreateTimestampFrom=since
            ),
        )
        now = monotonic()
        if open_orders or len(ended) < 2 * HALF:
            raise RuntimeError("the orders were not filled")
        return {"floor_back": (now - began) * 1e3, "floor_told": (now - asked) * 1e3}

    async def _points(self) -> int:
        """Return the points that this minute has cost the key."""
        used, _ = await self._exchange.points()
        return used

    async def _await_new_minute(self) -> None:
        """Wait where a turn would end in the next minute, in which counts begin anew."""
        if (left := 60 - time() % 60) < TURN_SECONDS:
            await asyncio.sleep(left)


if __name__ == "__main__":
    tell(main(int(sys.argv[1]), float(sys.argv[2])))
