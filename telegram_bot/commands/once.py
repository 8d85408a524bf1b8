"""What a hasty finger taps twice is done once."""

from collections.abc import AsyncIterator
import contextlib
import math

from telegram_bot.commands.base import ButtonTap, Context, UsageError
from telegram_bot.languages import _
from telegram_bot.transaction import Transaction

# A question that was discarded or has run out may be wanted again, such as the one of /cancelall.
_HASTY_SECONDS = 30.0


@contextlib.asynccontextmanager
async def once(context: Context, tap: ButtonTap, what: str) -> AsyncIterator[None]:
    """Do something for the first tap on a button; what failed or is long ago may be tapped again.

    Args:
        context: what commands work with.
        tap: on the button.
        what: tells the buttons of a message apart.

    Raises:
        UsageError: an earlier tap has done it, or is doing it.
    """
    event_id = f"again:{tap.chat_id}:{tap.message_id}:{what}"
    now = context.clock.time()

    def is_first(store: Transaction) -> bool:
        """Note the tap, unless there was one just now."""
        _forget(store, event_id, before=now - _HASTY_SECONDS)
        return store.is_new(event_id, now)

    if not await context.store.run(is_first):
        raise UsageError(_("This was done already."))
    try:
        yield
    except Exception:
        await context.store.run(lambda store: _forget(store, event_id))
        raise


def _forget(store: Transaction, event_id: str, *, before: float = math.inf) -> None:
    """Let a button be tapped once more."""
    store.db.execute("DELETE FROM events WHERE id = ? AND at < ?", (event_id, before))
