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
from simulators.exchange.engine.orders import Status
from simulators.exchange.sockets import frames


class Listener(Protocol):
    """A socket, as the hub sees it."""

    private: bool

    @property
    def hears_orders(self) -> bool:
        """Tell whether the client's events go here."""

    def hears_trades(self, pair: str) -> bool:
        """Tell whether the pair's trades go here."""

    def send(self, frame: bytes) -> None:
        """Queue a frame."""

    def goodbye(self) -> None:
        """Close with a notice."""

    def abort(self) -> None:
        """Cut the connection."""


class Hub:
    """All open sockets."""

    def __init__(self, engine: Engine) -> None:
        """Start with nobody."""
        self.sessions: set[Listener] = set()
        self._engine = engine

    def deliver(self, events: Iterable[Event]) -> None:
        """Tell everybody concerned, in order."""
        for event in events:
            if isinstance(event, Trade):
                self._trade(event)
            elif (frame := self.frame(event)) is not None:
                for session in list(self.sessions):
                    if session.hears_orders:
                        session.send(frame)

    def frame(self, event: Report | CancelReject | BalanceChange) -> bytes | None:
        """Return the frame of a private event; None for a rejection, of which only the reply tells."""
        if isinstance(event, Report):
            if event.order.status is Status.REJECTED:
                return None
            return frames.event("executionReport", wire.report(event))
        if isinstance(event, CancelReject):
            return frames.event("orderCancelReject", wire.cancel_reject(event))
        precision = self._engine.listing.currencies[event.currency].precision
        return frames.event("account_update", wire.account_update(event, precision))

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
                session.send(frame)
