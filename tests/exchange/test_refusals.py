"""What the exchange says of a failure becomes the class that a caller needs."""

from datetime import UTC, datetime

import pytest

from custom_components.cexio.exchange import (
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
    Order,
    OrderFundsError,
    OrderRejectedError,
    OutcomeUnknownError,
    Permission,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    UnknownOrderError,
    UnsupportedPairError,
)
from custom_components.cexio.exchange.refusals import refusal, rejection

from .examples import NEW_REPORT

NEXT = datetime(2026, 1, 1, tzinfo=UTC)


def refuse(
    error: object, action: str = "get_my_orders", status: int | None = None
) -> CexioError:
    """Return the exception for an error."""
    return refusal(
        error,
        action=action,
        retry_at=NEXT,
        status=status,
        secrets=("KEY123", "S3CRET", ""),
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("API rate limit reached", RateLimitError),
        ("market_data is on maintenance", MaintenanceError),
        ("Timestamp is not in 20sec range", ClockError),
        ("Invalid signature", BadSignatureError),
        ("Invalid API key", BadKeyError),
        ("key not passed or incorrect", BadKeyError),
        ("API key is not activated", KeyNotActivatedError),
        ("Authorization Failed", AuthenticationError),
        ("IP address is not allowed for this key", AddressNotAllowedError),
        ("API key does not have permission Trade", PermissionDeniedError),
        ("Currency pair NOPE-USD is not supported", UnsupportedPairError),
        ("pair NOPE-USD is not supported", UnsupportedPairError),
        ("Unsupported pair XXX-YYY", UnsupportedPairError),
        ("Insufficient funds", InsufficientFundsError),
        ("You have negative balance on following accounts", InsufficientFundsError),
        ("unknown_order", UnknownOrderError),
        ("Bad Request", InvalidRequestError),
        ("Unsupported message type x", InvalidRequestError),
        ("Mandatory parameter price is missing", InvalidRequestError),
        ("Mandatory parameter side should be one of BUY,SELL", InvalidRequestError),
        ("Parameter pairs should be Array of Strings", InvalidRequestError),
        ("Request contains unsupported currencies: XXX, USD.", InvalidRequestError),
        ("Currencies array should consist of string type values.", InvalidRequestError),
        ("Currencies should be array.", InvalidRequestError),
        (
            "Sub-account name should contain only lower and uppercase",
            InvalidRequestError,
        ),
        ("accountIds array should consist of string type values", InvalidRequestError),
        ("Page size is limited to 1000 items", InvalidRequestError),
        ("Archived parameter should be boolean", InvalidRequestError),
        ("ClientOrderId or orderId should be specified", InvalidRequestError),
        (
            "Operation type is not supported. Supported types: trade",
            InvalidRequestError,
        ),
        ("Amount should be greater than zero", InvalidRequestError),
        ("fromAccountId and toAccountId should be different", InvalidRequestError),
        ("Unsupported currency ABC", InvalidRequestError),
        ("Blockchain is not supported.", InvalidRequestError),
        (
            "Too low amount to deposit 0.00000002 BTC. Minimum amount 0.001 BTC",
            InvalidRequestError,
        ),
        ("API orders from Main account are not allowed", InvalidRequestError),
        ("Get deposit address for main account is not allowed", InvalidRequestError),
        ("Market Trigger orders are not allowed", InvalidRequestError),
        ("minOrderAmountCcy1 check failed", InvalidRequestError),
        ("Internal error", TransportError),
        ("Unexpected error", TransportError),
        ("Something that nobody has seen yet", InvalidRequestError),
        ("", InvalidRequestError),
    ],
)
def test_known_texts(text: str, kind: type[CexioError]) -> None:
    """The exact class, the exchange's words kept."""
    error = refuse(text)
    assert type(error) is kind
    assert error.text == text and error.action == "get_my_orders"
    assert str(error) == (text or "The exchange refused the request")


