"""The two signatures of the exchange: base64 for REST, hex for the WebSocket."""

import base64
from dataclasses import dataclass, field
import hashlib
import hmac
from typing import override


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret; neither is shown whole by repr."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    @override
    def __repr__(self) -> str:
        """Show at most the first four characters of the key."""
        return (
            f"Credentials(key={self.key[:4]}…)"
            if len(self.key) > 8
            else "Credentials(key=…)"
        )


def _digest(secret: str, message: str) -> bytes:
    """Return the raw HMAC-SHA256; the secret is used as issued, never base64-decoded."""
    return hmac.digest(secret.encode(), message.encode(), hashlib.sha256)


def sign_rest(secret: str, action: str, timestamp: int | str, body: str) -> str:
    """Return the X-AGGR-SIGNATURE of a private REST request (rest.md 2.2).

    Args:
        secret: The API secret as issued.
        action: The last segment of the path, such as "get_my_orders".
        timestamp: Unix time in seconds, the same text as in X-AGGR-TIMESTAMP.
        body: The exact JSON text that is sent.
    """
    return base64.b64encode(_digest(secret, f"{action}{timestamp}{body}")).decode()


def sign_websocket(secret: str, timestamp: int | str, key: str) -> str:
    """Return the signature of the WebSocket's auth message (websocket.md 2.2).

    Args:
        secret: The API secret as issued.
        timestamp: Unix time in seconds, exactly as it is sent.
        key: The API key.
    """
    return _digest(secret, f"{timestamp}{key}").hex()
