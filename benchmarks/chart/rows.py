"""Candles, fills and orders as the integration's actions tell them."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any

COUNT = 120
PAIR = "BTC-USD"
INTERVAL = "1h"
_START = datetime(2026, 3, 2, tzinfo=UTC)


def _price(hour: float) -> float:
    """Return where the price is: two waves on a slope."""
    return 60000 + 20 * hour + 900 * math.sin(hour / 9) + 250 * math.sin(hour * 1.7)


def _candle(hour: int) -> dict[str, Any]:
    """Return the candle of an hour."""
    opened, closed = _price(hour), _price(hour + 1)
    return {
        "start": (_START + timedelta(hours=hour)).isoformat(),
        "open": f"{opened:.1f}",
        "high": f"{max(opened, closed) + 120:.1f}",
        "low": f"{min(opened, closed) - 140:.1f}",
        "close": f"{closed:.1f}",
        "volume": f"{12 + 9 * math.sin(hour / 3):.4f}",
    }


def _fill(hour: int, side: str) -> dict[str, Any]:
    """Return an execution of an hour."""
    return {
        "time": (_START + timedelta(hours=hour)).isoformat(),
        "data": {"fill": {"price": f"{_price(hour):.1f}"}, "order": {"side": side}},
    }


CANDLES = [_candle(hour) for hour in range(COUNT)]
FILLS = [_fill(20, "buy"), _fill(55, "buy"), _fill(90, "sell")]
ORDERS = [
    {"price": "60500.0", "amount": "0.2", "side": "buy"},
    {"price": "62400.0", "amount": "0.1", "side": "sell"},
]
