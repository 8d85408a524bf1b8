"""Logging to stderr, with the secrets blacked out."""

from collections.abc import Callable, Iterable
import logging
import sys
from typing import TextIO, override
from urllib.parse import quote

from telegram_bot.config_checks import LogFormat

REDACTED = "**redacted**"


class RedactingFormatter(logging.Formatter):
    """Let another formatter format a record, tracebacks included, and take the secrets out of the result."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        """Remember what must never be written."""
        super().__init__()
        self._inner = inner
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
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, REDACTED)
        return line


def _text_formatter() -> logging.Formatter:
    """Return what writes lines for people."""
    return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


def _json_formatter() -> logging.Formatter:
    """Return what writes lines for programs: one JSON object each."""
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - only who asks for it pays for it

    return JsonFormatter(
        "{asctime}{levelname}{name}{message}",
        style="{",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
    )


_FORMATTERS: dict[LogFormat, Callable[[], logging.Formatter]] = {
    LogFormat.TEXT: _text_formatter,
    LogFormat.JSON: _json_formatter,
}


def set_up_logging(
    secrets: Iterable[str],
    *,
    verbose: bool,
    log_format: LogFormat = LogFormat.TEXT,
    stream: TextIO | None = None,
) -> None:
    """Send all logs to stderr; the secrets are known before any client exists."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter(_FORMATTERS[log_format](), secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # Writes a traceback for each unreadable answer, such as a proxy's page; we hear of it anyway.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    # Its DEBUG lines repeat what people write, PINs and invitations too; INFO ones speak of its inner life.
    logging.getLogger("telegram").setLevel(logging.WARNING)
