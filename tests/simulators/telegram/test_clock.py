"""The two clocks."""

import asyncio
import time

from simulators.telegram.clock import Clock, ManualClock


async def test_the_real_clock() -> None:
    """It tells the machine's time, and waits no longer than for the event."""
    clock = Clock()
    assert abs(clock.time() - time.time()) < 60
    event = asyncio.Event()
    assert not await clock.wait(event, 0)
    assert not await clock.wait(event, 0.001)
    asyncio.get_running_loop().call_soon(event.set)
    assert await clock.wait(event, 60)
    assert await clock.wait(event, 60)


async def test_the_manual_clock() -> None:
    """It goes on when told, and wakes whose time has come."""
    clock = ManualClock(100)
    await clock.sleep(0)
    short, long = (
        asyncio.create_task(clock.sleep(1)),
        asyncio.create_task(clock.sleep(2)),
    )
    await clock.somebody_waits()
    clock.advance(1)
    await short
    assert not long.done()
    clock.advance(1)
    await long
    assert clock.time() == 102
