"""The exchange on a port: REST, WebSocket, control."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from simulators.exchange import state
from simulators.exchange.clock import Clock
from simulators.exchange.control import ControlInterface
from simulators.exchange.engine.engine import Engine
from simulators.exchange.keys import ApiKey
from simulators.exchange.rest import Rest
from simulators.exchange.sockets.books import BookFeeds
from simulators.exchange.sockets.session import Session
from simulators.exchange.venue import Venue

HOST = "127.0.0.1"
SAVE_EVERY = 3.0


class ExchangeServer:
    """A whole exchange, for `async with`.

    Attributes: `base` (URL up to `/api/spot`), `control` (URL), `key` and `secret` (all permissions), `keys`,
    `exchange` (the engine), `venue` (the engine with market, budgets, faults and clock).

    Args:
        seed: makes keys and market moves; the same seed, the same exchange.
        port: to listen on; 0 takes a free one.
        clock: time to live by; give a frozen one to drive it (`clock.advance`).
        market_moves: whether the seeded process runs from the start.
        pairs: how many pairs to list (never fewer than the hand-made ones).
        state_file: to load from at the start and to save to.
        faults: rules to begin with, as `/control/faults` takes them; ValueError for a bad one.
        switches: settings to begin with, as `/control/switches` takes them; ValueError for a bad one.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        port: int = 0,
        clock: Clock | None = None,
        market_moves: bool = True,
        pairs: int = 0,
        state_file: Path | None = None,
        faults: Iterable[Mapping[str, Any]] = (),
        switches: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the exchange; it opens with `async with`. Raises StateError for an unusable state file."""
        self.clock = clock or Clock()
        self.venue = Venue(seed=seed, clock=self.clock, pairs=pairs)
        self.venue.market.moving = market_moves
        for rule in faults:
            self.venue.faults.add(dict(rule))
        for name, value in (switches or {}).items():
            self.venue.set_switch(name, value)
        self._state_file = state_file
        if state_file is None or not state.load(self.venue, state_file):
            self.venue.open_accounts()
        self._port = port
        self._feeds = {
            private: BookFeeds(
                self.venue.engine,
                self.clock,
                self.venue.faults,
                channel="private" if private else "public",
            )
            for private in (False, True)
        }
        self._runner: web.AppRunner | None = None
        self._saver: asyncio.Task[None] | None = None

    @property
    def exchange(self) -> Engine:
        """Return the engine."""
        return self.venue.engine

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://{HOST}:{self._port}"

    @property
    def base(self) -> str:
        """Return the URL that all paths of the exchange begin with."""
        return f"{self.url}/api/spot"

    @property
    def control(self) -> str:
        """Return the URL of the control interface."""
        return f"{self.url}/control"

    @property
    def keys(self) -> list[ApiKey]:
        """Return the client's API keys."""
        return self.venue.keys

    @property
    def key(self) -> str:
        """Return the key with all permissions."""
        return self.keys[0].key

    @property
    def secret(self) -> str:
        """Return its secret."""
        return self.keys[0].secret

    def described(self) -> dict[str, Any]:
        """Return what a client has to know: the line that `__main__` prints."""
        websocket = self.base.replace("http", "ws", 1)
        return {
            "rest_public": f"{self.base}/rest-public",
            "rest": f"{self.base}/rest",
            "ws_public": f"{websocket}/ws-public",
            "ws": f"{websocket}/ws",
            "base": self.base,
            "control": self.control,
            "key": self.key,
            "secret": self.secret,
            "keys": [
                {
                    "name": key.name,
                    "key": key.key,
                    "secret": key.secret,
                    "permissions": [*key.permissions],
                    "active": key.active,
                }
                for key in self.keys
            ],
        }

    async def __aenter__(self) -> Self:
        """Open."""
        app = web.Application()
        app.add_routes(Rest(self.venue).routes())
        app.add_routes(ControlInterface(self.venue).routes())
        # Both spellings are in use: the reference's, and that of the exchange's own client.
        for slash in ("", "/"):
            app.router.add_get(f"/api/spot/ws-public{slash}", self._public)
            app.router.add_get(f"/api/spot/ws{slash}", self._private)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        self.venue.start()
        for feeds in self._feeds.values():
            feeds.start()
        if self._state_file is not None:
            self._saver = asyncio.create_task(
                self._save_often(self._state_file), name="state"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close: sockets with a notice, then everything else; the state is saved last."""
        for session in list(self.venue.hub.sessions):
            session.goodbye()
        await self.venue.stop()
        for feeds in self._feeds.values():
            await feeds.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._saver is not None:
            self._saver.cancel()
            with suppress(asyncio.CancelledError):
                await self._saver
        if self._state_file is not None:
            state.write(self._state_file, state.dump(self.venue))

    async def _public(self, request: web.Request) -> web.StreamResponse:
        """Serve a public socket."""
        return await Session(
            self.venue, self._feeds[False], request, private=False
        ).serve()

    async def _private(self, request: web.Request) -> web.StreamResponse:
        """Serve a private socket."""
        return await Session(
            self.venue, self._feeds[True], request, private=True
        ).serve()

    async def _save_often(self, path: Path) -> None:
        """Save every few seconds, off the loop's thread as far as the disk is concerned."""
        while True:
            await self.clock.sleep(SAVE_EVERY)
            await asyncio.to_thread(state.write, path, state.dump(self.venue))
