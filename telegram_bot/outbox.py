"""Everything the bot says: one queue per chat, in order, at the pace that Telegram allows."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
import contextlib
from dataclasses import replace
from functools import partial
import logging
from random import Random
import sqlite3

from telegram import Bot

from telegram_bot.calling import Caller
from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.delivery import Verdict
from telegram_bot.lane import Answer, Lane
from telegram_bot.languages import speaking
from telegram_bot.markup import Message, buttons_from_json, plain, shorten, split
from telegram_bot.moves import move_chat
from telegram_bot.pace import TokenBucket
from telegram_bot.store import Store
from telegram_bot.taking import Later, Taken, settle, take
from telegram_bot.topics import current_topic
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

# Telegram: about one message a second per chat with short bursts, about 30 a second in all. A trifle slower, since a
# message that is quicker on its way than the one before must not be too early.
_CHAT_RATE = 0.99
_CHAT_BURST = 5
# In a group not more than 20 a minute.
_GROUP_RATE = 0.33
_ALL_RATE = 25.0
_ALL_BURST = 25
# An edit counts as a message does. It rings nobody, so it leaves one permit to what does.
_FOR_EDITS = 2
# Until the next try where the database refuses; soon where somebody waits, or a crash would send a message again.
_DATABASE_BACKOFF = 30.0
_SOON = 1.0
# An answer that comes later than this helps nobody.
_ANSWER_WITHIN = 60.0
_STOP_WITHIN = 1.5


async def _nobody(*_: int) -> None:
    """Tell nobody."""


class Outbox:
    """Send what the store holds, and answers to commands, one queue per chat."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
        on_parked: Callable[[int], Awaitable[None]] = _nobody,
        on_moved: Callable[[int, int], None] = lambda *_: None,
        on_bad_token: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; nothing is sent before `start`."""
        self._store = store
        self._clock = clock
        self._on_moved = on_moved
        self._caller = Caller(
            bot,
            clock,
            random or Random(),
            on_parked=on_parked,
            on_moved=self._follow,
            on_bad_token=on_bad_token,
        )
        self._all = TokenBucket(_ALL_RATE, _ALL_BURST, clock)
        self._lanes: dict[int, Lane] = {}
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
        lanes = list(self._lanes.values())
        tasks = [lane.task for lane in lanes if lane.task]
        for lane in lanes:
            # What the disk did not take is tried once more.
            lane.wake.set()
        if busy := [lane.task for lane in lanes if lane.task and lane.busy]:
            await asyncio.wait(busy, timeout=_STOP_WITHIN)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in lanes:
            lane.give_up()

    def wake(self, chat_ids: Collection[int]) -> None:
        """Look for new rows of some chats; before `start` nobody knows yet what the last run left in doubt."""
        if self._stopping or not self._started:
            return
        for chat_id in chat_ids:
            lane = self._lane(chat_id)
            lane.arrived = self._clock.monotonic()
            lane.wake.set()

    @contextlib.contextmanager
    def claim(
        self, chat_ids: Collection[int]
    ) -> Iterator[Callable[[Transaction], None]]:
        """Let a transaction that brings messages take those that can be sent at once, and send them when it is done.

        So a message is on disk and marked as under way in one step. Yields what the transaction calls at its end.
        """
        claimed = [] if self._stopping or not self._started else self._claim(chat_ids)

        def take_all(store: Transaction) -> None:
            """Take what there is for each chat that is free."""
            now = self._clock.time()
            for lane in claimed:
                found = take(store, lane.chat_id, now, edits=False, calm=False)
                found_by[lane.chat_id] = found if isinstance(found, Taken) else None

        found_by: dict[int, Taken | None] = {}
        done = False
        try:
            yield take_all
            done = True
        finally:
            for lane in claimed:
                lane.claimed = False
                # What was rolled back was not taken.
                lane.taken = found_by.get(lane.chat_id) if done else None
                if lane.taken is None:
                    self._give_back(lane)
                lane.wake.set()

    def _claim(self, chat_ids: Collection[int]) -> list[Lane]:
        """Return the queues in which a new message can be sent at once, with a permit taken for each."""
        claimed = []
        now = self._clock.monotonic()
        for lane in map(self._lane, dict.fromkeys(chat_ids)):
            free = lane.idle and max(lane.not_before, self._held_until) <= now
            if free and not self._wait(lane):
                self._spend(lane)
                lane.claimed = True
                claimed.append(lane)
        return claimed

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

    def _queue(self, lane: Lane, message: Message, edit: int | None) -> Answer:
        """Put an answer into the queue of its chat."""
        answer = Answer(
            message,
            self._clock.monotonic() + _ANSWER_WITHIN,
            asyncio.get_running_loop().create_future(),
            edit,
        )
        lane.answers.append(answer)
        lane.wake.set()
        return answer

    def _lane(self, chat_id: int) -> Lane:
        """Return the queue of a chat, started."""
        if (lane := self._lanes.get(chat_id)) is None:
            rate = _CHAT_RATE if chat_id > 0 else _GROUP_RATE
            bucket = TokenBucket(rate, _CHAT_BURST, self._clock)
            lane = self._lanes[chat_id] = Lane(chat_id, bucket)
            lane.task = asyncio.create_task(self._serve(lane), name=f"outbox-{chat_id}")
        return lane

    def _wait(self, lane: Lane, permits: int = 1) -> float:
        """Return the seconds until a chat may be sent something."""
        return max(lane.bucket.wait(permits), self._all.wait())

    def _spend(self, lane: Lane) -> None:
        """Take a permit for a chat."""
        lane.bucket.take()
        self._all.take()

    def _give_back(self, lane: Lane) -> None:
        """Put a permit back that a chat did not need."""
        lane.bucket.give_back()
        self._all.give_back()

    async def _serve(self, lane: Lane) -> None:
        """Send what there is for one chat, then wait for more."""
        while not self._stopping or lane.busy:
            try:
                lane.wake.clear()
                lane.drop_late(self._clock.monotonic())
                if lane.claimed or not await self._serve_one(lane):
                    await lane.wake.wait()
            except sqlite3.Error as err:
                # What can't be noted is not sent, or a crash would send it again without a mark.
                if not lane.refused:
                    _LOGGER.warning("Messages wait for the database: %s", err)
                lane.refused = True
                await self._pause(lane)
            except Exception:
                # An odd message must not silence the chat for ever.
                _LOGGER.exception("A message could not be handled")
                await self._pause(lane)

    async def _pause(self, lane: Lane) -> None:
        """Wait before the next try."""
        seconds = _SOON if lane.answers or lane.unwritten else _DATABASE_BACKOFF
        await self._woken_within(lane, seconds)

    async def _woken_within(self, lane: Lane, seconds: float) -> None:
        """Wait, or until something else may be sent."""
        with contextlib.suppress(TimeoutError):
            await self._clock.within(lane.wake.wait(), seconds)

    async def _serve_one(self, lane: Lane) -> bool:
        """Send the next message of a chat, or wait for its turn; return False when there is nothing to do."""
        if lane.taken:
            await self._send(lane, lane.taken)
            return True
        if lane.unwritten and not lane.answers:
            await self._write_down(lane)
            return True
        if lane.parked:
            return False
        now = self._clock.monotonic()
        if (wait := lane.not_before - now) > 0:
            await self._clock.sleep(wait)
            return True
        held = max(self._held_until, lane.flood_ends()) - now
        if held > 0 and not lane.answers:
            await self._woken_within(lane, held)
            return True
        if (wait := self._wait(lane)) > 0:
            # What comes while the turn is waited for may be more urgent.
            await self._woken_within(lane, wait)
            return True
        if lane.answers:
            self._spend(lane)
            await self._answer(lane, lane.answers[0])
            return True
        if lane.failures and not await self._caller.is_there(lane):
            return True
        return await self._serve_row(lane)

    async def _serve_row(self, lane: Lane) -> bool:
        """Take the next message that must arrive and send it; return False when there is none."""
        now, wall = self._clock.monotonic(), self._clock.time()
        edits = not self._wait(lane, _FOR_EDITS)
        calm = lane.flooded is not None and lane.flood_ends() <= now
        # Before anything is waited for: the other chats share the permits.
        self._spend(lane)
        lane.delivering = True
        try:
            found = await self._store.run(
                lambda store: take(store, lane.chat_id, wall, edits=edits, calm=calm)
            )
            lane.taken = found if isinstance(found, Taken) else None
        finally:
            lane.delivering = False
            if lane.taken is None:
                self._give_back(lane)
        lane.refused = False
        if found is not Later.FLOOD:
            lane.flooded = None
        elif lane.flooded is None:
            lane.flooded = now
        if found is Later.EDIT:
            await self._woken_within(lane, self._wait(lane, _FOR_EDITS))
        return found is not None

    async def _answer(self, lane: Lane, answer: Answer) -> None:
        """Send an answer; it leaves the queue unless it must be tried again."""
        with speaking(answer.language):
            verdict, message_id = await self._caller.call(
                lane, answer.message, edit=answer.edit
            )
        if answer.heed(verdict):
            lane.answers.popleft()
            answer.resolve(message_id if verdict is Verdict.DONE else None)

    async def _send(self, lane: Lane, taken: Taken) -> None:
        """Try once to send what was taken, and write down what is known afterwards."""
        lane.delivering, lane.taken = True, None
        try:
            with speaking(taken.settings.language):
                await self._deliver(lane, taken)
        finally:
            lane.delivering = False

    async def _deliver(self, lane: Lane, taken: Taken) -> None:
        """Send a message between two notes of it."""
        row, card = taken.row, taken.card
        shown = card.message_id if card else None
        edit = shown if row.kind == "card" else None
        message = Message(
            shorten(row.text),
            buttons_from_json(row.buttons),
            reply_to=shown if edit is None else None,
            may_repeat=row.doubts > 0 and edit is None,
            topic=taken.settings.topic,
            silent=row.silent,
        )
        call = self._caller.call
        verdict, message_id = await call(lane, message, edit=edit)
        if verdict is Verdict.GONE and edit is not None:
            edit = None
            verdict, message_id = await call(lane, message, edit=None)
        if verdict is Verdict.NO_TOPIC:
            message = replace(message, topic=None)
            verdict, message_id = await call(lane, message, edit=edit)
        if verdict is Verdict.PLAIN:
            message = replace(message, text=plain(message.text), html=False)
            verdict, message_id = await call(lane, message, edit=edit)
        lane.unwritten = partial(
            settle,
            row=row,
            verdict=verdict,
            message_id=message_id,
            edited=edit is not None,
        )
        await self._write_down(lane)

    async def _write_down(self, lane: Lane) -> None:
        """Note what became of the last message; before that is done nobody knows what to send next."""
        if lane.unwritten:
            await self._store.run(lane.unwritten)
            lane.unwritten = None

    async def _follow(self, old: int, new: int) -> None:
        """Let everything of a group that has got another id go there."""
        await self._store.run(lambda store: move_chat(store, old, new))
        self._on_moved(old, new)
        self.wake([new])
