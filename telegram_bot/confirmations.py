"""Orders that wait for a tap: frozen, owned by one person, taken once, void after a restart."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import secrets

from telegram_bot.markup import Button, Buttons, Style
from telegram_bot.records import ConfirmationRow
from telegram_bot.transaction import Transaction

PREFIX = "o"
YES = "y"
NO = "n"


class Taken(StrEnum):
    """What a tap on Confirm or Discard came to."""

    NOW = "now"  # this tap is the one that counts
    UNKNOWN = "unknown"
    OTHERS = "others"  # somebody else was asked
    LATE = "late"
    EXECUTING = "executing"
    DONE = "done"
    DISCARDED = "discarded"
    EXPIRED = "expired"


_STATES = {
    "executing": Taken.EXECUTING,
    "done": Taken.DONE,
    "discarded": Taken.DISCARDED,
    "expired": Taken.EXPIRED,
}


TAP_ANSWERS = {
    Taken.UNKNOWN: "I don't know this question any more. Nothing was done.",
    Taken.OTHERS: "Only the person who asked can decide this. Nothing was done.",
    Taken.LATE: "Too late: this offer has run out. Nothing was done; ask again for a fresh one.",
    Taken.EXPIRED: "Too late: this offer has run out. Nothing was done; ask again for a fresh one.",
    Taken.EXECUTING: "Already on its way. It is sent once only.",
    Taken.DONE: "This was decided before. Nothing more was done.",
    Taken.DISCARDED: "This was discarded before. Nothing was done.",
}


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap on a button of a question."""

    confirmation_id: str
    yes: bool


def new_id(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return 128 random bits as 26 letters and digits."""
    return base64.b32encode(random_bytes(16)).decode().rstrip("=").lower()


def client_order_id(confirmation_id: str) -> str:
    """Return the client order id of a confirmation: the same tap always makes the same order."""
    return f"tg-{confirmation_id}"


def button_data(confirmation_id: str, answer: str) -> str:
    """Return what a button of a question carries."""
    return f"{PREFIX}:{confirmation_id}:{answer}"


def question_buttons(confirmation_id: str) -> Buttons:
    """Return the two buttons of a question."""
    return (
        (
            Button("Confirm", button_data(confirmation_id, YES), Style.SUCCESS),
            Button("Discard", button_data(confirmation_id, NO), Style.DANGER),
        ),
    )


def read_tap(data: str) -> Tap | None:
    """Return the tap that a button stands for, None when it is another kind of button."""
    match data.split(":"):
        case [prefix, confirmation_id, answer] if prefix == PREFIX and answer in (
            YES,
            NO,
        ):
            return Tap(confirmation_id, answer == YES)
    return None


def take(
    store: Transaction, tap: Tap, *, user_id: int, now: float
) -> tuple[Taken, ConfirmationRow | None]:
    """Decide on a tap; of many taps exactly one gets `Taken.NOW`.

    On disk before the order is sent: `pending` becomes `executing` (or `discarded`), by compare-and-set.
    """
    row = store.confirmation(tap.confirmation_id)
    if row is None:
        return Taken.UNKNOWN, None
    if row.user_id != user_id:
        return Taken.OTHERS, row
    if row.state == "pending" and now >= row.expires:
        return Taken.LATE, row
    if store.compare_and_set(
        row.id, "pending", "executing" if tap.yes else "discarded"
    ):
        return Taken.NOW, row
    return _STATES[row.state], row
