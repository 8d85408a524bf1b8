"""The chat page in the browser and what it speaks to."""

from pathlib import Path

from aiohttp import web
import orjson

from simulators.telegram import people, view
from simulators.telegram.control_faults import find_bot
from simulators.telegram.http import answer, guarded, maybe_number, number, read_body
from simulators.telegram.methods.settings import visible_commands
from simulators.telegram.models import Bot, Chat, Json
from simulators.telegram.world import World

FOLDER = Path(__file__).parent / "static"
FILES = {"/": "index.html"} | {
    f"/page/{name}": name
    for name in (
        "icon.svg",
        "base.css",
        "chat.css",
        "message.css",
        "narrow.css",
        "side.css",
        "chat.js",
        "composer.js",
        "format.js",
        "message.js",
        "notify.js",
    )
}
# The page loads nothing from elsewhere, and runs nothing that a message brings along.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
KEEP_ALIVE_SECONDS = 20
INLINE_SECONDS = 5


class ChatPage:
    """Serve the page, tell it what happens, do what its user does."""

    def __init__(self, world: World) -> None:
        """Show a world."""
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            *(web.get(path, self._file) for path in FILES),
            web.get("/page/events", guarded(self._events)),
            web.post("/page/send", guarded(self._send)),
            web.post("/page/edit", guarded(self._edit)),
            web.post("/page/tap", guarded(self._tap)),
            web.post("/page/inline", guarded(self._inline)),
            web.post("/page/choose", guarded(self._choose)),
        ]

    async def _file(self, request: web.Request) -> web.FileResponse:
        """Answer with one of the page's own files."""
        return web.FileResponse(
            FOLDER / FILES[request.path],
            headers={
                "Content-Security-Policy": POLICY,
                "Cache-Control": "no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send a person's chats, then everything that changes in them."""
        query = dict(request.query)
        bot, user_id = find_bot(self._world, query), number(query, "user")
        self._world.chat(bot, self._world.user(user_id).id)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        seen, generation = -1, self._world.generation
        while not self._world.stopping.is_set():
            changed = self._world.changed.next
            if generation != self._world.generation:
                seen, generation = -1, self._world.generation
            if self._world.revision > seen:
                news = self._news(bot, user_id, seen)
                seen = self._world.revision
                await response.write(b"data: " + orjson.dumps(news) + b"\n\n")
            elif not await self._world.clock.wait(changed, KEEP_ALIVE_SECONDS):
                await response.write(b": still here\n\n")
        return response

    def _news(self, bot: Bot, user_id: int, seen: int) -> Json:
        """Return what changed after a revision; everything if it is below zero."""
        user = self._world.user(user_id)
        return {
            "reset": seen < 0,
            "me": user.to_wire(),
            "users": [other.to_wire() for other in self._world.users.values()],
            "bot": bot.user.to_wire()
            | {"description": bot.texts.get("description/", "")},
            "chats": [
                self._chat_news(bot, chat, user_id, seen)
                for chat in bot.chats.values()
                if user_id in chat.members
            ],
        }

    def _chat_news(self, bot: Bot, chat: Chat, user_id: int, seen: int) -> Json:
        """Return a chat with what changed in it."""
        language = self._world.user(user_id).language_code or ""
        return view.chat_row(self._world, bot, chat) | {
            "commands": visible_commands(bot, chat.id, chat.type, user_id, language),
            "action": view.current_action(self._world, chat),
            "messages": [
                view.message_row(self._world, bot, message)
                for _, message in sorted(chat.messages.items())
                if message.revision > seen
            ],
            "removed": [
                key for key, revision in chat.removed.items() if revision > seen
            ],
            # What was answered before the page was open is over.
            "answers": [
                view.answer_row(given)
                for given in chat.answers
                if given.revision > seen >= 0 and given.user_id == user_id
            ],
        }

    async def _send(self, request: web.Request) -> web.Response:
        """Let the page's user write."""
        body = await read_body(request)
        message, _ = people.person_writes(
            self._world,
            find_bot(self._world, body),
            number(body, "user_id"),
            str(body.get("text") or ""),
            chat_id=maybe_number(body, "chat_id"),
            thread_id=maybe_number(body, "thread_id"),
            reply_to=maybe_number(body, "reply_to"),
        )
        return answer({"message_id": message.message_id})

    async def _edit(self, request: web.Request) -> web.Response:
        """Let the page's user change a message of theirs."""
        body = await read_body(request)
        people.person_edits(
            self._world,
            find_bot(self._world, body),
            number(body, "user_id"),
            number(body, "message_id"),
            str(body.get("text") or ""),
            maybe_number(body, "chat_id"),
        )
        return answer({})

    async def _tap(self, request: web.Request) -> web.Response:
        """Let the page's user tap a button."""
        body = await read_body(request)
        return answer(
            people.person_taps(
                self._world,
                find_bot(self._world, body),
                number(body, "user_id"),
                number(body, "message_id"),
                str(body.get("button") or ""),
                maybe_number(body, "chat_id"),
            )
        )

    async def _inline(self, request: web.Request) -> web.Response:
        """Ask the bot what it offers to the page's user; null when it does not answer soon."""
        body = await read_body(request)
        bot = find_bot(self._world, body)
        query_id = people.person_asks_inline(
            self._world, bot, number(body, "user_id"), str(body.get("query") or "")
        )
        query = bot.inline_queries[query_id]
        deadline = self._world.clock.time() + INLINE_SECONDS
        while query.results is None and not self._world.stopping.is_set():
            left = deadline - self._world.clock.time()
            if left <= 0:
                break
            await self._world.clock.wait(self._world.changed.next, left)
        return answer({"id": query_id, "results": query.results})

    async def _choose(self, request: web.Request) -> web.Response:
        """Let the page's user send what the bot offered."""
        body = await read_body(request)
        message = people.person_chooses(
            self._world,
            find_bot(self._world, body),
            number(body, "user_id"),
            str(body.get("id") or ""),
            str(body.get("result") or ""),
            maybe_number(body, "chat_id"),
        )
        return answer({"message_id": message.message_id})
