"""What waits for a tap: frozen, owned by one person, taken once, void after a restart."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import secrets

from telegram_bot.languages import N_, _
from telegram_bot.markup import Button, Buttons, Style
from telegram_bot.records import ConfirmationRow
from telegram_bot.transaction import Transaction

PREFIX = "o"
YES = "y"
NO = "n"


class Taken(StrEnum):
    """What a tap on Confirm or Discard came to."""

    NOW = "now"  # this tap is the one that counts
    CODE = "code"  # it counts, but the second factor is missing
    CODE_AWAITED = "code_awaited"
    UNKNOWN = "unknown"
    OTHERS = "others"  # somebody else was asked
    LATE = "late"
    EXECUTING = "executing"
    DONE = "done"
    DISCARDED = "discarded"
    EXPIRED = "expired"


# Of a question that is still open; it waits for a tap, or for a code after it.
PENDING = "pending"
AWAITING_CODE = "awaiting_code"
OPEN = (PENDING, AWAITING_CODE)
_STATES = {
    AWAITING_CODE: Taken.CODE_AWAITED,
    "executing": Taken.EXECUTING,
    "done": Taken.DONE,
    "discarded": Taken.DISCARDED,
    "expired": Taken.EXPIRED,
}


TAP_ANSWERS = {
    Taken.CODE: N_("Now write your code. Nothing is done before."),
    Taken.CODE_AWAITED: N_("I wait for your code. Nothing is done before."),
    Taken.UNKNOWN: N_("I don't know this question any more. Nothing was done."),
    Taken.OTHERS: N_("Only the person who asked can decide this. Nothing was done."),
    Taken.LATE: N_(
        "Too late: this offer has run out. Nothing was done; ask again for a fresh one."
    ),
    Taken.EXPIRED: N_(
        "Too late: this offer has run out. Nothing was done; ask again for a fresh one."
    ),
    Taken.EXECUTING: N_("Already on its way. It is sent once only."),
    Taken.DONE: N_("This was decided before. Nothing more was done."),
    Taken.DISCARDED: N_("This was discarded before. Nothing was done."),
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
            Button(_("Confirm"), button_data(confirmation_id, YES), Style.SUCCESS),
            _discard(confirmation_id),
        ),
    )


def code_buttons(confirmation_id: str) -> Buttons:
    """Return what is left of the buttons once a code is waited for."""
    return ((_discard(confirmation_id),),)


def _discard(confirmation_id: str) -> Button:
    """Return the button that closes a question."""
    return Button(_("Discard"), button_data(confirmation_id, NO), Style.DANGER)


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

    On disk before anything is sent: `pending` becomes `executing` (or `discarded`), by compare-and-set; where the
    second factor is asked for it becomes `awaiting_code` first.
    """
    row = store.confirmation(tap.confirmation_id)
    if row is None:
        return Taken.UNKNOWN, None
    if row.user_id != user_id:
        return Taken.OTHERS, row
    if row.state in OPEN and now >= row.expires:
        return Taken.LATE, row
    if tap.yes and row.preview.get("second_factor"):
        if store.compare_and_set(row.id, PENDING, AWAITING_CODE):
            return Taken.CODE, row
    elif tap.yes:
        if store.compare_and_set(row.id, PENDING, "executing"):
            return Taken.NOW, row
    elif close(store, row, "discarded"):
        return Taken.NOW, row
    return _STATES[row.state], row


def close(store: Transaction, row: ConfirmationRow, state: str) -> bool:
    """Close a question that is still open: "discarded" or "expired"; return False when it was decided before."""
    return any(store.compare_and_set(row.id, old, state) for old in OPEN)


def awaiting_code(store: Transaction, user_id: int) -> list[ConfirmationRow]:
    """Return the questions for which a person's code is waited for; there is one at most."""
    return [row for row in store.confirmations(AWAITING_CODE) if row.user_id == user_id]


def take_code(store: Transaction, row: ConfirmationRow, now: float) -> Taken:
    """Decide on a right code; of many codes exactly one gets `Taken.NOW`, before the deadline."""
    if now >= row.expires:
        return Taken.LATE
    if store.compare_and_set(row.id, AWAITING_CODE, "executing"):
        return Taken.NOW
    return Taken.DONE
