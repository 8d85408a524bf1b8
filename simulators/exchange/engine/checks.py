"""The rules that an order must pass, and the codes and words with which it is rejected.

403, 405, 414, 424 and 437 and their texts are those of the exchange (rest.md 5.3). The documentation names the
other checks without a code; their codes and texts here follow the pattern of 414 and are this simulator's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum

from simulators.exchange.engine.money import decimals, is_multiple, plain, product, text
from simulators.exchange.engine.orders import OrderRequest, OrderType, TimeInForce

CLIENT_TIME_TOLERANCE_MS = 30_000
MAX_ACTIVE_ORDERS = 20


class Code(IntEnum):
    """Reject codes."""

    INSUFFICIENT_FUNDS = 403
    BOTH_AMOUNTS = 405
    DUPLICATE = 406
    QUOTE_AMOUNT_OF_LIMIT = 407
    MIN_BASE = 414
    MAX_BASE = 415
    MIN_QUOTE = 416
    MAX_QUOTE = 417
    BASE_LOT = 418
    QUOTE_LOT = 419
    PRICE_PRECISION = 420
    PRICE_RANGE = 421
    CLIENT_TIME = 424
    EXPIRE_TIME = 425
    MARKET_TIME_IN_FORCE = 426
    TOO_MANY_ORDERS = 437


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an order is refused; `numbered` when it still gets an order id and is kept."""

    code: Code
    reason: str
    numbered: bool = False


INSUFFICIENT_FUNDS = Rejection(
    Code.INSUFFICIENT_FUNDS, "Insufficient funds", numbered=True
)
TOO_MANY_ORDERS = Rejection(
    Code.TOO_MANY_ORDERS, "Too many active orders", numbered=True
)
DUPLICATE = Rejection(
    Code.DUPLICATE, "clientOrderId was already used for another order"
)


def client_time(request: OrderRequest, now: int) -> Rejection | None:
    """Refuse a client time that is too far off."""
    difference = abs(now - request.client_time)
    if difference <= CLIENT_TIME_TOLERANCE_MS:
        return None
    return Rejection(
        Code.CLIENT_TIME,
        f"ClientTime should be within {CLIENT_TIME_TOLERANCE_MS} ms timeframe. But difference was {difference} ms. "
        f"ClientTime {_moment(request.client_time)}, ServerTime {_moment(now)}",
    )


def _moment(milliseconds: int) -> str:
    """Write a moment as YYYYMMDD-HH:MM:SS.mmm."""
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    except OverflowError, ValueError, OSError:
        return str(milliseconds)
    return f"{moment:%Y%m%d-%H:%M:%S}.{milliseconds % 1000:03d}"


def _amount_kind(request: OrderRequest, _: int) -> Rejection | None:
    """Refuse two amounts, and a quote amount where only base makes sense."""
    if request.base_amount is not None and request.quote_amount is not None:
        return Rejection(
            Code.BOTH_AMOUNTS,
            "Either AmountCcy1 (OrderQty) or AmountCcy2 (CashOrderQty) should be specified for market order not both",
        )
    if request.quote_amount is not None and request.order_type is not OrderType.MARKET:
        return Rejection(
            Code.QUOTE_AMOUNT_OF_LIMIT,
            "AmountCcy2 (CashOrderQty) is supported for market orders only",
        )
    return None


def _market_time_in_force(request: OrderRequest, _: int) -> Rejection | None:
    """Refuse a market order that would rest."""
    if request.order_type is OrderType.MARKET and request.time_in_force not in {
        None,
        TimeInForce.IOC,
    }:
        return Rejection(
            Code.MARKET_TIME_IN_FORCE, "Market order supports only IOC timeInForce"
        )
    return None


def _expire_time(request: OrderRequest, now: int) -> Rejection | None:
    """Refuse an expiry that has passed."""
    if request.expire_time is not None and request.expire_time <= now:
        return Rejection(
            Code.EXPIRE_TIME,
            f"ExpireTime {_moment(request.expire_time)} should be in the future",
        )
    return None


def _within(
    number: int, amount: Decimal, least: Decimal, most: Decimal, precision: int
) -> Rejection | None:
    """Compare an amount in currency `number` with its bounds."""
    shown = text(amount, precision)
    if amount < least:
        low = text(least, precision)
        reason = f"minOrderAmountCcy{number} check failed. amountCcy{number} {shown} is less than minOrderAmountCcy{number} {low}"
        return Rejection(Code.MIN_BASE if number == 1 else Code.MIN_QUOTE, reason)
    if amount > most:
        high = text(most, precision)
        reason = f"maxOrderAmountCcy{number} check failed. amountCcy{number} {shown} is greater than maxOrderAmountCcy{number} {high}"
        return Rejection(Code.MAX_BASE if number == 1 else Code.MAX_QUOTE, reason)
    return None


def _base_amount(request: OrderRequest, _: int) -> Rejection | None:
    """Hold the base amount against bounds and lot size."""
    pair, amount = request.pair, request.base_amount
    if amount is None:
        return None
    if refused := _within(1, amount, pair.base_min, pair.base_max, pair.base_precision):
        return refused
    if not is_multiple(amount, pair.base_lot_size):
        reason = f"lotSizeCcy1 check failed. amountCcy1 {plain(amount)} is not a multiple of lotSizeCcy1 {pair.base_lot_size:f}"
        return Rejection(Code.BASE_LOT, reason)
    if request.price is None:
        return None
    value = product(amount, request.price)
    return _within(2, value, pair.quote_min, pair.quote_max, pair.quote_precision)


def _quote_amount(request: OrderRequest, _: int) -> Rejection | None:
    """Hold the quote amount against bounds and lot size."""
    pair, amount = request.pair, request.quote_amount
    if amount is None:
        return None
    if refused := _within(
        2, amount, pair.quote_min, pair.quote_max, pair.quote_precision
    ):
        return refused
    # The exchange lists a lot of 0.01 for dollars yet executes 8 decimals (rest.md 7.2, 7.3).
    if decimals(amount) > pair.quote_precision:
        reason = f"lotSizeCcy2 check failed. amountCcy2 {plain(amount)} is not a multiple of lotSizeCcy2 {pair.quote_lot_size:f}"
        return Rejection(Code.QUOTE_LOT, reason)
    return None


def _prices(request: OrderRequest, _: int) -> Rejection | None:
    """Hold price and stop price against tick size and band."""
    pair = request.pair
    for name, price in (("price", request.price), ("stopPrice", request.stop_price)):
        if price is None:
            continue
        if decimals(price) > pair.price_precision:
            reason = f"pricePrecision check failed. {name} {plain(price)} has more than {pair.price_precision} decimals"
            return Rejection(Code.PRICE_PRECISION, reason)
        if not pair.min_price <= price <= pair.max_price:
            reason = f"price range check failed. {name} {plain(price)} is not between {pair.min_price:f} and {pair.max_price:f}"
            return Rejection(Code.PRICE_RANGE, reason)
    return None


_CHECKS: tuple[Callable[[OrderRequest, int], Rejection | None], ...] = (
    _amount_kind,
    _market_time_in_force,
    _expire_time,
    _prices,
    _base_amount,
    _quote_amount,
)


def check(request: OrderRequest, now: int) -> Rejection | None:
    """Return the first rule that the order breaks."""
    return next((refused for rule in _CHECKS if (refused := rule(request, now))), None)
