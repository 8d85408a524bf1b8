"""Switches: how the exchange behaves where its documentation is silent (websocket.md section 8)."""

from dataclasses import dataclass, field, fields
from typing import Any

from simulators.exchange.budget import PRIVATE_LIMIT, PUBLIC_LIMIT
from simulators.exchange.engine.checks import MAX_ACTIVE_ORDERS


def _switch(default: Any, help_text: str, *choices: Any) -> Any:
    """Declare a switch; without choices any value of the default's type will do."""
    return field(default=default, metadata={"help": help_text, "choices": choices})


@dataclass(slots=True)
class Switches:
    """All switches; the defaults are the suggested or observed behaviour."""

    failed_auth: str = _switch(
        "stay", "what a failed auth does to the socket", "stay", "close"
    )
    before_auth: str = _switch(
        "close", "a private request before auth: error reply, and then", "close", "stay"
    )
    auth_grace: float = _switch(
        0.0, "seconds after which a private socket without auth is closed; 0: never"
    )
    second_auth: str = _switch("ok", "a second auth on a socket", "ok", "error")
    missing_permission: str = _switch(
        "stay", "a request without permission: error reply, and then", "stay", "close"
    )
    public_on_private: str = _switch(
        "close", "public-only methods on the private socket", "close", "answer"
    )
    unknown_fields: str = _switch(
        "ignore",
        "request fields that the documentation does not know",
        "ignore",
        "error",
    )
    missing_oid: str = _switch(
        "close", "a request without oid on the private socket", "close", "error"
    )
    keepalive_cost: int = _switch(0, "points that ping and auth cost")
    exhausted_connect: str = _switch(
        "accept",
        "connecting in an exhausted minute: accept, or refuse with HTTP 429",
        "accept",
        "refuse",
    )
    reply_order: str = _switch(
        "reply_first",
        "the reply to a request against its events",
        "reply_first",
        "events_first",
    )
    reply_status: str = _switch(
        "first",
        "the state that the reply to a new order shows on the WebSocket",
        "first",
        "latest",
    )
    pending_new: bool = _switch(False, "PendingNew before New")
    rejected_report: bool = _switch(False, "an executionReport for a rejected order")
    remainder: str = _switch(
        "plain",
        "how the rest of an IOC or market order is cancelled",
        "plain",
        "pending_cancel",
        "generated_id",
    )
    cancelled_spelling: str = _switch(
        "CANCELLED", "status of such a rest in reports", "CANCELLED", "CANCELED"
    )
    expiry_execution_type: str = _switch(
        "Canceled", "executionType of an expiry", "Canceled", "Expired", "OrderStatus"
    )
    expiry_status: str = _switch(
        "EXPIRED", "status of an expired order", "EXPIRED", "CANCELLED"
    )
    last_fields: str = _switch(
        "both",
        "fields of a fill in reports: lastAmountCcy1/2, the deprecated lastQuantity/lastPrice, or both",
        "both",
        "new",
        "old",
    )
    wallet_status: str = _switch(
        "approved",
        "status in the reply to a wallet transfer; a rejected one moves nothing, a pending one is through by the time of asking",
        "approved",
        "pending",
        "rejected",
    )
    cancel_of_final: str = _switch(
        "reject", "the event after cancelling a finished order", "reject", "silent"
    )
    cancel_reject_reason: str = _switch("too_late_to_cancel", "the reason in it")
    cancel_delay: float = _switch(0.0, "seconds between PendingCancel and Canceled")
    unsubscribe_not_held: str = _switch(
        "ok", "unsubscribing what is not held", "ok", "error"
    )
    duplicate_increments: bool = _switch(False, "every book increment twice")
    idle_limit: float = _switch(
        60.0, "seconds of client silence before a socket is closed"
    )
    private_book_pace: float = _switch(
        0.2, "seconds between book increments on the private socket"
    )
    orders_elsewhere: bool = _switch(
        True, "events of orders that were not placed over a WebSocket"
    )
    sockets_per_key: str = _switch(
        "all", "sockets that one key may hold", "all", "newest"
    )
    trade_snapshot: bool = _switch(
        False, "tradeHistorySnapshot after trade_subscribe: documented, never seen"
    )
    malformed_json: str = _switch(
        "close",
        "a frame that is not JSON: close as seen, or Bad Request as documented",
        "close",
        "error",
    )
    address_points: int = _switch(PUBLIC_LIMIT, "public points per minute and address")
    key_points: int = _switch(PRIVATE_LIMIT, "private points per minute and key")
    active_orders: int = _switch(
        MAX_ACTIVE_ORDERS, "orders that may be active: documented as the default"
    )
    ticker_limit: bool = _switch(
        False, "REST get_ticker twice in 60 seconds at most, as seen live"
    )

    def set(self, name: str, value: Any) -> None:
        """Turn a switch. Raises ValueError, in words, for an unknown name or value."""
        known = {item.name: item for item in fields(self)}
        if name not in known:
            raise ValueError(
                f"Unknown switch {name}; there are {', '.join(sorted(known))}"
            )
        choices, default = known[name].metadata["choices"], known[name].default
        if choices and value not in choices:
            raise ValueError(
                f"Switch {name} should be one of {', '.join(map(str, choices))}"
            )
        if (
            isinstance(default, float)
            and isinstance(value, int)
            and not isinstance(value, bool)
        ):
            value = float(value)
        if type(value) is not type(default):
            raise ValueError(f"Switch {name} should be {type(default).__name__}")
        setattr(self, name, value)

    def described(self) -> dict[str, Any]:
        """Return values and meanings."""
        return {
            item.name: {
                "value": getattr(self, item.name),
                "help": item.metadata["help"],
                "choices": list(item.metadata["choices"]),
            }
            for item in fields(self)
        }
