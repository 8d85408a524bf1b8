"""The control interface: play the people, read what they see, make things go wrong.

JSON in and out. A wrong request is answered 400 with `{"error": words}`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
import orjson

from simulators.telegram import view
from simulators.telegram.faults import Faults
from simulators.telegram.methods.settings import visible_commands
from simulators.telegram.models import Chat, ChatType, Json, User
from simulators.telegram.world import Bot, ControlError, World

LONGEST_WAIT_SECONDS = 60.0

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Answer under `/control/`."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Control a world and its faults."""
        self._world = world
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses; `GET /control/` lists them with a line each."""
        return [
            web.route(method, f"/control{path}", _guarded(handler))
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
            ("GET", "/calls", self._calls, "the calls of the Bot API: method?, after?"),
            (
                "GET",
                "/updates",
                self._updates,
                "the updates that the bot has not confirmed",
            ),
            (
                "POST",
                "/updates/repeat",
                self._repeat,
                "put the last updates into the queue again: count?",
            ),
            ("GET", "/faults", self._list_faults, "the faults that wait for calls"),
            (
                "POST",
                "/faults",
                self._add_fault,
                "kind, method?, count?, delivered?, seconds?, retry_after?, chat_id?, description?",
            ),
            ("DELETE", "/faults", self._clear_faults, "forget all faults"),
            (
                "POST",
                "/limits",
                self._set_limits,
                "keep Telegram's rates or not: enabled",
            ),
            ("POST", "/revoke", self._revoke, "revoke the bot's token: revoked?"),
            ("POST", "/reset", self._reset, "forget everything"),
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
        """Return the bot that is meant: by its token or its number, else the default one."""
        wanted = str(source.get("bot") or self._world.token)
        for bot in self._world.bots.values():
            if wanted in {bot.token, str(bot.user.id)}:
                return bot
        raise ControlError(f"there is no bot {wanted.partition(':')[0]}")

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
        message, update_id = self._world.person_writes(
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
        update_id = self._world.person_edits(
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
            self._world.person_taps(
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
        query_id = self._world.person_asks_inline(
            self._bot(body), number(body, "user_id"), str(body.get("query") or "")
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
        timeout = float(query.get("timeout", 0))
        bot = self._bot(query)
        chat_id = number(dict(request.match_info), "chat_id")
        chat = self._world.chat(bot, chat_id)
        deadline = self._world.clock.time() + min(timeout, LONGEST_WAIT_SECONDS)
        while chat.revision <= after and not self._world.closed:
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
        chat = self._world.make_group(
            self._bot(body),
            title=str(body.get("title") or "Group"),
            members=[int(member) for member in body.get("members") or [1001]],
            chat_id=maybe_number(body, "chat_id"),
            chat_type=ChatType(body.get("type", ChatType.GROUP)),
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
        return answer({"chat_id": self._world.migrate(bot, chat).id})

    async def _block(self, request: web.Request) -> web.Response:
        """Block the bot or take it back."""
        bot, chat = self._named_chat(request)
        body = await read_body(request)
        self._world.block(bot, chat, blocked=bool(body.get("blocked", True)))
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

    async def _calls(self, request: web.Request) -> web.Response:
        """Show the calls of the Bot API."""
        wanted = request.query.get("method", "").lower()
        calls = [
            call
            for call in self._world.calls
            if not wanted or call["method"].lower() == wanted
        ]
        return answer({"calls": calls})

    async def _updates(self, request: web.Request) -> web.Response:
        """Show the updates that the bot has not confirmed."""
        return answer({"updates": self._bot(dict(request.query)).updates})

    async def _repeat(self, request: web.Request) -> web.Response:
        """Put the last updates into the queue again, with the ids that they had."""
        body = await read_body(request)
        bot = self._bot(body)
        repeated = self._world.repeat_updates(bot, int(body.get("count", 1)))
        return answer({"update_ids": repeated})

    async def _list_faults(self, request: web.Request) -> web.Response:
        """Show the faults that wait."""
        return answer({"faults": [fault.to_wire() for fault in self._faults.waiting()]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Add a fault."""
        return answer(self._faults.add(await read_body(request)).to_wire())

    async def _clear_faults(self, request: web.Request) -> web.Response:
        """Forget all faults."""
        self._faults.clear()
        return answer({})

    async def _set_limits(self, request: web.Request) -> web.Response:
        """Switch Telegram's rates on or off."""
        self._world.limits.enabled = bool(
            (await read_body(request)).get("enabled", True)
        )
        self._world.limits.reset()
        return answer({"enabled": self._world.limits.enabled})

    async def _revoke(self, request: web.Request) -> web.Response:
        """Revoke a bot's token or take that back."""
        body = await read_body(request)
        bot = self._bot(body)
        bot.revoked = bool(body.get("revoked", True))
        self._world.touch()
        return answer({"revoked": bot.revoked})

    async def _reset(self, request: web.Request) -> web.Response:
        """Forget everything."""
        self._faults.clear()
        self._world.reset()
        return answer({"revision": self._world.revision})


def answer(body: Any, status: int = 200) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
    )


async def read_body(request: web.Request) -> Json:
    """Return the JSON object of a request; an empty body is an empty one."""
    content = await request.read()
    try:
        body = orjson.loads(content) if content.strip() else {}
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise ControlError("the body is a JSON object")
    return body


def maybe_number(source: Json, name: str) -> int | None:
    """Return a whole number if it is there."""
    return None if source.get(name) is None else number(source, name)


def number(source: Json, name: str) -> int:
    """Return a whole number that must be there."""
    try:
        return int(source[name])
    except KeyError, TypeError, ValueError:
        raise ControlError(f"{name} is a whole number") from None


def _guarded(handler: Handler) -> Handler:
    """Answer 400 with words where a request makes no sense."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (ControlError, ValueError) as error:
            return answer({"error": str(error)}, 400)

    return guarded
