"""System health: how the integration as a whole is doing."""

from collections.abc import Iterable
from typing import Any

from homeassistant.components import system_health
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import CexioAccount, CexioConfigEntry
from .exchange import DEFAULT_BASE, Endpoints


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register what is shown."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the state of all loaded entries together."""
    entries: list[CexioConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    # An entry that cannot be loaded is where the question matters most.
    bases = {
        entry.data[CONF_URL] for entry in hass.config_entries.async_entries(DOMAIN)
    }
    accounts = [
        account
        for entry in entries
        if (account := entry.runtime_data.account) is not None
    ]
    # One line has to do for all entries: nearly always they share one exchange.
    url = f"{Endpoints.from_base(min(bases, default=DEFAULT_BASE)).rest_public}/get_server_time"
    return {
        "can_reach_server": system_health.async_check_can_reach_url(hass, url),
        "markets_connected": _count(
            entry.runtime_data.markets.stream.connected for entry in entries
        ),
        "accounts_connected": _count(account.stream.connected for account in accounts),
        "points_used": _points(entries),
        "complete_until": _complete_until(accounts),
        "troubles": sum(
            len(entry.runtime_data.watch.troubles.current) for entry in entries
        ),
    }


def _count(values: Iterable[bool]) -> str:
    """Return how many of some things are so."""
    found = list(values)
    return f"{sum(found)} of {len(found)}"


def _points(entries: Iterable[CexioConfigEntry]) -> str:
    """Return the points that were used in this minute; each budget counts once."""
    budgets = {
        id(budget): f"{name} {budget.used} of {budget.limit}"
        for entry in entries
        for name, budget in entry.runtime_data.client.budgets.items()
    }
    return ", ".join(sorted(budgets.values())) or "0"


def _complete_until(accounts: Iterable[CexioAccount]) -> str:
    """Return up to when surely no execution was missed, in any account."""
    contacts = [account.ledger.contact for account in accounts]
    known = [contact for contact in contacts if contact is not None]
    if not known or len(known) < len(contacts):
        return "unknown"
    return min(known).isoformat(timespec="seconds")
