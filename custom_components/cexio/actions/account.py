"""Actions that tell of an account: balances, one order, executions, fees, ledgers."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv

from custom_components.cexio.const import CONF_PAIR, CONF_PAIRS
from custom_components.cexio.errors import refusal
from custom_components.cexio.exchange import (
    Direction,
    FeePlan,
    FeeStep,
    InvalidRequestError,
    TransactionType,
)
from custom_components.cexio.feed import FeedKind
from custom_components.cexio.representation import (
    balance_as_dict,
    iso,
    order_as_dict,
    plain,
)
from custom_components.cexio.schema import vol

from .common import (
    ATTR_ACCOUNT_ID,
    ATTR_CLIENT_ORDER_ID,
    ATTR_CURRENCY,
    ATTR_END,
    ATTR_LIMIT,
    ATTR_ORDER_ID,
    ATTR_PAGE,
    ATTR_START,
    ENTRY,
    ONE_ORDER,
    PAIRS,
    SPAN,
    Action,
    account_of,
    check_currency,
    check_pairs,
    check_span,
    currency_code,
    entry_of,
    pair_name,
)

ATTR_BLOCKCHAIN = "blockchain"
ATTR_DIRECTION = "direction"
ATTR_TYPE = "type"

SERVICE_GET_BALANCES = "get_balances"
SERVICE_GET_DEPOSIT_ADDRESS = "get_deposit_address"
SERVICE_GET_EXECUTIONS = "get_executions"
SERVICE_GET_FEES = "get_fees"
SERVICE_GET_FUNDING_HISTORY = "get_funding_history"
SERVICE_GET_ORDER = "get_order"
SERVICE_GET_TRANSACTIONS = "get_transactions"

LARGEST_PAGE = 100
# The journal is read in parts of this size.
FEED_PART = 500
MOST_EXECUTIONS = 500

TRANSACTION_TYPES = {
    "trade": TransactionType.TRADE,
    "deposit": TransactionType.DEPOSIT,
    "withdraw": TransactionType.WITHDRAW,
    "internal_transfer": TransactionType.INTERNAL_TRANSFER,
    "commission": TransactionType.COMMISSION,
}
_TYPE_WORDS = {kind: word for word, kind in TRANSACTION_TYPES.items()}
DIRECTIONS = {"deposit": Direction.DEPOSIT, "withdraw": Direction.WITHDRAW}


async def _async_get_balances(call: ServiceCall) -> ServiceResponse:
    """Answer what the accounts hold."""
    return {
        "balances": [
            balance_as_dict(balance)
            for _, balances in sorted(account_of(call).balances.data.items())
            for _, balance in sorted(balances.items())
            if balance.total or balance.on_hold
        ]
    }


async def _async_get_order(call: ServiceCall) -> ServiceResponse:
    """Answer how one order stands, whatever its state."""
    order_id = call.data.get(ATTR_ORDER_ID)
    client_order_id = call.data.get(ATTR_CLIENT_ORDER_ID)
    if order_id is None and client_order_id is None:
        raise refusal("order_id_required")
    order = await account_of(call).desk.outcomes.async_find(order_id, client_order_id)
    if order is None:
        raise refusal("unknown_order", order=order_id or client_order_id or "")
    return {"order": order_as_dict(order)}


async def _async_get_executions(call: ServiceCall) -> ServiceResponse:
    """Answer what happened to orders, newest first, as the journal kept it."""
    check_span(call)
    data = call.data
    feed = entry_of(call, with_account=True).runtime_data.feed
    found: list[dict[str, Any]] = []
    upper = feed.newest
    while upper >= feed.oldest and len(found) < data[ATTR_LIMIT]:
        lower = max(upper - FEED_PART, feed.oldest - 1)
        part = [
            entry
            for entry in await feed.async_read(lower, upper - lower)
            if entry.seq <= upper
        ]
        found += [
            entry.as_dict()
            for entry in reversed(part)
            if entry.kind is FeedKind.EXECUTION
            and _is_wanted(data, entry.data["order"])
            and (ATTR_START not in data or entry.time >= data[ATTR_START])
            and (ATTR_END not in data or entry.time < data[ATTR_END])
        ]
        upper = lower
    executions: list[Any] = found[: data[ATTR_LIMIT]]
    return {"executions": executions}


def _is_wanted(data: Mapping[str, Any], order: Mapping[str, Any]) -> bool:
    """Tell whether an order is one that was asked for."""
    return all(
        order[field] == data[field]
        for field in (CONF_PAIR, ATTR_ACCOUNT_ID, ATTR_ORDER_ID, ATTR_CLIENT_ORDER_ID)
        if field in data
    )


async def _async_get_fees(call: ServiceCall) -> ServiceResponse:
    """Answer the fees in force, and which would apply at which volume and weekday."""
    runtime = entry_of(call, with_account=True).runtime_data
    pairs: list[str] | None = call.data.get(CONF_PAIRS)
    check_pairs(runtime, pairs or [])
    fees = await runtime.rest.get_my_current_fee(pairs)
    volume = await runtime.rest.get_my_volume()
    strategy = await runtime.rest.get_fee_strategy()
    return {
        "fees": {pair: plain(percent) for pair, percent in sorted(fees.items())},
        "volume": {
            "period": volume.period,
            "volume": plain(volume.volume),
            "currency": volume.currency,
        },
        "strategy": {
            "week": _plan(strategy.week),
            "weekend": None if strategy.weekend is None else _plan(strategy.weekend),
        },
    }


def _plan(plan: FeePlan) -> dict[str, Any]:
    """Return a plan of fees as the action shows it."""
    return {
        "default": _schedule(plan.default),
        "tiers": [
            {
                "name": tier.name,
                "description": tier.description,
                "pairs": list(tier.pairs),
                "schedule": _schedule(tier.schedule),
            }
            for tier in plan.tiers
        ],
    }


def _schedule(steps: tuple[FeeStep, ...]) -> list[dict[str, str]]:
    """Return the steps of a schedule; each applies up to its volume in USD."""
    return [
        {"percent": plain(step.percent), "up_to_volume": plain(step.volume)}
        for step in steps
    ]


async def _async_get_transactions(call: ServiceCall) -> ServiceResponse:
    """Answer a page of the ledger, newest first."""
    check_span(call)
    data = call.data
    runtime = entry_of(call, with_account=True).runtime_data
    kind: str | None = data.get(ATTR_TYPE)
    rows = await runtime.rest.get_my_transaction_history(
        account_id=data.get(ATTR_ACCOUNT_ID),
        kind=None if kind is None else TRANSACTION_TYPES[kind],
        start=data.get(ATTR_START),
        end=data.get(ATTR_END),
        page=data[ATTR_PAGE],
        page_size=data[ATTR_LIMIT],
    )
    return {
        "transactions": [
            {
                "transaction_id": row.transaction_id,
                "time": iso(row.timestamp),
                "account_id": row.account_id,
                "type": _TYPE_WORDS.get(row.type, "unknown"),
                "amount": plain(row.amount),
                "currency": row.currency,
                "details": row.details,
            }
            for row in islice(rows, data[ATTR_LIMIT])
        ]
    }


async def _async_get_funding_history(call: ServiceCall) -> ServiceResponse:
    """Answer a page of the deposits and withdrawals, newest first."""
    check_span(call)
    data = call.data
    runtime = entry_of(call, with_account=True).runtime_data
    if (currency := data.get(ATTR_CURRENCY)) is not None:
        check_currency(runtime, currency)
    direction: str | None = data.get(ATTR_DIRECTION)
    rows = await runtime.rest.get_my_funding_history(
        account_id=data.get(ATTR_ACCOUNT_ID),
        direction=None if direction is None else DIRECTIONS[direction],
        currency=currency,
        start=data.get(ATTR_START),
        end=data.get(ATTR_END),
        page=data[ATTR_PAGE],
        page_size=data[ATTR_LIMIT],
    )
    return {
        "fundings": [
            {
                "transaction_id": row.transaction_id,
                "account_id": row.account_id,
                "currency": row.currency,
                "direction": row.direction.name.lower(),
                "amount": plain(row.amount),
                "commission": plain(row.commission),
                "status": row.status.name.lower(),
                "updated": iso(row.updated),
            }
            for row in rows
        ]
    }


async def _async_get_deposit_address(call: ServiceCall) -> ServiceResponse:
    """Answer where to send a currency, with the smallest deposit that is not lost."""
    data = call.data
    runtime = entry_of(call, with_account=True).runtime_data
    currency: str = data[ATTR_CURRENCY]
    check_currency(runtime, currency)
    account_id = account_of(call).desk.account_id(data.get(ATTR_ACCOUNT_ID))
    if not account_id:
        raise refusal("no_sub_account")
    try:
        info = await runtime.rest.get_processing_info([currency])
    except InvalidRequestError as err:
        raise refusal("no_deposits", currency=currency) from err
    chains = info[currency].blockchains if currency in info else {}
    wanted: str | None = data.get(ATTR_BLOCKCHAIN)
    usable = {name: chain for name, chain in chains.items() if chain.deposit_enabled}
    if not usable:
        raise refusal("no_deposits", currency=currency)
    if wanted is None and len(usable) > 1:
        raise refusal("blockchain_required", blockchains=", ".join(sorted(usable)))
    name = wanted or next(iter(usable))
    if name not in usable:
        raise refusal(
            "unknown_blockchain",
            blockchain=name,
            currency=currency,
            blockchains=", ".join(sorted(usable)),
        )
    address = await runtime.rest.get_deposit_address(account_id, currency, name)
    smallest: Decimal | None = usable[name].min_deposit
    return {
        "deposit_address": {
            "account_id": address.account_id,
            "currency": address.currency,
            "blockchain": address.blockchain,
            "address": address.address or address.destination,
            "memo": address.memo,
            "minimum": None if smallest is None else plain(smallest),
        }
    }


_PAGES: dict[Any, Any] = {
    **SPAN,
    vol.Optional(ATTR_PAGE, default=1): vol.All(vol.Coerce(int), vol.Range(min=1)),
    vol.Optional(ATTR_LIMIT, default=LARGEST_PAGE): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=LARGEST_PAGE)
    ),
}

ACCOUNT_ACTIONS: dict[str, Action] = {
    SERVICE_GET_BALANCES: Action(_async_get_balances, ENTRY, SupportsResponse.ONLY),
    SERVICE_GET_ORDER: Action(
        _async_get_order, {**ENTRY, **ONE_ORDER}, SupportsResponse.ONLY
    ),
    SERVICE_GET_EXECUTIONS: Action(
        _async_get_executions,
        {
            **ENTRY,
            vol.Optional(CONF_PAIR): pair_name,
            vol.Optional(ATTR_ACCOUNT_ID): cv.string,
            **ONE_ORDER,
            **SPAN,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=MOST_EXECUTIONS)
            ),
        },
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_FEES: Action(
        _async_get_fees,
        {**ENTRY, vol.Optional(CONF_PAIRS): PAIRS},
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_TRANSACTIONS: Action(
        _async_get_transactions,
        {
            **ENTRY,
            vol.Optional(ATTR_ACCOUNT_ID): cv.string,
            vol.Optional(ATTR_TYPE): vol.In(list(TRANSACTION_TYPES)),
            **_PAGES,
        },
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_FUNDING_HISTORY: Action(
        _async_get_funding_history,
        {
            **ENTRY,
            vol.Optional(ATTR_ACCOUNT_ID): cv.string,
            vol.Optional(ATTR_DIRECTION): vol.In(list(DIRECTIONS)),
            vol.Optional(ATTR_CURRENCY): currency_code,
            **_PAGES,
        },
        SupportsResponse.ONLY,
    ),
    SERVICE_GET_DEPOSIT_ADDRESS: Action(
        _async_get_deposit_address,
        {
            **ENTRY,
            vol.Optional(ATTR_ACCOUNT_ID): cv.string,
            vol.Required(ATTR_CURRENCY): currency_code,
            vol.Optional(ATTR_BLOCKCHAIN): cv.string,
        },
        SupportsResponse.ONLY,
    ),
}
