"""Every message and every tap comes through here: who is it, may they, what do they want."""

from collections.abc import Iterator
import contextlib
from difflib import get_close_matches
import logging
import sqlite3

from telegram import Bot, CallbackQuery, InlineQuery, Message as TelegramMessage, User
from telegram.error import TelegramError

from telegram_bot import cards, confirmations
from telegram_bot.access import Role
from telegram_bot.commands import (
    BUTTON_PREFIX,
    BUTTONS,
    CHOICE_PREFIX,
    TEXTS,
    ButtonTap,
    Command,
    Context,
    Request,
    UsageError,
    again,
    refusal,
)
from telegram_bot.commands.inline import inline_prices
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, speaking
from telegram_bot.markup import Message, e
from telegram_bot.pairs import UnknownPairError, preferring
from telegram_bot.reception import Reception, Visitor
from telegram_bot.second_factor import is_pin
from telegram_bot.topics import in_topic
from telegram_bot.words import NOT_NOTED, explain

_LOGGER = logging.getLogger(__name__)

_NOT_YOURS = N_("This button is not for you.")
_BROKEN = N_("Something went wrong inside me; my log tells more. Nothing was ordered.")
_NO_COMMAND = N_("I understand commands only: /help shows them.")
# How long Telegram may show the same prices to the same person.
_INLINE_SECONDS = 5
_OLD_BUTTON = N_("This button is too old. Ask again.")


