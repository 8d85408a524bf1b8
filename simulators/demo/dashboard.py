"""The dashboard that the demo shows."""

from collections.abc import Iterable
from typing import Any

PAIRS = ("BTC-USD", "ETH-USD", "BTC-EUR")
ASSETS = ("BTC", "ETH", "LTC", "USD", "EUR", "USDT")
DASHBOARD = {
    "url_path": "cexio-demo",
    "title": "CEX.IO",
    "icon": "mdi:finance",
    "mode": "storage",
}


def _tile(entity: str, **options: Any) -> dict[str, Any]:
    """Return a tile card."""
    return {"type": "tile", "entity": entity, **options}


def _section(title: str, icon: str, *cards: dict[str, Any]) -> dict[str, Any]:
    """Return a section with a heading."""
    heading = {"type": "heading", "heading": title, "icon": icon}
    return {"type": "grid", "cards": [heading, *cards]}


def _market(pair: str) -> list[dict[str, Any]]:
    """Return the cards of a pair: a graph, and the best prices."""
    prefix = f"sensor.{pair.lower().replace('-', '_')}"
    graph = {
        "type": "sensor",
        "entity": f"{prefix}_mid_price",
        "name": pair,
        "icon": "mdi:chart-line",
        "graph": "line",
        "detail": 2,
        "hours_to_show": 1,
        "grid_options": {"columns": 12, "rows": 2},
    }
    return [
        graph,
        _tile(f"{prefix}_bid", name="Bid", icon="mdi:arrow-collapse-down"),
        _tile(f"{prefix}_ask", name="Ask", icon="mdi:arrow-collapse-up"),
    ]


def _account(account: str) -> list[dict[str, Any]]:
    """Return the cards of a sub-account's assets."""
    return [
        _tile(f"sensor.{account}_{asset.lower()}_total", name=asset) for asset in ASSETS
    ]


def dashboard(states: Iterable[str], account: str, chat_page: str) -> dict[str, Any]:
    """Lay out what the integration offers; cards of entities that are not there are left out."""
    known = set(states)
    sections = [
        _section(
            "Markets",
            "mdi:finance",
            *(card for pair in PAIRS for card in _market(pair)),
        ),
        _section("Balances", "mdi:wallet-outline", *_account(account)),
        _section(
            "Trading",
            "mdi:swap-horizontal",
            _tile("switch.cex_io_trading", name="Trading"),
            _tile("binary_sensor.cex_io_stream", name="Stream"),
            _tile("event.cex_io_executions", name="Executions"),
            _tile("event.btc_usd_price_alert", name="BTC-USD alert"),
            {
                "type": "logbook",
                "target": {
                    "entity_id": [
                        "event.cex_io_executions",
                        "event.btc_usd_price_alert",
                    ]
                },
                "grid_options": {"columns": 12, "rows": 4},
            },
            {
                "type": "markdown",
                "content": f"Talk to the bot on the [chat page]({chat_page}).",
            },
        ),
    ]
    for section in sections:
        section["cards"] = [
            card for card in section["cards"] if card.get("entity", "") in {"", *known}
        ]
    return {
        "views": [
            {
                "title": "CEX.IO",
                "type": "sections",
                "max_columns": 3,
                "sections": sections,
            }
        ]
    }
