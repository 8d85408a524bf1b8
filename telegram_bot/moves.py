"""Groups that became supergroups: Telegram gives them another id, and what belongs to them follows."""

from telegram_bot.transaction import Transaction

_NOTE = "moved_chats"
_TABLES = ("outbox", "cards", "confirmations", "buttons", "settings", "watches")


def move_chat(store: Transaction, old: int, new: int) -> None:
    """Give everything of a chat its new id, and remember that id."""
    for table in _TABLES:
        store.db.execute(
            f"UPDATE OR IGNORE {table} SET chat_id = ? WHERE chat_id = ?",  # noqa: S608 - names from above
            (new, old),
        )
    store.has_settings = True
    moved = {
        name: new if now == old else now for name, now in moved_chats(store).items()
    }
    store.set_note(_NOTE, {**moved, str(old): new})


def moved_chats(store: Transaction) -> dict[str, int]:
    """Return the present id of each chat that has got another one, by its old id."""
    return store.note(_NOTE) or {}
