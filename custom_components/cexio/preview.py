"""What an order would do: checked against the trading conditions, then worked out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from .errors import refusal
from .exchange import BookLevel, OrderType, Pair, Side, TimeInForce
from .market import TopOfBook
from .representation import iso, plain, plain_or_none

HUNDRED = Decimal(100)
# Percentages are shown to this digit; they are no amounts.
PERCENTAGE_STEP = Decimal("0.0001")
FAR_PERCENTAGE = Decimal(5)
SLIPPAGE_PERCENTAGE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as somebody wants it."""

    account_id: str
    pair: str
    side: Side
    order_type: OrderType
    amount: Decimal | None = None
    quote_amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    expire_time: datetime | None = None

    @property
    def is_buy(self) -> bool:
        """Whether the base currency is bought."""
        return self.side is Side.BUY

    @property
    def is_market(self) -> bool:
        """Whether the order takes whatever price there is."""
        return self.order_type is OrderType.MARKET

    def as_dict(self) -> dict[str, str | None]:
        """Return the fields in plain words."""
        return {
            "account_id": self.account_id,
            "pair": self.pair,
            "side": self.side.name.lower(),
            "order_type": self.order_type.name.lower(),
            "amount": plain_or_none(self.amount),
            "quote_amount": plain_or_none(self.quote_amount),
            "price": plain_or_none(self.price),
            "stop_price": plain_or_none(self.stop_price),
            "time_in_force": self.time_in_force and self.time_in_force.name.lower(),
            "expire_time": iso(self.expire_time),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an order would cost and leave behind; estimates where the book decides."""

    request: OrderRequest
    conditions: Pair
    base_amount: Decimal
    cost: Decimal
    fee: Decimal | None
    fee_percentage: Decimal | None
    balance_before: dict[str, Decimal]
    market_price: Decimal | None
    distance_percentage: Decimal | None
    slippage_percentage: Decimal | None
    warnings: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """The quote amount that leaves (buy) or arrives (sell), fee included."""
        fee = self.fee or Decimal()
        return self.cost + fee if self.request.is_buy else self.cost - fee

    @property
    def balance_after(self) -> dict[str, Decimal]:
        """What would be available once the order is executed in full."""
        base, quote = self.conditions.base, self.conditions.quote
        sign = 1 if self.request.is_buy else -1
        return {
            base: self.balance_before[base] + sign * self.base_amount,
            quote: self.balance_before[quote] - sign * self.total,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the preview as the action shows it."""
        return self.request.as_dict() | {
            "amount": plain(self.base_amount),
            "cost": plain(self.cost),
            "fee": plain_or_none(self.fee),
            "fee_percentage": plain_or_none(self.fee_percentage),
            "fee_currency": self.conditions.quote,
            "total": plain(self.total),
            "base_currency": self.conditions.base,
            "quote_currency": self.conditions.quote,
            "balance_before": {
                currency: plain(value)
                for currency, value in self.balance_before.items()
            },
            "balance_after": {
                currency: plain(value) for currency, value in self.balance_after.items()
            },
            "market_price": plain_or_none(self.market_price),
            "distance_percentage": plain_or_none(self.distance_percentage),
            "slippage_percentage": plain_or_none(self.slippage_percentage),
            "warnings": [
                {"key": key, "text": WARNING_TEXTS[key]} for key in self.warnings
            ],
        }


WARNING_TEXTS = {
    "crosses_market": "The price reaches the other side of the market: the order is executed at once.",
    "price_far_from_market": "The price is more than 5 % away from the market.",
    "slippage_high": "The order moves the price by more than 1 %.",
    "book_too_thin": "The order book is too thin to execute all of it.",
    "stop_price_passed": "The market has passed the stop price already: the order becomes active at once.",
    "fee_unknown": "The fee could not be asked for and is not included.",
}


def check_fields(request: OrderRequest) -> None:
    """Refuse an order whose fields do not fit together."""
    needs_price = not request.is_market
    needs_stop = request.order_type is OrderType.STOP_LIMIT
    is_good_till_date = request.time_in_force is TimeInForce.GTD
    rules: tuple[tuple[bool, str], ...] = (
        ((request.amount is None) == (request.quote_amount is None), "amount_required"),
        (needs_price and request.price is None, "price_required"),
        (not needs_price and request.price is not None, "price_not_allowed"),
        (needs_stop and request.stop_price is None, "stop_price_required"),
        (not needs_stop and request.stop_price is not None, "stop_price_not_allowed"),
        (
            request.is_market and request.time_in_force not in (None, TimeInForce.IOC),
            "time_in_force_not_allowed",
        ),
        (is_good_till_date and request.expire_time is None, "expire_time_required"),
        (
            not is_good_till_date and request.expire_time is not None,
            "expire_time_not_allowed",
        ),
    )
    for is_broken, key in rules:
        if is_broken:
            raise refusal(key)


def check_conditions(request: OrderRequest, pair: Pair) -> None:
    """Refuse an order that the trading conditions of its pair do not allow."""
    if request.amount is not None:
        _check_amount(
            request.amount, pair.base, pair.base_min, pair.base_max, pair.base_lot_size
        )
    if request.quote_amount is not None:
        _check_amount(
            request.quote_amount,
            pair.quote,
            pair.quote_min,
            pair.quote_max,
            pair.quote_lot_size,
        )
    for price in filter(None, (request.price, request.stop_price)):
        if not pair.min_price <= price <= pair.max_price:
            raise refusal(
                "price_out_of_range",
                price=plain(price),
                pair=pair.name,
                minimum=plain(pair.min_price),
                maximum=plain(pair.max_price),
            )
        if price != price.quantize(_step(pair.price_precision), ROUND_DOWN):
            raise refusal(
                "price_off_tick",
                price=plain(price),
                pair=pair.name,
                decimals=str(pair.price_precision),
                tick=plain(_step(pair.price_precision)),
            )


def work_out(
    request: OrderRequest,
    conditions: Pair,
    book: TopOfBook,
    fee_percentage: Decimal | None,
    available: Callable[[str], Decimal],
) -> Preview:
    """Work out what an order would do."""
    levels = book.asks if request.is_buy else book.bids
    best = levels[0].price if levels else None
    warnings: list[str] = []
    slippage: Decimal | None = None
    if request.is_market:
        base_amount, cost, is_complete = _walk(request, conditions, levels)
        slippage = _slippage(base_amount, cost, best)
        if not is_complete:
            warnings.append("book_too_thin")
        if slippage is not None and slippage > SLIPPAGE_PERCENTAGE:
            warnings.append("slippage_high")
    else:
        base_amount, cost = _at_limit(request, conditions)
    distance = _distance(request, best)
    if distance is not None:
        warnings.extend(_price_warnings(request, distance, best))
    if fee_percentage is None:
        warnings.append("fee_unknown")
    return Preview(
        request=request,
        conditions=conditions,
        base_amount=base_amount,
        cost=cost,
        fee=None if fee_percentage is None else cost * fee_percentage / HUNDRED,
        fee_percentage=fee_percentage,
        balance_before={
            currency: available(currency)
            for currency in (conditions.base, conditions.quote)
        },
        market_price=best,
        distance_percentage=distance,
        slippage_percentage=slippage,
        warnings=tuple(warnings),
    )


def check_funds(preview: Preview) -> None:
    """Refuse an order that the account cannot pay for."""
    is_buy = preview.request.is_buy
    currency = preview.conditions.quote if is_buy else preview.conditions.base
    needed = preview.total if is_buy else preview.base_amount
    available = preview.balance_before[currency]
    if needed > available:
        raise refusal(
            "insufficient_funds",
            reason=f"{plain(needed)} {currency} needed, {plain(available)} {currency}"
            f" available in sub-account {preview.request.account_id}",
            currency=currency,
            needed=plain(needed),
            available=plain(available),
        )


def _check_amount(
    amount: Decimal, currency: str, minimum: Decimal, maximum: Decimal, lot: Decimal
) -> None:
    """Refuse an amount outside its bounds or between two lots."""
    words = {"amount": plain(amount), "currency": currency}
    if amount < minimum:
        raise refusal("amount_below_minimum", minimum=plain(minimum), **words)
    if amount > maximum:
        raise refusal("amount_above_maximum", maximum=plain(maximum), **words)
    if lot and amount % lot:
        raise refusal("amount_off_lot", lot=plain(lot), **words)


def _step(decimals: int) -> Decimal:
    """Return the smallest step of a number with so many decimals."""
    return Decimal((0, (1,), -decimals))


def _at_limit(request: OrderRequest, conditions: Pair) -> tuple[Decimal, Decimal]:
    """Return base and quote amount of an order at its limit price."""
    price = request.price or Decimal()
    if request.amount is not None:
        return request.amount, request.amount * price
    cost = request.quote_amount or Decimal()
    base_step = _step(conditions.base_precision)
    return (cost / price).quantize(base_step, ROUND_DOWN), cost


def _walk(
    request: OrderRequest, conditions: Pair, levels: tuple[BookLevel, ...]
) -> tuple[Decimal, Decimal, bool]:
    """Return base and quote amount of a market order, and whether the book is enough.

    What the known levels do not hold is reckoned at the last of them.
    """
    base, quote = Decimal(), Decimal()
    base_left, quote_left = request.amount, request.quote_amount
    price = Decimal()
    for level in levels:
        price = level.price
        wanted = base_left if base_left is not None else (quote_left or 0) / price
        taken = min(wanted, level.amount)
        base, quote = base + taken, quote + taken * price
        if base_left is not None:
            base_left -= taken
        if quote_left is not None:
            quote_left -= taken * price
        if taken == wanted:
            break
    else:
        left = base_left if base_left is not None else Decimal()
        if request.amount is not None:
            return request.amount, quote + left * price, False
        return _down(base, conditions), request.quote_amount or quote, False
    if request.quote_amount is not None:
        return _down(base, conditions), request.quote_amount, True
    return base, quote, True


def _down(base: Decimal, conditions: Pair) -> Decimal:
    """Cut a divided base amount to the precision in which the exchange executes."""
    return base.quantize(_step(conditions.base_precision), ROUND_DOWN)


def _slippage(base: Decimal, cost: Decimal, best: Decimal | None) -> Decimal | None:
    """Return how much worse the average price is than the best, in percent."""
    if not base or not best:
        return None
    return (abs(cost / base - best) / best * HUNDRED).quantize(PERCENTAGE_STEP)


def _distance(request: OrderRequest, best: Decimal | None) -> Decimal | None:
    """Return how far the limit price is from the market, in percent, with its sign."""
    if request.price is None or not best:
        return None
    return ((request.price - best) / best * HUNDRED).quantize(PERCENTAGE_STEP)


def _price_warnings(
    request: OrderRequest, distance: Decimal, best: Decimal | None
) -> list[str]:
    """Return what should be said about a limit price and a stop price."""
    warnings: list[str] = []
    reaches = distance >= 0 if request.is_buy else distance <= 0
    if request.order_type is OrderType.LIMIT and reaches:
        warnings.append("crosses_market")
    if abs(distance) > FAR_PERCENTAGE:
        warnings.append("price_far_from_market")
    if request.stop_price is not None and best is not None:
        is_passed = (
            request.stop_price <= best if request.is_buy else request.stop_price >= best
        )
        if is_passed:
            warnings.append("stop_price_passed")
    return warnings
