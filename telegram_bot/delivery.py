"""Saying it to Telegram, and what an error says: did it arrive, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

import aiohttp
from telegram import (
    Bot,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from telegram_bot.languages import N_, _
from telegram_bot.markup import Button, Message, plain

MAY_REPEAT = N_(
    "<i>Telegram left it open whether this message had arrived: it may repeat an earlier one.</i>"
)


class Verdict(StrEnum):
    """What to do with a message after an error."""

    DONE = "done"  # it is there
    AGAIN = "again"  # surely not delivered: try again
    WAIT = "wait"  # surely not delivered: try again when Telegram allows it
    UNKNOWN = "unknown"  # it may be there
    PLAIN = "plain"  # Telegram refuses the markup
    GONE = "gone"  # the message to edit does not exist any more
    NO_TOPIC = "no_topic"  # the topic is deleted or closed
    PARK = "park"  # the chat does not want the bot
    MOVED = "moved"  # the chat has got another id
    REFUSED = "refused"  # it will never be accepted
    TOKEN = "token"  # noqa: S105 - the token itself is refused


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what is needed to act on it."""

    verdict: Verdict
    wait: float = 0.0
    new_chat_id: int | None = None


_BAD_REQUESTS = (
    ("message is not modified", Verdict.DONE),
    ("can't parse entities", Verdict.PLAIN),
    ("message to edit not found", Verdict.GONE),
    ("message can't be edited", Verdict.GONE),
    ("message_id_invalid", Verdict.GONE),
    ("there is no text in the message to edit", Verdict.GONE),
    ("chat not found", Verdict.PARK),
    ("message thread not found", Verdict.NO_TOPIC),
    ("topic_closed", Verdict.NO_TOPIC),
    ("topic_deleted", Verdict.NO_TOPIC),
)
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def judge(error: TelegramError) -> Judgement:
    """Say what an error means for the message that was being sent."""
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return Judgement(
            Verdict.WAIT, wait=wait if isinstance(wait, int) else wait.total_seconds()
        )
    if isinstance(error, ChatMigrated):
        return Judgement(Verdict.MOVED, new_chat_id=error.new_chat_id)
    if isinstance(error, BadRequest):
        # The library drops "Bad Request: " and capitalises what is left.
        text = str(error).lower()
        return Judgement(
            next(
                (verdict for words, verdict in _BAD_REQUESTS if words in text),
                Verdict.REFUSED,
            )
        )
    if isinstance(error, Forbidden):
        return Judgement(Verdict.PARK)
    # With a cause it is the page of something in between, which says "not found" as well.
    if isinstance(error, InvalidToken) and error.__cause__ is None:
        return Judgement(Verdict.TOKEN)
    if isinstance(error, Conflict):
        return Judgement(Verdict.AGAIN)
    if isinstance(error, NetworkError) and _surely_not_sent(error):
        return Judgement(Verdict.AGAIN)
    return Judgement(Verdict.UNKNOWN)


def _surely_not_sent(error: NetworkError) -> bool:
    """Return whether Telegram can't have taken the request."""
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return True
    # A proxy's 429 has no retry_after and no cause: its answer could be read.
    return cause is None and "too many requests" in str(error).lower()


async def transmit(bot: Bot, chat_id: int, message: Message, edit: int | None) -> int:
    """Say it to Telegram; return the id of the message.

    Args:
        bot: as whom.
        chat_id: where.
        message: what; at most 4096 characters without markup, 1024 below a picture.
        edit: the message to put it in place of, which has a picture or has none as this one; None for a new one.

    Raises:
        TelegramError: `judge` says what it means.
    """
    text = message.text
    if message.may_repeat:
        mark = _(MAY_REPEAT)
        text = f"{text}\n\n{mark if message.html else plain(mark)}"
    parse_mode = ParseMode.HTML if message.html else None
    markup = InlineKeyboardMarkup(
        [[_button(button) for button in line] for line in message.buttons]
    )
    previews = LinkPreviewOptions(is_disabled=True)
    if edit is not None and message.photo is not None:
        await bot.edit_message_media(
            InputMediaPhoto(message.photo, text, parse_mode=parse_mode),
            chat_id=chat_id,
            message_id=edit,
            reply_markup=markup,
        )
        return edit
    if edit is not None:
        await bot.edit_message_text(
            text,
            chat_id=chat_id,
            message_id=edit,
            parse_mode=parse_mode,
            reply_markup=markup,
            link_preview_options=previews,
        )
        return edit
    reply, topic = None, message.topic
    if message.reply_to is not None:
        reply = ReplyParameters(message.reply_to, allow_sending_without_reply=True)
        topic = None
    if message.photo is not None:
        sent = await bot.send_photo(
            chat_id,
            message.photo,
            text,
            parse_mode=parse_mode,
            reply_markup=markup if message.buttons else None,
            reply_parameters=reply,
            message_thread_id=topic,
            disable_notification=message.silent,
        )
        return sent.message_id
    sent = await bot.send_message(
        chat_id,
        text,
        parse_mode=parse_mode,
        reply_markup=markup if message.buttons else None,
        link_preview_options=previews,
        reply_parameters=reply,
        message_thread_id=topic,
        disable_notification=message.silent,
    )
    return sent.message_id


def _button(button: Button) -> InlineKeyboardButton:
    """Return a button as Telegram takes it."""
    if button.copy is not None:
        copy = CopyTextButton(button.copy)
        return InlineKeyboardButton(button.text, copy_text=copy, style=button.style)
    return InlineKeyboardButton(
        button.text, callback_data=button.data, style=button.style
    )