class Dispatcher:
    """Turn updates of Telegram into commands and taps."""

    def __init__(self, bot: Bot, context: Context) -> None:
        """Work with the commands of the context."""
        self._bot = bot
        self._context = context
        self._reception = Reception(
            bot,
            context.store,
            context.outbox,
            context.access,
            context.clock,
            lambda role: menu(context.commands, role),
        )
        self._commands = {command.name: command for command in context.commands}

    async def message(self, message: TelegramMessage) -> None:
        """Answer a message."""
        if (user := message.from_user) is None or message.via_bot:
            # What was chosen from inline results is an answer, not a question.
            return
        visitor = await self._invited(message, user) or await self._reception.admit(
            user, message.chat
        )
        if visitor is None:
            return
        self._context.outbox.unpark(message.chat_id)
        topic = message.message_thread_id if message.is_topic_message else None
        with _for(visitor), in_topic(topic):
            answer = await self._answer(message, user, visitor.role)
            if answer:
                await self._context.outbox.say(message.chat_id, answer)
            # Last: /stop must not wait for a menu.
            await self._reception.show_menu(user, message.chat, visitor)

    async def _invited(self, message: TelegramMessage, user: User) -> Visitor | None:
        """Let in somebody who comes with an invitation."""
        command, _space, code = (message.text or "").partition(" ")
        private = message.chat_id == user.id
        if (
            command != "/start"
            or not code
            or not private
            or self._context.access.role(user.id) is not None
        ):
            return None
        return await self._reception.welcome(user, code.strip())

    async def migrated(self, message: TelegramMessage) -> None:
        """Follow a group that became a supergroup."""
        if message.migrate_to_chat_id is not None:
            await self._reception.follow_group(
                message.chat_id, message.migrate_to_chat_id
            )

    async def tap(self, query: CallbackQuery) -> None:
        """Answer a tap."""
        chat = query.message.chat if query.message else None
        visitor = await self._reception.admit(query.from_user, chat)
        if visitor is None or chat is None:
            # Not in their language: a stranger has none here.
            await self._reply(query, _(_NOT_YOURS))
            return
        self._context.outbox.unpark(chat.id)
        topic = None
        if (
            isinstance(query.message, TelegramMessage)
            and query.message.is_topic_message
        ):
            topic = query.message.message_thread_id
        with _for(visitor), in_topic(topic):
            await self._tap(query, chat.id, visitor.role)

    async def _tap(self, query: CallbackQuery, chat_id: int, role: Role) -> None:
        """Find out what a button means, and do it."""
        message_id = query.message.message_id if query.message else None
        data = query.data or ""
        if (tap := confirmations.read_tap(data)) is not None:
            await self._decide(query, tap, role, message_id)
            return
        found = await self._meaning(data, chat_id)
        action = BUTTONS.get(found[0]) if found else None
        if found is None or action is None:
            await self._reply(query, _(_OLD_BUTTON))
        elif role < action.role:
            await self._reply(query, refusal(action.role))
        else:
            try:
                words = await action.handler(
                    self._context,
                    ButtonTap(
                        query.from_user.id,
                        chat_id,
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
                words = _(_BROKEN)
            await self._reply(query, words)

    async def _meaning(self, data: str, chat_id: int) -> tuple[str, Json] | None:
        """Return the action and the data of a button."""
        prefix, _colon, rest = data.partition(":")
        if prefix == BUTTON_PREFIX:
            return await self._context.store.run(
                lambda store: store.button(rest, chat_id)
            )
        name, _colon, value = rest.partition(":")
        action = BUTTONS.get(name)
        if prefix == CHOICE_PREFIX and action and action.is_choice:
            return name, {"value": value}
        return None

    async def inline(self, query: InlineQuery) -> None:
        """Answer what somebody types behind the bot's name; strangers get nothing."""
        visitor = await self._reception.admit(query.from_user, None)
        if visitor is None:
            return
        try:
            with _for(visitor):
                results = await inline_prices(self._context, query.query)
        except HomeAssistantError as err:
            _LOGGER.info("An inline query was not answered: %s", err)
            return
        try:
            await query.answer(results, cache_time=_INLINE_SECONDS, is_personal=True)
        except TelegramError as err:
            _LOGGER.info("An inline query could not be answered: %s", err)

    async def _decide(
        self,
        query: CallbackQuery,
        tap: confirmations.Tap,
        role: Role,
        message_id: int | None,
    ) -> None:
        """Take a tap on Confirm or Discard."""
        if role < Role.TRADER:
            await self._reply(query, refusal(Role.TRADER))
            return
        confirmed = None
        try:
            words, confirmed = await self._context.desk.tap(
                tap, user_id=query.from_user.id, message_id=message_id
            )
        except sqlite3.Error:
            # What could not be noted is not carried out.
            _LOGGER.exception("A tap could not be noted")
            words = _(NOT_NOTED)
        except Exception:
            _LOGGER.exception("A tap could not be taken")
            words = _(_BROKEN)
        if confirmed:
            self._context.desk.execute(confirmed)
        await self._reply(query, words)

    async def _answer(
        self, message: TelegramMessage, user: User, role: Role
    ) -> Message | None:
        """Carry out a command; return what to say."""
        name, *words = (message.text or "").split() or [""]
        private = message.chat_id == user.id
        if not name.startswith("/"):
            return await self._typed(message, user, role)
        name, _at, addressee = name.removeprefix("/").lower().partition("@")
        if addressee and addressee != self._bot.username.lower():
            return None
        command = self._commands.get(name)
        if command is None and not (private or addressee):
            return None
        if command is None:
            return await self._unknown(message.chat_id, name, words, role)
        if role < command.role:
            return Message(refusal(command.role))
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
            return Message(_(_BROKEN))

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
            if self._context.desk.has_second_factor and is_pin("".join(words)):
                # Nobody could look at it; if it was a code it must not stay all the same.
                await self._delete(message)
            return Message(_(_BROKEN))
        # People in a group speak to each other as well.
        return Message(_(_NO_COMMAND)) if message.chat_id == user.id else None

    async def _delete(self, message: TelegramMessage) -> None:
        """Take away what must not stay in a chat; say so where Telegram refuses."""
        try:
            await self._bot.delete_message(message.chat_id, message.message_id)
        except TelegramError as err:
            _LOGGER.warning("A message with a code could not be deleted: %s", err)
            await self._context.outbox.say(
                message.chat_id,
                Message(
                    _(
                        "⚠️ I could not delete your message with the code. Please delete it yourself."
                    )
                ),
            )

    async def _is_new(self, message: TelegramMessage) -> bool:
        """Note a message; Telegram brings the last ones again after a crash, and an alert must not be set twice."""
        now = self._context.clock.time()
        event_id = (
            f"message:{message.chat_id}:{message.message_id}:{message.date.timestamp()}"
        )
        return await self._context.store.run(lambda store: store.is_new(event_id, now))

    async def _unknown(
        self, chat_id: int, name: str, words: list[str], role: Role
    ) -> Message:
        """Propose the nearest command to one that does not exist, with a button that carries it out."""
        known = [
            command.name for command in self._context.commands if command.role <= role
        ]
        near = get_close_matches(name, known, 1, 0.5)
        if not near:
            return Message(_(_NO_COMMAND))
        text = " ".join([f"/{near[0]}", *words])
        button = await again.button(self._context, chat_id, text)
        return Message(
            _(
                "I don't know /{name}. Did you mean /{near}?",
                name=e(name),
                near=near[0],
            ),
            ((button,),),
        )

    async def _reply(self, query: CallbackQuery, words: str) -> None:
        """Answer a tap; too late or lost does not matter."""
        try:
            await self._bot.answer_callback_query(query.id, words[:200] or None)
        except TelegramError as err:
            _LOGGER.info("A tap could not be answered: %s", err)


@contextlib.contextmanager
def _for(visitor: Visitor) -> Iterator[None]:
    """Speak as somebody wants it."""
    with speaking(visitor.language), preferring(visitor.quote_currency):
        yield


def menu(commands: tuple[Command, ...], role: Role) -> list[tuple[str, str]]:
    """Return the commands that Telegram shows to somebody."""
    return [
        (command.name, _(command.description))
        for command in commands
        if command.role <= role and command.name != "start"
    ]
