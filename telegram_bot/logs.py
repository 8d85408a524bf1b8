"""Logging to stderr, with the secrets blacked out."""

from collections.abc import Iterable
import logging
import sys
from typing import TextIO, override
from urllib.parse import quote

REDACTED = "**redacted**"


class RedactingFormatter(logging.Formatter):
    """Format a record, tracebacks included, and take the secrets out of the result."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Remember what must never be written."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = sorted(
            {
                form
                for secret in secrets
                if secret
                for form in (secret, quote(secret, safe=""))
            },
            key=len,
            reverse=True,
        )

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line without secrets."""
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, REDACTED)
        return line


def set_up_logging(
    secrets: Iterable[str], *, verbose: bool, stream: TextIO | None = None
) -> None:
    """Send all logs to stderr; the secrets are known before any client exists."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # Writes a traceback for each unreadable answer, such as a proxy's page; we hear of it anyway.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    # Its INFO lines speak of its inner life; ours say what a person needs.
    logging.getLogger("telegram.ext").setLevel(
        logging.DEBUG if verbose else logging.WARNING
    )
