"""Subscriptions: book and trades (websocket.md 3.2, 3.3, 3.6, 3.7)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulators.exchange import wire
from simulators.exchange.engine.reference import Pair
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.sockets import frames

if TYPE_CHECKING:
    from simulators.exchange.sockets.session import Session

TRADE_SNAPSHOT = 200


def order_book_subscribe(session: Session, oid: str, call: Call) -> None:
    """Answer with the snapshot; again for a held pair is a fresh snapshot in the one stream."""
    pair = parameters.listed_pair(call)
    snapshot = session.feeds.subscribe(pair.name, session)
    session.send(frames.reply(call.action, oid, snapshot), call.action, pair.name)


def order_book_unsubscribe(session: Session, oid: str, call: Call) -> None:
    """End a subscription; one that is not held ends as well."""
    pair = parameters.listed_pair(call)
    if not session.feeds.unsubscribe(pair.name, session):
        _not_held(call, pair)
    session.send(
        frames.reply(call.action, oid, {"pair": pair.name}), call.action, pair.name
    )


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
    session.send(
        frames.reply(call.action, oid, {"reqId": request_id}), call.action, pair.name
    )
    if call.venue.faults.switches.trade_snapshot:
        trades = call.venue.engine.tapes[pair.name].last_trades(TRADE_SNAPSHOT)
        rows = [wire.trade_row(trade, pair) for trade in trades]
        session.send(
            frames.event("tradeHistorySnapshot", {"pair": pair.name, "trades": rows}),
            "tradeHistorySnapshot",
            pair.name,
        )


def trade_unsubscribe(session: Session, oid: str, call: Call) -> None:
    """End the trades of a pair."""
    pair = parameters.listed_pair(call)
    request_id = session.trades.pop(pair.name, None)
    if request_id is None:
        _not_held(call, pair)
    session.send(
        frames.reply(call.action, oid, {"reqId": request_id or ""}),
        call.action,
        pair.name,
    )


def _not_held(call: Call, pair: Pair) -> None:
    """Refuse to end what was not begun, when a switch says so; the text is this simulator's own."""
    if call.venue.faults.switches.unsubscribe_not_held == "error":
        raise RequestError(f"Subscription for {pair.name} does not exist")


SUBSCRIPTIONS: dict[str, Callable[[Session, str, Call], None]] = {
    "order_book_subscribe": order_book_subscribe,
    "order_book_unsubscribe": order_book_unsubscribe,
    "trade_subscribe": trade_subscribe,
    "trade_unsubscribe": trade_unsubscribe,
}
