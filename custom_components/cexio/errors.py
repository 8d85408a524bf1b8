"""Failures of the exchange in Home Assistant's words."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .exchange import (
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
    OrderRejectedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    UnknownOrderError,
    UnsupportedPairError,
)

# The first class that fits counts: subclasses stand before their bases.
_SET_UP_KEYS: tuple[tuple[type[CexioError], str], ...] = (
    (BadKeyError, "invalid_key"),
    (BadSignatureError, "invalid_signature"),
    (KeyNotActivatedError, "key_not_activated"),
    (AddressNotAllowedError, "address_not_allowed"),
    (ClockError, "clock_wrong"),
    (AuthenticationError, "invalid_auth"),
    (PermissionDeniedError, "read_permission_missing"),
    (RateLimitError, "rate_limited"),
    (MaintenanceError, "maintenance"),
    (TransportError, "cannot_connect"),
    (OutcomeUnknownError, "cannot_connect"),
)
_ACTION_KEYS: tuple[tuple[type[CexioError], str], ...] = (
    (UnsupportedPairError, "unknown_pair"),
    (InsufficientFundsError, "insufficient_funds"),
    (OrderRejectedError, "order_rejected"),
    (UnknownOrderError, "unknown_order"),
    (InvalidRequestError, "order_rejected"),
    (PermissionDeniedError, "permission_missing"),
    (ClockError, "clock_wrong"),
    (AuthenticationError, "authentication_failed"),
    (RateLimitError, "rate_limited"),
    (MaintenanceError, "maintenance"),
    (OutcomeUnknownError, "outcome_unknown"),
    (TransportError, "not_connected"),
)


def set_up_error_key(err: CexioError) -> str:
    """Return the translation key of a failure during set-up."""
    return _key(_SET_UP_KEYS, err, "unexpected_answer")


def action_error_key(err: CexioError) -> str:
    """Return the translation key of a failure during an action."""
    return _key(_ACTION_KEYS, err, "exchange_error")


def is_key_refusal(err: CexioError) -> bool:
    """Tell whether another key would help: against a wrong clock none does."""
    return isinstance(err, AuthenticationError) and not isinstance(err, ClockError)


def failure(err: CexioError, **placeholders: str) -> HomeAssistantError:
    """Return what to raise for a failure of the exchange; its text is safe to show."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=action_error_key(err),
        translation_placeholders=words_of(err) | placeholders,
    )


def words_of(err: CexioError) -> dict[str, str]:
    """Return what the words for a failure are filled with."""
    words = {"reason": str(err)}
    if isinstance(err, RateLimitError):
        words["time"] = dt_util.as_local(err.retry_at).strftime("%H:%M:%S")
    return words


def refusal(key: str, **placeholders: str) -> ServiceValidationError:
    """Return what to raise for a request that cannot be carried out as it is."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def not_kept(err: Exception) -> HomeAssistantError:
    """Return what to raise for a request that could not be written down, and so was not made."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="storage_failed",
        translation_placeholders={"reason": str(err)},
    )


def translate_failures[**P, T](
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Wrap a coroutine function so that failures of the exchange come out translated."""

    @wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        """Translate on the way out."""
        try:
            return await function(*args, **kwargs)
        except CexioError as err:
            raise failure(err) from err

    return wrapper


def _key(
    table: tuple[tuple[type[CexioError], str], ...], err: CexioError, default: str
) -> str:
    """Return the key of the first class that fits."""
    return next((key for kind, key in table if isinstance(err, kind)), default)
