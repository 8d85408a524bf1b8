"""The control interface: play the people, read what they see.

JSON in and out. A wrong request is answered 400 with `{"error": words}`. Ids are whole numbers; a
private chat has the number of its person, and `chat_id` may be left out for it. Any number is a
person: whoever is not known yet appears. `bot` (token or number) names another bot than the default.

A chat as `GET /control/chats/{chat_id}` shows it:
    revision: grows with each change; `?after=N&timeout=seconds` (60 at most) waits until it is above N
    messages: oldest first, each with message_id, from ("bot" or a person's number), name, text (plain,
        "" beside a file), html (of text or caption, escaped), caption (plain), photo (bool), document
        (name or null), file (url, name, size, width, height, spoiler, above; or null), buttons (rows of
        text and callback_data, url or copy_text, perhaps style), reply_keyboard, edited, silent, date
        (seconds since 1970), reply_to, thread_id, service, via (the bot's
        name when the message was chosen from what it offered inline), revision
    answers: to taps, each with callback_query_id, user_id, message_id, text, alert, url, revision
    action: what the bot says that it is doing, for five seconds
    chat_id, type, title, members, topics (number to name), blocked, deleted, migrated_to
"""

from aiohttp import web

from simulators.telegram import groups, people, view
from simulators.telegram.control_faults import FaultControl, find_bot
from simulators.telegram.faults import Faults
from simulators.telegram.http import (
    Handler,
    answer,
    guarded,
    maybe_number,
    number,
    numbers,
    read_body,
)
from simulators.telegram.methods.settings import visible_commands
from simulators.telegram.models import Bot, Chat, ChatType, Json, User
from simulators.telegram.world import ControlError, World

LONGEST_WAIT_SECONDS = 60.0


