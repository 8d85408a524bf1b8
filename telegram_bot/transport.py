"""How python-telegram-bot reaches Telegram: over aiohttp, which the bot needs for Home Assistant anyway."""

from collections.abc import Callable
from functools import cache
from typing import Any, override
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 10.0
_WRITE_TIMEOUT = 20.0


class Transport(BaseRequest):
    """One pool of connections; a request is sent once at most.

    Every failure keeps aiohttp's own error as its cause: only that tells whether the request can have arrived.
    """

    def __init__(
        self,
        *,
        read_timeout: float = _READ_TIMEOUT,
        on_answer: Callable[[int, bytes], None] = lambda *_: None,
    ) -> None:
        """Prepare; connections are made when they are needed.

        Args:
            read_timeout: seconds of silence after which an answer is given up.
            on_answer: told the status and the body of every answer.
        """
        self._read_timeout = read_timeout
        self._on_answer = on_answer
        self._session: aiohttp.ClientSession | None = None

    @property
    @override
    def read_timeout(self) -> float:
        """Return the seconds of silence after which an answer is given up."""
        return self._read_timeout

    @override
    async def initialize(self) -> None:
        """Make the pool."""
        if self._session is None:
            self._session = aiohttp.ClientSession()

    @override
    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session:
            await self._session.close()
            self._session = None

    @override
    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request; of the timeouts the one for reading can be chosen.

        Raises:
            TimedOut: it took too long.
            NetworkError: the connection failed.
        """
        if self._session is None:
            raise RuntimeError("initialize first")
        reading = (
            self._read_timeout
            if read_timeout is self.DEFAULT_NONE
            else read_timeout or 0.0
        )
        parts = urlsplit(url)
        limits = aiohttp.ClientTimeout(
            total=_CONNECT_TIMEOUT + _WRITE_TIMEOUT + reading,
            connect=_CONNECT_TIMEOUT,
            sock_read=reading,
        )
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data),
                headers={"User-Agent": self.USER_AGENT},
                timeout=limits,
                proxy=_proxy(parts.scheme, parts.hostname or ""),
            ) as response:
                payload = await response.read()
        except TimeoutError as err:
            raise TimedOut from err
        except aiohttp.ClientError as err:
            raise NetworkError(f"{type(err).__name__}: {err}") from err
        self._on_answer(response.status, payload)
        return response.status, payload


@cache
def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host; it is asked once, not in a thread for each request."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _body(data: RequestData | None) -> aiohttp.FormData | None:
    """Return the fields and files of a request."""
    if data is None:
        return None
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return form
