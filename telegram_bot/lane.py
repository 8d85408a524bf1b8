"""The queue of one chat: answers that somebody waits for, and where its messages in the store have got to."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from telegram_bot.delivery import Verdict
from telegram_bot.languages import current_language
from telegram_bot.markup import Message, plain
from telegram_bot.pace import TokenBucket
from telegram_bot.taking import Taken
from telegram_bot.transaction import Transaction

# A flood is over when nothing has come for so long; it is told after the second at the latest, in seconds.
_CALM = 1.0
_LONGEST_FLOOD = 5.0


@dataclass(slots=True)
class Answer:
    """A message that somebody waits for right now; it is not kept over a restart."""

    message: Message
    deadline: float
    sent: asyncio.Future[int | None]
    edit: int | None = None
    language: str = field(default_factory=current_language)
    in_place: bool = False
    gone: bool = False

    def heed(self, verdict: Verdict) -> bool:
        """Change what Telegram did not take; return whether there is nothing more to try."""
        message = self.message
        match verdict:
            case Verdict.AGAIN | Verdict.WAIT:
                return False
            case Verdict.PLAIN if message.html:
                self.message = replace(message, text=plain(message.text), html=False)
                return False
            case Verdict.NO_TOPIC if message.topic is not None:
                self.message = replace(message, topic=None)
                return False
            case Verdict.GONE if self.in_place:
                self.gone = True
            case Verdict.GONE if self.edit is not None:
                self.edit = None
                return False
            case Verdict.REFUSED if message.photo is not None:
                # Such as a group that allows no pictures: the words alone are an answer, too.
                self.message = replace(message, photo=None)
                return False
            case Verdict.UNKNOWN if message.repeat and not message.may_repeat:
                self.message = replace(message, may_repeat=True)
                return False
        return True

    def resolve(self, message_id: int | None) -> None:
        """Tell who waits what became of it."""
        if not self.sent.done():
            self.sent.set_result(message_id)


@dataclass(slots=True)
class Lane:
    """The queue of one chat.

    Attributes:
        taken: what is to be sent now, noted as under way already.
        claimed: a transaction under way may bring something to send.
        unwritten: what became of the last message, as long as the store does not know.
        refused: the store did not take the last try.
        arrived: when the last message for the chat came into the store.
        flooded: since when so many have come that they wait to be told together.
    """

    chat_id: int
    bucket: TokenBucket
    answers: deque[Answer] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    not_before: float = 0.0
    failures: int = 0
    parked: bool = False
    delivering: bool = False
    claimed: bool = False
    taken: Taken | None = None
    unwritten: Callable[[Transaction], None] | None = None
    refused: bool = False
    arrived: float = 0.0
    flooded: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Return whether something is on its way that a stop should let arrive."""
        return (
            self.delivering
            or self.claimed
            or self.taken is not None
            or self.unwritten is not None
        )

    @property
    def idle(self) -> bool:
        """Return whether a new message need not wait for anything that came before."""
        return not (
            self.busy
            or self.answers
            or self.parked
            or self.failures
            or self.flooded is not None
        )

    def flood_ends(self) -> float:
        """Return when what floods the chat is told, the beginning of time where nothing does."""
        if self.flooded is None:
            return 0.0
        return min(self.arrived + _CALM, self.flooded + _LONGEST_FLOOD)

    def drop_late(self, now: float) -> None:
        """Give up answers that nobody waits for any more."""
        if self.parked:
            self.give_up()
        while self.answers and now > self.answers[0].deadline:
            self.answers.popleft().resolve(None)

    def give_up(self) -> None:
        """Give up all answers."""
        while self.answers:
            self.answers.popleft().resolve(None)
