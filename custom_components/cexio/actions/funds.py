"""Actions that change something at large: cancel all orders, move funds, make accounts."""

import re
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv

from custom_components.cexio.cancellation import async_cancel_all_orders
from custom_components.cexio.funds import Move, MoveKind
from custom_components.cexio.schema import vol

from .common import (
    ATTR_ACCOUNT_ID,
    ATTR_AMOUNT,
    ATTR_COMMENT,
    ATTR_CURRENCY,
    COMMENT,
    ENTRY,
    Action,
    account_of,
    currency_code,
    entry_of,
    positive_decimal,
)

ATTR_CLIENT_TRANSACTION_ID = "client_transaction_id"
ATTR_FROM_ACCOUNT_ID = "from_account_id"
ATTR_TO_ACCOUNT_ID = "to_account_id"

SERVICE_CANCEL_ALL_ORDERS = "cancel_all_orders"
SERVICE_CREATE_SUB_ACCOUNT = "create_sub_account"
SERVICE_DEPOSIT_FROM_WALLET = "deposit_from_wallet"
SERVICE_TRANSFER = "transfer"
SERVICE_WITHDRAW_TO_WALLET = "withdraw_to_wallet"

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def sub_account_id(value: Any) -> str:
    """Validate the id of a sub-account; the main account has none."""
    text = cv.string(value)
    if _ACCOUNT_ID.fullmatch(text) is None:
        raise vol.Invalid("expected letters A to Z in both cases, digits, _ and -")
    return text


async def _async_cancel_all_orders(call: ServiceCall) -> ServiceResponse:
    """Cancel all orders, of one account or of all."""
    cancelled: list[Any] = [
        *await async_cancel_all_orders(
            call.hass,
            entry_of(call, with_account=True),
            call.context,
            call.data.get(ATTR_ACCOUNT_ID),
            call.data.get(ATTR_COMMENT),
        )
    ]
    return {"client_order_ids": cancelled}


async def _async_move(call: ServiceCall, kind: MoveKind) -> ServiceResponse:
    """Move funds, and answer what became of it."""
    data = call.data
    account_id = data.get(ATTR_ACCOUNT_ID)
    is_deposit = kind is MoveKind.DEPOSIT
    move = Move(
        kind=kind,
        currency=data[ATTR_CURRENCY],
        amount=data[ATTR_AMOUNT],
        from_account_id=data.get(
            ATTR_FROM_ACCOUNT_ID, None if is_deposit else account_id
        ),
        to_account_id=data.get(ATTR_TO_ACCOUNT_ID, account_id if is_deposit else None),
    )
    funds = account_of(call).funds
    moved = await funds.async_move(
        move, call.context, data.get(ATTR_CLIENT_TRANSACTION_ID)
    )
    return {"move": moved}


async def _async_transfer(call: ServiceCall) -> ServiceResponse:
    """Move funds between sub-accounts."""
    return await _async_move(call, MoveKind.TRANSFER)


async def _async_deposit_from_wallet(call: ServiceCall) -> ServiceResponse:
    """Move funds from the wallet to a sub-account."""
    return await _async_move(call, MoveKind.DEPOSIT)


async def _async_withdraw_to_wallet(call: ServiceCall) -> ServiceResponse:
    """Move funds from a sub-account to the wallet."""
    return await _async_move(call, MoveKind.WITHDRAWAL)


async def _async_create_sub_account(call: ServiceCall) -> ServiceResponse:
    """Create a sub-account."""
    funds = account_of(call).funds
    account_id = await funds.async_create_sub_account(
        call.data[ATTR_ACCOUNT_ID], call.data[ATTR_CURRENCY], call.context
    )
    return {"account_id": account_id}


_MOVE: dict[Any, Any] = {
    vol.Required(ATTR_CURRENCY): currency_code,
    vol.Required(ATTR_AMOUNT): positive_decimal,
    vol.Optional(ATTR_CLIENT_TRANSACTION_ID): vol.All(
        cv.string, vol.Length(min=1, max=64)
    ),
}

FUNDS_ACTIONS: dict[str, Action] = {
    SERVICE_CANCEL_ALL_ORDERS: Action(
        _async_cancel_all_orders,
        {**ENTRY, vol.Optional(ATTR_ACCOUNT_ID): cv.string, **COMMENT},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_TRANSFER: Action(
        _async_transfer,
        {
            **ENTRY,
            vol.Required(ATTR_FROM_ACCOUNT_ID): sub_account_id,
            vol.Required(ATTR_TO_ACCOUNT_ID): sub_account_id,
            **_MOVE,
        },
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_DEPOSIT_FROM_WALLET: Action(
        _async_deposit_from_wallet,
        {**ENTRY, vol.Required(ATTR_ACCOUNT_ID): sub_account_id, **_MOVE},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_WITHDRAW_TO_WALLET: Action(
        _async_withdraw_to_wallet,
        {**ENTRY, vol.Required(ATTR_ACCOUNT_ID): sub_account_id, **_MOVE},
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_CREATE_SUB_ACCOUNT: Action(
        _async_create_sub_account,
        {
            **ENTRY,
            vol.Required(ATTR_ACCOUNT_ID): sub_account_id,
            vol.Required(ATTR_CURRENCY): currency_code,
        },
        SupportsResponse.OPTIONAL,
    ),
}
