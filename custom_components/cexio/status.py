"""How an entry is doing, in one answer for the companion bot."""

from datetime import timedelta
from typing import Any

from homeassistant.const import __version__ as HOME_ASSISTANT_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_loaded_integration

from .const import CONF_PAIR, DOMAIN
from .coordinator import CexioConfigEntry
from .entity import market_subentries
from .exchange import Budget
from .recovery import Run
from .switch import TRADING


def status(hass: HomeAssistant, entry: CexioConfigEntry) -> dict[str, Any]:
    """Return how a loaded entry is doing; nothing is asked for it."""
    runtime = entry.runtime_data
    account = runtime.account
    delay = None if account is None else account.balances.push_delay
    budgets = runtime.client.budgets
    return {
        "home_assistant_version": HOME_ASSISTANT_VERSION,
        "integration_version": str(async_get_loaded_integration(hass, DOMAIN).version),
        "stream_connected": (account or runtime.markets).stream.connected,
        "stream_delay_ms": None if delay is None else _milliseconds(delay),
        "points": {name: _points(budgets.get(name)) for name in ("key", "address")},
        "last_recovery": account and _recovery(account.stream.recovery.last),
        "maintenance": runtime.watch.maintenance,
        "trading_enabled": account is not None and account.desk.trading_enabled,
        "trading_entity_id": er.async_get(hass).async_get_entity_id(
            "switch", DOMAIN, f"{entry.entry_id}_{TRADING}"
        ),
        "troubles": [begun.as_dict() for begun in runtime.watch.troubles.current],
        "watched_pairs": sorted(
            subentry.data[CONF_PAIR] for subentry in market_subentries(entry)
        ),
    }


def _milliseconds(delay: timedelta) -> int:
    """Return a delay; the clocks differ by a little, but nothing comes before it is sent."""
    return max(round(delay.total_seconds() * 1000), 0)


def _points(budget: Budget | None) -> dict[str, int] | None:
    """Return the points of this minute."""
    return None if budget is None else {"used": budget.used, "limit": budget.limit}


def _recovery(run: Run | None) -> dict[str, Any] | None:
    """Return what the last recovery found, and what it cost."""
    if run is None:
        return None
    return {
        "at": run.time.isoformat(),
        "missed_fills": run.fills,
        "points": run.points,
        "seconds": round(run.seconds, 3),
    }
