"""The two signatures of the exchange: base64 for REST, hex for the WebSocket."""

import base64
from dataclasses import dataclass, field
import hashlib
import hmac
from typing import override


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret; neither is shown whole by repr.

    With `is_base64` the secret is the base64 of the bytes to sign with. The reference's prose
    asks for that, all that is known to work signs with the text itself (rest.md 2.2, 6 item 1).
    """

    key: str = field(repr=False)
    secret: str = field(repr=False)
    is_base64: bool = False

    @property
    def signing_key(self) -> bytes:
        """What requests are signed with.

        Raises:
            ValueError: The secret is not base64 although it should be.
        """
        if self.is_base64:
            return base64.b64decode(self.secret, validate=True)
        return self.secret.encode()

    @override
    def __repr__(self) -> str:
        """Show at most the first four characters of the key."""
        return (
            f"Credentials(key={self.key[:4]}…)"
            if len(self.key) > 8
            else "Credentials(key=…)"
        )


def _digest(secret: str | bytes, message: str) -> bytes:
    """Return the raw HMAC-SHA256; a text is used as it is, never base64-decoded."""
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.digest(key, message.encode(), hashlib.sha256)


def sign_rest(secret: str | bytes, action: str, timestamp: int | str, body: str) -> str:
    """Return the X-AGGR-SIGNATURE of a private REST request (rest.md 2.2).

    Args:
        secret: The API secret as issued, or the bytes that it stands for.
        action: The last segment of the path, such as "get_my_orders".
        timestamp: Unix time in seconds, the same text as in X-AGGR-TIMESTAMP.
        body: The exact JSON text that is sent.
    """
    return base64.b64encode(_digest(secret, f"{action}{timestamp}{body}")).decode()


def sign_websocket(secret: str | bytes, timestamp: int | str, key: str) -> str:
    """Return the signature of the WebSocket's auth message (websocket.md 2.2).

    Args:
        secret: The API secret as issued, or the bytes that it stands for.
        timestamp: Unix time in seconds, exactly as it is sent.
        key: The API key.
    """
    return _digest(secret, f"{timestamp}{key}").hex()
