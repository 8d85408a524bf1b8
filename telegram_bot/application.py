"""The bot as a whole: everything wired together, started, stopped."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
import logging
from random import Random
import sqlite3

import aiohttp
from telegram import Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, TelegramError
from telegram.ext import ApplicationBuilder

from telegram_bot import people
from telegram_bot.access import Access, Role
from telegram_bot.clock import SYSTEM_CLOCK, Clock
from telegram_bot.commands import COMMANDS, Context
from telegram_bot.config import Config
from telegram_bot.daily import DailyDigest
from telegram_bot.delivery import judge
from telegram_bot.desk import OrderDesk, SecondFactor
from telegram_bot.disk_news import DiskNews
from telegram_bot.dispatcher import Dispatcher, menu
from telegram_bot.health import Health, count_waiting
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import DEFAULT_LANGUAGE, LANGUAGES, _, learn, speaking
from telegram_bot.moves import moved_chats
from telegram_bot.notices import FeedKeeper, begin_anew
from telegram_bot.outbox import Outbox
from telegram_bot.pairs import PairBook
from telegram_bot.store import Store, StoreError, is_damage
from telegram_bot.transaction import Transaction
from telegram_bot.transport import Transport
from telegram_bot.updates import TelegramApplication, hand_over
from telegram_bot.watcher import Watcher

_LOGGER = logging.getLogger(__name__)

_CONCURRENT_UPDATES = 64
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0
# Each step of a stop; together they stay below the five seconds that a supervisor waits.
_STOP_STEP = 0.8


class TokenRefusedError(Exception):
    """Telegram does not accept the bot's token."""


