"""The two signatures, seen from the exchange (rest.md 2.2, websocket.md 2.2)."""

import base64
import hashlib
import hmac


def rest_signature(secret: str, action: str, timestamp: str, body: bytes) -> str:
    """Return base64 of HMAC-SHA256 over action + timestamp + body, keyed by the secret's own bytes."""
    message = f"{action}{timestamp}".encode() + body
    return base64.b64encode(
        hmac.new(secret.encode(), message, hashlib.sha256).digest()
    ).decode()


def websocket_signature(secret: str, timestamp: str, key: str) -> str:
    """Return lower-case hex of HMAC-SHA256 over timestamp + key; `timestamp` is the literal of the JSON number."""
    return hmac.new(
        secret.encode(), f"{timestamp}{key}".encode(), hashlib.sha256
    ).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Compare without telling how much was right."""
    return hmac.compare_digest(expected.encode(), given.encode())
