"""Keeps keys, secrets and signatures out of the log, whoever writes them there.

This integration logs none of them, but what it sends passes through libraries, and a
traceback or a debug line of theirs may quote it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
import logging
import re
from typing import override

from homeassistant.const import CONF_API_KEY
from homeassistant.core import CALLBACK_TYPE, callback

from .const import CONF_API_SECRET

REDACTED = "**REDACTED**"
# Anything shorter would be found in ordinary words.
SHORTEST_SECRET = 8
# In a header (X-AGGR-SIGNATURE) or in a message, quoted once or twice.
_SIGNATURE = re.compile(r"(signature\W{1,12})[A-Za-z0-9+/=]{20,}", re.IGNORECASE)
# A handler would print the arguments with its complaint.
_UNREADABLE = "A message that does not fit its arguments"


class RedactingFilter(logging.Filter):
    """Replaces what is secret in log records."""

    def __init__(self) -> None:
        """Begin without secrets."""
        super().__init__()
        self._counts: Counter[str] = Counter()
        # Replaced as a whole, since other threads log as well. Long ones go first:
        # one secret may be the beginning of another.
        self._secrets: tuple[str, ...] = ()

    def change(self, secrets: Iterable[str], by: int) -> bool:
        """Count users of secrets up or down; tell whether any is left."""
        for secret in secrets:
            self._counts[secret] += by
        self._counts = +self._counts
        self._secrets = tuple(sorted(self._counts, key=len, reverse=True))
        return bool(self._secrets)

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without what is secret."""
        message = _message(record)
        clean = self._redact(message or _UNREADABLE)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info:
            traceback = logging.Formatter().formatException(record.exc_info)
            if (clean := self._redact(traceback)) != traceback:
                # A handler formats the exception anew unless it finds only text.
                record.exc_info, record.exc_text = None, clean
        if record.exc_text:
            record.exc_text = self._redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)
        return True

    def _redact(self, text: str) -> str:
        """Return a text without what is secret."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return _SIGNATURE.sub(rf"\1{REDACTED}", text)


def _message(record: logging.LogRecord) -> str | None:
    """Return the message of a record, None when it does not fit its arguments."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whatever a stranger's argument raises
        return None


_FILTER = RedactingFilter()


def secrets_of(data: Mapping[str, str]) -> list[str]:
    """Return what is secret in the data of an entry."""
    return [data[key] for key in (CONF_API_KEY, CONF_API_SECRET) if key in data]


@callback
def async_redact(secrets: Iterable[str]) -> CALLBACK_TYPE:
    """Keep secrets out of the log until the returned callback is called."""
    kept = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    _FILTER.change(kept, 1)
    # On the handlers: the filters of a logger do not see what its children log. A handler
    # that comes later gets the records as the first one left them.
    for handler in logging.getLogger().handlers:
        handler.addFilter(_FILTER)

    @callback
    def release() -> None:
        """Let the secrets go; without any there is nothing to look for."""
        if not _FILTER.change(kept, -1):
            for handler in logging.getLogger().handlers:
                handler.removeFilter(_FILTER)

    return release
