"""Orders by chat: asked for, confirmed by a tap, sent at most once, followed until the outcome is known."""

from telegram_bot.desk.factor import SecondFactor
from telegram_bot.desk.order_desk import OrderDesk
from telegram_bot.desk.questions import Asker

__all__ = ["Asker", "OrderDesk", "SecondFactor"]
