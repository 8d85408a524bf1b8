"""The client that the tests use."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import hashlib
import hmac
from itertools import count
import json
from typing import Any

import aiohttp

from simulators.exchange.clock import Clock
from tests.patience import PATIENCE

_NUMBERS = count(1)


class Client:
    """REST with one key, and sockets."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base: str,
        key: str,
        secret: str,
        clock: Clock,
    ) -> None:
        """Speak to the exchange at `base`."""
        self.base = base
        self.key = key
        self.secret = secret
        self.clock = clock
        self._http = http

    async def raw(self, method: str, url: str, **options: Any) -> tuple[int, Any]:
        """Send anything; return status and JSON."""
        async with self._http.request(
            method, url, timeout=aiohttp.ClientTimeout(PATIENCE), **options
        ) as response:
            return response.status, await response.json()

    async def public(self, action: str, **data: Any) -> tuple[int, Any]:
        """Call a public method."""
        return await self.raw("POST", f"{self.base}/rest-public/{action}", json=data)

    async def private(
        self,
        action: str,
        *,
        headers: dict[str, str] | None = None,
        body: str | None = None,
        **data: Any,
    ) -> tuple[int, Any]:
        """Call a private method."""
        sent = json.dumps(data) if body is None else body
        timestamp = str(int(self.clock.time()))
        mac = hmac.new(
            self.secret.encode(), f"{action}{timestamp}{sent}".encode(), hashlib.sha256
        )
        signed = {
            "X-AGGR-KEY": self.key,
            "X-AGGR-TIMESTAMP": timestamp,
            "X-AGGR-SIGNATURE": base64.b64encode(mac.digest()).decode(),
            "Content-Type": "application/json",
        }
        return await self.raw(
            "POST",
            f"{self.base}/rest/{action}",
            data=sent,
            headers=signed | (headers or {}),
        )

    async def ok(self, action: str, **data: Any) -> Any:
        """Call a private method that must succeed; return its data."""
        status, answer = await self.private(action, **data)
        assert (status, answer.get("ok")) == (200, "ok"), answer
        return answer["data"]

    async def refused(self, action: str, **data: Any) -> tuple[int, str]:
        """Call a private method that must be refused; return status and text."""
        status, answer = await self.private(action, **data)
        assert "ok" not in answer, answer
        return status, answer["error"]

    async def control(self, path: str, method: str = "POST", **data: Any) -> Any:
        """Use the control interface."""
        status, answer = await self.raw(
            method, f"{self.base.removesuffix('/api/spot')}/control{path}", json=data
        )
        assert status == 200, answer
        return answer

    def order(self, **changes: Any) -> dict[str, Any]:
        """Return the parameters of a limit order that rests; None leaves one out."""
        order = {
            "clientOrderId": f"order-{next(_NUMBERS)}",
            "accountId": "trading",
            "currency1": "BTC",
            "currency2": "USD",
            "side": "BUY",
            "orderType": "Limit",
            "timeInForce": "GTC",
            "amountCcy1": "0.01",
            "price": "59000",
            "timestamp": self.clock.now_ms(),
        } | changes
        return {name: value for name, value in order.items() if value is not None}

    def market(self, **changes: Any) -> dict[str, Any]:
        """Return the parameters of a market order."""
        return self.order(
            **{"orderType": "Market", "timeInForce": None, "price": None} | changes
        )

    async def place(self, **changes: Any) -> dict[str, Any]:
        """Place a limit order."""
        placed: dict[str, Any] = await self.ok(
            "do_my_new_order", **self.order(**changes)
        )
        return placed

    async def row(self, order_id: str) -> dict[str, Any]:
        """Return an order's row."""
        rows = await self.ok("get_my_orders", orderId=int(order_id))
        assert len(rows) == 1
        found: dict[str, Any] = rows[0]
        return found

    async def balance(self, account: str, currency: str) -> tuple[str, str]:
        """Return total and hold."""
        data = await self.ok("get_my_account_status_v3")
        row = data["balancesPerAccounts"][account][currency]
        return row["balance"], row["balanceOnHold"]

    @asynccontextmanager
    async def socket(
        self, *, private: bool, auth: bool = True
    ) -> AsyncIterator[Socket]:
        """Open a socket and take its greeting."""
        url = f"{self.base.replace('http', 'ws', 1)}/{'ws' if private else 'ws-public'}"
        async with self._http.ws_connect(url) as connected:
            opened = Socket(connected, self)
            assert await opened.receive() == {"e": "connected"}
            if private and auth:
                assert await opened.auth() == {
                    "e": "auth",
                    "data": {"ok": "ok"},
                    "ok": "ok",
                }
            yield opened


class Socket:
    """A socket as a client sees it."""

    def __init__(
        self, connected: aiohttp.ClientWebSocketResponse, client: Client
    ) -> None:
        """Wrap an open socket."""
        self.raw = connected
        self.client = client
        # What arrived while a reply was waited for.
        self.events: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        """Send a message."""
        await self.raw.send_str(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """Return the next frame."""
        message: dict[str, Any] = json.loads(
            await self.raw.receive_str(timeout=PATIENCE)
        )
        return message

    async def auth(self, **changes: Any) -> dict[str, Any]:
        """Authenticate."""
        timestamp = changes.pop("timestamp", int(self.client.clock.time()))
        mac = hmac.new(
            self.client.secret.encode(),
            f"{timestamp}{self.client.key}".encode(),
            hashlib.sha256,
        )
        auth = {
            "key": self.client.key,
            "signature": mac.hexdigest(),
            "timestamp": timestamp,
        } | changes
        await self.send(e="auth", auth=auth)
        return await self.receive()

    async def request(
        self, action: str, data: Any = None, oid: str = "1"
    ) -> dict[str, Any]:
        """Send a request and return its reply; events that come first are kept."""
        await self.send(e=action, oid=oid, data={} if data is None else data)
        while (message := await self.receive()).get("oid") != oid:
            self.events.append(message)
        return message

    async def ok(self, action: str, data: Any = None) -> Any:
        """Send a request that must succeed; return its data."""
        reply = await self.request(action, data)
        assert reply.get("ok") == "ok", reply
        return reply["data"]

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the data of the next frame of a kind; others before it are passed over."""
        while True:
            message = self.events.pop(0) if self.events else await self.receive()
            if message["e"] == kind:
                data: dict[str, Any] = message["data"]
                return data

    async def drain(self) -> list[dict[str, Any]]:
        """Return every frame that arrives before the answer to a ping."""
        await self.send(e="ping")
        frames, self.events = self.events, []
        while (message := await self.receive()) != {"e": "pong"}:
            frames.append(message)
        return frames

    async def closed(self) -> tuple[list[dict[str, Any]], int | None]:
        """Return the frames until the socket is closed, and the close code."""
        async with asyncio.timeout(PATIENCE):
            frames = [json.loads(message.data) async for message in self.raw]
        return frames, self.raw.close_code
