"""What stands between a tap and the call of Home Assistant: one write, and nothing else."""

from typing import Any

import pytest

from telegram_bot.store import Store
from tests.telegram_bot.conftest import OWNER, Rig
from tests.telegram_bot.orders_by_chat import preview


async def test_one_transaction_before_the_order_is_asked_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision is on disk; who taps, and in which language, is known already."""
    card = await preview(rig)
    work = Store._work
    begun: list[int] = []
    at_call: list[int] = []

    def count(store: Store, what: Any) -> Any:
        """Count a transaction."""
        begun.append(rig.home.count("place_order"))
        return work(store, what)

    monkeypatch.setattr(Store, "_work", count)
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")
    at_call += [seen for seen in begun if seen == 0]
    assert len(at_call) == 1


async def test_a_choice_counts_for_the_next_tap(rig: Rig) -> None:
    """What a chat has chosen is remembered, but no longer than it holds."""
    card = await preview(rig)
    await rig.control(
        "users", {"id": OWNER, "first_name": "Ada", "language_code": "de"}
    )
    tap = await rig.tap("Discard", card)
    assert await rig.wait_answer(tap) == "Verworfen."
    await rig.control(
        "users", {"id": OWNER, "first_name": "Ada", "language_code": "en"}
    )
    card = await preview(rig)
    tap = await rig.tap("Discard", card)
    assert await rig.wait_answer(tap) == "Discarded."
