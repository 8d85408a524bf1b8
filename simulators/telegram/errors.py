"""The Bot API's refusals, in Telegram's words."""

from typing import Any


class BotApiError(Exception):
    """A refusal as the Bot API answers it."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        """Keep the HTTP status, the text and the optional `parameters` object."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def to_wire(self) -> dict[str, Any]:
        """Return the answer's body."""
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(text: str, **parameters: Any) -> BotApiError:
    """Return a refusal for a request that is wrong in itself."""
    return BotApiError(400, f"Bad Request: {text}", **parameters)


def forbidden(text: str) -> BotApiError:
    """Return a refusal for what the bot may not do."""
    return BotApiError(403, f"Forbidden: {text}")


def too_large() -> BotApiError:
    """Return the refusal of a body beyond all limits."""
    return BotApiError(413, "Request Entity Too Large")


def unauthorized() -> BotApiError:
    """Return the refusal of a token that was revoked."""
    return BotApiError(401, "Unauthorized")


def conflict(text: str) -> BotApiError:
    """Return a refusal because somebody else does the same."""
    return BotApiError(409, f"Conflict: {text}")


def too_many_requests(seconds: int) -> BotApiError:
    """Return a refusal for now, with the seconds to wait."""
    return BotApiError(
        429, f"Too Many Requests: retry after {seconds}", retry_after=seconds
    )
