"""Speak to a running Home Assistant as a person's browser does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp

REQUEST_SECONDS = 30.0


class HomeAssistantError(Exception):
    """Home Assistant refused what it was asked, or did not answer."""


class HomeAssistant:
    """Home Assistant's HTTP API: onboarding, sign-in and config flows."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Speak to the instance at `url` (no trailing slash)."""
        self._session = session
        self.url = url
        self.client_id = f"{url}/"

    async def wait_until_up(self, seconds: float) -> None:
        """Wait until the frontend answers.

        Raises:
            HomeAssistantError: nothing answered within `seconds`.
        """
        await self._wait(self._is_up, seconds, "answer")

    async def wait_until_running(self, token: str, seconds: float) -> None:
        """Wait until the start is complete; before that a stop would lose what was done.

        Raises:
            HomeAssistantError: it was not within `seconds`.
        """

        async def is_running() -> bool:
            config = await self.call("GET", "/api/config", token=token)
            return bool(config["state"] == "RUNNING")

        await self._wait(is_running, seconds, "complete its start")

    @staticmethod
    async def _wait(
        is_so: Callable[[], Awaitable[bool]], seconds: float, what: str
    ) -> None:
        """Ask again and again until it is so."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if await is_so():
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise HomeAssistantError(
                f"Home Assistant did not {what} within {seconds:.0f} s"
            ) from None

    async def _is_up(self) -> bool:
        """Tell whether the frontend's manifest is served."""
        try:
            async with self._session.get(f"{self.url}/manifest.json") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def onboard(self, name: str) -> tuple[str, str]:
        """Go through the first-start screens; return the owner's id and a long-lived token."""
        password = secrets.token_urlsafe(16)
        created = await self.call(
            "POST",
            "/api/onboarding/users",
            {
                "client_id": self.client_id,
                "name": name,
                "username": name.lower(),
                "password": password,
                "language": "en",
            },
        )
        token = await self._token(created["auth_code"])
        for step, data in (
            ("core_config", {}),
            ("analytics", {}),
            (
                "integration",
                {"client_id": self.client_id, "redirect_uri": f"{self.url}/"},
            ),
        ):
            await self.call("POST", f"/api/onboarding/{step}", data, token)
        async with self.connect(token) as connection:
            user = await connection.command({"type": "auth/current_user"})
        return user["id"], await self._long_lived_token(token, name)

    async def create_user(self, owner_token: str, name: str) -> tuple[str, str]:
        """Create a user without administrator rights; return their id and a long-lived token."""
        username, password = name.lower().replace(" ", "_"), secrets.token_urlsafe(16)
        async with self.connect(owner_token) as connection:
            created = await connection.command(
                {
                    "type": "config/auth/create",
                    "name": name,
                    "group_ids": ["system-users"],
                }
            )
            user_id: str = created["user"]["id"]
            await connection.command(
                {
                    "type": "config/auth_provider/homeassistant/create",
                    "user_id": user_id,
                    "username": username,
                    "password": password,
                }
            )
        token = await self._sign_in(username, password)
        return user_id, await self._long_lived_token(token, name)

    async def remove_entries(self, token: str, domains: frozenset[str]) -> None:
        """Remove the config entries of these integrations."""
        path = "/api/config/config_entries/entry"
        for entry in await self.call("GET", path, token=token):
            if entry["domain"] in domains:
                await self.call("DELETE", f"{path}/{entry['entry_id']}", token=token)

    async def keep_http_settings(self, token: str) -> None:
        """Confirm the address and port of this start, which would be reverted after minutes."""
        async with self.connect(token) as connection:
            await connection.command({"type": "http/config/promote"})

    async def answer_flow(
        self, token: str, path: str, handler: str, answers: Mapping[str, Any]
    ) -> Any:
        """Go through a flow under `/api/config/config_entries`, answering each step by its id.

        Raises:
            HomeAssistantError: a step was refused, or has no answer.
        """
        path = f"/api/config/config_entries/{path}"
        result = await self.call("POST", path, {"handler": handler}, token)
        while result["type"] != "create_entry":
            step = result.get("step_id")
            if result.get("errors") or step not in answers:
                raise HomeAssistantError(f"the flow stopped at {step}: {result}")
            result = await self.call(
                "POST", f"{path}/{result['flow_id']}", answers[step], token
            )
        return result.get("result")

    async def call(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Any:
        """Make one HTTP call and return its JSON answer.

        Raises:
            HomeAssistantError: the answer was not a success.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(
            method,
            f"{self.url}{path}",
            json=data,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        ) as response:
            if response.status >= 400:
                raise HomeAssistantError(
                    f"{method} {path} answered {response.status}: {await response.text()}"
                )
            return await response.json()

    @asynccontextmanager
    async def connect(self, token: str) -> AsyncIterator[Connection]:
        """Open an authenticated WebSocket."""
        async with (
            self._session.ws_connect(
                f"{self.url}/api/websocket", max_msg_size=0
            ) as socket,
            Connection(socket, token) as connection,
        ):
            yield connection

    async def _sign_in(self, username: str, password: str) -> str:
        """Sign in with a password; return a short-lived token."""
        flow = await self.call(
            "POST",
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        result = await self.call(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {
                "client_id": self.client_id,
                "username": username,
                "password": password,
            },
        )
        return await self._token(result["result"])

    async def _token(self, code: str) -> str:
        """Exchange an authorisation code for a short-lived token."""
        async with self._session.post(
            f"{self.url}/auth/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self.client_id,
            },
        ) as response:
            answer = await response.json()
        if "access_token" not in answer:
            raise HomeAssistantError(f"sign-in was refused: {answer}")
        token: str = answer["access_token"]
        return token

    async def _long_lived_token(self, token: str, name: str) -> str:
        """Turn a short-lived token into one that lasts."""
        async with self.connect(token) as connection:
            long_lived: str = await connection.command(
                {
                    "type": "auth/long_lived_access_token",
                    "client_name": name,
                    "lifespan": 365,
                }
            )
        return long_lived


class Connection:
    """One authenticated WebSocket: commands with answers, events in a queue."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, token: str) -> None:
        """Use an open socket."""
        self._socket = socket
        self._token = token
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader: asyncio.Task[None] | None = None
        self.events: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Authenticate and start reading."""
        await self._socket.receive_json(timeout=REQUEST_SECONDS)
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        answer = await self._socket.receive_json(timeout=REQUEST_SECONDS)
        if answer["type"] != "auth_ok":
            raise HomeAssistantError("Home Assistant refused the token")
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop reading."""
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def command(self, message: Mapping[str, Any]) -> Any:
        """Send a command and return its result.

        Raises:
            HomeAssistantError: the command was refused or not answered in time.
        """
        self._last_id += 1
        number = self._last_id
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({**message, "id": number})
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                result = await answer
        except TimeoutError:
            raise HomeAssistantError(f"{message['type']} was not answered") from None
        finally:
            self._answers.pop(number, None)
        if not result["success"]:
            raise HomeAssistantError(f"{message['type']}: {result['error']['message']}")
        return result.get("result")

    async def call_action(
        self, domain: str, action: str, target: str | None = None, **data: Any
    ) -> None:
        """Call an action that has no response."""
        message = {
            "type": "call_service",
            "domain": domain,
            "service": action,
            "service_data": data,
        }
        await self.command(
            message | {"target": {"entity_id": target}} if target else message
        )

    async def states(self) -> dict[str, str]:
        """Return the state of every entity."""
        states = await self.command({"type": "get_states"})
        return {state["entity_id"]: state["state"] for state in states}

    async def _read(self) -> None:
        """Hand answers to their commands and events to the queue."""
        async for message in self._socket:
            data = message.json()
            if data["type"] == "event":
                self.events.put_nowait(data["event"])
            elif (answer := self._answers.get(data["id"])) and not answer.done():
                answer.set_result(data)
