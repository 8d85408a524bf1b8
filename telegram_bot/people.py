"""Who was let in by an invitation, and which invitations are open."""

from dataclasses import dataclass
from hashlib import sha256
import secrets

from telegram_bot.access import Role
from telegram_bot.languages import N_
from telegram_bot.transaction import Transaction

INVITATION_SECONDS = 86_400.0
ROLE_WORDS = {
    Role.OWNER: N_("owner"),
    Role.TRADER: N_("trader"),
    Role.VIEWER: N_("viewer"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was let in by an invitation."""

    user_id: int
    role: Role
    name: str


def joined(store: Transaction) -> list[Person]:
    """Return everybody who was let in, the first one first."""
    rows = store.db.execute("SELECT user_id, role, name FROM people ORDER BY at")
    return [Person(user_id, Role[role], name) for user_id, role, name in rows]


def remove(store: Transaction, user_id: int) -> None:
    """Forget a person, and what waits for them."""
    store.db.execute("DELETE FROM people WHERE user_id = ?", (user_id,))
    store.db.execute(
        "UPDATE outbox SET state = 'refused' WHERE state IN ('waiting', 'sending') AND chat_id = ?",
        (user_id,),
    )


def invite(store: Transaction, role: Role, now: float) -> str:
    """Make an invitation; return its code, of which only a hash is kept."""
    code = secrets.token_urlsafe(16)
    store.db.execute("DELETE FROM invitations WHERE expires < ?", (now,))
    store.db.execute(
        "INSERT INTO invitations VALUES (?, ?, ?, NULL)",
        (_hash(code), role.name, now + INVITATION_SECONDS),
    )
    return code


def redeem(
    store: Transaction, code: str, user_id: int, name: str, now: float
) -> Role | None:
    """Let a person in who has a code; return the role, None when the code does not hold (any more)."""
    row = store.db.execute(
        "UPDATE invitations SET used_by = ? WHERE code = ? AND used_by IS NULL AND expires > ? RETURNING role",
        (user_id, _hash(code), now),
    ).fetchone()
    if row is None:
        return None
    store.db.execute(
        "INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)",
        (user_id, row[0], name, now),
    )
    return Role[row[0]]


def _hash(code: str) -> str:
    """Return what is kept of a code; with 128 random bits nothing slower is needed."""
    return sha256(code.encode()).hexdigest()
