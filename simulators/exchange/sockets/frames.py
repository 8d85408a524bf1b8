"""Frames as the exchange writes them (websocket.md 1.3)."""

from typing import Any

import orjson

CONNECTED = b'{"e":"connected"}'
DISCONNECTED = b'{"e":"disconnected"}'
PONG = b'{"e":"pong"}'


def event(kind: str, data: Any) -> bytes:
    """Return an unasked frame."""
    return orjson.dumps({"e": kind, "data": data, "ok": "ok"})


def reply(action: str, oid: str | None, data: Any) -> bytes:
    """Return a successful reply."""
    return orjson.dumps(_head(action, oid) | {"data": data, "ok": "ok"})


def failure(
    action: str,
    oid: str | None,
    text: str,
    *,
    ok: bool = False,
    code: int | None = None,
) -> bytes:
    """Return an error reply; a few carry `ok` all the same, one of them a status code."""
    data: dict[str, Any] = {"error": text}
    if code is not None:
        data["statusCode"] = code
    return orjson.dumps(
        _head(action, oid) | {"data": data} | ({"ok": "ok"} if ok else {})
    )


def _head(action: str, oid: str | None) -> dict[str, Any]:
    """Return what a reply begins with."""
    return {"e": action} if oid is None else {"e": action, "oid": oid}
