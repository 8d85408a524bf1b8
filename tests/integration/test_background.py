"""Turns in the background: one after the other, brought forward, ended with the entry."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.background import FAILED_PAUSE, Turns
from custom_components.cexio.const import DOMAIN
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import until

SHORT, LONG = timedelta(seconds=10), timedelta(hours=1)


class Work:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        """Have done nothing yet."""
        self.begun = self.done = 0
        self.error: Exception | None = None
        self.go_on = asyncio.Event()

    async def turn(self) -> timedelta:
        """Wait, then fail or ask for a long pause."""
        self.begun += 1
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        self.done += 1
        return LONG


@pytest.fixture
def work() -> Work:
    """Return work to be done in turns."""
    return Work()


@pytest.fixture
async def turns(hass: HomeAssistant, work: Work) -> AsyncIterator[Turns]:
    """Plan the work, and stop it in the end."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    made = Turns(hass, entry, "work", work.turn)
    made.async_plan(SHORT)
    yield made
    await made.async_stop()
    assert not made.is_waiting


def pass_time(hass: HomeAssistant, span: timedelta) -> None:
    """Let timers of the span fire."""
    async_fire_time_changed(hass, dt_util.utcnow() + span)


def pause(hass: HomeAssistant, turns: Turns) -> float:
    """Return how many seconds are left to the next turn."""
    return turns._due - hass.loop.time()


async def test_one_after_the_other(
    hass: HomeAssistant, work: Work, turns: Turns
) -> None:
    """The next turn is planned when one is over, after the pause it asks for."""
    pass_time(hass, SHORT)
    await until(lambda: work.begun)
    assert not turns.is_waiting
    work.go_on.set()
    await until(lambda: turns.is_waiting)
    assert pause(hass, turns) == pytest.approx(LONG.total_seconds(), abs=5)
    pass_time(hass, SHORT)
    assert work.begun == 1
    pass_time(hass, LONG)
    await until(lambda: work.done == 2)


async def test_hurry(hass: HomeAssistant, work: Work, turns: Turns) -> None:
    """A turn is brought forward, never put off; during one, the next is."""
    turns.async_hurry(LONG)
    assert pause(hass, turns) <= SHORT.total_seconds()
    turns.async_hurry()
    assert pause(hass, turns) <= 0
    pass_time(hass, timedelta(seconds=1))
    await until(lambda: work.begun)
    turns.async_hurry(SHORT)
    turns.async_hurry(2 * SHORT)
    work.go_on.set()
    await until(lambda: turns.is_waiting)
    assert 0 < pause(hass, turns) <= SHORT.total_seconds()
    pass_time(hass, SHORT)
    await until(lambda: work.done == 2 and turns.is_waiting)
    assert pause(hass, turns) > SHORT.total_seconds()


async def test_failure(
    hass: HomeAssistant,
    work: Work,
    turns: Turns,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody thought of is logged, and is no end."""
    work.error = ZeroDivisionError("oh")
    work.go_on.set()
    pass_time(hass, SHORT)
    await until(lambda: work.begun and turns.is_waiting)
    assert "cexio work failed" in caplog.text
    assert pause(hass, turns) == pytest.approx(FAILED_PAUSE.total_seconds(), abs=5)


async def test_stop_in_the_middle(
    hass: HomeAssistant, work: Work, turns: Turns
) -> None:
    """A turn that is under way ends, and no other begins."""
    pass_time(hass, SHORT)
    await until(lambda: work.begun)
    await turns.async_stop()
    work.go_on.set()
    pass_time(hass, LONG)
    assert not turns.is_waiting
    assert (work.begun, work.done) == (1, 0)
