"""Whether two API keys belong to the same account, as far as the exchange lets one know."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .client import async_create_client
from .const import CONF_DEFAULT_ACCOUNT_ID
from .coordinator import CexioConfigEntry
from .exchange import CexioError, RestClient

# The longest span that the exchange answers archived orders for (rest.md 4.B.8).
ARCHIVE = timedelta(days=364)


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells of an account: nothing says it outright, some answers give it away."""

    client_ids: frozenset[str]
    sub_accounts: frozenset[str]

    def is_another_than(self, other: Identity) -> bool:
        """Tell whether both surely are not the same account."""
        for mine, theirs in (
            (self.client_ids, other.client_ids),
            (self.sub_accounts, other.sub_accounts),
        ):
            if mine and theirs:
                return mine.isdisjoint(theirs)
        return False


async def async_identity(rest: RestClient) -> Identity:
    """Ask the exchange what gives an account away.

    Raises:
        CexioError: As every private request.
    """
    status = await rest.get_my_account_status_v3()
    return Identity(
        await _async_client_ids(rest),
        frozenset(account_id for account_id in status.balances if account_id),
    )


async def async_known_identity(
    hass: HomeAssistant, entry: CexioConfigEntry
) -> Identity:
    """Return what is known of the account of an entry, whose key may work no longer."""
    try:
        return await async_identity(async_create_client(hass, entry.data).rest)
    except CexioError:
        pass
    if entry.state is ConfigEntryState.LOADED:
        account = entry.runtime_data.account
        assert account is not None
        return Identity(
            _named(order.client_id for order in account.ledger.open_orders),
            frozenset(account.balances.sub_accounts),
        )
    chosen = entry.options.get(CONF_DEFAULT_ACCOUNT_ID)
    return Identity(frozenset(), frozenset([chosen] if chosen else []))


async def _async_client_ids(rest: RestClient) -> frozenset[str]:
    """Return the client id of one order or movement of funds, if there is any."""
    orders = await rest.get_my_orders(page_size=1)
    if not orders:
        since = dt_util.utcnow() - ARCHIVE
        orders = await rest.get_my_orders(
            archived=True, created_from=since, page_size=1
        )
    if orders:
        return _named(order.client_id for order in orders)
    return _named(
        movement.client_id
        for movement in await rest.get_my_funding_history(page_size=1)
    )


def _named(client_ids: Iterable[str]) -> frozenset[str]:
    """Return the client ids that are there."""
    return frozenset(client_id for client_id in client_ids if client_id)
