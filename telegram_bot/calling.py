"""Calls of Telegram: made, judged, and heeded by the queue of their chat."""

from collections.abc import Awaitable, Callable
import logging
from random import Random

from telegram import Bot
from telegram.error import TelegramError

from telegram_bot.clock import Clock
from telegram_bot.delivery import Verdict, judge, transmit
from telegram_bot.lane import Lane
from telegram_bot.markup import Message

_LOGGER = logging.getLogger(__name__)

_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0


class Caller:
    """Makes one call after the other; what Telegram wants of a chat is written into its queue."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        random: Random,
        *,
        on_parked: Callable[[int], Awaitable[None]],
        on_moved: Callable[[int, int], Awaitable[None]],
        on_bad_token: Callable[[], None],
    ) -> None:
        """Speak as a bot; told when a chat refuses it, has got another id, or its token is refused."""
        self._bot = bot
        self._clock = clock
        self._random = random
        self._on_parked = on_parked
        self._on_moved = on_moved
        self._on_bad_token = on_bad_token

    async def call(
        self, lane: Lane, message: Message, *, edit: int | None
    ) -> tuple[Verdict, int | None]:
        """Make one call and judge it; return also the id of the message."""
        try:
            message_id = await transmit(self._bot, lane.chat_id, message, edit)
        except TelegramError as err:
            return await self._heed(lane, err), edit
        lane.failures = 0
        return Verdict.DONE, message_id

    async def is_there(self, lane: Lane) -> bool:
        """Ask Telegram something harmless: only when it answers, what may have arrived is sent once more."""
        try:
            await self._bot.get_me()
        except TelegramError as err:
            await self._heed(lane, err)
            return False
        return True

    async def _heed(self, lane: Lane, err: TelegramError) -> Verdict:
        """Judge an error, and do for the chat what it asks for."""
        judgement = judge(err)
        now = self._clock.monotonic()
        match judgement.verdict:
            case Verdict.WAIT:
                lane.not_before = now + judgement.wait + self._random.uniform(0.1, 0.5)
            case Verdict.AGAIN | Verdict.UNKNOWN:
                if lane.failures == 0:
                    _LOGGER.warning(
                        "Telegram can't be reached, trying until it is there: %s", err
                    )
                lane.not_before = now + min(
                    _LONGEST_BACKOFF, _FIRST_BACKOFF * 2**lane.failures
                ) * self._random.uniform(0.5, 1.0)
                lane.failures = min(lane.failures + 1, 10)
            case Verdict.PARK:
                _LOGGER.warning(
                    "Chat %s does not accept messages, they wait until somebody writes there: %s",
                    lane.chat_id,
                    err,
                )
                lane.parked = True
                await self._on_parked(lane.chat_id)
            case Verdict.MOVED if judgement.new_chat_id is not None:
                await self._on_moved(lane.chat_id, judgement.new_chat_id)
            case Verdict.TOKEN:
                lane.parked = True
                self._on_bad_token()
            case Verdict.REFUSED:
                _LOGGER.error("Telegram refuses a message for good: %s", err)
        return judgement.verdict
