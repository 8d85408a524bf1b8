"""Codes of the second factor, as people write them into a chat."""

import re

from telegram_bot.access import Role
from telegram_bot.commands.base import Context, Request, Typed
from telegram_bot.commands.expected import is_expected
from telegram_bot.languages import _
from telegram_bot.markup import Message
from telegram_bot.second_factor import is_pin


async def typed(context: Context, request: Request) -> Typed | None:
    """Take a code that is waited for."""
    desk = context.desk
    code = "".join(request.words)
    if request.role < Role.TRADER:
        return None
    if not await desk.awaits_code(request.user_id, request.chat_id):
        return None
    if not re.fullmatch(r"[0-9]+", code):
        if await is_expected(context, request):
            return None
        return Typed(
            Message(
                _("I wait for your code: digits only. Discard closes the question.")
            )
        )
    words = await desk.take_code(request.user_id, request.chat_id, code, request.name)
    return Typed(Message(words) if words else None, delete=True)


async def late(context: Context, request: Request) -> Typed | None:
    """Take away what looks like a code that nobody waits for any more: a PIN stays worth something."""
    code = "".join(request.words)
    if not context.desk.has_second_factor or not is_pin(code):
        return None
    return Typed(
        Message(_("No question waits for a code. I deleted what looked like one.")),
        delete=True,
    )


TEXTS = (typed,)
LAST_TEXTS = (late,)
