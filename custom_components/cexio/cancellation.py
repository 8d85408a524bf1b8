"""Cancelling all orders at once, of one account or of all."""

from homeassistant.core import Context, HomeAssistant

from .access import async_check_trader
from .coordinator import CexioConfigEntry


async def async_cancel_all_orders(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    context: Context,
    account_id: str | None,
    comment: str | None = None,
) -> list[str]:
    """Cancel the open orders of an account, None = all; return their client order ids.

    Trading need not be switched on: nothing is opened by it, and repeating is harmless.
    """
    runtime = entry.runtime_data
    assert runtime.account is not None
    async with runtime.account.desk.audit.async_record(
        "cancel_all", context, {"account_id": account_id}, comment=comment
    ) as record:
        await async_check_trader(hass, entry, context)
        account_ids = None if account_id is None else [account_id]
        cancelled = await runtime.rest.do_cancel_all_orders(account_ids)
        record.outcome = f"cancelled {len(cancelled)}"
        return cancelled
