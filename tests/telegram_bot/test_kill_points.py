"""Killed between the tap and the last edit, at every point where the bot waits for somebody else."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from telegram.error import NetworkError

import telegram_bot
from telegram_bot.config import OrdersConfig, SecondFactorConfig
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.store import Store
from telegram_bot.transport import Transport
from tests.telegram_bot.codes_by_chat import SECRET, code, confirmed
from tests.telegram_bot.conftest import Json, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.orders_by_chat import confirm_data, preview, rows, wait_card

# As many as there are on the way; the last test holds that none is missing.
POINTS = 18
# On the way of a code, up to the answer of the exchange.
CODE_POINTS = 20
_BOT_CODE = (
    str(Path(telegram_bot.__file__).parent),
    str(Path(aiohttp.__file__).parent.parent / "telegram"),
)


class FailPoints:
    """Count the moments before and after everything that leaves the bot, and kill it at one of them.

    Of a killed bot nothing reaches the disk, Telegram or Home Assistant any more.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put a point before and after each of the seams."""
        self.passed: list[str] = []
        self.die_at: int | None = None
        self.counting = False
        self.dead = False
        for owner, name in (
            (Store, "run"),
            (HomeAssistant, "call"),
            (aiohttp.ClientWebSocketResponse, "send_str"),
            (Transport, "do_request"),
        ):
            self._surround(monkeypatch, owner, name)

    async def pass_point(self, name: str) -> None:
        """Pass a point, or die there."""
        if self.counting:
            self.passed.append(name)
            if len(self.passed) == self.die_at:
                self.dead = True
                await asyncio.Event().wait()
        if self.dead:
            raise NetworkError("killed")

    def _surround(
        self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
    ) -> None:
        """Put a point before and after a coroutine."""
        real = getattr(owner, name)

        async def surrounded(this: Any, *args: Any, **kwargs: Any) -> Any:
            """Do it between two points; asking for updates goes on beside the way."""
            if "getUpdates" in f"{args} {kwargs}":
                if self.dead:
                    raise NetworkError("killed")
                return await real(this, *args, **kwargs)
            await self.pass_point(f"before {name}")
            result = await real(this, *args, **kwargs)
            await self.pass_point(f"after {name}")
            return result

        monkeypatch.setattr(owner, name, surrounded)


async def tap_and_die(rig: Rig, points: FailPoints, card: Json, number: int) -> bool:
    """Tap, and kill the bot at a point; return False when the way was over before."""
    points.die_at = number
    points.counting = True
    await rig.tap("Confirm", card)
    await rig.clock.pass_until(
        lambda: points.dead or len(points.passed) >= POINTS, step=0
    )
    return points.dead


async def bury(rig: Rig, points: FailPoints) -> None:
    """End what is left of a killed bot, as the kernel would, and let the next one live."""
    tasks = [
        task
        for task in asyncio.all_tasks()
        if (code := getattr(task.get_coro(), "cr_code", None))
        and code.co_filename.startswith(_BOT_CODE)
    ]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await rig.stop()
    points.counting = points.dead = False


async def begin_again(rig: Rig, points: FailPoints) -> str:
    """Start the bot again after its end; return the state that it finds its only question in."""
    await bury(rig, points)
    # Only now: what was on its way to the disk when the bot died may have reached it.
    (state,) = rows(rig, "SELECT state FROM confirmations")
    await rig.start()
    return str(state)


async def settle(rig: Rig, card: Json, words: str) -> Json:
    """Let time pass until a card shows what became of it."""
    shown = asyncio.create_task(wait_card(rig, card, words))
    await rig.clock.pass_until(shown.done, step=0.5)
    return await shown


async def find_out(rig: Rig, card: Json, *, is_void: bool) -> None:
    """See the card of an order tell what became of it, as the exchange knows it."""
    if is_void:
        await settle(rig, card, "⌛ Void: I was restarted before you decided.")
        assert rig.home.count("place_order") == 0
    elif rig.home.orders:
        await settle(rig, card, "🟢 Accepted")
    else:
        await settle(rig, card, "❌ Not placed: the exchange does not know this order.")


@pytest.mark.parametrize("number", range(1, POINTS + 1))
async def test_order(rig: Rig, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Whatever was done when the bot died: one order at most, and the card says truly what became of it."""
    card = await preview(rig)
    points = FailPoints(monkeypatch)
    died = await tap_and_die(rig, points, card, number)
    assert died, points.passed
    state = await begin_again(rig, points)
    await find_out(rig, card, is_void=state == "pending")
    again = await rig.tap_data(confirm_data(card), card)
    await rig.wait_answer(again)
    assert rig.home.count("place_order") == len(rig.home.orders) <= 1
    assert len([text for text in await rig.texts() if "BTC at" in text]) == 1


async def test_cancel(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancel that is killed on its way is looked after as well."""
    rig.home.orders["elsewhere-1"] = make_order()
    card = await rig.ask("/cancel 777", "Cancel this order?")
    points = FailPoints(monkeypatch)
    assert await tap_and_die(rig, points, card, 5)
    await bury(rig, points)
    await rig.start()
    words = (
        "🚫 Cancelled" if rig.home.count("cancel_order") else "❗ The order is still"
    )
    await settle(rig, card, words)


@pytest.mark.parametrize("number", range(2, CODE_POINTS + 1, 2))
async def test_code(
    stopped_rig: Rig, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A code that is killed on its way places one order at most, and the same code no second one."""
    rig = stopped_rig
    rig.orders = OrdersConfig(120, None, "always")
    rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    await rig.start()
    card = await confirmed(rig)
    points = FailPoints(monkeypatch)
    points.die_at = number
    points.counting = True
    await rig.send(code(rig))
    await rig.clock.pass_until(lambda: points.dead, step=0)
    state = await begin_again(rig, points)
    await find_out(rig, card, is_void=state == "awaiting_code")
    rig.clock.advance(5)
    await rig.send(code(rig))
    await rig.wait_message("No question waits for a code.")
    assert rig.home.count("place_order") == len(rig.home.orders) <= 1


@pytest.mark.parametrize("number", range(3, POINTS + 1, 3))
async def test_transfer(rig: Rig, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Funds whose move was killed on its way move once: it is asked for again under the same id."""
    card = await rig.ask("/transfer 1 USD trading savings", "Holds until")
    points = FailPoints(monkeypatch)
    assert await tap_and_die(rig, points, card, number)
    state = await begin_again(rig, points)
    if state == "pending":
        await settle(rig, card, "⌛ Void: I was restarted before you decided.")
        assert rig.home.count("transfer") == 0
    else:
        await settle(rig, card, "✅ Moved")
        assert len(rig.home.moves.done) == 1
    ids = [data for name, data in rig.home.calls if name == "transfer"]
    assert all(data == ids[0] for data in ids)


async def test_that_was_all(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no further point on the way, and at its end nothing waits."""
    card = await preview(rig)
    points = FailPoints(monkeypatch)
    assert not await tap_and_die(rig, points, card, POINTS + 1)
    waiting = "SELECT state FROM outbox WHERE state IN ('waiting', 'sending')"
    await rig.clock.pass_until(lambda: not rows(rig, waiting), step=0)
    assert rows(rig, "SELECT state FROM confirmations") == ["done"]
    await wait_card(rig, card, "🟢 Accepted")
    assert len(points.passed) == POINTS, points.passed
