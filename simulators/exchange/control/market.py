"""Controls of the market, and of orders that are not placed through the API."""

from decimal import Decimal
from typing import Any

from simulators.exchange import wire
from simulators.exchange.engine.orders import Side
from simulators.exchange.engine.reference import Pair
from simulators.exchange.methods import parameters
from simulators.exchange.methods.account import sub_account
from simulators.exchange.methods.call import Call, RequestError
from simulators.exchange.methods.orders import do_my_new_order


async def price(call: Call) -> dict[str, Any]:
    """Move the market of a pair and return its best prices."""
    pair = parameters.listed_pair(call)
    call.venue.market.move(
        pair.name, _amount(call, "price").quantize(parameters.tick(pair))
    )
    return _best(call, pair)


async def trade(call: Call) -> dict[str, Any]:
    """Let somebody trade at market, once or several times in a row, and return the trades."""
    pair = parameters.listed_pair(call)
    side = parameters.choice(call.data, "side", Side)
    amount = _amount(call, "amount")
    times = parameters.optional_integer(call.data, "times", least=1) or 1
    trades = [
        item
        for _ in range(times)
        for item in call.venue.engine.others_take(pair, side, amount)
    ]
    return {"trades": [wire.trade_row(item, pair) for item in trades]}


async def pause(call: Call) -> dict[str, Any]:
    """Stop the seeded process."""
    call.venue.market.moving = False
    return {"moving": False}


async def resume(call: Call) -> dict[str, Any]:
    """Let the seeded process go on."""
    call.venue.market.moving = True
    return {"moving": True}


async def empty(call: Call) -> dict[str, Any]:
    """Let the maker leave one side, or both, of a book until it is told to come back."""
    pair = parameters.listed_pair(call)
    call.venue.market.leave(
        pair.name, parameters.optional_choice(call.data, "side", Side)
    )
    return _best(call, pair)


async def refill(call: Call) -> dict[str, Any]:
    """Let the maker quote its whole ladder again at once."""
    pair = parameters.listed_pair(call)
    call.venue.market.refill(pair.name)
    return _best(call, pair)


async def place(call: Call) -> dict[str, Any]:
    """Let somebody place a limit order."""
    pair = parameters.listed_pair(call)
    side = parameters.choice(call.data, "side", Side)
    number = call.venue.engine.others_place(
        pair, side, _amount(call, "price"), _amount(call, "amount")
    )
    return {"order_id": str(number)}


async def withdraw(call: Call) -> dict[str, Any]:
    """Take somebody's limit order back; false when nothing of it is left."""
    number = str(call.data["id"])
    return {
        "cancelled": number.isdecimal() and call.venue.engine.others_cancel(int(number))
    }


async def client_order(call: Call) -> dict[str, Any]:
    """Place an order of the client as its web terminal would; `timestamp` may be left out."""
    call.data.setdefault("timestamp", call.venue.clock.now_ms())
    return do_my_new_order(call)


async def client_cancel(call: Call) -> dict[str, Any]:
    """Cancel an order of the client as its web terminal would."""
    number = str(call.data["id"])
    order = call.venue.engine.find(int(number), None) if number.isdecimal() else None
    if order is None:
        raise RequestError(f"There is no order {number}")
    call.venue.cancel_all([order])
    return wire.order_row(order)


async def deposit(call: Call) -> dict[str, Any]:
    """Bring money from outside into a sub-account."""
    account_id = sub_account(call, "account_id", "Name a sub-account")
    code = parameters.text(call.data, "currency")
    if code not in call.venue.engine.listing.currencies:
        raise RequestError(f"Unsupported currency {code}")
    accounts = call.venue.engine.accounts
    return {
        "tx_id": accounts.receive(
            account_id, code, _amount(call, "amount"), time=call.venue.clock.now_ms()
        )
    }


def _amount(call: Call, name: str) -> Decimal:
    """Return a mandatory positive number."""
    amount = parameters.optional_amount(call.data, name)
    if amount is None:
        raise parameters.missing(name)
    return amount


def _best(call: Call, pair: Pair) -> dict[str, Any]:
    """Return the best prices of a pair."""
    book = call.venue.engine.books[pair.name]
    return {
        "pair": pair.name,
        "best_bid": wire.amount_or_none(book.bids.best(), pair.price_precision),
        "best_ask": wire.amount_or_none(book.asks.best(), pair.price_precision),
    }
