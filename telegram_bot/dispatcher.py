"""Every message and every tap comes through here: who is it, may they, what do they want."""

from datetime import UTC, datetime
from difflib import get_close_matches
import logging

from telegram import (
    Bot,
    BotCommandScopeChat,
    CallbackQuery,
    Chat,
    Message as TelegramMessage,
    User,
)
from telegram.error import TelegramError

from telegram_bot import cards, confirmations
from telegram_bot.access import Role
from telegram_bot.commands import (
    BUTTON_PREFIX,
    BUTTONS,
    TEXTS,
    ButtonTap,
    Command,
    Context,
    Request,
    UsageError,
    again,
)
from telegram_bot.errors import HomeAssistantError
from telegram_bot.markup import Message, e
from telegram_bot.pairs import UnknownPairError
from telegram_bot.words import explain

_LOGGER = logging.getLogger(__name__)

_NOT_YOURS = "This button is not for you."
_VIEWER = "You may look, but not trade here. The owner of this bot can change that."
_BROKEN = "Something went wrong inside me; my log tells more. Nothing was ordered."
_NO_COMMAND = "I understand commands only: /help shows them."
_OLD_BUTTON = "This button is too old. Ask again."


class Dispatcher:
    """Turn updates of Telegram into commands and taps."""

    def __init__(self, bot: Bot, context: Context) -> None:
        """Work with the commands of the context."""
        self._bot = bot
        self._context = context
        self._menus: set[int] = set()
        self._commands = {command.name: command for command in context.commands}

    async def message(self, message: TelegramMessage) -> None:
        """Answer a message."""
        if (
            role := await self._role(message.from_user, message.chat)
        ) is None or message.from_user is None:
            return
        self._context.outbox.unpark(message.chat_id)
        await self._show_menu(message.chat_id, role)
        answer = await self._answer(message, message.from_user, role)
        if answer:
            await self._context.outbox.say(message.chat_id, answer)

    async def tap(self, query: CallbackQuery) -> None:
        """Answer a tap."""
        chat = query.message.chat if query.message else None
        message_id = query.message.message_id if query.message else None
        if (role := await self._role(query.from_user, chat)) is None or chat is None:
            await self._reply(query, _NOT_YOURS)
            return
        data = query.data or ""
        if (tap := confirmations.read_tap(data)) is not None:
            await self._decide(query, tap, role, message_id)
            return
        prefix, _, button_id = data.partition(":")
        found = None
        if prefix == BUTTON_PREFIX:
            found = await self._context.store.run(
                lambda store: store.button(button_id, chat.id)
            )
        action = BUTTONS.get(found[0]) if found else None
        if found is None or action is None:
            await self._reply(query, _OLD_BUTTON)
        elif role < action.role:
            await self._reply(query, _VIEWER)
        else:
            try:
                words = await action.handler(
                    self._context,
                    ButtonTap(
                        query.from_user.id,
                        chat.id,
                        message_id,
                        found[1],
                        query.from_user.full_name,
                        role,
                    ),
                )
            except HomeAssistantError as err:
                words = explain(err)
            except Exception:
                _LOGGER.exception("The button %s broke", action.name)
                words = _BROKEN
            await self._reply(query, words)

    async def _decide(
        self,
        query: CallbackQuery,
        tap: confirmations.Tap,
        role: Role,
        message_id: int | None,
    ) -> None:
        """Take a tap on Confirm or Discard."""
        if role < Role.TRADER:
            await self._reply(query, _VIEWER)
            return
        confirmed = None
        try:
            words, confirmed = await self._context.desk.tap(
                tap, user_id=query.from_user.id, message_id=message_id
            )
        except Exception:
            # Such as a full disk: what could not be noted is not carried out.
            _LOGGER.exception("A tap could not be taken")
            words = _BROKEN
        if confirmed:
            self._context.desk.execute(confirmed)
        await self._reply(query, words)

    async def _answer(
        self, message: TelegramMessage, user: User, role: Role
    ) -> Message | None:
        """Carry out a command; return what to say."""
        name, *words = (message.text or "").split() or [""]
        if not name.startswith("/"):
            return await self._typed(message, user, role)
        name = name.removeprefix("/").partition("@")[0].lower()
        command = self._commands.get(name)
        if command is None:
            return await self._unknown(message.chat_id, name, words, role)
        if role < command.role:
            return Message(e(_VIEWER))
        try:
            if command.role >= Role.TRADER and not await self._is_new(message):
                return None
            return await command.handler(
                self._context,
                Request(user.id, message.chat_id, role, tuple(words), user.full_name),
            )
        except UsageError as err:
            return Message(cards.usage(str(err), err.example or command.example))
        except UnknownPairError as err:
            return await again.instead(
                self._context, message.chat_id, command.name, words, err
            )
        except HomeAssistantError as err:
            _LOGGER.info("/%s: %s", command.name, err)
            return Message(e(explain(err)))
        except Exception:
            _LOGGER.exception("/%s broke", command.name)
            return Message(e(_BROKEN))

    async def _typed(
        self, message: TelegramMessage, user: User, role: Role
    ) -> Message | None:
        """Hand a text that is no command to whoever waits for one; return what to say."""
        words = tuple((message.text or "").split())
        request = Request(user.id, message.chat_id, role, words, user.full_name)
        try:
            if role >= Role.TRADER and not await self._is_new(message):
                return None
            for handler in TEXTS:
                if (typed := await handler(self._context, request)) is None:
                    continue
                if typed.delete:
                    await self._delete(message)
                return typed.answer
        except UsageError as err:
            return Message(e(err))
        except UnknownPairError as err:
            return Message(e(err))
        except HomeAssistantError as err:
            return Message(e(explain(err)))
        except Exception:
            _LOGGER.exception("A text could not be handled")
            return Message(e(_BROKEN))
        return Message(_NO_COMMAND)

    async def _delete(self, message: TelegramMessage) -> None:
        """Take away what must not stay in a chat; say so where Telegram refuses."""
        try:
            await self._bot.delete_message(message.chat_id, message.message_id)
        except TelegramError as err:
            _LOGGER.warning("A message with a code could not be deleted: %s", err)
            await self._context.outbox.say(
                message.chat_id,
                Message(
                    "⚠️ I could not delete your message with the code. Please delete it yourself."
                ),
            )

    async def _is_new(self, message: TelegramMessage) -> bool:
        """Note a message; Telegram brings the last ones again after a crash, and an alert must not be set twice."""
        now = self._context.clock.time()
        event_id = (
            f"message:{message.chat_id}:{message.message_id}:{message.date.timestamp()}"
        )
        return await self._context.store.run(lambda store: store.is_new(event_id, now))

    async def _show_menu(self, chat_id: int, role: Role) -> None:
        """Show somebody their commands in Telegram's menu, once: a chat exists only after the first message."""
        if chat_id in self._menus or role is Role.VIEWER:
            return
        self._menus.add(chat_id)
        try:
            await self._bot.set_my_commands(
                menu(self._context.commands, role), scope=BotCommandScopeChat(chat_id)
            )
        except TelegramError as err:
            _LOGGER.info("The menu of chat %s could not be set: %s", chat_id, err)

    async def _unknown(
        self, chat_id: int, name: str, words: list[str], role: Role
    ) -> Message:
        """Propose the nearest command to one that does not exist, with a button that carries it out."""
        known = [
            command.name for command in self._context.commands if command.role <= role
        ]
        near = get_close_matches(name, known, 1, 0.5)
        if not near:
            return Message(_NO_COMMAND)
        text = " ".join([f"/{near[0]}", *words])
        button = await again.button(self._context, chat_id, text)
        return Message(
            f"I don't know /{e(name)}. Did you mean /{near[0]}?", ((button,),)
        )

    async def _role(self, user: User | None, chat: Chat | None) -> Role | None:
        """Return the role of a person in a private chat; strangers are told of, once a day each."""
        if user is None:
            return None
        role = self._context.access.role(user.id)
        if role is None:
            await self._report_stranger(user)
        return role if chat is None or chat.type == Chat.PRIVATE else None

    async def _report_stranger(self, user: User) -> None:
        """Tell the owner, once per person and day."""
        now = self._context.clock.time()
        day = datetime.fromtimestamp(now, UTC).date()
        owner = self._context.access.owner
        name = f"@{user.username}" if user.username else user.full_name
        text = f"👤 A stranger wrote to me: {e(name)}, id <code>{user.id}</code>. I did not answer."
        new = await self._context.store.run(
            lambda store: store.notify(f"stranger:{user.id}:{day}", owner, text, now)
        )
        if new:
            _LOGGER.warning("A stranger with id %s wrote to the bot", user.id)
            self._context.outbox.wake([owner])

    async def _reply(self, query: CallbackQuery, words: str) -> None:
        """Answer a tap; too late or lost does not matter."""
        try:
            await self._bot.answer_callback_query(query.id, words[:200] or None)
        except TelegramError as err:
            _LOGGER.info("A tap could not be answered: %s", err)


def menu(commands: tuple[Command, ...], role: Role) -> list[tuple[str, str]]:
    """Return the commands that Telegram shows to somebody."""
    return [
        (command.name, command.description)
        for command in commands
        if command.role <= role and command.name != "start"
    ]
