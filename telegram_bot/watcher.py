"""Messages whose prices follow the market for a while."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
import logging
import sqlite3

from telegram_bot import cards
from telegram_bot.access import Access
from telegram_bot.clock import Clock
from telegram_bot.confirmations import new_id
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import _, clock_time, speaking
from telegram_bot.markup import Button, Message
from telegram_bot.outbox import Outbox
from telegram_bot.pairs import PairBook
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from telegram_bot.watches import Watch, all_watches, end_watch, save_watch

_LOGGER = logging.getLogger(__name__)

STOP = "stop_watch"
LASTS = 3600.0
# Telegram allows a message a second and chat, and answers need room as well.
EVERY = 5.0
# Twenty a minute in a group.
_EVERY_IN_GROUPS = 10.0

type _Key = tuple[int, int]


@dataclass(slots=True)
class _Live:
    """A watch, and what its message shows."""

    watch: Watch
    stop: Button
    text: str = ""
    next_at: float = 0.0
    updating: bool = False


class Watcher:
    """Ask for the prices of all watches at once, edit the messages in which one changed."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        home_assistant: HomeAssistant,
        pairs: PairBook,
        access: Access,
        clock: Clock,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._outbox = outbox
        self._home_assistant = home_assistant
        self._pairs = pairs
        self._access = access
        self._clock = clock
        self._live: dict[_Key, _Live] = {}
        self._begun = asyncio.Event()
        self._no_news_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._updates: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Go on with the watches of the last run."""
        for watch in await self._store.run(all_watches):
            await self._add(watch)
        self._task = asyncio.create_task(self._run(), name="watcher")

    async def stop(self) -> None:
        """Stop; the watches go on after the next start."""
        tasks = [*self._updates, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin(self, chat_id: int, pairs: list[str]) -> None:
        """Send a message that lives for an hour, in place of the one that the chat had.

        Raises:
            HomeAssistantError: the prices can't be asked for.
        """
        tickers = await self._ask(pairs)
        for chat, message_id in list(self._live):
            if chat == chat_id:
                await self.end(chat, message_id)
        until = self._clock.time() + LASTS
        watch = Watch(chat_id, 0, tuple(pairs), until)
        stop = await self._stop_button(chat_id)
        text = _words(watch, tickers)
        sent = await self._outbox.say(chat_id, Message(text, ((stop,),)))
        if sent is not None:
            watch = replace(watch, message_id=sent)
            # Before the disk has it: its button can be tapped already.
            self._live[chat_id, sent] = _Live(watch, stop, text)
            self._begun.set()
            await self._store.run(lambda store: save_watch(store, watch))
            if (chat_id, sent) not in self._live:
                await self._store.run(lambda store: end_watch(store, chat_id, sent))

    async def end(self, chat_id: int, message_id: int) -> bool:
        """Stop a watch and say so in its message; return False when it had ended before."""
        live = self._live.pop((chat_id, message_id), None)
        await self._store.run(lambda store: end_watch(store, chat_id, message_id))
        if live is None:
            return False
        self._own(self._say_ended(live))
        return True

    async def _say_ended(self, live: _Live) -> None:
        """Leave the last prices in the message, and say that they stay."""
        watch = live.watch
        now = self._clock.time()
        language = await self._store.run(
            lambda store: store.settings(watch.chat_id).language
        )
        with speaking(language):
            try:
                shown = _prices(watch, await self._ask(list(watch.pairs)))
            except HomeAssistantError:
                shown = live.text.rpartition("\n")[0]
            ended = _("⏹ Prices of {time}; /watch begins anew.", time=clock_time(now))
        await self._outbox.update(
            watch.chat_id,
            Message("\n".join(filter(None, [shown, ended]))),
            watch.message_id,
        )

    async def _add(self, watch: Watch) -> None:
        """Bring a message of the last run to life."""
        stop = await self._stop_button(watch.chat_id)
        self._live[watch.chat_id, watch.message_id] = _Live(watch, stop)
        self._begun.set()

    async def _stop_button(self, chat_id: int) -> Button:
        """Make the button that ends a watch."""
        button_id, now = new_id(), self._clock.time()

        def make(store: Transaction) -> str:
            """Keep what it means; return the language of the chat."""
            store.add_button(button_id, chat_id, STOP, {}, now)
            return store.settings(chat_id).language

        with speaking(await self._store.run(make)):
            return Button(f"⏹ {_('Stop')}", f"b:{button_id}")

    async def _run(self) -> None:
        """Go round for as long as there is something to watch."""
        while True:
            if not self._live:
                self._begun.clear()
                await self._begun.wait()
            await self._clock.sleep(EVERY)
            try:
                await self._round()
            except sqlite3.Error as err:
                _LOGGER.warning("Watched prices wait for the database: %s", err)
            except Exception:
                # An odd price must not end all watches.
                _LOGGER.exception("Watched prices could not be shown")

    async def _round(self) -> None:
        """End what is over, then show what changed."""
        now = self._clock.time()
        for key, live in list(self._live.items()):
            if key[0] not in self._access.chats:
                await self._forget(key)
            elif live.watch.until <= now:
                await self.end(*key)
        if not self._live:
            return
        # What begins or ends meanwhile is none of this round's.
        watched = dict(self._live)
        wanted = sorted({p for live in watched.values() for p in live.watch.pairs})
        tickers: dict[str, Json] = {}
        try:
            tickers = await self._ask(wanted)
        except HomeAssistantError as err:
            _LOGGER.info("Watched prices could not be asked for: %s", err)
            self._no_news_since = self._no_news_since or now
        else:
            self._no_news_since = None
        chats = {chat_id for chat_id, __ in watched}
        languages = await self._store.run(
            lambda store: {chat: store.settings(chat).language for chat in chats}
        )
        for key, live in watched.items():
            if self._live.get(key) is live and (tickers or live.text):
                self._show(live, tickers, languages[live.watch.chat_id], now)

    def _show(
        self, live: _Live, tickers: dict[str, Json], language: str, now: float
    ) -> None:
        """Edit a message whose text is not what it should be, unless it was edited just now."""
        watch = live.watch
        with speaking(language):
            if self._no_news_since is None:
                text = _words(watch, tickers)
            else:
                text = _aged(live.text, self._no_news_since)
        if live.updating or text == live.text or now < live.next_at:
            return
        live.updating = True
        live.next_at = now + (_EVERY_IN_GROUPS if watch.chat_id < 0 else 0)
        self._own(self._update(live, text))

    async def _update(self, live: _Live, text: str) -> None:
        """Edit a message; one that was deleted is watched no more."""
        chat_id, message_id = live.watch.chat_id, live.watch.message_id
        try:
            message = Message(text, ((live.stop,),))
            there = await self._outbox.update(chat_id, message, message_id)
        finally:
            live.updating = False
        if there:
            live.text = text
        else:
            await self._forget((chat_id, message_id))

    async def _ask(self, pairs: list[str]) -> dict[str, Json]:
        """Return the tickers of those pairs that are still traded."""
        known = await self._pairs.all()
        wanted = [pair for pair in pairs if pair in known]
        answer = await self._home_assistant.call("get_ticker", {"pairs": wanted})
        tickers: dict[str, Json] = answer["tickers"]
        return tickers

    async def _forget(self, key: _Key) -> None:
        """Leave a message as it is."""
        self._live.pop(key, None)
        await self._store.run(lambda store: end_watch(store, *key))

    def _own(self, work: Coroutine[None, None, None]) -> None:
        """Let a message be edited beside the others: a slow chat holds up nobody."""
        task = asyncio.create_task(work)
        self._updates.add(task)
        task.add_done_callback(self._updates.discard)


def _prices(watch: Watch, tickers: dict[str, Json]) -> str:
    """Return the prices of a watch."""
    return cards.tickers([tickers[pair] for pair in watch.pairs if pair in tickers])


def _words(watch: Watch, tickers: dict[str, Json]) -> str:
    """Return the text of a message that lives."""
    until = _("🔴 Live until {time}", time=clock_time(watch.until))
    return f"{_prices(watch, tickers)}\n{until}"


def _aged(text: str, since: float) -> str:
    """Return a text with the last line replaced: its prices are not those of now."""
    prices = text.rpartition("\n")[0]
    return f"{prices}\n{_('⚠️ No new prices since {time}', time=clock_time(since))}"
