"""What the tests of orders by chat have in common."""

import contextlib
import sqlite3
from typing import Any

import pytest

from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER, Json, Rig


async def preview(rig: Rig, command: str = "/buy 0.01 BTC-USD 60000") -> Json:
    """Ask for an order; return its card."""
    return await rig.ask(command, "Holds until")


def confirm_data(card: Json) -> str:
    """Return what the Confirm button of a card carries."""
    return str(card["buttons"][0][0]["callback_data"])


async def wait_card(rig: Rig, card: Json, words: str, user: int = OWNER) -> Json:
    """Wait until a card shows some words."""

    def found(chat: Json) -> list[Json]:
        return [
            message
            for message in chat["messages"]
            if message["message_id"] == card["message_id"] and words in message["text"]
        ]

    return found(await rig.chat(user, lambda chat: bool(found(chat))))[0]


def fill_disk(patch: pytest.MonkeyPatch, method: str) -> None:
    """Let a method of the bot's transaction fail as it does on a full disk."""

    def fail(*_: object) -> None:
        """Fail."""
        raise sqlite3.OperationalError("database or disk is full")

    patch.setattr(Transaction, method, fail)


def rows(rig: Rig, query: str) -> list[Any]:
    """Return the first column of what the bot's database holds."""
    with contextlib.closing(sqlite3.connect(rig.store_path)) as db:
        return [row[0] for row in db.execute(query)]
