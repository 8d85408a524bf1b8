"""What is really so: the ground truth that tests compare with."""

from typing import Any

from simulators.exchange import wire
from simulators.exchange.clock import iso
from simulators.exchange.engine.ledger import CLIENT, WALLET
from simulators.exchange.engine.money import text
from simulators.exchange.engine.reference import Pair
from simulators.exchange.engine.settlement import Fill
from simulators.exchange.methods.call import Call


async def truth(call: Call) -> dict[str, Any]:
    """Return orders (with stop prices), fills, balances by account, and how often each action was requested."""
    engine = call.venue.engine
    accounts = {
        account_id: CLIENT + account_id for account_id in engine.accounts.ids
    } | {"wallet": WALLET}
    return {
        "orders": [
            wire.order_row(order)
            | {
                "stopPrice": wire.amount_or_none(
                    order.stop_price, order.pair.price_precision
                )
            }
            for order in engine.all_orders()
        ],
        "fills": [
            _fill(fill, engine.listing.pairs[fill.pair])
            for fill in engine.settlement.fills
        ],
        "balances": {
            account_id: _balances(call, account)
            for account_id, account in accounts.items()
        },
        "requests": dict(call.venue.requests),
    }


async def stamps(call: Call) -> dict[str, Any]:
    """Return when execution reports left and requests came, in seconds of the machine's monotonic clock."""
    return call.venue.stamps.as_dict()


def _fill(fill: Fill, pair: Pair) -> dict[str, str]:
    """Return one execution of one order."""
    return {
        "order_id": str(fill.order_id),
        "execution_id": fill.execution_id,
        "pair": fill.pair,
        "side": fill.side.value,
        "amount": text(fill.base, pair.base_precision),
        "quote_amount": text(fill.quote, pair.quote_precision),
        "price": text(fill.price, pair.price_precision),
        "fee": text(fill.fee, pair.quote_precision),
        "fee_currency": fill.fee_currency,
        "time": iso(fill.time),
    }


def _balances(call: Call, account: str) -> dict[str, dict[str, str]]:
    """Return the balances of a ledger account."""
    ledger, listed = call.venue.engine.ledger, call.venue.engine.listing.currencies
    return {
        code: {
            "total": text(ledger.total(account, code), listed[code].precision),
            "on_hold": text(ledger.on_hold(account, code), listed[code].precision),
        }
        for code in ledger.currencies(account)
    }
