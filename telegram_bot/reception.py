"""Who is it, where, and in which language: asked of every message, every tap and every inline query."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import logging

from telegram import (
    Bot,
    BotCommandScope,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    Chat,
    User,
)
from telegram.error import TelegramError

from telegram_bot import people
from telegram_bot.access import Access, Role
from telegram_bot.clock import Clock
from telegram_bot.languages import _, best_language, speaking
from telegram_bot.markup import e
from telegram_bot.moves import move_chat
from telegram_bot.outbox import Outbox
from telegram_bot.settings import ChatSettings
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

type Menu = Callable[[Role], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may be here."""

    role: Role
    language: str
    quote_currency: str


class Reception:
    """Let in who is known, and nobody else."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        outbox: Outbox,
        access: Access,
        clock: Clock,
        menu: Menu,
    ) -> None:
        """Work at the door.

        Args:
            bot: as whom menus are shown.
            store: what the bot remembers.
            outbox: how the owner is told.
            access: who may do what.
            clock: what day it is.
            menu: the commands of a role, in the language that is spoken.
        """
        self._bot = bot
        self._store = store
        self._outbox = outbox
        self._access = access
        self._clock = clock
        self._menu = menu
        self._menus: dict[tuple[int, int], Visitor] = {}
        # Read once: what a chat has chosen, with the language in which it was last used.
        self._settings: dict[tuple[int, str], ChatSettings] = {}
        self._settings_version = 0

    async def admit(self, user: User, chat: Chat | None) -> Visitor | None:
        """Return who this is, None for whom there is silence; a query without a chat is like a private one."""
        role = self._access.role(user.id)
        if role is None:
            await self._report_stranger(user)
            return None
        group = None if chat is None or chat.type == Chat.PRIVATE else chat
        if group is not None and not self._access.is_group(group.id):
            await self._report_group(user, group)
            return None
        chat_id = user.id if group is None else group.id
        seen = best_language(user.language_code)
        settings = await self._look_up(chat_id, seen, follow=group is None)
        if chat_id == self._access.owner:
            self._access.owner_language = settings.language
        return Visitor(role, settings.language, settings.quote_currency)

    async def _look_up(self, chat_id: int, seen: str, *, follow: bool) -> ChatSettings:
        """Return what a chat has chosen, from the disk only if it may have changed: a tap shall not wait for it."""
        if self._settings_version != self._store.settings_version:
            self._settings_version = self._store.settings_version
            self._settings.clear()
        if known := self._settings.get((chat_id, seen)):
            return known
        version = self._store.settings_version
        settings = await self._store.run(
            lambda store: _note_language(store, chat_id, seen, follow=follow)
        )
        if version == self._store.settings_version:
            self._settings[chat_id, seen] = settings
        return settings

    async def welcome(self, user: User, code: str) -> Visitor | None:
        """Let in a stranger who has an invitation; tell the owner."""
        now = self._clock.time()
        owner = self._access.owner

        def redeem(store: Transaction) -> Role | None:
            """Use up the code, and write the notice to the owner with it."""
            role = people.redeem(store, code, user.id, user.full_name, now)
            if role is None:
                return None
            with speaking(store.settings(owner).language):
                text = _(
                    "👋 <b>{name} has joined</b> with your invitation, as {role}. /people shows everybody.",
                    name=e(user.full_name),
                    role=_(people.ROLE_WORDS[role]),
                )
            store.notify(f"joined:{user.id}:{now}", owner, text, now)
            return role

        role = await self._store.run(redeem)
        if role is None:
            return None
        _LOGGER.info("User %s joined with an invitation", user.id)
        self._access.let_in({user.id: role})
        self._outbox.wake([owner])
        return await self.admit(user, None)

    async def show_menu(self, user: User, chat: Chat, visitor: Visitor) -> None:
        """Show somebody their commands in Telegram's menu: a chat exists only after the first message."""
        place = (chat.id, user.id)
        if self._menus.get(place) == visitor:
            return
        self._menus[place] = visitor
        scope: BotCommandScope = (
            BotCommandScopeChat(chat.id)
            if chat.type == Chat.PRIVATE
            else BotCommandScopeChatMember(chat.id, user.id)
        )
        try:
            await self._bot.set_my_commands(self._menu(visitor.role), scope=scope)
        except TelegramError as err:
            # The next message tries it again.
            self._menus.pop(place, None)
            _LOGGER.info("The menu of chat %s could not be set: %s", chat.id, err)

    async def follow_group(self, old: int, new: int) -> None:
        """Go along with a group that has got another id."""
        if self._access.is_group(old):
            await self._store.run(lambda store: move_chat(store, old, new))
            self._access.move(old, new)
            # What was written for the old one meanwhile learns of the new one by being sent.
            self._outbox.wake([old, new])

    async def _report_stranger(self, user: User) -> None:
        """Tell the owner of a stranger, once per person and day."""
        name = f"@{user.username}" if user.username else user.full_name
        told = await self._tell_owner(
            f"stranger:{user.id}",
            lambda: _(
                "👤 A stranger wrote to me: {name}, id <code>{user_id}</code>. I did not answer.",
                name=e(name),
                user_id=user.id,
            ),
        )
        if told:
            _LOGGER.warning("A stranger with id %s wrote to the bot", user.id)

    async def _report_group(self, user: User, chat: Chat) -> None:
        """Tell the owner of a group that is not allowed, once per group and day."""
        await self._tell_owner(
            f"group:{chat.id}",
            lambda: _(
                "👥 {name} wrote to me in the group {group}, id <code>{group_id}</code>. I am silent there until this id is in"
                " <code>access.groups</code> of my configuration.",
                name=e(user.full_name),
                group=e(chat.title or "?"),
                group_id=chat.id,
            ),
        )

    async def _tell_owner(self, event: str, words: Callable[[], str]) -> bool:
        """Tell the owner something once a day, in the owner's language; return whether it was new."""
        now = self._clock.time()
        day = datetime.fromtimestamp(now, UTC).date()
        owner = self._access.owner

        def write(store: Transaction) -> bool:
            """Write the notice."""
            with speaking(store.settings(owner).language):
                return store.notify(f"{event}:{day}", owner, words(), now)

        new = await self._store.run(write)
        if new:
            self._outbox.wake([owner])
        return new


def _note_language(
    store: Transaction, chat_id: int, seen: str, *, follow: bool
) -> ChatSettings:
    """Note in which language Telegram is used in a chat, in a group only once; return the settings."""
    settings = store.settings(chat_id)
    if settings.telegram_language != seen and (
        follow or settings.telegram_language is None
    ):
        settings = replace(settings, telegram_language=seen)
        store.save_settings(chat_id, settings)
    return settings
