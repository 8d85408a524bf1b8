"""Points are never overspent, shared fairly, and orders always find some."""

import asyncio
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cexio.exchange import ELSEWHERE, Budget, Priority, RateLimitError

from .fakes import START, FakeClock

LEFT = 20.2


async def settle() -> None:
    """Let everybody run who can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_limit_itself_is_served_and_one_more_waits(clock: FakeClock) -> None:
    """Points 1 to 100 are served; the one beyond waits for the next minute."""
    budget = Budget(100, clock=clock)
    for _ in range(100):
        await budget.spend(1, Priority.ORDER)
    waiting = asyncio.create_task(budget.spend(1, Priority.ORDER))
    await clock.waiting(LEFT - 0.1, LEFT + 0.1)
    assert budget.used == 100
    clock.advance(LEFT)
    await waiting
    assert budget.used == 1


async def test_the_last_quarter_is_for_orders(clock: FakeClock) -> None:
    """Whoever else comes waits, an order passes."""
    budget = Budget(100, clock=clock)
    await budget.spend(75, Priority.RECOVERY)
    waiting = asyncio.create_task(budget.spend(1, Priority.RECOVERY))
    await settle()
    await budget.spend(25, Priority.ORDER)
    assert not waiting.done()
    clock.advance(LEFT)
    await waiting


async def test_the_queue_is_served_by_priority_then_by_arrival(
    clock: FakeClock,
) -> None:
    """Nobody overtakes an earlier one of the same or a higher priority."""
    clock.advance(16)
    budget = Budget(100, clock=clock)
    budget.exhaust()
    served: list[str] = []

    async def ask(name: str, points: int, priority: Priority) -> None:
        await budget.spend(points, priority)
        served.append(name)

    async with asyncio.TaskGroup() as tasks:
        for name, points, priority in (
            ("background", 1, Priority.BACKGROUND),
            ("first interactive", 10, Priority.INTERACTIVE),
            ("second interactive", 1, Priority.INTERACTIVE),
            ("recovery", 5, Priority.RECOVERY),
            ("order", 1, Priority.ORDER),
        ):
            tasks.create_task(ask(name, points, priority))
            await settle()
        clock.advance(LEFT - 16)
    assert served == [
        "order",
        "recovery",
        "first interactive",
        "second interactive",
        "background",
    ]


async def test_orders_do_not_starve_a_recovery(clock: FakeClock) -> None:
    """A recovery that a whole minute had no points for goes before the orders of the next one."""
    budget = Budget(100, clock=clock)
    budget.exhaust()
    recovery = asyncio.create_task(budget.spend(5, Priority.RECOVERY))
    await settle()

    async def fill_a_minute(wait: float) -> list[asyncio.Task[None]]:
        """Let more orders wait than a minute serves, and begin it."""
        orders = [
            asyncio.create_task(budget.spend(10, Priority.ORDER)) for _ in range(11)
        ]
        await settle()
        clock.advance(wait)
        await settle()
        return orders

    first = await fill_a_minute(LEFT)
    assert not recovery.done()
    second = await fill_a_minute(60)
    assert recovery.done()
    clock.advance(60)
    await settle()
    clock.advance(60)
    await asyncio.gather(*first, *second)


async def test_a_dear_request_is_not_starved_by_cheap_ones(clock: FakeClock) -> None:
    """What came first goes first even if something behind it would fit."""
    budget = Budget(100, clock=clock)
    await budget.spend(70, Priority.RECOVERY)
    dear = asyncio.create_task(budget.spend(10, Priority.RECOVERY))
    await settle()
    cheap = asyncio.create_task(budget.spend(1, Priority.RECOVERY))
    await settle()
    assert not dear.done() and not cheap.done()
    dear.cancel()
    await settle()
    assert cheap.done() and budget.used == 71


async def test_points_granted_to_a_cancelled_wait_are_handed_back(
    clock: FakeClock,
) -> None:
    """Grant and cancellation may fall into the same moment."""
    budget = Budget(100, clock=clock)
    await budget.spend(75, Priority.RECOVERY)
    first = asyncio.create_task(budget.spend(5, Priority.RECOVERY))
    second = asyncio.create_task(budget.spend(5, Priority.RECOVERY))
    await settle()
    clock.now += LEFT
    assert budget.used == 0
    budget._grant()
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled() and budget.used == 5


async def test_it_says_how_long_a_wait_would_be(clock: FakeClock) -> None:
    """Minutes are counted in which those ahead use up the points."""
    budget = Budget(100, clock=clock)
    assert budget.delay(75, Priority.INTERACTIVE) == timedelta()
    budget.exhaust()
    assert budget.delay(1, Priority.ORDER).total_seconds() == pytest.approx(LEFT)
    queue = [asyncio.create_task(budget.spend(60, Priority.RECOVERY)) for _ in range(2)]
    await settle()
    assert budget.delay(60, Priority.INTERACTIVE).total_seconds() == pytest.approx(
        LEFT + 120
    )
    assert budget.delay(60, Priority.ORDER).total_seconds() == pytest.approx(LEFT)
    for task in queue:
        task.cancel()
    await asyncio.wait(queue)


async def test_who_looks_on_is_refused_at_once(clock: FakeClock) -> None:
    """A person is told when to come back; everybody else waits."""
    budget = Budget(100, clock=clock)
    await budget.spend(75, Priority.BACKGROUND)
    with pytest.raises(RateLimitError) as raised:
        await budget.spend(1, Priority.INTERACTIVE)
    assert raised.value.retry_at.timestamp() == pytest.approx(START + LEFT)
    assert budget.used == 75
    waiting = asyncio.create_task(budget.spend(75, Priority.RECOVERY))
    await settle()
    clock.advance(16)
    # The next minute is near, but those who were there before have taken it already.
    with pytest.raises(RateLimitError) as raised:
        await budget.spend(1, Priority.INTERACTIVE)
    assert raised.value.retry_at.timestamp() == pytest.approx(START + LEFT + 60)
    clock.advance(LEFT - 16)
    await waiting


async def test_who_looks_on_waits_a_little(clock: FakeClock) -> None:
    """A moment is borne, and then no longer even if somebody more urgent came first."""
    clock.advance(LEFT - 4.8)
    budget = Budget(100, clock=clock)
    budget.exhaust()
    first, second = (
        asyncio.create_task(budget.spend(points, Priority.INTERACTIVE))
        for points in (10, 60)
    )
    await settle()
    urgent = asyncio.create_task(budget.spend(20, Priority.RECOVERY))
    await settle()
    clock.advance(4.7)
    await settle()
    assert not first.done() and not second.done() and not urgent.done()
    clock.advance(0.1)
    await asyncio.gather(first, urgent)
    await settle()
    assert not second.done()
    clock.advance(0.2)
    await asyncio.wait([second])
    refusal = second.exception()
    assert isinstance(refusal, RateLimitError)
    assert refusal.retry_at.timestamp() == pytest.approx(START + LEFT + 60)
    assert budget.used == 30


async def test_minutes_are_those_of_the_exchange(clock: FakeClock) -> None:
    """The measured offset counts."""
    clock.offset = 15.0
    budget = Budget(100, clock=clock)
    assert budget.next_minute.timestamp() == START + 20
    budget.exhaust()
    clock.advance(4.9)
    assert budget.used == 100
    clock.advance(0.1)
    assert budget.used == 0


async def test_what_can_never_be_granted_is_refused(clock: FakeClock) -> None:
    """Waiting for it would never end."""
    budget = Budget(100, clock=clock)
    with pytest.raises(ValueError, match="never"):
        await budget.spend(76, Priority.BACKGROUND)
    await budget.spend(100, Priority.ORDER)


@settings(max_examples=60, deadline=None)
@given(
    requests=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(Priority), st.booleans()),
        max_size=30,
    )
)
def test_no_minute_is_ever_overspent(
    requests: list[tuple[int, Priority, bool]],
) -> None:
    """All that stay are served, or refused in time, and no minute exceeds its limit."""

    async def scenario() -> None:
        clock = FakeClock()
        budget = Budget(100, clock=clock)
        spent: dict[int, int] = {}
        usual: dict[int, int] = {}

        async def ask(points: int, priority: Priority) -> None:
            began = clock.now
            try:
                await budget.spend(points, priority)
            except RateLimitError:
                assert priority is Priority.INTERACTIVE and clock.now == began
                return
            minute = int(clock.now // 60)
            spent[minute] = spent.get(minute, 0) + points
            if priority is not Priority.ORDER:
                usual[minute] = usual.get(minute, 0) + points

        tasks = [asyncio.create_task(ask(points, rank)) for points, rank, _ in requests]
        await settle()
        for task, (_, _, cancelled) in zip(tasks, requests, strict=True):
            if cancelled:
                task.cancel()
        for _ in requests:
            await settle()
            clock.advance(60)
        await settle()
        assert all(task.done() for task in tasks)
        assert max(spent.values(), default=0) <= 100
        assert max(usual.values(), default=0) <= 75

    asyncio.run(scenario())


async def test_minutes_in_a_row_that_had_too_few(clock: FakeClock) -> None:
    """Counted up to the present minute; one that was enough, or quiet, ends the row."""
    budget = Budget(100, clock=clock)
    await budget.spend(75, Priority.BACKGROUND, "get_candles")
    assert budget.short_minutes == 0
    waiting = [
        asyncio.create_task(budget.spend(75, Priority.BACKGROUND, "get_candles"))
        for _ in range(3)
    ]
    await settle()
    assert budget.short_minutes == 1
    for minute in range(2, 4):
        clock.advance(60)
        await settle()
        assert budget.short_minutes == minute
    clock.advance(60)
    await settle()
    # It was enough for the last one.
    assert budget.short_minutes == 3
    await asyncio.wait(waiting)
    clock.advance(60)
    assert budget.short_minutes == 0
    budget.exhaust()
    assert budget.short_minutes == 1
    clock.advance(120)
    assert budget.short_minutes == 0


async def test_it_says_what_the_points_were_for(clock: FakeClock) -> None:
    """By method; what the exchange counts beyond that was somebody else's."""
    budget = Budget(100, clock=clock)
    await budget.spend(20, Priority.BACKGROUND, "get_candles")
    await budget.spend(5, Priority.ORDER, "get_my_orders")
    clock.advance(60)
    await budget.spend(20, Priority.BACKGROUND, "get_candles")
    budget.exhaust()
    budget.exhaust()
    assert budget.uses == {"get_candles": 40, "get_my_orders": 5, ELSEWHERE: 80}
    clock.advance(60)
    assert budget.uses == {"get_candles": 40, "get_my_orders": 5, ELSEWHERE: 80}
