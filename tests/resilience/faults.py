"""The table of faults: what is asked of which simulator, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.resilience.schedule import Part

type Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the exchange; it goes after `seconds`, or stays until it has struck `count` times."""

    fields: Fields
    seconds: float = 0.0
    also: tuple[str, Fields] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the exchange's control interface, perhaps taken back later."""

    path: str
    body: Fields
    seconds: float = 0.0
    back: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telegram:
    """A fault of the Telegram stand-in, for the next calls of a method."""

    body: Fields


@dataclass(frozen=True, slots=True)
class FullDisk:
    """No file of a part takes anything for a while."""

    part: Part
    seconds: float


type Fault = Rule | Call | Telegram | FullDisk

_CUT: tuple[str, Fields] = ("/sockets/close", {"kind": "all", "notice": False})
# Longer than the fifteen seconds of silence after which a client must give a socket up.
_STALL_SECONDS = 18.0
# Beyond the twenty seconds that a signature may be off.
_CLOCK_SECONDS = 45
_FULL_SECONDS = 8.0

FAULTS: dict[str, Fault] = {
    "reports dropped": Rule(
        {"kind": "drop", "match": "executionReport", "probability": 0.5, "count": 3}
    ),
    "reports doubled": Rule(
        {"kind": "duplicate", "match": "executionReport", "count": 5}
    ),
    "reports reordered": Rule(
        {"kind": "reorder", "channel": "private", "probability": 0.4, "count": 6}
    ),
    "reports late": Rule(
        {"kind": "delay", "match": "executionReport", "seconds": 1.5, "count": 3}
    ),
    "balances dropped": Rule({"kind": "drop", "match": "account_update", "count": 4}),
    "book gap": Rule({"kind": "gap", "count": 2}),
    "book reset": Rule({"kind": "reset", "count": 2}),
    "sockets cut": Call(*_CUT),
    "sockets closed": Call("/sockets/close", {"kind": "all", "notice": True}),
    "socket reset at a report": Rule(
        {"kind": "close", "match": "executionReport", "channel": "private", "count": 1}
    ),
    "private socket stalled": Rule(
        {"kind": "stall", "channel": "private"}, _STALL_SECONDS
    ),
    "public socket stalled": Rule(
        {"kind": "stall", "channel": "public"}, _STALL_SECONDS
    ),
    "connect refused": Rule(
        {"kind": "refuse", "match": "connect", "status": 503, "count": 2}, 0.0, _CUT
    ),
    "429 to a question": Rule(
        {"kind": "refuse", "match": "get_my_orders", "status": 429, "count": 1},
        0.0,
        _CUT,
    ),
    "429 to an order": Rule(
        {"kind": "refuse", "match": "do_my_new_order", "status": 429, "count": 1}
    ),
    "500 to an order": Rule(
        {"kind": "refuse", "match": "do_my_new_order", "status": 500, "count": 1}
    ),
    "maintenance of orders": Rule(
        {"kind": "maintenance", "match": "order_placement", "count": 1}
    ),
    "maintenance of questions": Rule(
        {"kind": "maintenance", "match": "order_status", "count": 2}, 0.0, _CUT
    ),
    "reply to an order lost": Rule(
        {"kind": "lose_reply", "match": "do_my_new_order", "count": 1}
    ),
    "reply to an order hangs": Rule(
        {"kind": "lose_reply", "match": "do_my_new_order", "count": 1, "seconds": 12.0}
    ),
    "reply to a cancel lost": Rule(
        {"kind": "lose_reply", "match": "do_cancel_my_order", "count": 1}
    ),
    "reply to a question lost": Rule(
        {"kind": "lose_reply", "match": "get_my_orders", "count": 1}, 0.0, _CUT
    ),
    "clock ahead": Call(
        "/clock", {"jump": _CLOCK_SECONDS}, 12.0, {"jump": -_CLOCK_SECONDS}
    ),
    "clock behind": Call(
        "/clock", {"jump": -_CLOCK_SECONDS}, 12.0, {"jump": _CLOCK_SECONDS}
    ),
    "telegram 429": Telegram(
        {
            "kind": "too_many_requests",
            "method": "sendMessage",
            "retry_after": 3,
            "count": 2,
        }
    ),
    "telegram 429 to an edit": Telegram(
        {"kind": "too_many_requests", "method": "editMessageText", "retry_after": 2}
    ),
    "telegram 502": Telegram({"kind": "bad_gateway", "method": "sendMessage"}),
    "telegram 502 after delivery": Telegram(
        {"kind": "bad_gateway", "method": "sendMessage", "delivered": True}
    ),
    "telegram 409": Telegram({"kind": "conflict", "method": "getUpdates", "count": 2}),
    "telegram 502 to a poll": Telegram(
        {"kind": "bad_gateway", "method": "getUpdates", "count": 2}
    ),
    "telegram times out": Telegram(
        {"kind": "timeout", "method": "sendMessage", "seconds": 12.0}
    ),
    "telegram times out after delivery": Telegram(
        {
            "kind": "timeout",
            "method": "sendMessage",
            "seconds": 12.0,
            "delivered": True,
        }
    ),
    "telegram times out after an edit": Telegram(
        {
            "kind": "timeout",
            "method": "editMessageText",
            "seconds": 12.0,
            "delivered": True,
        }
    ),
    "telegram cut after delivery": Telegram(
        {"kind": "cut", "method": "sendMessage", "delivered": True}
    ),
    "full disk of Home Assistant": FullDisk(Part.HOME_ASSISTANT, _FULL_SECONDS),
    "full disk of the bot": FullDisk(Part.BOT, _FULL_SECONDS),
}
# They wait for an order, a cancel or a report that comes later, or for something to be written.
EARLY = frozenset(
    name
    for name, fault in FAULTS.items()
    if isinstance(fault, FullDisk)
    or (isinstance(fault, Rule) and "count" in fault.fields and fault.also is None)
)
