"""The dashboard that the demo shows."""

from collections.abc import Iterable
from typing import Any

PAIRS = ("BTC-USD", "ETH-USD", "BTC-EUR")
DASHBOARD = {
    "url_path": "cexio-demo",
    "title": "CEX.IO",
    "icon": "mdi:finance",
    "mode": "storage",
}


def _entities(states: Iterable[str], domain: str, *words: str) -> list[str]:
    """Return the entities of a domain whose ids hold all the words."""
    return sorted(
        entity
        for entity in states
        if entity.startswith(f"{domain}.") and all(word in entity for word in words)
    )


def _tile(entity: str, **options: Any) -> dict[str, Any]:
    """Return a tile card."""
    return {"type": "tile", "entity": entity, **options}


def _section(title: str, icon: str, cards: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a section with a heading."""
    heading = {"type": "heading", "heading": title, "icon": icon}
    return {"type": "grid", "cards": [heading, *cards]}


def dashboard(states: Iterable[str], chat_page: str) -> dict[str, Any]:
    """Lay out what the integration offers, from the entities that are there."""
    states = list(states)
    markets = [
        card
        for pair in PAIRS
        for entity in _entities(
            states, "sensor", pair.lower().replace("-", "_"), "last"
        )
        for card in (
            _tile(entity, name=pair),
            {"type": "sensor", "entity": entity, "name": pair, "graph": "line"},
        )
    ]
    balances = [
        _tile(entity) for entity in _entities(states, "sensor", "trading", "total")
    ]
    trading = [
        _tile(entity)
        for domain, word in (
            ("switch", "trading"),
            ("binary_sensor", "stream"),
            ("event", "execution"),
            ("event", "price_alert"),
            ("sensor", "last_execution"),
        )
        for entity in _entities(states, domain, word)
    ]
    chat = {
        "type": "markdown",
        "content": f"Talk to the bot on the [chat page]({chat_page}).",
    }
    return {
        "views": [
            {
                "title": "CEX.IO",
                "type": "sections",
                "sections": [
                    _section("Markets", "mdi:finance", markets),
                    _section("Balances", "mdi:wallet-outline", balances),
                    _section("Trading", "mdi:swap-horizontal", [*trading, chat]),
                ],
            }
        ]
    }
