"""Faults on demand: the switches that decide where the documentation is silent, and things that go wrong."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Switches:
    """Behaviour that the documentation leaves open; defaults as websocket.md section 8 suggests."""

    # What a new order's reply over WebSocket shows: its "first" or its "latest" state.
    reply_status: str = "first"
    # Whether trade_subscribe is followed by tradeHistorySnapshot: documented, never seen.
    trade_snapshot: bool = False


@dataclass(slots=True)
class Faults:
    """Everything that a test can turn."""

    switches: Switches = field(default_factory=Switches)
