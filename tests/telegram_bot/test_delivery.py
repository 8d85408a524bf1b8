"""What each error of a call says of the message: whether it may have arrived."""

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from telegram_bot.delivery import Verdict, judge


def caused[T: TelegramError](error: T, cause: Exception) -> T:
    """Return an error with its cause."""
    error.__cause__ = cause
    return error


def refused() -> aiohttp.ClientConnectorError:
    """Return the error of a connection that was refused."""
    key = ConnectionKey("127.0.0.1", 1, False, True, None, None, None)
    return aiohttp.ClientConnectorError(key, OSError("refused"))


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (caused(NetworkError("x"), refused()), Verdict.AGAIN),
        (caused(TimedOut(), aiohttp.ConnectionTimeoutError("slow")), Verdict.AGAIN),
        (NetworkError("Too Many Requests"), Verdict.AGAIN),
        (RetryAfter(3), Verdict.WAIT),
        (caused(TimedOut(), aiohttp.SocketTimeoutError("slow")), Verdict.UNKNOWN),
        (caused(TimedOut(), TimeoutError("slow")), Verdict.UNKNOWN),
        (caused(NetworkError("x"), aiohttp.ServerDisconnectedError()), Verdict.UNKNOWN),
        (caused(NetworkError("x"), aiohttp.ClientOSError("cut")), Verdict.UNKNOWN),
        (caused(NetworkError("x"), aiohttp.ClientPayloadError("cut")), Verdict.UNKNOWN),
        (
            caused(NetworkError("Bad Gateway"), TelegramError("unreadable")),
            Verdict.UNKNOWN,
        ),
        (NetworkError("Internal Server Error"), Verdict.UNKNOWN),
        (TelegramError("Invalid server response"), Verdict.UNKNOWN),
        (BadRequest("Can't parse entities: unclosed tag"), Verdict.PLAIN),
        (BadRequest("Message is not modified: same"), Verdict.DONE),
        (BadRequest("Message to edit not found"), Verdict.GONE),
        (BadRequest("Message can't be edited"), Verdict.GONE),
        (BadRequest("Chat not found"), Verdict.PARK),
        (BadRequest("Message is too long"), Verdict.REFUSED),
        (Forbidden("bot was blocked by the user"), Verdict.PARK),
        (InvalidToken("Unauthorized"), Verdict.TOKEN),
        (caused(InvalidToken("Not Found"), TelegramError("page")), Verdict.UNKNOWN),
        (Conflict("terminated by other getUpdates request"), Verdict.AGAIN),
        (ChatMigrated(-100123), Verdict.MOVED),
    ],
)
def test_judge(error: TelegramError, verdict: Verdict) -> None:
    """Each error of the library says whether the message may have arrived."""
    assert judge(error).verdict is verdict
