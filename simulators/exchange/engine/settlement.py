"""What a trade does to the client's orders: amounts, fee, hold, balances, events."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from simulators.exchange.engine.accounts import Accounts
from simulators.exchange.engine.events import Event, Report
from simulators.exchange.engine.fees import Fees
from simulators.exchange.engine.ledger import CLIENT, FEES, MARKET
from simulators.exchange.engine.money import ONE, ZERO, ceiling, product
from simulators.exchange.engine.orders import (
    ExecutionType,
    Order,
    OrderType,
    Side,
    Status,
)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of one order of the client, as `/control/truth` shows it."""

    order_id: int
    execution_id: str
    pair: str
    side: Side
    base: Decimal
    quote: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    time: int


class Settlement:
    """Settles trades in the ledger and tells of them."""

    def __init__(
        self,
        accounts: Accounts,
        fees: Fees,
        emit: Callable[[Event], None],
        start_ms: int,
    ) -> None:
        """Take the accounts that pay and the fees that they pay."""
        self.fills: list[Fill] = []
        self.executions = 0
        self._accounts = accounts
        self._ledger = accounts.ledger
        self._fees = fees
        self._emit = emit
        self._start_ms = start_ms

    def report(
        self,
        order: Order,
        kind: ExecutionType,
        time: int,
        **extra: Decimal | str | None,
    ) -> Report:
        """Give the order's present state an execution id of its own and tell of it."""
        self.executions += 1
        order.execution_type = kind
        order.execution_id = f"{self._start_ms}_101_{self.executions}"
        order.updated = time
        report = Report(replace(order), **extra)  # type: ignore[arg-type]  # a table of the optional fields
        self._emit(report)
        return report

    def trade(
        self,
        buyer: Order | None,
        seller: Order | None,
        price: Decimal,
        base: Decimal,
        quote: Decimal,
        time: int,
    ) -> None:
        """Settle a trade; None stands for somebody who is not the client."""
        parties = [order for order in (buyer, seller) if order is not None]
        if not parties:
            return
        pair = parties[0].pair
        fees = {id(order): self._execute(order, base, quote) for order in parties}
        buyer_account, seller_account = _account(buyer), _account(seller)
        legs = [
            (seller_account, buyer_account, pair.base, base),
            (buyer_account, seller_account, pair.quote, quote),
        ]
        self._ledger.move(legs, time=time, reason="trade")
        for order in parties:
            fee = fees[id(order)]
            self._settle_fee(order, fee, time)
            self.report(
                order, ExecutionType.TRADE, time, last_base=base, last_quote=quote
            )
            self.fills.append(
                Fill(
                    order.order_id or 0,
                    order.execution_id,
                    pair.name,
                    order.side,
                    base,
                    quote,
                    price,
                    fee,
                    pair.quote,
                    time,
                )
            )
            self._fees.record(time, quote * pair.usd_quote)
            if order.is_final:
                self._accounts.finalized(order, time)

    def _execute(self, order: Order, base: Decimal, quote: Decimal) -> Decimal:
        """Update the order's amounts, free what the trade needs from the hold, and return this trade's fee."""
        order.executed_base += base
        order.executed_quote += quote
        filled = order.is_filled
        before = order.fee
        order.fee = _fee(order)
        fee = order.fee - before
        if order.status is not Status.PENDING_CANCEL or filled:
            order.status = Status.FILLED if filled else Status.PARTIALLY_FILLED
        self.keep_hold(order, _hold_left(order, base, quote + fee))
        return fee

    def keep_hold(self, order: Order, amount: Decimal) -> Decimal:
        """Lower the hold to `amount` and return what was freed."""
        freed = order.held - amount
        if freed:
            self._ledger.release(CLIENT + order.account_id, order.hold_currency, freed)
            order.held = amount
        return freed

    def _settle_fee(self, order: Order, fee: Decimal, time: int) -> None:
        """Take the fee and tell of balances as the exchange does: proceeds and fee apart, costs together.

        A sale tells of no base balance although its hold falls: so it is in websocket.md 4.2.1.
        """
        pair, account = order.pair, order.account_id
        operation = order.order_id or 0
        first = pair.quote if order.side is Side.SELL else pair.base
        self._accounts.changed(
            account, first, time=time, action="order", operation=operation
        )
        if fee:
            self._ledger.move(
                [(CLIENT + account, FEES, pair.quote, fee)],
                time=time,
                reason="commission",
            )
        if fee or order.side is Side.BUY:
            self._accounts.changed(
                account, pair.quote, time=time, action="order", operation=operation
            )


def _account(order: Order | None) -> str:
    """Return the ledger account of one side of a trade."""
    return MARKET if order is None else CLIENT + order.account_id


def _fee(order: Order) -> Decimal:
    """Return the whole fee so far: percent of the executed quote amount, rounded up (rest.md 6 item 39).

    A purchase by quote amount never pays more than what was sent for it, and exactly that once filled
    (rest.md 7.3).
    """
    fee = ceiling(
        product(order.executed_quote, order.fee_rate), order.pair.quote_precision
    )
    if (
        order.side is Side.SELL
        or order.original_quote is None
        or order.requested_quote is None
    ):
        return fee
    budget = order.original_quote - order.requested_quote
    return budget if order.is_filled else min(fee, budget)


def _hold_left(order: Order, base: Decimal, spent: Decimal) -> Decimal:
    """Return what the order must still lock after a trade."""
    if order.is_filled:
        return ZERO
    if order.side is Side.SELL:
        return max(order.held - base, ZERO)
    if order.order_type is OrderType.MARKET or order.price is None:
        return max(order.held - spent, ZERO)
    cost = product(order.remaining_base * order.price, ONE + order.fee_rate)
    return min(order.held, ceiling(cost, order.pair.quote_precision))
