"""Everything the bot says: one queue per chat, in order, at the pace that Telegram allows."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, field, replace
from functools import partial
import logging
from random import Random
import sqlite3

from telegram import Bot
from telegram.error import TelegramError

from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.delivery import Verdict, judge, transmit
from telegram_bot.digest import DIGEST_AFTER, digest
from telegram_bot.languages import current_language, speaking
from telegram_bot.markup import Message, buttons_from_json, plain, shorten, split
from telegram_bot.moves import move_chat
from telegram_bot.pace import TokenBucket
from telegram_bot.records import Card, OutboxRow
from telegram_bot.settings import ChatSettings
from telegram_bot.store import Store
from telegram_bot.topics import current_topic
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

# Telegram: about one message a second per chat with short bursts, about 30 a second in all.
_CHAT_RATE = 1.0
_CHAT_BURST = 5
# In a group not more than 20 a minute.
_GROUP_RATE = 0.33
_ALL_RATE = 25.0
_ALL_BURST = 25
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0
# So often a message that may have arrived is sent once more. Lost it would be worse than doubled, but a chat shall
# not be filled by a Telegram that delivers it each time and never says so.
_MOST_DOUBTS = 5
# An answer that comes later than this helps nobody.
_ANSWER_WITHIN = 60.0
_STOP_WITHIN = 1.5


@dataclass(slots=True)
class _Answer:
    """A message that somebody waits for right now; it is not kept over a restart."""

    message: Message
    deadline: float
    sent: asyncio.Future[int | None]
    edit: int | None = None
    language: str = field(default_factory=current_language)
    in_place: bool = False
    gone: bool = False


@dataclass(slots=True)
class _Lane:
    """The queue of one chat."""

    chat_id: int
    bucket: TokenBucket
    answers: deque[_Answer] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    not_before: float = 0.0
    failures: int = 0
    parked: bool = False
    delivering: bool = False
    unwritten: Callable[[Transaction], None] | None = None
    task: asyncio.Task[None] | None = None


class Outbox:
    """Send what the store holds, and answers to commands, one queue per chat."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
        on_parked: Callable[[int], Awaitable[None]] | None = None,
        on_moved: Callable[[int, int], None] | None = None,
        on_bad_token: Callable[[], None] | None = None,
    ) -> None:
        """Prepare; nothing is sent before `start`."""
        self._bot = bot
        self._store = store
        self._clock = clock
        self._random = random or Random()
        self._on_parked = on_parked
        self._on_moved = on_moved
        self._on_bad_token = on_bad_token
        self._all = TokenBucket(_ALL_RATE, _ALL_BURST, clock)
        self._lanes: dict[int, _Lane] = {}
        self._held_until = 0.0
        self._started = False
        self._stopping = False

    async def start(self) -> None:
        """Go on with what was left over from the last run."""
        await self._store.run(Transaction.doubt_interrupted)
        self._started = True
        self.wake(await self._store.run(Transaction.waiting_chats))

    async def stop(self) -> None:
        """Let calls under way end, then stop; the rest is sent after the next start."""
        self._stopping = True
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        if busy := [
            lane.task for lane in self._lanes.values() if lane.task and lane.delivering
        ]:
            await asyncio.wait(busy, timeout=_STOP_WITHIN)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            self._give_up(lane)

    def wake(self, chat_ids: list[int]) -> None:
        """Look for new rows of some chats; before `start` nobody knows yet what the last run left in doubt."""
        if self._stopping or not self._started:
            return
        for chat_id in chat_ids:
            self._lane(chat_id).wake.set()

    def hold(self, seconds: float) -> None:
        """Let messages wait for more of their kind, but not answers."""
        until = self._clock.monotonic() + seconds
        self._held_until = max(self._held_until, until)

    def release(self) -> None:
        """Send again what was held."""
        self._held_until = 0.0
        self.wake(list(self._lanes))

    def unpark(self, chat_id: int) -> None:
        """Send to a chat again, since somebody there speaks to the bot."""
        lane = self._lane(chat_id)
        if lane.parked:
            lane.parked = False
            lane.wake.set()

    async def say(
        self, chat_id: int, message: Message, *, edit: int | None = None
    ) -> int | None:
        """Send an answer, or put it in place of a message.

        Args:
            chat_id: the chat.
            message: what to say; split when it is too long.
            edit: the id of the message to replace.

        Returns:
            The id of the (last) message, None when it could not be delivered for sure.
        """
        if self._stopping:
            return None
        lane = self._lane(chat_id)
        message_id = None
        if message.topic is None:
            message = replace(message, topic=current_topic())
        for part in split(message):
            answer = self._queue(lane, part, edit)
            message_id = await answer.sent
            edit = None
        return message_id

    async def update(self, chat_id: int, message: Message, message_id: int) -> bool:
        """Put a message in place of one that lives on; return False when that one is gone.

        Nobody misses an update that could not be delivered: the next one tells more.
        """
        if self._stopping:
            return True
        answer = self._queue(self._lane(chat_id), message, message_id)
        answer.in_place = True
        await answer.sent
        return not answer.gone

    def _queue(self, lane: _Lane, message: Message, edit: int | None) -> _Answer:
        """Put an answer into the queue of its chat."""
        answer = _Answer(
            message,
            self._clock.monotonic() + _ANSWER_WITHIN,
            asyncio.get_running_loop().create_future(),
            edit,
        )
        lane.answers.append(answer)
        lane.wake.set()
        return answer

    def _lane(self, chat_id: int) -> _Lane:
        """Return the queue of a chat, started."""
        if (lane := self._lanes.get(chat_id)) is None:
            lane = self._lanes[chat_id] = _Lane(
                chat_id,
                TokenBucket(
                    _CHAT_RATE if chat_id > 0 else _GROUP_RATE, _CHAT_BURST, self._clock
                ),
            )
            lane.task = asyncio.create_task(self._serve(lane), name=f"outbox-{chat_id}")
        return lane

    async def _serve(self, lane: _Lane) -> None:
        """Send what there is for one chat, then wait for more."""
        while not self._stopping:
            try:
                lane.wake.clear()
                if lane.parked or not await self._serve_one(lane):
                    self._drop_late(lane)
                    await lane.wake.wait()
            except sqlite3.Error as err:
                # What can't be noted is not sent, or a crash would send it again without a mark.
                _LOGGER.warning("Messages wait for the database: %s", err)
                await self._pause(lane)
            except Exception:
                # An odd message must not silence the chat for ever.
                _LOGGER.exception("A message could not be handled")
                await self._pause(lane)

    async def _pause(self, lane: _Lane) -> None:
        """Wait before the next try, but not long with answers."""
        seconds = _FIRST_BACKOFF if lane.answers else _LONGEST_BACKOFF
        with contextlib.suppress(TimeoutError):
            await self._clock.within(lane.wake.wait(), seconds)

    async def _serve_one(self, lane: _Lane) -> bool:
        """Send the next message of a chat; return False when there is none."""
        if (wait := lane.not_before - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
            return True
        if not lane.answers:
            if (held := self._held_until - self._clock.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    await self._clock.within(lane.wake.wait(), held)
                return True
            if not await self._waiting(lane):
                return False
        await lane.bucket.take()
        await self._all.take()
        # Chosen only now: what came while the turn was waited for may be more urgent.
        if lane.answers:
            await self._answer(lane, lane.answers[0])
        elif not lane.failures or await self._is_there(lane):
            await self._send_row(lane)
        return True

    async def _waiting(self, lane: _Lane) -> list[OutboxRow]:
        """Return the first rows of a chat, the most urgent one first; many old ones become a digest."""
        await self._write_down(lane)
        return await self._store.run(lambda store: self._look(store, lane))

    def _look(self, store: Transaction, lane: _Lane) -> list[OutboxRow]:
        """Look, and look again after a digest."""
        rows = store.waiting(lane.chat_id, limit=DIGEST_AFTER + 1)
        if len(rows) > DIGEST_AFTER and digest(store, lane.chat_id, self._clock.time()):
            rows = store.waiting(lane.chat_id, limit=1)
        return rows

    async def _take(
        self, lane: _Lane
    ) -> tuple[OutboxRow, Card | None, ChatSettings] | None:
        """Take the first row of a chat, its card, and what the chat has chosen; None when there is none."""

        def take(
            store: Transaction,
        ) -> tuple[OutboxRow, Card | None, ChatSettings] | None:
            """Choose and note it at once: a state that comes in between must find it waiting, or under way."""
            for row in self._look(store, lane)[:1]:
                store.mark([row.id], "sending")
                card = store.card(row.card_id) if row.card_id else None
                return row, card, store.settings(lane.chat_id)
            return None

        await self._write_down(lane)
        return await self._store.run(take)

    async def _answer(self, lane: _Lane, answer: _Answer) -> None:
        """Send an answer; it leaves the queue unless it must be tried again."""
        if self._clock.monotonic() > answer.deadline:
            self._drop_late(lane)
            return
        with speaking(answer.language):
            verdict, message_id = await self._call(
                lane, answer.message, edit=answer.edit
            )
        match verdict:
            case Verdict.AGAIN | Verdict.WAIT:
                return
            case Verdict.PLAIN if answer.message.html:
                answer.message = replace(
                    answer.message, text=plain(answer.message.text), html=False
                )
                return
            case Verdict.NO_TOPIC if answer.message.topic is not None:
                answer.message = replace(answer.message, topic=None)
                return
            case Verdict.GONE if answer.in_place:
                answer.gone = True
            case Verdict.GONE if answer.edit is not None:
                answer.edit = None
                return
            case Verdict.REFUSED if answer.message.photo is not None:
                # Such as a group that allows no pictures: the words alone are an answer, too.
                answer.message = replace(answer.message, photo=None)
                return
            case Verdict.UNKNOWN if (
                answer.message.repeat and not answer.message.may_repeat
            ):
                answer.message = replace(answer.message, may_repeat=True)
                return
        lane.answers.popleft()
        _resolve(answer, message_id if verdict is Verdict.DONE else None)

    def _drop_late(self, lane: _Lane) -> None:
        """Give up answers that nobody waits for any more."""
        if lane.parked:
            self._give_up(lane)
        while lane.answers and self._clock.monotonic() > lane.answers[0].deadline:
            _resolve(lane.answers.popleft(), None)

    def _give_up(self, lane: _Lane) -> None:
        """Give up all answers of a chat."""
        while lane.answers:
            _resolve(lane.answers.popleft(), None)

    async def _send_row(self, lane: _Lane) -> None:
        """Try once to send the first message that must arrive, and write down what is known afterwards."""
        lane.delivering = True
        try:
            if taken := await self._take(lane):
                with speaking(taken[2].language):
                    await self._deliver(lane, *taken)
        finally:
            lane.delivering = False

    async def _deliver(
        self, lane: _Lane, row: OutboxRow, card: Card | None, settings: ChatSettings
    ) -> None:
        """Send a message between two notes of it."""
        shown = card.message_id if card else None
        edit = shown if row.kind == "card" else None
        message = Message(
            shorten(row.text),
            buttons_from_json(row.buttons),
            reply_to=shown if edit is None else None,
            may_repeat=row.doubts > 0 and edit is None,
            topic=settings.topic,
            silent=row.silent,
        )
        verdict, message_id = await self._call(lane, message, edit=edit)
        if verdict is Verdict.GONE and edit is not None:
            edit = None
            verdict, message_id = await self._call(lane, message, edit=None)
        if verdict is Verdict.NO_TOPIC:
            message = replace(message, topic=None)
            verdict, message_id = await self._call(lane, message, edit=edit)
        if verdict is Verdict.PLAIN:
            verdict, message_id = await self._call(
                lane, replace(message, text=plain(message.text), html=False), edit=edit
            )
        lane.unwritten = partial(
            _settle,
            row=row,
            verdict=verdict,
            message_id=message_id,
            edited=edit is not None,
        )
        await self._write_down(lane)

    async def _write_down(self, lane: _Lane) -> None:
        """Note what became of the last message; before that is done nobody knows what to send next."""
        if lane.unwritten:
            await self._store.run(lane.unwritten)
            lane.unwritten = None

    async def _call(
        self, lane: _Lane, message: Message, *, edit: int | None
    ) -> tuple[Verdict, int | None]:
        """Make one call and judge it."""
        try:
            message_id = await transmit(self._bot, lane.chat_id, message, edit)
        except TelegramError as err:
            return await self._heed(lane, err), edit
        lane.failures = 0
        return Verdict.DONE, message_id

    async def _is_there(self, lane: _Lane) -> bool:
        """Ask Telegram something harmless: only when it answers, what may have arrived is sent once more."""
        try:
            await self._bot.get_me()
        except TelegramError as err:
            await self._heed(lane, err)
            return False
        return True

    async def _heed(self, lane: _Lane, err: TelegramError) -> Verdict:
        """Judge an error, and do for the chat what it asks for."""
        judgement = judge(err)
        new_chat_id = judgement.new_chat_id
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
                if self._on_parked:
                    await self._on_parked(lane.chat_id)
            case Verdict.MOVED if new_chat_id is not None:
                old = lane.chat_id
                await self._store.run(lambda store: move_chat(store, old, new_chat_id))
                if self._on_moved:
                    self._on_moved(old, new_chat_id)
                self.wake([new_chat_id])
            case Verdict.TOKEN:
                lane.parked = True
                if self._on_bad_token:
                    self._on_bad_token()
            case Verdict.REFUSED:
                _LOGGER.error("Telegram refuses a message for good: %s", err)
        return judgement.verdict


def _resolve(answer: _Answer, message_id: int | None) -> None:
    """Tell who waits for an answer what became of it."""
    if not answer.sent.done():
        answer.sent.set_result(message_id)


_STATES = {
    Verdict.DONE: "sent",
    Verdict.AGAIN: "waiting",
    Verdict.WAIT: "waiting",
    Verdict.PARK: "waiting",
    Verdict.MOVED: "waiting",
    Verdict.TOKEN: "waiting",
}


def _settle(
    store: Transaction,
    row: OutboxRow,
    verdict: Verdict,
    message_id: int | None,
    *,
    edited: bool,
) -> None:
    """Write down what became of a message."""
    if verdict is Verdict.UNKNOWN:
        # An edit can be repeated at will; a message some times, marked.
        store.mark(
            [row.id],
            "waiting" if edited or row.doubts < _MOST_DOUBTS else "doubtful",
            doubt=not edited,
        )
        return
    store.mark(
        [row.id],
        _STATES.get(verdict, "refused"),
        message_id=message_id if verdict is Verdict.DONE else None,
    )
    if verdict is Verdict.DONE and row.card_id is not None and row.kind == "card":
        store.set_card_message(row.card_id, message_id)