class Control:
    """Answer under `/control/`."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Control a world and its faults."""
        self._world = world
        self._behind = FaultControl(world, faults)

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses; `GET /control/` lists them with a line each."""
        return [
            web.route(method, f"/control{path}", guarded(handler))
            for method, path, handler, _ in self._table()
        ]

    def _table(self) -> list[tuple[str, str, Handler, str]]:
        """Return method, path, handler and a line of help for each address."""
        return [
            ("GET", "/", self._help, "this list"),
            (
                "POST",
                "/send",
                self._send,
                "a person writes: user_id, text, chat_id?, thread_id?, reply_to?",
            ),
            (
                "POST",
                "/edit",
                self._edit,
                "a person edits: user_id, message_id, text, chat_id?",
            ),
            (
                "POST",
                "/tap",
                self._tap,
                "a person taps: user_id, message_id, button (text or data), chat_id?",
            ),
            ("POST", "/inline", self._inline, "a person asks inline: user_id, query"),
            (
                "GET",
                "/inline/{id}",
                self._inline_results,
                "the results of an inline query, null before",
            ),
            (
                "POST",
                "/inline/{id}",
                self._choose,
                "a person sends a result: user_id, result, chat_id?",
            ),
            ("GET", "/chats", self._chats, "all chats without their messages"),
            (
                "POST",
                "/chats",
                self._make_chat,
                "make a group: title, members, chat_id?, type?, topics?",
            ),
            (
                "GET",
                "/chats/{chat_id}",
                self._chat,
                "what a chat shows; after, timeout: wait for news",
            ),
            (
                "DELETE",
                "/chats/{chat_id}",
                self._delete_chat,
                "a chat or an account is deleted",
            ),
            (
                "POST",
                "/chats/{chat_id}/migrate",
                self._migrate,
                "a group becomes a supergroup",
            ),
            (
                "POST",
                "/chats/{chat_id}/block",
                self._block,
                "block the bot, or throw it out: blocked?",
            ),
            (
                "DELETE",
                "/chats/{chat_id}/messages/{message_id}",
                self._delete_message,
                "a person deletes a message for everybody",
            ),
            (
                "POST",
                "/users",
                self._make_user,
                "make or change a person: id, first_name, username?, language_code?",
            ),
            ("GET", "/users", self._users, "everybody who is known"),
            (
                "GET",
                "/commands",
                self._commands,
                "the commands that a person is offered: user_id, chat_id?",
            ),
            ("GET", "/files/{file_id}", self._file, "the content of a file"),
            *self._behind.table(),
        ]

    async def _help(self, request: web.Request) -> web.Response:
        """List the addresses."""
        return answer(
            {
                f"{method} /control{path}": line
                for method, path, _, line in self._table()
            }
        )

    def _bot(self, source: Json) -> Bot:
        """Return the bot that is meant."""
        return find_bot(self._world, source)

    def _named_chat(self, request: web.Request) -> tuple[Bot, Chat]:
        """Return the chat that the address names."""
        bot = self._bot(dict(request.query))
        chat_id = number(dict(request.match_info), "chat_id")
        if chat_id in bot.chats:
            return bot, bot.chats[chat_id]
        raise ControlError(f"there is no chat {chat_id}")

    async def _send(self, request: web.Request) -> web.Response:
        """Let a person write."""
        body = await read_body(request)
        message, update_id = people.person_writes(
            self._world,
            self._bot(body),
            number(body, "user_id"),
            str(body.get("text") or ""),
            chat_id=maybe_number(body, "chat_id"),
            thread_id=maybe_number(body, "thread_id"),
            reply_to=maybe_number(body, "reply_to"),
        )
        return answer({"message_id": message.message_id, "update_id": update_id})

    async def _edit(self, request: web.Request) -> web.Response:
        """Let a person change a message of theirs."""
        body = await read_body(request)
        update_id = people.person_edits(
            self._world,
            self._bot(body),
            number(body, "user_id"),
            number(body, "message_id"),
            str(body.get("text") or ""),
            maybe_number(body, "chat_id"),
        )
        return answer({"update_id": update_id})

    async def _tap(self, request: web.Request) -> web.Response:
        """Let a person tap a button."""
        body = await read_body(request)
        return answer(
            people.person_taps(
                self._world,
                self._bot(body),
                number(body, "user_id"),
                number(body, "message_id"),
                str(body.get("button") or ""),
                maybe_number(body, "chat_id"),
            )
        )

    async def _inline(self, request: web.Request) -> web.Response:
        """Let a person ask inline."""
        body = await read_body(request)
        query_id = people.person_asks_inline(
            self._world,
            self._bot(body),
            number(body, "user_id"),
            str(body.get("query") or ""),
        )
        return answer({"inline_query_id": query_id})

    async def _inline_results(self, request: web.Request) -> web.Response:
        """Show the results of an inline query."""
        query = self._bot(dict(request.query)).inline_queries.get(
            request.match_info["id"]
        )
        if query is None:
            raise ControlError("there is no such inline query")
        return answer({"query": query.query, "results": query.results})

    async def _choose(self, request: web.Request) -> web.Response:
        """Let a person send a result of an inline query."""
        body = await read_body(request)
        message = people.person_chooses(
            self._world,
            self._bot(body),
            number(body, "user_id"),
            request.match_info["id"],
            str(body.get("result") or ""),
            maybe_number(body, "chat_id"),
        )
        return answer({"message_id": message.message_id})

    async def _chats(self, request: web.Request) -> web.Response:
        """Show all chats."""
        bot = self._bot(dict(request.query))
        return answer(
            {
                "chats": [
                    view.chat_row(self._world, bot, chat) for chat in bot.chats.values()
                ]
            }
        )

    async def _chat(self, request: web.Request) -> web.Response:
        """Show a chat, once it has changed if so asked."""
        query = dict(request.query)
        after = number(query, "after") if "after" in query else -1
        timeout = seconds(query, "timeout")
        bot = self._bot(query)
        chat_id = number(dict(request.match_info), "chat_id")
        chat = self._world.chat(bot, chat_id)
        deadline = self._world.clock.time() + min(timeout, LONGEST_WAIT_SECONDS)
        while chat.revision <= after and not self._world.stopping.is_set():
            left = deadline - self._world.clock.time()
            if left <= 0:
                break
            await self._world.clock.wait(self._world.changed.next, left)
            # A reset makes everything anew.
            bot = self._bot(query)
            chat = self._world.chat(bot, chat_id)
        return answer(view.chat_view(self._world, bot, chat))

    async def _make_chat(self, request: web.Request) -> web.Response:
        """Make a group."""
        body = await read_body(request)
        chat = groups.make_group(
            self._world,
            self._bot(body),
            title=str(body.get("title") or "Group"),
            members=numbers(body, "members", [1001]),
            chat_id=maybe_number(body, "chat_id"),
            chat_type=chat_type(body),
            topics=[str(topic) for topic in body.get("topics") or []],
        )
        return answer(
            {
                "chat_id": chat.id,
                "topics": {name: key for key, name in chat.topics.items()},
            }
        )

    async def _delete_chat(self, request: web.Request) -> web.Response:
        """Delete a chat or an account."""
        _, chat = self._named_chat(request)
        chat.deleted = True
        self._world.touch(chat)
        return answer({})

    async def _migrate(self, request: web.Request) -> web.Response:
        """Turn a group into a supergroup."""
        bot, chat = self._named_chat(request)
        return answer({"chat_id": groups.migrate(self._world, bot, chat).id})

    async def _block(self, request: web.Request) -> web.Response:
        """Block the bot or take it back."""
        bot, chat = self._named_chat(request)
        body = await read_body(request)
        groups.block(self._world, bot, chat, blocked=bool(body.get("blocked", True)))
        return answer({"blocked": chat.blocked})

    async def _delete_message(self, request: web.Request) -> web.Response:
        """Delete a message for everybody; bots are not told."""
        _, chat = self._named_chat(request)
        message_id = number(dict(request.match_info), "message_id")
        if message_id not in chat.messages:
            raise ControlError(f"chat {chat.id} has no message {message_id}")
        self._world.remove_message(chat, message_id)
        return answer({})

    async def _make_user(self, request: web.Request) -> web.Response:
        """Make or change a person."""
        body = await read_body(request)
        user = User(
            number(body, "id"),
            str(body.get("first_name") or f"User {body['id']}"),
            body.get("username"),
            body.get("language_code", "en"),
        )
        self._world.user(user.id)
        self._world.users[user.id] = user
        self._world.touch()
        return answer(user.to_wire())

    async def _users(self, request: web.Request) -> web.Response:
        """Show everybody."""
        return answer(
            {"users": [user.to_wire() for user in self._world.users.values()]}
        )

    async def _commands(self, request: web.Request) -> web.Response:
        """Show the commands that a person is offered."""
        query = dict(request.query)
        bot = self._bot(query)
        user = self._world.user(number(query, "user_id"))
        chat = self._world.chat(bot, maybe_number(query, "chat_id") or user.id)
        commands = visible_commands(
            bot, chat.id, chat.type, user.id, user.language_code or ""
        )
        return answer({"commands": commands})

    async def _file(self, request: web.Request) -> web.Response:
        """Answer with the content of a file."""
        stored = self._world.files.get(request.match_info["file_id"])
        if stored is None:
            raise ControlError("there is no such file")
        # Only pictures are shown in place; anything else would run with the page's rights.
        return web.Response(
            body=stored.content,
            content_type=stored.content_type
            if stored.width
            else "application/octet-stream",
            headers={
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "max-age=3600",
            },
        )


def seconds(source: Json, name: str) -> float:
    """Return a time to wait, 0 if none is given."""
    try:
        return float(source.get(name) or 0)
    except ValueError:
        raise ControlError(f"{name} is a number of seconds") from None


def chat_type(source: Json) -> ChatType:
    """Return the kind of a chat to make."""
    try:
        return ChatType(source.get("type", ChatType.GROUP))
    except ValueError:
        raise ControlError(f"type is one of {', '.join(ChatType)}") from None
