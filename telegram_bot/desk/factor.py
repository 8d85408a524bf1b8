"""Ask for the second factor: wrong tries are counted and told to the owner, a right code is taken once."""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum

from telegram_bot.clock import Clock
from telegram_bot.config import SecondFactorConfig
from telegram_bot.languages import _, clock_time, ngettext, speaking
from telegram_bot.outbox import Outbox
from telegram_bot.second_factor import is_pin_of, totp_step
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction

MOST_WRONG = 5
LOCK_SECONDS = 3600.0
# A note: the newest time step whose code was taken.
_USED = "second_factor:used"


class Verdict(StrEnum):
    """What a typed code came to."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"  # right, but taken before
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict, and what follows from it.

    Attributes:
        tries_left: how many wrong codes are left before the lock.
        locked_until: Unix time; 0 where nothing is locked.
    """

    verdict: Verdict
    tries_left: int = MOST_WRONG
    locked_until: float = 0.0


class SecondFactor:
    """Check what people type after Confirm; wrong tries are counted per person and told to the owner."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        config: SecondFactorConfig,
        *,
        clock: Clock,
        owner: int,
    ) -> None:
        """Take what the settings have: the secret of an authenticator app, the hash of a PIN, or neither."""
        self._store = store
        self._outbox = outbox
        self._totp_secret = config.totp_secret
        self._pin_hash = config.pin_hash
        self._clock = clock
        self._owner = owner

    @property
    def is_set_up(self) -> bool:
        """Return whether there is anything to ask for."""
        return bool(self._totp_secret or self._pin_hash)

    def invitation(self, *, private: bool) -> str:
        """Return the words that ask for the code.

        Args:
            private: whether nobody else reads the chat in which it is asked for.
        """
        if self._pin_hash and private:
            return _("🔐 Write your PIN here. I delete it at once.")
        if self._pin_hash:
            return _("🔐 Write your PIN to me in private, not here.")
        if private:
            return _(
                "🔐 Write the code of your authenticator app here. I delete it at once."
            )
        return _(
            "🔐 Write the code of your authenticator app to me in private, not here."
        )

    async def check(self, user_id: int, code: str, name: str) -> Checked:
        """Judge a code; a right one of an app is used up.

        Args:
            user_id: who typed it.
            code: digits.
            name: what the owner shall read of a wrong one, escaped.
        """
        now = self._clock.time()
        step, fits = None, False
        if self._totp_secret:
            step = totp_step(self._totp_secret, code, now)
            fits = step is not None
        elif self._pin_hash:
            # Not in the thread of the store: nothing else could be written meanwhile.
            fits = await asyncio.to_thread(is_pin_of, code, self._pin_hash)
        checked = await self._store.run(
            lambda store: self._judge(store, user_id, now, step, name, fits=fits)
        )
        self._outbox.wake([self._owner])
        return checked

    def _judge(
        self,
        store: Transaction,
        user_id: int,
        now: float,
        step: int | None,
        name: str,
        *,
        fits: bool,
    ) -> Checked:
        """Count, lock and use up, all in one transaction."""
        note = f"second_factor:{user_id}"
        kept = store.note(note) or {"wrong": 0, "locked_until": 0.0}
        if now < kept["locked_until"]:
            return Checked(Verdict.LOCKED, 0, kept["locked_until"])
        if fits:
            if step is not None and step <= (store.note(_USED) or 0):
                return Checked(Verdict.USED)
            if step is not None:
                store.set_note(_USED, step)
            store.set_note(note, {"wrong": 0, "locked_until": 0.0})
            return Checked(Verdict.RIGHT)
        wrong = kept["wrong"] + 1
        checked = Checked(Verdict.WRONG, MOST_WRONG - wrong)
        if wrong >= MOST_WRONG:
            wrong = 0
            checked = replace(
                checked, verdict=Verdict.LOCKED, locked_until=now + LOCK_SECONDS
            )
        store.set_note(note, {"wrong": wrong, "locked_until": checked.locked_until})
        with speaking(store.settings(self._owner).language):
            text = _report(user_id, name, checked)
        store.notify(f"second_factor:{user_id}:{now}", self._owner, text, now)
        return checked


def _report(user_id: int, name: str, checked: Checked) -> str:
    """Tell the owner of a wrong code."""
    who = {"name": name, "user_id": user_id}
    if checked.verdict is Verdict.LOCKED:
        return _(
            "🔒 <b>Too many wrong codes</b> from {name}, id <code>{user_id}</code>. No code is taken from there until {time}.",
            time=clock_time(checked.locked_until),
            **who,
        )
    return ngettext(
        "🔐 A wrong code from {name}, id <code>{user_id}</code>; {count} more try until the lock.",
        "🔐 A wrong code from {name}, id <code>{user_id}</code>; {count} more tries until the lock.",
        checked.tries_left,
        **who,
    )