@pytest.mark.parametrize(
    ("status", "action", "kind"),
    [
        (400, "get_my_orders", InvalidRequestError),
        (401, "get_my_orders", AuthenticationError),
        (403, "get_my_orders", PermissionDeniedError),
        (404, "get_my_orders", InvalidRequestError),
        (408, "get_my_orders", TransportError),
        (408, "do_my_new_order", OutcomeUnknownError),
        (422, "do_my_new_order", InvalidRequestError),
        (429, "do_my_new_order", RateLimitError),
        (500, "get_my_orders", TransportError),
        (502, "do_my_new_order", OutcomeUnknownError),
        (520, "do_cancel_my_order", OutcomeUnknownError),
    ],
)
def test_new_texts_fall_back_on_the_status(
    status: int, action: str, kind: type[CexioError]
) -> None:
    """Whatever the words, an order may have been placed only where that is possible."""
    assert type(refuse("Never heard of", action, status)) is kind


@pytest.mark.parametrize("status", [500, 200, None])
def test_a_known_business_refusal_with_500_is_a_refusal(status: int | None) -> None:
    """The exchange answers 500 to plain mistakes; nothing happened then."""
    error = refuse("Blockchain is not supported.", "do_create_account", status)
    assert type(error) is InvalidRequestError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Signature mismatch", BadSignatureError),
        ("Wrong signature given", BadSignatureError),
        ("Your clock is off", ClockError),
        ("Please activate first", KeyNotActivatedError),
        ("This address may not be used; not allowed", AddressNotAllowedError),
        ("The key was revoked", BadKeyError),
        ("Token invalid", AuthenticationError),
        ("You should be known", AuthenticationError),
    ],
)
def test_a_refused_sign_in_is_read_by_single_words(
    text: str, kind: type[CexioError]
) -> None:
    """Over REST and over the WebSocket alike."""
    assert type(refuse(text, status=401)) is kind
    assert type(refuse(text, "auth")) is kind


@pytest.mark.parametrize(
    ("text", "action", "permission"),
    [
        ("Permission denied", "do_my_new_order", Permission.TRADE),
        ("No permission Funds Wallet", "get_my_orders", Permission.FUNDS_WALLET),
        ("No permission", "auth", None),
    ],
)
def test_the_missing_permission_is_named(
    text: str, action: str, permission: Permission | None
) -> None:
    """By the text, else by what the method needs."""
    error = refuse(text, action)
    assert isinstance(error, PermissionDeniedError)
    assert error.permission is permission


def test_the_part_on_maintenance_is_named() -> None:
    """If the exchange names it."""
    error = refuse("order_placement is on maintenance", "do_my_new_order")
    assert isinstance(error, MaintenanceError) and error.service == "order_placement"
    other = refuse("Maintenance", "do_my_new_order")
    assert isinstance(other, MaintenanceError) and other.service == ""


def test_the_moment_to_ask_again_is_told() -> None:
    """The next calendar minute."""
    error = refuse("API rate limit reached")
    assert isinstance(error, RateLimitError) and error.retry_at == NEXT


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"code": 400, "reason": "Unsupported pair A-B"}, "Unsupported pair A-B"),
        ({"message": "Odd"}, "Odd"),
        ({"code": 1}, ""),
        (["no", "text"], ""),
        (17, ""),
        (
            "KEY123 with S3CRET at https://user:pass@host/path?x=1 end",
            "… with … at … end",
        ),
        ("a\n b\t\x00c", "a b c"),
        ("x" * 5000, "x" * 500),
    ],
)
def test_texts_are_safe_to_show(error: object, text: str) -> None:
    """No address, no key, no secret, one line of bearable length."""
    assert refuse(error).text == text


def rejected(**fields: object) -> OrderRejectedError:
    """Return the exception for a rejected order."""
    order = Order.from_wire({**NEW_REPORT, "status": "REJECTED", **fields})
    return rejection(order, action="do_my_new_order")


def test_a_rejected_order_is_of_two_kinds() -> None:
    """Too small a balance is told apart, by code or by words."""
    assert type(rejected(rejectCode=403, rejectReason="No money")) is OrderFundsError
    assert type(rejected(rejectReason="Insufficient funds")) is OrderFundsError
    assert type(rejected(rejectCode=437, rejectReason="x")) is OrderRejectedError
    nameless = rejected()
    assert (nameless.code, str(nameless)) == (None, "The exchange rejected the order")
    assert issubclass(OrderFundsError, InsufficientFundsError)
