"""The table from the exchange's texts, codes and statuses to exceptions: all of it is here.

Texts are matched as lower-case patterns because many hold values (rest.md 5, 7.4, 8 and
websocket.md 5.1). The first row that matches wins; a text that nobody has seen yet falls back on
the HTTP status, and always keeps the exchange's words.
"""

from datetime import datetime
import re
from typing import Any

from .errors import (
    AddressNotAllowedError,
    AuthenticationError,
    BadKeyError,
    BadSignatureError,
    CexioError,
    ClockError,
    InsufficientFundsError,
    InvalidRequestError,
    KeyNotActivatedError,
    MaintenanceError,
    OrderFundsError,
    OrderRejectedError,
    OutcomeUnknownError,
    Permission,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    UnexpectedAnswerError,
    UnknownOrderError,
    UnsupportedPairError,
)
from .methods.catalogue import METHODS, changes_something
from .models.orders import Order


class ServerFailureError(CexioError):
    """Marks a row of the table: the exchange failed, what became of the request is open."""


type Rows = tuple[tuple[str, type[CexioError]], ...]

TEXTS: Rows = (
    (r"api rate limit reached|rate limit|too many requests", RateLimitError),
    (r"maintenance", MaintenanceError),
    (r"timestamp is not in|timestamp .*(range|expired|invalid)", ClockError),
    (
        r"invalid signature|signature .*(wrong|incorrect|invalid|mismatch)",
        BadSignatureError,
    ),
    (r"key is not activated", KeyNotActivatedError),
    (r"\bip\b.*(allow|whitelist|restrict)|whitelist", AddressNotAllowedError),
    (r"invalid api key|key not passed or incorrect", BadKeyError),
    (r"authori[sz]ation failed|unauthori[sz]ed|not authenticated", AuthenticationError),
    (r"permission", PermissionDeniedError),
    (r"pair .*is not supported|unsupported pair", UnsupportedPairError),
    (r"insufficient funds|negative balance", InsufficientFundsError),
    (r"unknown[_ ]order|order .*not found", UnknownOrderError),
    (
        r"^bad request$|mandatory parameter|unsupported message type",
        InvalidRequestError,
    ),
    (
        r"too low amount|unsupported currency|unsupported currencies",
        InvalidRequestError,
    ),
    (r"blockchain is not supported|sub-account name should", InvalidRequestError),
    (r"main account .*not allowed|not allowed", InvalidRequestError),
    (
        r"should be|should consist|should contain|is limited to|check failed",
        InvalidRequestError,
    ),
    (
        r"internal error|unexpected error|service unavailable|time(d )?-?out",
        ServerFailureError,
    ),
)

# The words of a refused sign-in are documented only in part: one word has to be enough there.
SIGN_IN_WORDS: Rows = (
    (r"signature", BadSignatureError),
    (r"timestamp|clock", ClockError),
    (r"activ", KeyNotActivatedError),
    (r"\bip\b|address|whitelist", AddressNotAllowedError),
    (r"\bkey\b", BadKeyError),
)

STATUSES: dict[int, type[CexioError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    408: ServerFailureError,
    429: RateLimitError,
}

# Orders that the exchange took and rejected (rest.md 5.3); every other code is only kept.
REJECT_CODES: dict[int, type[OrderRejectedError]] = {403: OrderFundsError}
CLOCK_REJECT_CODE = 424

_TEXT_ROWS = tuple((re.compile(pattern), kind) for pattern, kind in TEXTS)
_SIGN_IN_ROWS = tuple((re.compile(pattern), kind) for pattern, kind in SIGN_IN_WORDS)
_SERVICE = re.compile(r"(\w+) is on maintenance")
_URL = re.compile(r"\b(?:https?|wss?)://\S+")
_MAXIMUM_TEXT = 500


def safe_text(text: str, *secrets: str) -> str:
    """Return the exchange's words without addresses and secrets, in one line of bearable length."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    words = " ".join(_URL.sub("…", text[: 4 * _MAXIMUM_TEXT]).split())
    return "".join(letter for letter in words if letter.isprintable())[:_MAXIMUM_TEXT]


def error_text(error: object) -> str:
    """Return the words of an error, which is a text or an object with "reason" (rest.md 1.3)."""
    if isinstance(error, dict):
        error = error.get("reason", error.get("message", ""))
    return error if isinstance(error, str) else ""


def nested_error(data: Any) -> object | None:
    """Return the error that an answer's data holds in spite of "ok", None when it holds none."""
    return data.get("error") if isinstance(data, dict) else None


def classify(
    text: str, *, status: int | None = None, signing_in: bool = False
) -> type[CexioError]:
    """Return the class for the exchange's words, or for its HTTP status when they are new."""
    lowered = text.lower()
    kind = _match(_TEXT_ROWS, lowered)
    if kind in (None, InvalidRequestError) and (signing_in or status == 401):
        kind = _match(_SIGN_IN_ROWS, lowered) or AuthenticationError
    if kind is None and status is not None:
        kind = ServerFailureError if status >= 500 else STATUSES.get(status)
    return kind or InvalidRequestError


def refusal(
    error: object,
    *,
    action: str,
    retry_at: datetime,
    status: int | None = None,
    secrets: tuple[str, ...] = (),
) -> CexioError:
    """Return the exception for a refused request.

    Args:
        error: The "error" of the answer: a text, or an object with "reason".
        action: The method that was refused.
        retry_at: When the points come back, for a refusal by rate limit.
        status: The HTTP status, None on the WebSocket.
        secrets: What must not be quoted even if the exchange did.
    """
    text = safe_text(error_text(error), *secrets)
    kind = classify(text, status=status, signing_in=action == "auth")
    if kind is RateLimitError:
        return RateLimitError(text, retry_at=retry_at, action=action)
    if kind is MaintenanceError:
        found = _SERVICE.search(text)
        return MaintenanceError(text, service=found[1] if found else "", action=action)
    if kind is PermissionDeniedError:
        return PermissionDeniedError(
            text, permission=_permission(text, action), action=action
        )
    if kind is ServerFailureError:
        return unanswered(text, action)
    return kind(text, action=action)


def unanswered(text: str, action: str) -> CexioError:
    """Return the exception for a request that was sent and got no usable answer."""
    kind = OutcomeUnknownError if changes_something(action) else TransportError
    return kind(text, action=action)


def unreadable(text: str, action: str) -> CexioError:
    """Return the exception for an accepted request whose answer cannot be read."""
    kind = OutcomeUnknownError if changes_something(action) else UnexpectedAnswerError
    return kind(text, action=action)


def rejection(order: Order, *, action: str) -> OrderRejectedError:
    """Return the exception for an order that the exchange took and rejected."""
    reason = order.reject_reason or ""
    if order.reject_code is not None:
        kind = REJECT_CODES.get(order.reject_code, OrderRejectedError)
    else:
        funds = classify(reason) is InsufficientFundsError
        kind = OrderFundsError if funds else OrderRejectedError
    return kind(safe_text(reason), code=order.reject_code, order=order, action=action)


def _match(
    rows: tuple[tuple[re.Pattern[str], type[CexioError]], ...], text: str
) -> type[CexioError] | None:
    """Return the class of the first row that matches."""
    return next((kind for pattern, kind in rows if pattern.search(text)), None)


def _permission(text: str, action: str) -> Permission | None:
    """Return the permission that the text names, else the one that the method needs."""
    lowered = text.lower()
    named = next((item for item in Permission if item.value.lower() in lowered), None)
    method = METHODS.get(action)
    return named or (method.permission if method else None)
