"""What happens to the account beside its orders."""

from typing import Any

import pytest

from telegram_bot.markup import plain
from telegram_bot.reports import report
from telegram_bot.settings import Kind
from tests.telegram_bot.conftest import Rig

type Json = dict[str, Any]


def entry(kind: str, number: int, data: Json, *, late: bool = False) -> Json:
    """Return an entry of the feed."""
    return {
        "id": f"{kind}:{number}",
        "time": "2027-01-15T08:00:00+00:00",
        "kind": kind,
        "late": late,
        "data": data,
    }


def funding(**changes: Any) -> Json:
    """Return a deposit."""
    return {
        "direction": "deposit",
        "currency": "BTC",
        "amount": "0.50",
        "status": "approved",
        "account_id": "",
        "transaction_id": "t1",
    } | changes


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (Kind.FUNDING, funding(), "📥 Deposit arrived: 0.5 BTC"),
        (
            Kind.FUNDING,
            funding(direction="withdrawal", status="pending", account_id="<a>"),
            "📤 Withdrawal begun: 0.5 BTC\nAccount <a>",
        ),
        (Kind.FUNDING, funding(status="rejected"), "❌ Deposit failed: 0.5 BTC"),
        (Kind.FUNDING, funding(status="lost <b>"), "💱 0.5 BTC: deposit, lost <b>"),
        (
            Kind.STREAM,
            {"connected": True},
            "🔌 The live connection to the exchange is back.",
        ),
        (
            Kind.TROUBLE,
            {"trouble": "key_rejected", "text": "x", "begins": False},
            "🔑 The exchange accepts the API key again.",
        ),
        (
            Kind.TROUBLE,
            {"trouble": "new", "text": "Look <here>", "begins": True},
            "⚠️ Look <here>",
        ),
        (
            Kind.TROUBLE,
            {"trouble": "new", "text": "It is over", "begins": False},
            "✅ It is over",
        ),
    ],
)
def test_words(kind: Kind, data: Json, words: str) -> None:
    """Each report says the most important first; what is not known yet is shown as it is."""
    assert plain(report(kind, data)) == words


async def test_reports_reach_the_chat(rig: Rig) -> None:
    """Each is told once, a late one with its time; one that nobody can read holds up nothing."""
    lost = entry("stream", 1, {"connected": False}, late=True)
    await rig.home.publish(
        entry("funding", 1, {}),
        entry("funding", 2, funding()),
        lost,
        lost,
        entry("trouble", 1, {"trouble": "wrong_clock", "text": "", "begins": True}),
    )
    await rig.until_kept()
    rig.clock.advance(30)
    await rig.wait_message("Deposit arrived: 0.5 BTC")
    message = await rig.wait_message("The live connection to the exchange is lost.")
    assert "It happened at" in message["text"]
    message = await rig.wait_message("The clock of Home Assistant's machine is wrong")
    assert "/status tells more." in message["text"]
    assert sum("connection" in text for text in await rig.texts()) == 1
