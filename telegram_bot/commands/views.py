"""Answers that buttons turn into others in place: the next page, another interval, the same anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram_bot.access import Role
from telegram_bot.commands.base import ButtonAction, ButtonTap, Context, Request
from telegram_bot.feed import Json
from telegram_bot.languages import _
from telegram_bot.markup import Button, Message, Style


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at an answer, and where."""

    user_id: int
    chat_id: int
    role: Role


# Takes what was asked for, returns what to show.
type Show = Callable[[Context, Reader, Json], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class View:
    """An answer that can be shown again with another question.

    Attributes:
        name: of its buttons in the store.
        show: makes the answer.
    """

    name: str
    show: Show
    role: Role = Role.VIEWER

    async def answer(self, context: Context, request: Request, query: Json) -> Message:
        """Answer a command."""
        reader = Reader(request.user_id, request.chat_id, request.role)
        return await self.show(context, reader, query)

    async def button(
        self,
        context: Context,
        reader: Reader,
        text: str,
        query: Json,
        *,
        chosen: bool = False,
    ) -> Button:
        """Make a button that puts the answer to a question in place of the message."""
        style = Style.PRIMARY if chosen else None
        return await context.button(reader.chat_id, text, self.name, query, style)

    async def pages(
        self, context: Context, reader: Reader, query: Json, *, page: int, more: bool
    ) -> tuple[tuple[Button, ...], ...]:
        """Make the buttons to the pages before and after one; pages count from 1."""
        row = []
        if page > 1:
            newer = query | {"page": page - 1}
            row.append(await self.button(context, reader, f"◀ {_('Back')}", newer))
        if more:
            older = query | {"page": page + 1}
            row.append(await self.button(context, reader, f"{_('More')} ▶", older))
        return (tuple(row),) if row else ()

    @property
    def action(self) -> ButtonAction:
        """Return what its buttons do."""

        async def tapped(context: Context, tap: ButtonTap) -> str:
            """Show it in place of the message."""
            reader = Reader(tap.user_id, tap.chat_id, tap.role)
            message = await self.show(context, reader, tap.data)
            await context.outbox.say(tap.chat_id, message, edit=tap.message_id)
            return ""

        return ButtonAction(self.name, tapped, self.role)
