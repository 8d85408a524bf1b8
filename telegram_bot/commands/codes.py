"""Codes of the second factor, as people write them into a chat."""

import logging
import re
import sqlite3

from telegram_bot.access import Role
from telegram_bot.commands.base import Context, Request, Typed
from telegram_bot.commands.expected import is_expected
from telegram_bot.languages import _
from telegram_bot.markup import Message
from telegram_bot.second_factor import is_pin
from telegram_bot.words import NOT_NOTED

_LOGGER = logging.getLogger(__name__)


async def typed(context: Context, request: Request) -> Typed | None:
    """Take a code that is waited for."""
    desk = context.desk
    code = "".join(request.words)
    if request.role < Role.TRADER:
        return None
    if not await desk.awaits_code(request.user_id, request.chat_id):
        return None
    if not re.fullmatch(r"[0-9]+", code):
        # People in a group speak to each other as well.
        if request.chat_id != request.user_id or await is_expected(context, request):
            return None
        return Typed(
            Message(
                _("I wait for your code: digits only. Discard closes the question.")
            )
        )
    try:
        words = await desk.take_code(
            request.user_id, request.chat_id, code, request.name
        )
    except sqlite3.Error:
        # What could not be noted is not carried out; the code must not stay all the same.
        _LOGGER.exception("A code could not be taken")
        words = _(NOT_NOTED)
    return Typed(Message(words) if words else None, delete=True)


async def late(context: Context, request: Request) -> Typed | None:
    """Take away what looks like a code that nobody waits for any more: a PIN stays worth something."""
    code = "".join(request.words)
    private = request.chat_id == request.user_id
    if not private or not context.desk.has_second_factor or not is_pin(code):
        return None
    return Typed(
        Message(_("No question waits for a code. I deleted what looked like one.")),
        delete=True,
    )


TEXTS = (typed,)
LAST_TEXTS = (late,)
