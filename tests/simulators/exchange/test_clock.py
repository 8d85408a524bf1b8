"""The clock that a test drives."""

import asyncio

import pytest

from simulators.exchange.clock import Clock, iso, parse_iso


async def test_advancing_wakes_in_order_at_the_right_time() -> None:
    """Every sleeper sees its own moment."""
    clock = Clock(1000, frozen=True)
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float, times: int) -> None:
        """Sleep again and again."""
        for _ in range(times):
            await clock.sleep(seconds)
            woken.append((name, clock.time()))

    tasks = [
        asyncio.create_task(sleep("a", 2, 2)),
        asyncio.create_task(sleep("b", 3, 1)),
    ]
    await asyncio.sleep(0)
    await clock.advance(1)
    assert woken == []
    await clock.advance(9)
    assert woken == [("a", 1002), ("b", 1003), ("a", 1004)]
    assert clock.time() == 1010
    await asyncio.gather(*tasks)


async def test_a_leap_wakes_once() -> None:
    """Whoever is due wakes at the new time; backwards, waits are as long as before."""
    clock = Clock(1000, frozen=True)
    task = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    await clock.jump(-500)
    await clock.jump(9)
    assert not task.done()
    await clock.jump(100)
    await task
    assert clock.time() == 609


async def test_running_clock_sleeps_for_real_and_can_be_frozen() -> None:
    """It follows the machine's clock until it is told not to."""
    clock = Clock(1000)
    await clock.sleep(0.001)
    assert clock.time() >= 1000.001
    clock.freeze()
    moment = clock.time()
    task = asyncio.create_task(clock.sleep(0.001))
    await asyncio.sleep(0.01)
    assert clock.time() == moment
    assert not task.done()
    clock.run()
    await task
    assert clock.time() > moment


async def test_cancelled_sleeper_is_forgotten() -> None:
    """It neither wakes nor keeps a timer."""
    clock = Clock(1000)
    task = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock._timer is None


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_677_696_747_571, "2023-03-01T18:52:27.571Z"),
        (999, "1970-01-01T00:00:00.999Z"),
    ],
)
def test_moments_as_text(milliseconds: int, text: str) -> None:
    """Both ways."""
    assert iso(milliseconds) == text
    assert parse_iso(text) == milliseconds
    assert parse_iso(text.removesuffix("Z")) == milliseconds
