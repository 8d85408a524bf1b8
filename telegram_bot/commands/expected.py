"""What the bot waits for somebody to write: the newest question wins, and none waits for ever."""

from typing import Any

from telegram_bot.commands.base import Context, Request

_WITHIN_SECONDS = 600.0


async def expect(
    context: Context, chat_id: int, user_id: int, topic: str, data: Any
) -> None:
    """Remember a question that a text can answer.

    Args:
        context: what commands work with.
        chat_id: where the answer is expected.
        user_id: whose answer.
        topic: who asks, such as "order".
        data: what the asker needs again; JSON.
    """
    value = {"topic": topic, "data": data, "at": context.clock.time()}
    await context.store.run(
        lambda store: store.set_note(_name(chat_id, user_id), value)
    )


async def expected(context: Context, request: Request, topic: str) -> Any:
    """Return the data of the question that a text answers; None when none of this topic waits."""
    value = await _newest(context, request)
    return value["data"] if value and value["topic"] == topic else None


async def is_expected(context: Context, request: Request) -> bool:
    """Return whether a text answers a question of any topic."""
    return await _newest(context, request) is not None


async def forget(context: Context, chat_id: int, user_id: int) -> None:
    """Wait for nothing any more."""
    name = _name(chat_id, user_id)
    await context.store.run(lambda store: store.set_note(name, None))


async def _newest(context: Context, request: Request) -> Any:
    """Return the newest question, unless it is too old."""
    name = _name(request.chat_id, request.user_id)
    value = await context.store.run(lambda store: store.note(name))
    if value and context.clock.time() <= value["at"] + _WITHIN_SECONDS:
        return value
    return None


def _name(chat_id: int, user_id: int) -> str:
    """Return the name of the note."""
    return f"expected:{chat_id}:{user_id}"
