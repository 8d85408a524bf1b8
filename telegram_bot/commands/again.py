"""What somebody meant, as a button that carries it out."""

from collections.abc import Sequence
from contextlib import nullcontext

from telegram_bot.access import Role
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Context,
    Request,
    UsageError,
    refusal,
)
from telegram_bot.commands.once import once
from telegram_bot.markup import Button, Message, e
from telegram_bot.pairs import UnknownPairError

RUN = "run"
# A longer text would not fit on a phone's button.
_LONGEST_LABEL = 40


async def button(
    context: Context, chat_id: int, text: str, label: str | None = None
) -> Button:
    """Make a button that carries out a command, such as "/price BTC-USD"."""
    shown = (label or text)[:_LONGEST_LABEL]
    return await context.button(chat_id, shown, RUN, {"text": text})


async def instead(
    context: Context,
    chat_id: int,
    name: str,
    words: Sequence[str],
    error: UnknownPairError,
) -> Message:
    """Propose the nearest pairs, each with a button for the same command with it."""
    lines = []
    for pair in error.near:
        fixed = [pair if word == error.written else word for word in words]
        text = " ".join([f"/{name}", *fixed])
        lines.append((await button(context, chat_id, text),))
    return Message(e(error), tuple(lines))


async def run_tapped(context: Context, tap: ButtonTap) -> str:
    """Carry out the command of a button, as if the person who taps had typed it."""
    name, *words = tap.data["text"].removeprefix("/").split()
    command = next(item for item in context.commands if item.name == name)
    if tap.role < command.role:
        return refusal(command.role)
    request = Request(tap.user_id, tap.chat_id, tap.role, tuple(words), tap.name)
    # What changes something shall not be done twice.
    is_change = command.role >= Role.TRADER
    guard = once(context, tap, tap.data["text"]) if is_change else nullcontext()
    try:
        async with guard:
            answer = await command.handler(context, request)
    except (UsageError, UnknownPairError) as err:
        return str(err)
    if answer:
        await context.outbox.say(tap.chat_id, answer)
    return ""


BUTTONS = (ButtonAction(RUN, run_tapped, Role.VIEWER),)
