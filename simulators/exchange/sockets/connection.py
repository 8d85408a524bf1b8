"""The lower half of a socket: queue, writer, idle rule, closing, and the faults of frames."""

from abc import ABC, abstractmethod
import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from struct import pack

from aiohttp import WSMsgType, web

from simulators.exchange.faults import FaultKind, Rule
from simulators.exchange.sockets import frames
from simulators.exchange.venue import Venue

# A reader that is so far behind is dropped.
MAX_QUEUED = 20_000
# Seconds for the other side to answer a close.
CLOSE_PATIENCE = 5.0
GARBAGE = b"<html>502 Bad Gateway</html>"
_NUMBERS = count(1)
REPORT = "executionReport"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Something to send, perhaps late."""

    content: bytes
    delay: float = 0.0
    is_report: bool = False


@dataclass(frozen=True, slots=True)
class _Close:
    """An order to close; no code means without a word (1006)."""

    code: int | None


class Connection(ABC):
    """A WebSocket of somebody, as a queue of frames."""

    def __init__(self, venue: Venue, request: web.Request, *, private: bool) -> None:
        """Serve `request`, which asks for the public or the private socket."""
        self.venue = venue
        self.private = private
        self.channel = "private" if private else "public"
        self.address = request.remote or ""
        self.number = next(_NUMBERS)
        self.closing = False
        self._request = request
        self._socket = web.WebSocketResponse(compress=False)
        self._queue: asyncio.Queue[_Frame | _Close] = asyncio.Queue()
        self._overtaken: list[bytes] = []
        self._heard = venue.clock.time()
        self._ever_heard = False

    def send(self, frame: bytes, kind: str, pair: str | None = None) -> None:
        """Queue a frame of a kind (an action or event name), unless a fault meddles."""
        if self.closing or self.stalled:
            return
        if self._queue.qsize() >= MAX_QUEUED:
            self.abort()
            return
        for item in (
            self._meddled(frame, kind, pair)
            if self.venue.faults.rules
            else [_Frame(frame, is_report=kind == REPORT)]
        ):
            self._queue.put_nowait(item)
        if (
            self.venue.faults.rules
            and (rule := self._fault(FaultKind.CLOSE, kind, pair)) is not None
        ):
            self.goodbye() if rule.notice else self.abort()

    @property
    def stalled(self) -> bool:
        """Tell whether a fault holds the socket half-open."""
        return any(
            rule.kind is FaultKind.STALL and rule.channel in {None, self.channel}
            for rule in self.venue.faults.rules
        )

    def _fault(self, kind: FaultKind, name: str, pair: str | None) -> Rule | None:
        """Return the fault of a kind that strikes a frame."""
        return self.venue.faults.take(kind, name, self.channel, pair)

    def _meddled(self, frame: bytes, kind: str, pair: str | None) -> list[_Frame]:
        """Return what is really sent for a frame."""
        if self._fault(FaultKind.DROP, kind, pair) is not None:
            return []
        if self._fault(FaultKind.REORDER, kind, pair) is not None:
            self._overtaken.append(frame)
            return []
        garbled = self._fault(FaultKind.GARBAGE, kind, pair) is not None
        if garbled:
            frame = GARBAGE
        late = self._fault(FaultKind.DELAY, kind, pair)
        delay = late.seconds if late is not None else 0.0
        sent = [_Frame(frame, delay, is_report=kind == REPORT and not garbled)]
        if self._fault(FaultKind.DUPLICATE, kind, pair) is not None:
            sent.append(_Frame(frame))
        sent.extend(_Frame(overtaken) for overtaken in self._overtaken)
        self._overtaken.clear()
        return sent

    def goodbye(self, *, code: int = 1000) -> None:
        """Close after everything that is queued, with the notice before."""
        if not self.closing:
            self._queue.put_nowait(_Frame(frames.DISCONNECTED))
        self._finish(_Close(code))

    def abort(self) -> None:
        """Cut the connection: the other side sees 1006."""
        self._finish(_Close(None))

    def _finish(self, close: _Close) -> None:
        """Let the writer close; nothing is queued any more."""
        if not self.closing:
            self.closing = True
            self._queue.put_nowait(close)

    async def run(self) -> web.WebSocketResponse:
        """Talk until the end."""
        await self._socket.prepare(self._request)
        writer = asyncio.create_task(self._write(), name="socket writer")
        watcher = asyncio.create_task(self._watch(), name="socket watcher")
        self.send(frames.CONNECTED, "connected")
        try:
            async for message in self._socket:
                if self.closing or self.stalled:
                    continue
                self._heard = self.venue.clock.time()
                self._ever_heard = True
                if message.type is WSMsgType.TEXT:
                    self.receive(message.data)
                else:
                    self.goodbye()
        finally:
            self.closing = True
            for task in (writer, watcher):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return self._socket

    @abstractmethod
    def receive(self, text: str) -> None:
        """Handle one message."""

    @abstractmethod
    def overdue(self) -> float:
        """Return the moment at which the socket is closed for want of authentication, infinite when it is not."""

    async def _write(self) -> None:
        """Send what is queued, in order."""
        while True:
            item = await self._queue.get()
            if isinstance(item, _Frame):
                if item.delay:
                    await self.venue.clock.sleep(item.delay)
                if item.is_report:
                    self.venue.stamps.report_left(item.content)
                with suppress(ConnectionError):
                    await self._socket.send_frame(item.content, WSMsgType.TEXT)
                continue
            if item.code is not None:
                # Not the library's close(): it ends the connection without waiting for the answer.
                with suppress(ConnectionError):
                    await self._socket.send_frame(
                        pack("!H", item.code), WSMsgType.CLOSE
                    )
                await asyncio.sleep(CLOSE_PATIENCE)
            if self._request.transport is not None:
                self._request.transport.abort()
            return

    async def _watch(self) -> None:
        """Close when the client is silent too long: only what it sends counts."""
        clock = self.venue.clock
        while True:
            due = min(
                self._heard + self.venue.faults.switches.idle_limit, self.overdue()
            )
            if (left := due - clock.time()) <= 0 and not self.stalled:
                break
            # Limits may be turned while the socket is open: look again soon.
            await clock.sleep(min(max(left, 1.0), 5.0))
        if self._ever_heard:
            self.goodbye()
        else:
            self.abort()
