"""What the exchange offers: method, points, permission and channel (rest.md 1.5, websocket.md 1.10)."""

from dataclasses import dataclass

from custom_components.cexio.exchange.errors import Permission


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the exchange.

    Attributes:
        action: Its name on both channels.
        points: What a call costs.
        permission: What the key needs on the private side; None = public side only.
        public: Offered without a key.
        rest: Offered over REST.
        timed: The exchange wants the moment of sending in the body, in milliseconds.
    """

    action: str
    points: int = 1
    permission: Permission | None = None
    public: bool = False
    rest: bool = True
    timed: bool = False


_READ = Permission.READ

METHODS: dict[str, Method] = {
    method.action: method
    for method in (
        Method("get_ticker", public=True),
        Method("get_server_time", public=True),
        Method("get_pairs_info", public=True),
        Method("get_currencies_info", public=True),
        Method("get_order_book", 1, _READ, public=True),
        Method("get_candles", 1, _READ, public=True),
        Method("get_trade_history", 1, _READ, public=True),
        Method("get_processing_info", 10, _READ, public=True),
        Method("order_book_subscribe", 1, _READ, public=True, rest=False),
        Method("order_book_unsubscribe", 1, _READ, public=True, rest=False),
        Method("trade_subscribe", 1, _READ, public=True, rest=False),
        Method("trade_unsubscribe", 1, _READ, public=True, rest=False),
        Method("get_my_current_fee", 5, _READ),
        Method("get_fee_strategy", 1, _READ),
        Method("get_my_volume", 5, _READ),
        Method("do_create_account", 1, _READ),
        Method("get_my_account_status_v3", 5, _READ),
        Method("get_my_wallet_balance", 5, _READ),
        Method("get_my_orders", 5, _READ),
        Method("do_my_new_order", 1, Permission.TRADE, timed=True),
        Method("do_cancel_my_order", 1, Permission.TRADE, timed=True),
        Method("do_cancel_all_orders", 5, Permission.TRADE),
        Method("get_my_transaction_history", 5, _READ),
        Method("get_my_funding_history", 5, _READ),
        Method("do_my_internal_transfer", 1, Permission.FUNDS_INTERNAL),
        Method("get_deposit_address", 5, _READ),
        Method("do_deposit_funds_from_wallet", 1, Permission.FUNDS_WALLET),
        Method("do_withdrawal_funds_to_wallet", 1, Permission.FUNDS_WALLET),
    )
}


def changes_something(action: str) -> bool:
    """Return whether a method does something, so that repeating it could do it twice."""
    return action.startswith("do_")
