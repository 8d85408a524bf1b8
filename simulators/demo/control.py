"""Call a simulator over HTTP: its control interface, or what it simulates."""

from typing import Any

import aiohttp

REQUEST_SECONDS = 15.0


class ControlError(Exception):
    """A simulator refused what it was asked."""


class Control:
    """One HTTP interface of a simulator."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Speak to the interface at `url`."""
        self._session = session
        self._url = url.rstrip("/")

    async def get(self, path: str, **query: str | int) -> Any:
        """Read something."""
        return await self._call("GET", path, params=query)

    async def post(self, path: str, **data: Any) -> Any:
        """Change something."""
        return await self._call("POST", path, json=data)

    async def delete(self, path: str) -> None:
        """Take something away."""
        await self._call("DELETE", path)

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        """Make one call.

        Raises:
            ControlError: the answer was not a success.
        """
        async with self._session.request(
            method,
            f"{self._url}{path}",
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
            **arguments,
        ) as response:
            if response.status >= 400:
                raise ControlError(
                    f"{method} {path} answered {response.status}: {await response.text()}"
                )
            return await response.json()
