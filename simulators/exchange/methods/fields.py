"""The request fields that the documentation knows, for the switch that refuses others."""

_PAIR = frozenset({"pair"})
_PAIRS = frozenset({"pairs"})
_CURRENCIES = frozenset({"currencies"})
_STATUS = frozenset({"currencies", "accountIds"})
_WALLET_MOVE = frozenset({"clientTxId", "accountId", "currency", "amount"})
_HISTORY = frozenset({"accountId", "dateFrom", "dateTo", "pageSize", "pageNumber"})

FIELDS: dict[str, frozenset[str]] = {
    "get_server_time": frozenset(),
    "get_pairs_info": _PAIRS,
    "get_currencies_info": _CURRENCIES,
    "get_ticker": _PAIRS,
    "get_order_book": _PAIR | {"depth"},
    "order_book_subscribe": _PAIR,
    "order_book_unsubscribe": _PAIR,
    "trade_subscribe": _PAIR,
    "trade_unsubscribe": _PAIR,
    "get_candles": frozenset(
        {"pair", "pairsList", "fromISO", "toISO", "limit", "dataType", "resolution"}
    ),
    "get_trade_history": frozenset(
        {
            "pair",
            "side",
            "fromDateISO",
            "toDateISO",
            "fromTradeId",
            "toTradeId",
            "pageSize",
        }
    ),
    "get_processing_info": _CURRENCIES,
    "get_my_current_fee": _PAIRS,
    "get_fee_strategy": frozenset(),
    "get_my_volume": frozenset(),
    "do_create_account": frozenset({"accountId", "currency"}),
    "get_my_account_status_v3": _STATUS,
    "get_my_account_status_v2": _STATUS,
    "get_my_wallet_balance": frozenset(),
    "get_my_orders": frozenset(
        {
            "clientOrderId",
            "orderId",
            "archived",
            "pair",
            "side",
            "accountIds",
            "serverCreateTimestampFrom",
            "serverCreateTimestampTo",
            "sortOrder",
            "pageSize",
            "pageNumber",
        }
    ),
    "do_my_new_order": frozenset(
        {
            "clientOrderId",
            "accountId",
            "currency1",
            "currency2",
            "side",
            "orderType",
            "timestamp",
            "timeInForce",
            "comment",
            "amountCcy1",
            "amountCcy2",
            "price",
            "expireTime",
            "stopPrice",
        }
    ),
    "do_cancel_my_order": frozenset(
        {"orderId", "clientOrderId", "cancelRequestId", "timestamp"}
    ),
    "do_cancel_all_orders": frozenset({"accountIds"}),
    "get_my_transaction_history": _HISTORY | {"type", "sortOrder"},
    "get_my_funding_history": _HISTORY | {"txId", "direction", "currency"},
    "do_my_internal_transfer": frozenset(
        {"clientTxId", "fromAccountId", "toAccountId", "currency", "amount"}
    ),
    "get_deposit_address": frozenset({"accountId", "currency", "blockchain"}),
    "do_deposit_funds_from_wallet": _WALLET_MOVE,
    "do_withdrawal_funds_to_wallet": _WALLET_MOVE,
}
