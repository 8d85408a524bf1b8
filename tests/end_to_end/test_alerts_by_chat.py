"""What the bot tells by itself, against a real Home Assistant: alerts, deposits, the digest; in the reader's language."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulators.demo.chat import Chat
from simulators.demo.control import Control
from simulators.demo.system import run_system

PAIR = "BTC-USD"
# The bot looks at the clock every minute.
DIGEST_SECONDS = 90.0

pytestmark = pytest.mark.timeout(300)


async def test_alerts(tmp_path: Path) -> None:
    """An alert on a move rests, is changed and fires; a deposit is told; the digest comes at its hour."""
    async with run_system(
        tmp_path, seed=12, progress=lambda _: None, preferred_ports=False
    ) as system:
        exchange = Control(system.session, system.exchange["control"])
        public = Control(system.session, system.exchange["rest_public"])
        telegram = Control(system.session, system.telegram["control"])
        chat = Chat(system.session, system.telegram["control"], system.owner_id)
        await exchange.post("/market/pause")
        made = await chat.ask(f"/alert {PAIR} +5% in 1h repeat", "+5 % in 1 hour")
        await chat.tap(made, "Pause")
        paused = await chat.wait(lambda shown: "paused" in shown["text"], "a pause")
        await chat.tap(paused, "Resume")
        resumed = await chat.wait(
            lambda shown: (
                shown["message_id"] == paused["message_id"]
                and "paused" not in shown["text"]
            ),
            "no pause",
        )
        await chat.tap(resumed, "Edit")
        await chat.wait(lambda shown: "how far it has to move" in shown["text"], "?")
        await chat.ask("1% in 30m", "Alert changed", "+1 % in 30 minutes")
        book = (await public.post("/get_order_book", pair=PAIR))["data"]
        price = Decimal(book["asks"][0][0]) * Decimal("1.03")
        await exchange.post("/market/price", pair=PAIR, price=f"{price:.1f}")
        await chat.wait(lambda shown: "BTC-USD moved +" in shown["text"], "the alert")

        await exchange.post(
            "/deposits", account_id="savings", currency="USD", amount="25"
        )
        await chat.wait(lambda shown: "Deposit arrived: 25 USD" in shown["text"], "25")

        await telegram.post(
            "/users", id=system.owner_id, first_name="Ada", language_code="de"
        )
        page = await chat.ask("/settings", "Einstellungen", "Tagesbericht: aus")
        await chat.tap(page, "Tagesbericht")
        hours = await chat.wait(lambda shown: "(UTC)" in shown["text"], "the hours")
        await today_lasts()
        await chat.tap(hours, f"{datetime.now(UTC).hour}:00")
        await chat.wait(
            lambda shown: "Dein Tag: " in shown["text"], "a digest", DIGEST_SECONDS
        )


async def today_lasts() -> None:
    """Wait for tomorrow if today ends before a digest must have come: it is told on its day only."""
    now = datetime.now(UTC)
    later = now + timedelta(seconds=DIGEST_SECONDS)
    if now.date() != later.date():
        await asyncio.sleep(DIGEST_SECONDS)
