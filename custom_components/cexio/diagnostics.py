"""Diagnostics: how the entry is doing, without a word on who or how much."""

from datetime import timedelta
import sqlite3
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_loaded_integration

from .audit import AuditTrail
from .const import (
    CONF_API_SECRET,
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_LARGEST_DAY_VALUE,
    CONF_LARGEST_ORDER_VALUE,
    CONF_TRADERS,
    DOMAIN,
)
from .coordinator import CexioConfigEntry
from .exchange import Budget
from .recovery import LARGEST_POINTS, Recovery

# So many requests to place or cancel are shown.
AUDIT_COUNT = 100

TO_REDACT = {
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_LARGEST_DAY_VALUE,
    CONF_LARGEST_ORDER_VALUE,
    CONF_TRADERS,
    "unique_id",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: CexioConfigEntry
) -> dict[str, Any]:
    """Return counts and states; amounts and names of accounts stay at home."""
    runtime = entry.runtime_data
    account = runtime.account
    stream = runtime.markets.stream
    return {
        "entry": async_redact_data(dict(entry.data), TO_REDACT),
        "options": async_redact_data(dict(entry.options), TO_REDACT),
        "version": str(async_get_loaded_integration(hass, DOMAIN).version),
        "points": {
            name: _points(budget) for name, budget in runtime.client.budgets.items()
        },
        "clock_offset_seconds": round(runtime.client.clock.offset, 3),
        "maintenance": runtime.watch.maintenance,
        "troubles": [
            {
                "trouble": begun.trouble.value,
                "subject": begun.subject,
                "since": begun.since.isoformat(),
            }
            for begun in runtime.watch.troubles.current
        ],
        "reference": {
            "pairs": len(runtime.reference.data.pairs),
            "currencies": len(runtime.reference.data.currencies),
            "up_to_date": runtime.reference.last_update_success,
        },
        "market_stream": {
            "connected": stream.connected,
            "last_error": type(stream.last_error).__name__,
            "markets": {
                pair: market.last_update_success
                for pair, market in sorted(runtime.markets.markets.items())
            },
        },
        "price_alerts": len(runtime.alerts.alerts),
        "feed": {
            "oldest": runtime.feed.oldest,
            "newest": runtime.feed.newest,
            "trouble": type(runtime.feed.trouble).__name__,
            "unwritten": runtime.feed.has_unwritten,
        },
        "account": account
        and {
            "connected": account.stream.connected,
            "trading_enabled": account.desk.trading_enabled,
            "sub_accounts": len(account.balances.sub_accounts),
            "assets": sum(len(item) for item in account.balances.data.values()),
            "open_orders": len(account.ledger.open_orders),
            "balances_ok": account.balances.last_update_success,
            "stream_delay_seconds": _seconds(account.balances.push_delay),
            "nothing_missed_until": account.ledger.contact
            and account.ledger.contact.isoformat(),
            "stream_history": list(account.stream.history),
            "recovery": _recovery(account.stream.recovery),
            "audit": await _async_audit(account.desk.audit),
        },
    }


def _seconds(span: timedelta | None) -> float | None:
    """Return a span in seconds."""
    return None if span is None else span.total_seconds()


def _points(budget: Budget) -> dict[str, Any]:
    """Return how the points of a budget are spent, and on what in the last minutes."""
    return {
        "used": budget.used,
        "limit": budget.limit,
        "short_minutes": budget.short_minutes,
        "uses": dict(budget.uses.most_common()),
    }


def _recovery(recovery: Recovery) -> dict[str, Any]:
    """Return how often and at what cost was asked for what may have been missed."""
    return {
        "runs": recovery.runs,
        "largest_points": LARGEST_POINTS,
        "last": recovery.last and recovery.last.as_dict(),
    }


async def _async_audit(audit: AuditTrail) -> list[dict[str, Any]]:
    """Return what was asked for lately, if it can be read."""
    try:
        return [record.as_shown() for record in await audit.async_last(AUDIT_COUNT)]
    except sqlite3.Error:
        return []
