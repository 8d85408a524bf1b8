"""What Telegram sends, handed to the dispatcher."""

import logging
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from telegram_bot.dispatcher import Dispatcher

_LOGGER = logging.getLogger(__name__)

type TelegramApplication = Application[Any, Any, Any, Any, Any, Any]


def hand_over(telegram: TelegramApplication, dispatcher: Dispatcher) -> None:
    """Send every message, every tap and every inline query through the dispatcher."""

    async def message(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Hand over a message."""
        if update.message:
            await dispatcher.message(update.message)

    async def tap(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Hand over a tap."""
        if update.callback_query:
            await dispatcher.tap(update.callback_query)

    async def inline(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Hand over what somebody types behind the bot's name in any chat."""
        if update.inline_query:
            await dispatcher.inline(update.inline_query)

    async def error(_update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Log what nobody else caught."""
        _LOGGER.error("An update could not be handled", exc_info=context.error)

    async def migrated(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Hand over the news that a group has got another id."""
        if update.message:
            await dispatcher.migrated(update.message)

    telegram.add_handler(MessageHandler(~filters.StatusUpdate.ALL, message))
    telegram.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, migrated))
    telegram.add_handler(CallbackQueryHandler(tap))
    telegram.add_handler(InlineQueryHandler(inline))
    telegram.add_error_handler(error)
