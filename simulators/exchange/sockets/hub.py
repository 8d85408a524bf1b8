"""Who listens, and the way of events from the engine to them."""

from collections.abc import Iterable
from typing import Protocol

from simulators.exchange import wire
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.events import (
    BalanceChange,
    CancelReject,
    Event,
    Report,
    Trade,
)
from simulators.exchange.keys import ApiKey
from simulators.exchange.sockets import frames
from simulators.exchange.sockets.reports import (
    Frame,
    balance_frames,
    cancel_reject_frames,
    report_frames,
)
from simulators.exchange.switches import Switches


class Listener(Protocol):
    """A socket, as the hub sees it."""

    private: bool
    key: ApiKey | None

    def hears_trades(self, pair: str) -> bool:
        """Tell whether the pair's trades go here."""

    def send(self, frame: bytes, kind: str, pair: str | None = None) -> None:
        """Queue a frame of a kind."""

    def goodbye(self) -> None:
        """Close with a notice."""

    def abort(self) -> None:
        """Cut the connection."""


class Hub:
    """All open sockets."""

    def __init__(self, engine: Engine, switches: Switches) -> None:
        """Start with nobody."""
        self.sessions: set[Listener] = set()
        # Orders that were not placed over a WebSocket, of which a switch may keep silent.
        self.elsewhere: set[int] = set()
        self._engine = engine
        self._switches = switches

    def deliver(self, events: Iterable[Event]) -> None:
        """Tell everybody concerned, in order."""
        for event in events:
            if isinstance(event, Trade):
                self._trade(event)
                continue
            for kind, frame in self._frames(event):
                for session in list(self.sessions):
                    if session.key is not None:
                        session.send(frame, kind)

    def _frames(self, event: Report | CancelReject | BalanceChange) -> list[Frame]:
        """Return the frames of a private event."""
        if isinstance(event, CancelReject):
            return cancel_reject_frames(event, self._switches)
        number = event.order.order_id if isinstance(event, Report) else event.operation
        if not self._switches.orders_elsewhere and number in self.elsewhere:
            return []
        if isinstance(event, Report):
            return report_frames(event, self._switches)
        return balance_frames(event, self._engine.listing.currencies[event.currency])

    def _trade(self, trade: Trade) -> None:
        """Tell the subscribers of a pair's trades."""
        hearing = [
            session for session in self.sessions if session.hears_trades(trade.pair)
        ]
        if hearing:
            pair = self._engine.listing.pairs[trade.pair]
            frame = frames.event(
                "tradeUpdate", {"pair": trade.pair} | wire.trade_row(trade, pair)
            )
            for session in hearing:
                session.send(frame, "tradeUpdate", trade.pair)