class CompanionBot:
    """The running bot."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
    ) -> None:
        """Prepare; nothing is opened before `start`."""
        self._config = config
        self._access = Access(config.access)
        self._clock = clock
        self._random = random or Random()
        self._disk_news = DiskNews(self._access, clock)
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polling_lost = False
        self._running: _Running | None = None
        self._exits = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Open the store, connect to both sides; returns when both connections stand.

        Raises:
            StoreError: the database can't be used.
            TokenRefusedError: Telegram does not accept the token.
        """
        config = self._config
        store = Store(
            config.store_path, clock=self._clock, on_trouble=self._store_troubled
        )
        self._exits.push_async_callback(store.close)
        access = self._access
        await store.open(
            lambda tx, kept: begin_anew(tx, kept, access.owner, self._clock.time())
        )
        await store.run(lambda tx: _recall(tx, access))
        telegram = self._build_telegram()
        outbox = Outbox(
            telegram.bot,
            store,
            clock=self._clock,
            random=self._random,
            on_parked=lambda chat_id: self._tell_parked(store, outbox, access, chat_id),
            on_moved=access.move,
            on_bad_token=self._break_on_token,
        )
        self._disk_news.start(outbox)
        session = await self._exits.enter_async_context(aiohttp.ClientSession())
        home_assistant = HomeAssistant(
            session,
            url=config.home_assistant.url,
            token=config.home_assistant.token,
            config_entry_id=config.home_assistant.config_entry_id,
            follower=FeedKeeper(store, outbox, access, self._clock),
            clock=self._clock,
            random=self._random,
        )
        desk = OrderDesk(
            store,
            outbox,
            home_assistant,
            SecondFactor(
                store,
                outbox,
                config.second_factor,
                clock=self._clock,
                owner=access.owner,
            ),
            clock=self._clock,
            confirm_seconds=config.orders.confirm_seconds,
            second_factor_above=config.orders.second_factor_above,
        )
        pairs = PairBook(home_assistant, self._clock)
        watcher = Watcher(store, outbox, home_assistant, pairs, access, self._clock)
        context = Context(
            home_assistant=home_assistant,
            store=store,
            outbox=outbox,
            desk=desk,
            pairs=pairs,
            watcher=watcher,
            access=access,
            clock=self._clock,
            default_account_id=config.orders.default_account_id,
            commands=COMMANDS,
            username=lambda: telegram.bot.username,
        )
        hand_over(telegram, Dispatcher(telegram.bot, context))
        # Home Assistant first: what happens from now on is kept, wherever Telegram is.
        await home_assistant.start()
        self._exits.push_async_callback(home_assistant.stop)
        await self._until_reached(telegram.initialize)
        self._exits.push_async_callback(_within_step, telegram.shutdown)
        await outbox.start()
        self._exits.push_async_callback(outbox.stop)
        self._exits.push_async_callback(self._disk_news.stop)
        await desk.start()
        self._exits.push_async_callback(desk.stop)
        await watcher.start()
        self._exits.push_async_callback(watcher.stop)
        daily = DailyDigest(store, outbox, home_assistant, access, self._clock)
        await daily.start()
        self._exits.push_async_callback(daily.stop)
        await telegram.start()
        self._exits.push_async_callback(_within_step, telegram.stop)
        await self._until_reached(lambda: self._poll(telegram))
        self._exits.push_async_callback(self._stop_polling, telegram)
        await self._until_reached(lambda: _show_menu(telegram))
        self._running = _Running(telegram.bot.username, home_assistant, store)

    async def wait_ready(self) -> str:
        """Wait until both connections stand; return the bot's user name."""
        if self._running is None:
            raise RuntimeError("start first")
        await self._running.home_assistant.wait_tried()
        return self._running.username

    async def health(self) -> Health:
        """Return how the bot is doing, before it is ready as well."""
        running = self._running
        if running is None:
            return Health(telegram=False, home_assistant=False, store=True, waiting=0)
        try:
            waiting = await running.store.run(count_waiting)
        except sqlite3.Error:
            waiting = 0
        return Health(
            telegram=not self._polling_lost,
            home_assistant=running.home_assistant.connected,
            store=not running.store.troubled,
            waiting=waiting,
        )

    async def wait_broken(self) -> None:
        """Wait for something that can't mend itself.

        Raises:
            TokenRefusedError: Telegram does not accept the token any more.
            StoreError: the database got damaged; the next start keeps a copy and begins a new one.
        """
        await asyncio.shield(self._broken)

    async def stop(self) -> None:
        """Stop in the reverse order; what was not sent is sent after the next start."""
        await self._exits.aclose()
        if self._broken.done():
            # Whoever stops the bot need not have asked whether it was broken.
            self._broken.exception()

    def _build_telegram(self) -> TelegramApplication:
        """Make the application of python-telegram-bot; pace and retries are the outbox's."""
        telegram = self._config.telegram
        sending = Transport()
        polling = Transport(on_answer=self._polling_answered)
        for transport in (sending, polling):
            # The library leaves them open when it could not be initialised.
            self._exits.push_async_callback(transport.shutdown)
        return (
            ApplicationBuilder()
            .token(telegram.token)
            .base_url(telegram.base_url)
            .base_file_url(telegram.base_file_url)
            # One slow call to Home Assistant must not stop all buttons.
            .concurrent_updates(_CONCURRENT_UPDATES)
            .request(sending)
            .get_updates_request(polling)
            .job_queue(None)
            .build()
        )

    async def _poll(self, telegram: TelegramApplication) -> None:
        """Start to ask for updates."""
        if telegram.updater is None:
            raise RuntimeError("the application was built without an updater")
        await telegram.updater.start_polling(
            allowed_updates=[
                Update.MESSAGE,
                Update.CALLBACK_QUERY,
                Update.INLINE_QUERY,
            ],
            error_callback=self._polling_failed,
        )

    async def _stop_polling(self, telegram: TelegramApplication) -> None:
        """Stop to ask for updates."""
        if telegram.updater and telegram.updater.running:
            await _within_step(telegram.updater.stop)

    def _polling_answered(self, status: int, body: bytes) -> None:
        """Notice a refused token, of which the library tells nobody, and the end of an outage."""
        # A page in between says "not found" as well, but not in Telegram's words.
        refused = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
        if refused and body.startswith(b"{"):
            self._break_on_token()
        elif status == HTTPStatus.OK and self._polling_lost:
            self._polling_lost = False
            _LOGGER.info("Telegram sends updates again")

    def _polling_failed(self, err: TelegramError) -> None:
        """Say once that polling fails; the library goes on trying."""
        if not self._polling_lost:
            self._polling_lost = True
            if isinstance(err, Conflict):
                _LOGGER.error(
                    "Another program asks for this bot's updates; stop it, or create another bot at @BotFather"
                )
            else:
                _LOGGER.warning(
                    "Telegram can't be reached for updates, trying until it is there: %s",
                    err,
                )

    def _break_on_token(self) -> None:
        """Remember that only a person can help with the token."""
        self._break(
            TokenRefusedError(
                "Telegram does not accept the token of telegram.token; get a valid one from @BotFather"
            )
        )

    def _break(self, error: Exception) -> None:
        """Remember what can't mend itself."""
        if not self._broken.done():
            self._broken.set_exception(error)

    def _store_troubled(self, error: sqlite3.Error | None) -> None:
        """Say that the disk takes nothing, or takes something again; of damage a restart makes the best."""
        path = self._config.store_path
        if error is None:
            _LOGGER.info("%s can be written again", path)
            self._disk_news.took()
            return
        _LOGGER.error("%s can't be written: %s", path, error)
        if is_damage(error):
            self._break(
                StoreError(
                    f"{path}: the bot's database got damaged: {error}. Start the bot again: it keeps a copy and begins a new one."
                )
            )
        else:
            self._disk_news.refused(error)

    async def _until_reached(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step that needs Telegram, until it is there; say once that it is not."""
        failures = 0
        while True:
            try:
                await step()
            except InvalidToken:
                self._break_on_token()
                await self._broken
            except TelegramError as err:
                if failures == 0:
                    _LOGGER.warning(
                        "Telegram can't be reached, trying until it is there: %s", err
                    )
                pause = min(
                    _LONGEST_BACKOFF, _FIRST_BACKOFF * 2**failures
                ) * self._random.uniform(0.5, 1.0)
                failures = min(failures + 1, 10)
                await self._clock.sleep(max(pause, judge(err).wait))
            else:
                return

    async def _tell_parked(
        self, store: Store, outbox: Outbox, access: Access, chat_id: int
    ) -> None:
        """Tell the owner that somebody does not hear the bot any more."""
        if chat_id == access.owner:
            return
        now = self._clock.time()
        with speaking(access.owner_language):
            text = _(
                "🔇 <code>{chat_id}</code> does not accept my messages; they wait until somebody writes to me there.",
                chat_id=chat_id,
            )
        day = datetime.fromtimestamp(now, UTC).date()
        await store.run(
            lambda tx: tx.notify(f"parked:{chat_id}:{day}", access.owner, text, now)
        )
        outbox.wake([access.owner])


@dataclass(frozen=True, slots=True)
class _Running:
    """What is known once everything has been started."""

    username: str
    home_assistant: HomeAssistant
    store: Store


async def _show_menu(telegram: TelegramApplication) -> None:
    """Register what everybody may use, in each language; who may do more is shown it in their own chat."""
    for language in LANGUAGES:
        try:
            with speaking(language):
                await telegram.bot.set_my_commands(
                    menu(COMMANDS, Role.VIEWER),
                    language_code=None if language == DEFAULT_LANGUAGE else language,
                )
        except (BadRequest, Forbidden) as err:
            # It would be refused for ever, and everything works without a menu.
            _LOGGER.warning("Telegram refuses the menu in %s: %s", language, err)


def _recall(store: Transaction, access: Access) -> None:
    """Take in who was invited and which groups moved; drop what waits for chats that may not hear it any more."""
    access.let_in({person.user_id: person.role for person in people.joined(store)})
    for old, new in moved_chats(store).items():
        access.move(int(old), new)
    access.owner_language = store.settings(access.owner).language
    for chat_id in access.chats:
        learn(store.settings(chat_id).language)
    store.drop_others(access.chats)


async def _within_step(stop: Callable[[], Awaitable[None]]) -> None:
    """Do one step of a stop; an unreachable Telegram must not hold it up."""
    with contextlib.suppress(TimeoutError, TelegramError, RuntimeError):
        async with asyncio.timeout(_STOP_STEP):
            await stop()
