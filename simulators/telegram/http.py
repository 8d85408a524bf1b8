"""JSON over HTTP for the control interface and the chat page."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
import orjson

from simulators.telegram.models import Json
from simulators.telegram.world import ControlError

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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


def numbers(source: Json, name: str, default: list[int]) -> list[int]:
    """Return a list of whole numbers."""
    try:
        return [int(item) for item in source.get(name) or default]
    except TypeError, ValueError:
        raise ControlError(f"{name} is a list of whole numbers") from None


def guarded(handler: Handler) -> Handler:
    """Answer 400 with words where a request makes no sense."""

    async def guard(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ControlError as error:
            return answer({"error": str(error)}, 400)

    return guard
