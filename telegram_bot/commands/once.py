"""What a hasty finger taps twice is done once."""

from collections.abc import AsyncIterator
import contextlib

from telegram_bot.commands.base import ButtonTap, Context, UsageError
from telegram_bot.languages import _
from telegram_bot.transaction import Transaction


@contextlib.asynccontextmanager
async def once(context: Context, tap: ButtonTap, what: str) -> AsyncIterator[None]:
    """Do something for the first tap on a button; what failed may be tapped again.

    Args:
        context: what commands work with.
        tap: on the button.
        what: tells the buttons of a message apart.

    Raises:
        UsageError: an earlier tap has done it, or is doing it.
    """
    event_id = f"again:{tap.chat_id}:{tap.message_id}:{what}"
    now = context.clock.time()
    if not await context.store.run(lambda store: store.is_new(event_id, now)):
        raise UsageError(_("This was done already."))
    try:
        yield
    except Exception:
        await context.store.run(lambda store: _forget(store, event_id))
        raise


def _forget(store: Transaction, event_id: str) -> None:
    """Let a button be tapped once more."""
    store.db.execute("DELETE FROM events WHERE id = ?", (event_id,))
