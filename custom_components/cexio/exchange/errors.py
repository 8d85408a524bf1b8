"""One exception per kind of failure that a caller treats differently.

Every text in here is safe to show: no address, no key, no signature ever gets into one. What an
exception says about the request matters most: refused (nothing happened), not sent
(TransportError), or unknown (OutcomeUnknownError: ask the exchange before doing it again).
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, override

if TYPE_CHECKING:
    from .models import Order


class Permission(StrEnum):
    """What an API key may be allowed to do (rest.md 2.5)."""

    READ = "Read"
    TRADE = "Trade"
    FUNDS_INTERNAL = "Funds Internal"
    FUNDS_WALLET = "Funds Wallet"


class CexioError(Exception):
    """Base of all failures of this client.

    Attributes:
        text: The exchange's own words, "" when it gave none.
        action: The method that failed, None when it was no method's fault.
    """

    default: ClassVar[str] = "The exchange request failed"

    def __init__(self, text: str = "", *, action: str | None = None) -> None:
        """Keep the exchange's words and the method."""
        super().__init__(text)
        self.text = text
        self.action = action

    @override
    def __str__(self) -> str:
        """Return a sentence that is safe to show."""
        return self.text or self.default


class AuthenticationError(CexioError):
    """The exchange does not accept who we are."""

    default = "The exchange refused the API key"


class BadKeyError(AuthenticationError):
    """The API key is missing or unknown."""

    default = "The API key is unknown"


class BadSignatureError(AuthenticationError):
    """The signature is wrong: most likely the secret is."""

    default = "The signature is wrong"


class ClockError(AuthenticationError):
    """The timestamp is out of range: this machine's clock is wrong."""

    default = "The clock of this machine is wrong"


class KeyNotActivatedError(AuthenticationError):
    """The API key exists but is not active."""

    default = "The API key is not activated"


class AddressNotAllowedError(AuthenticationError):
    """The API key is bound to other addresses."""

    default = "The API key may not be used from this address"


class PermissionDeniedError(CexioError):
    """The API key lacks a permission.

    Attributes:
        permission: The one that is missing, None when it is not known.
    """

    default = "The API key lacks a permission"

    def __init__(
        self,
        text: str = "",
        *,
        permission: Permission | None = None,
        action: str | None = None,
    ) -> None:
        """Name the permission."""
        super().__init__(text, action=action)
        self.permission = permission


class RateLimitError(CexioError):
    """The points of this minute are spent.

    Attributes:
        retry_at: When the next minute begins (UTC, the exchange's clock).
    """

    default = "The rate limit of the exchange is reached"

    def __init__(
        self, text: str = "", *, retry_at: datetime, action: str | None = None
    ) -> None:
        """Name the moment from which a request has a chance."""
        super().__init__(text, action=action)
        self.retry_at = retry_at


class MaintenanceError(CexioError):
    """A part of the exchange is down for maintenance.

    Attributes:
        service: The part, such as "order_placement"; "" when it is not named.
    """

    default = "The exchange is on maintenance"

    def __init__(
        self, text: str = "", *, service: str = "", action: str | None = None
    ) -> None:
        """Name the part."""
        super().__init__(text, action=action)
        self.service = service


class InvalidRequestError(CexioError):
    """The exchange does not understand or allow the request; nothing happened."""

    default = "The exchange refused the request"


class UnsupportedPairError(InvalidRequestError):
    """The exchange does not trade this pair."""

    default = "The exchange does not trade this pair"


class InsufficientFundsError(CexioError):
    """The balance does not cover it; nothing happened."""

    default = "The balance is too small"


class OrderRejectedError(CexioError):
    """The exchange took the order and rejected it; nothing was executed.

    Attributes:
        code: The exchange's number of the reason, None when it gave none (rest.md 5.3).
        reason: The exchange's words for it.
        order: The order as the exchange reported it.
    """

    default = "The exchange rejected the order"

    def __init__(
        self,
        reason: str = "",
        *,
        code: int | None = None,
        order: Order | None = None,
        action: str | None = None,
    ) -> None:
        """Keep code, reason and order."""
        super().__init__(reason, action=action)
        self.code = code
        self.reason = reason
        self.order = order


class OrderFundsError(OrderRejectedError, InsufficientFundsError):
    """The order was rejected because the balance does not cover it."""

    default = "The balance is too small for this order"


class UnknownOrderError(CexioError):
    """The exchange knows no such order."""

    default = "The exchange knows no such order"


class OutcomeUnknownError(CexioError):
    """The request may have been carried out: ask the exchange before repeating it."""

    default = "It is unknown whether the exchange carried out the request"


class TransportError(CexioError):
    """Surely nothing was changed: not sent at all, or a pure read that failed."""

    default = "The exchange cannot be reached"


class UnexpectedAnswerError(CexioError):
    """The exchange answered something that cannot be read; it changed nothing."""

    default = "The exchange gave an answer that cannot be read"


class SlowConsumerError(CexioError):
    """A listener let its queue overflow and has missed events from here on."""

    default = "Events were lost because they were not read in time"
