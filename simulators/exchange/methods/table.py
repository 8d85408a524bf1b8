"""The table of methods: who may call what, where, and what it costs (rest.md 1.5, websocket.md 1.10)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from simulators.exchange.keys import Permission
from simulators.exchange.methods import account, charts, funding, market_data, orders
from simulators.exchange.methods.call import Call


class Channel(Flag):
    """Where a method is offered."""

    REST_PUBLIC = auto()
    REST_PRIVATE = auto()
    WS_PUBLIC = auto()
    WS_PRIVATE = auto()


PUBLIC = Channel.REST_PUBLIC | Channel.WS_PUBLIC
PRIVATE = Channel.REST_PRIVATE | Channel.WS_PRIVATE
EVERYWHERE = PUBLIC | PRIVATE


@dataclass(frozen=True, slots=True)
class Method:
    """One action; `service` is the part that maintenance can take down."""

    handler: Callable[[Call], Any]
    channels: Channel
    service: str
    cost: int = 1
    permission: Permission = Permission.READ


METHODS: dict[str, Method] = {
    "get_server_time": Method(market_data.get_server_time, PUBLIC, "reference"),
    "get_pairs_info": Method(market_data.get_pairs_info, PUBLIC, "reference"),
    "get_currencies_info": Method(market_data.get_currencies_info, PUBLIC, "reference"),
    "get_ticker": Method(market_data.get_ticker, PUBLIC, "market_data"),
    "get_order_book": Method(market_data.get_order_book, EVERYWHERE, "market_data"),
    "get_candles": Method(charts.get_candles, EVERYWHERE, "market_data"),
    "get_trade_history": Method(charts.get_trade_history, EVERYWHERE, "market_data"),
    "get_processing_info": Method(
        funding.get_processing_info, EVERYWHERE, "reference", 10
    ),
    "get_my_transaction_history": Method(
        funding.get_my_transaction_history, PRIVATE, "account", 5
    ),
    "get_my_funding_history": Method(
        funding.get_my_funding_history, PRIVATE, "account", 5
    ),
    "do_my_internal_transfer": Method(
        funding.do_my_internal_transfer, PRIVATE, "funds", 1, Permission.FUNDS_INTERNAL
    ),
    "get_deposit_address": Method(funding.get_deposit_address, PRIVATE, "funds", 5),
    "do_deposit_funds_from_wallet": Method(
        funding.do_deposit_funds_from_wallet,
        PRIVATE,
        "funds",
        1,
        Permission.FUNDS_WALLET,
    ),
    "do_withdrawal_funds_to_wallet": Method(
        funding.do_withdrawal_funds_to_wallet,
        PRIVATE,
        "funds",
        1,
        Permission.FUNDS_WALLET,
    ),
    "get_my_current_fee": Method(account.get_my_current_fee, PRIVATE, "account", 5),
    "get_fee_strategy": Method(account.get_fee_strategy, PRIVATE, "account"),
    "get_my_volume": Method(account.get_my_volume, PRIVATE, "account", 5),
    "do_create_account": Method(account.do_create_account, PRIVATE, "account"),
    "get_my_account_status_v3": Method(
        account.get_my_account_status_v3, PRIVATE, "account", 5
    ),
    "get_my_account_status_v2": Method(
        account.get_my_account_status_v2, PRIVATE, "account", 5
    ),
    "get_my_wallet_balance": Method(
        account.get_my_wallet_balance, PRIVATE, "account", 5
    ),
    "get_my_orders": Method(orders.get_my_orders, PRIVATE, "order_status", 5),
    "do_my_new_order": Method(
        orders.do_my_new_order, PRIVATE, "order_placement", 1, Permission.TRADE
    ),
    "do_cancel_my_order": Method(
        orders.do_cancel_my_order, PRIVATE, "order_cancellation", 1, Permission.TRADE
    ),
    "do_cancel_all_orders": Method(
        orders.do_cancel_all_orders, PRIVATE, "order_cancellation", 5, Permission.TRADE
    ),
}


def find_method(action: str, channel: Channel) -> Method | None:
    """Return the method that `channel` offers under that name."""
    method = METHODS.get(action)
    return method if method is not None and channel in method.channels else None
