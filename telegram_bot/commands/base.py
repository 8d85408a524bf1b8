"""What every command is made of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram_bot.access import Access, Role
from telegram_bot.clock import Clock
from telegram_bot.confirmations import new_id
from telegram_bot.desk import Asker, OrderDesk
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import N_, _
from telegram_bot.markup import Button, Message, Style
from telegram_bot.outbox import Outbox
from telegram_bot.pairs import PairBook
from telegram_bot.store import Store
from telegram_bot.watcher import Watcher

BUTTON_PREFIX = "b"
CHOICE_PREFIX = "c"
_REFUSALS = {
    Role.TRADER: N_(
        "You may look, but not trade here. The owner of this bot can change that."
    ),
    Role.OWNER: N_("Only the owner of this bot may do that."),
}


def refusal(role: Role) -> str:
    """Return what somebody reads who would have to be more than they are."""
    return _(_REFUSALS[role])


class UsageError(Exception):
    """A command that can't be understood.

    Attributes:
        example: one that works; None for the command's own.
    """

    def __init__(self, text: str, example: str | None = None) -> None:
        """Keep the example beside the words."""
        super().__init__(text)
        self.example = example


@dataclass(frozen=True, slots=True)
class Context:
    """What commands work with."""

    home_assistant: HomeAssistant
    store: Store
    outbox: Outbox
    desk: OrderDesk
    pairs: PairBook
    watcher: Watcher
    access: Access
    clock: Clock
    default_account_id: str | None
    commands: tuple[Command, ...]
    username: Callable[[], str]

    async def button(
        self,
        chat_id: int,
        text: str,
        action: str,
        data: Json,
        style: Style | None = None,
    ) -> Button:
        """Make a button whose meaning stays in the store."""
        button_id = new_id()
        now = self.clock.time()
        await self.store.run(
            lambda store: store.add_button(button_id, chat_id, action, data, now)
        )
        return Button(text, f"{BUTTON_PREFIX}:{button_id}", style)


@dataclass(frozen=True, slots=True)
class Request:
    """A command, or another text, as somebody typed it.

    Attributes:
        words: what follows the command; all words of another text.
        name: what the person is called.
    """

    user_id: int
    chat_id: int
    role: Role
    words: tuple[str, ...]
    name: str

    @property
    def asker(self) -> Asker:
        """Return who asks, and where."""
        return Asker(self.user_id, self.chat_id, self.name)


@dataclass(frozen=True, slots=True)
class ButtonTap:
    """A tap on a button whose meaning is in the store."""

    user_id: int
    chat_id: int
    message_id: int | None
    data: Json
    name: str
    role: Role

    @property
    def asker(self) -> Asker:
        """Return who asks, and where."""
        return Asker(self.user_id, self.chat_id, self.name)


@dataclass(frozen=True, slots=True)
class Typed:
    """What came of a text that is no command.

    Attributes:
        answer: what to say.
        delete: whether the person's message must not stay in the chat.
    """

    answer: Message | None = None
    delete: bool = False


type Handler = Callable[[Context, Request], Awaitable[Message | None]]
type ButtonHandler = Callable[[Context, ButtonTap], Awaitable[str]]
# None: somebody else may know what the text means.
type TextHandler = Callable[[Context, Request], Awaitable[Typed | None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the bot."""

    name: str
    description: str
    example: str
    handler: Handler
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """What a kind of button does; the handler returns what to say to the person who tapped.

    Attributes:
        is_choice: whether its buttons carry a value that anybody may send, instead of data in the store.
    """

    name: str
    handler: ButtonHandler
    role: Role
    is_choice: bool = False

    def choice(self, text: str, value: str, style: Style | None = None) -> Button:
        """Make a button that carries its value itself; the handler finds it as "value"."""
        return Button(text, f"{CHOICE_PREFIX}:{self.name}:{value}", style)
