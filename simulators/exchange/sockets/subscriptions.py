"""Subscriptions: book and trades (websocket.md 3.2, 3.3, 3.6, 3.7)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulators.exchange import wire
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import Call
from simulators.exchange.sockets import frames

if TYPE_CHECKING:
    from simulators.exchange.sockets.session import Session

TRADE_SNAPSHOT = 200


def order_book_subscribe(session: Session, oid: str, call: Call) -> None:
    """Answer with the snapshot; again for a held pair is a fresh snapshot in the one stream."""
    pair = parameters.listed_pair(call)
    session.send(
        frames.reply(call.action, oid, session.feeds.subscribe(pair.name, session))
    )


def order_book_unsubscribe(session: Session, oid: str, call: Call) -> None:
    """End a subscription; one that is not held ends as well."""
    pair = parameters.listed_pair(call)
    session.feeds.unsubscribe(pair.name, session)
    session.send(frames.reply(call.action, oid, {"pair": pair.name}))


def trade_subscribe(session: Session, oid: str, call: Call) -> None:
    """Begin the trades of a pair.

    The documented snapshot of 200 trades was never seen live, so it comes only when switched on.
    """
    pair = parameters.listed_pair(call)
    request_id = session.trades.get(pair.name)
    if request_id is None:
        channel = "private" if session.private else "public"
        request_id = f"{channel}-{session.number}_{call.venue.statistics.start_ms}_{len(session.trades) + 1}"
        session.trades[pair.name] = request_id
    session.send(frames.reply(call.action, oid, {"reqId": request_id}))
    if call.venue.faults.switches.trade_snapshot:
        trades = call.venue.engine.tapes[pair.name].last_trades(TRADE_SNAPSHOT)
        session.send(
            frames.event(
                "tradeHistorySnapshot",
                {
                    "pair": pair.name,
                    "trades": [wire.trade_row(trade, pair) for trade in trades],
                },
            )
        )


def trade_unsubscribe(session: Session, oid: str, call: Call) -> None:
    """End the trades of a pair; the text for one that is not held is this simulator's own."""
    pair = parameters.listed_pair(call)
    session.send(
        frames.reply(call.action, oid, {"reqId": session.trades.pop(pair.name, None)})
    )


SUBSCRIPTIONS: dict[str, Callable[[Session, str, Call], None]] = {
    "order_book_subscribe": order_book_subscribe,
    "order_book_unsubscribe": order_book_unsubscribe,
    "trade_subscribe": trade_subscribe,
    "trade_unsubscribe": trade_unsubscribe,
}
