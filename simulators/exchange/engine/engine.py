"""The engine: orders of the client and of everybody else, from placement to their end.

All methods are synchronous and atomic. What happens is collected in `events`, in order; whoever calls the
engine drains them (`drain`) and passes them on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import override

from simulators.exchange.engine import checks
from simulators.exchange.engine.book import Resting
from simulators.exchange.engine.checks import Rejection
from simulators.exchange.engine.events import CancelReject
from simulators.exchange.engine.floor import Floor
from simulators.exchange.engine.ledger import CLIENT, OverdrawnError
from simulators.exchange.engine.matching import (
    Match,
    plan_base,
    plan_quote,
    protected,
    total_base,
    total_quote,
)
from simulators.exchange.engine.money import (
    ONE,
    ZERO,
    ceiling,
    nearest,
    product,
    quotient,
)
from simulators.exchange.engine.orders import (
    ExecutionType,
    Order,
    OrderRequest,
    OrderType,
    Side,
    Status,
    TimeInForce,
)
from simulators.exchange.engine.reference import Listing, Pair

# How long a client order id stays protected: the documentation says "a reasonable period of time".
DUPLICATE_WINDOW_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Placement:
    """A placed order: its first state as accepted, and the living order."""

    accepted: Order
    order: Order


@dataclass(slots=True)
class _Known:
    """A client order id in its protected period."""

    request: OrderRequest
    order: Order


class Engine(Floor):
    """The matching engine of all pairs."""

    def __init__(self, listing: Listing, now: Callable[[], int]) -> None:
        """Start with empty books; `now` gives Unix milliseconds."""
        super().__init__(listing, now)
        self.orders: dict[int, Order] = {}
        self.active: dict[int, Order] = {}
        self.most_active = checks.MAX_ACTIVE_ORDERS
        self.by_client_id: dict[str, list[Order]] = defaultdict(list)
        # What an expired order becomes: the documentation shows no example.
        self.expiry_status = Status.EXPIRED
        self._resting: dict[int, Resting] = {}
        self._known: dict[str, _Known] = {}

    @override
    def finished(self, order: Order) -> None:
        """Forget a resting order that was filled."""
        self.active.pop(order.order_id or 0, None)
        self._resting.pop(order.order_id or 0, None)

    def place(self, request: OrderRequest) -> Placement:
        """Accept, reject or repeat an order, and let it trade."""
        now = self.now()
        if refused := checks.client_time(request, now):
            return self._reject(request, refused)
        known = self._known.get(request.client_order_id)
        if known is not None and known.order.created > now - DUPLICATE_WINDOW_MS:
            if known.request == request:
                return Placement(replace(known.order), known.order)
            return self._reject(request, checks.DUPLICATE)
        if refused := checks.check(request, now):
            return self._reject(request, refused)
        if len(self.active) >= self.most_active:
            return self._reject(request, checks.TOO_MANY_ORDERS)
        order = self._new_order(request)
        plan = self._plan(order) if order.order_type is OrderType.MARKET else []
        try:
            self._hold(order, plan)
        except OverdrawnError:
            return self._reject(request, checks.INSUFFICIENT_FUNDS)
        self._number(order)
        self._keep(request, order)
        self.active[order.order_id or 0] = order
        self._balance_of_hold(order)
        accepted = self.settlement.report(order, ExecutionType.NEW, now).order
        order.triggered = not self._waits(order)
        if order.triggered:
            self._trade(
                order,
                plan if order.order_type is OrderType.MARKET else self._plan(order),
            )
        self.check_stops(order.pair)
        return Placement(accepted, order)

    def request_cancel(
        self,
        order: Order | None,
        *,
        request_id: str,
        client_order_id: str | None = None,
    ) -> bool:
        """Begin to cancel an order, or tell why not (websocket.md 4.4); `complete_cancel` does the rest.

        The client order id is that of the request, for the answer about an unknown order.
        """
        if order is None:
            self.events.append(
                CancelReject(
                    None,
                    client_order_id,
                    request_id,
                    None,
                    Status.REJECTED,
                    "unknown_order",
                )
            )
            return False
        if order.is_final or order.status is Status.PENDING_CANCEL:
            reason = (
                "too_late_to_cancel" if order.is_final else "already_pending_cancel"
            )
            self.events.append(self._cancel_reject(order, request_id, reason))
            return False
        order.status = Status.PENDING_CANCEL
        self.settlement.report(
            order,
            ExecutionType.PENDING_CANCEL,
            self.now(),
            cancel_request_id=request_id,
        )
        return True

    def complete_cancel(self, order: Order, request_id: str) -> None:
        """Carry out a cancel that is pending; a fill may have come first."""
        if order.is_final:
            self.events.append(
                self._cancel_reject(order, request_id, "too_late_to_cancel")
            )
            return
        self._end(order, Status.CANCELLED, cancel_request_id=request_id)

    def open_orders(self, account_ids: Iterable[str] | None = None) -> list[Order]:
        """Return what may be cancelled, oldest first."""
        wanted = None if account_ids is None else set(account_ids)
        return [
            order
            for order in self.active.values()
            if order.status is not Status.PENDING_CANCEL
            and (wanted is None or order.account_id in wanted)
        ]

    def expire(self) -> None:
        """End the orders whose time has come."""
        now = self.now()
        for order in [
            order
            for order in self.active.values()
            if order.expire_time is not None and order.expire_time <= now
        ]:
            if order.time_in_force is TimeInForce.GTD:
                self._end(order, self.expiry_status)

    @override
    def check_stops(self, pair: Pair) -> None:
        """Let stop-limit orders enter the book once the best opposite price has passed their stop price."""
        while due := [
            order
            for order in self.active.values()
            if order.pair is pair and not order.triggered and not self._waits(order)
        ]:
            for order in due:
                order.triggered = True
                if order.status is not Status.PENDING_CANCEL:
                    self._trade(order, self._plan(order))

    def _new_order(self, request: OrderRequest) -> Order:
        """Make an order out of a request."""
        now = self.now()
        order = Order(
            order_id=None,
            client_order_id=request.client_order_id,
            account_id=request.account_id,
            pair=request.pair,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            client_time=request.client_time,
            created=now,
            updated=now,
            requested_base=request.base_amount,
            requested_quote=request.quote_amount,
            original_quote=request.quote_amount,
            price=request.price,
            stop_price=request.stop_price,
            expire_time=request.expire_time,
            comment=request.comment,
            fee_percent=self.fees.percent(request.pair.name, now),
        )
        if order.original_quote is not None and order.side is Side.BUY:
            # The fee is inside the amount sent (rest.md 6 item 45).
            order.requested_quote = nearest(
                quotient(order.original_quote, ONE + order.fee_rate),
                order.pair.quote_precision,
            )
        return order

    def _number(self, order: Order) -> None:
        """Give the order its id."""
        self.last_number += 1
        order.order_id = self.last_number

    def _keep(self, request: OrderRequest, order: Order) -> None:
        """Remember a numbered order."""
        self.orders[order.order_id or 0] = order
        self.by_client_id[order.client_order_id].append(order)
        self._known[order.client_order_id] = _Known(request, order)

    def restore(self, order: Order) -> None:
        """Take back an order that was kept in a file; its hold is locked again, its client order id protected."""
        request = OrderRequest(
            account_id=order.account_id,
            pair=order.pair,
            side=order.side,
            order_type=order.order_type,
            client_order_id=order.client_order_id,
            client_time=order.client_time,
            time_in_force=order.time_in_force,
            base_amount=order.requested_base,
            quote_amount=order.original_quote,
            price=order.price,
            stop_price=order.stop_price,
            expire_time=order.expire_time,
            comment=order.comment,
        )
        self._keep(request, order)
        if order.is_final:
            return
        self.active[order.order_id or 0] = order
        self.ledger.hold(CLIENT + order.account_id, order.hold_currency, order.held)
        if order.triggered:
            self._rest(order)

    def _reject(self, request: OrderRequest, refused: Rejection) -> Placement:
        """Refuse an order; only some refusals leave an order with a number behind."""
        order = self._new_order(request)
        order.requested_quote = request.quote_amount
        order.status = Status.REJECTED
        order.reject_code = int(refused.code)
        order.reject_reason = refused.reason
        if refused.numbered:
            self._number(order)
            self._keep(request, order)
        report = self.settlement.report(order, ExecutionType.REJECTED, self.now())
        return Placement(report.order, order)

    def _plan(self, order: Order) -> list[Match]:
        """Plan what the order trades at once."""
        side = self.books[order.pair.name].opposite(order.side)
        limit = protected(side) if order.order_type is OrderType.MARKET else order.price
        if order.requested_quote is not None:
            return plan_quote(
                order.pair, side, order.side, order.remaining_quote, limit
            )
        return plan_base(order.pair, side, order.side, order.remaining_base, limit)

    def _hold(self, order: Order, plan: list[Match]) -> None:
        """Lock what the order may need; raises OverdrawnError."""
        pair = order.pair
        with_fee = ONE + order.fee_rate
        if order.side is Side.SELL:
            amount = (
                total_base(plan)
                if order.requested_base is None
                else order.requested_base
            )
        elif order.original_quote is not None:
            amount = order.original_quote
        elif order.price is None or order.requested_base is None:
            amount = ceiling(product(total_quote(plan), with_fee), pair.quote_precision)
        else:
            amount = ceiling(
                product(product(order.requested_base, order.price), with_fee),
                pair.quote_precision,
            )
        self.ledger.hold(CLIENT + order.account_id, order.hold_currency, amount)
        order.held = order.initial_hold = amount

    def _balance_of_hold(self, order: Order) -> None:
        """Tell of the balance that the order locks."""
        self.accounts.changed(
            order.account_id,
            order.hold_currency,
            time=self.now(),
            action="order",
            operation=order.order_id or 0,
        )

    def _waits(self, order: Order) -> bool:
        """Tell whether a stop-limit order still waits for its price."""
        if order.stop_price is None:
            return False
        best = self.books[order.pair.name].opposite(order.side).best()
        if best is None:
            return True
        return (
            best < order.stop_price
            if order.side is Side.BUY
            else best > order.stop_price
        )

    def _trade(self, order: Order, plan: list[Match]) -> None:
        """Execute the plan, then let the rest rest or end."""
        self.execute(order.pair, order.side, order, plan)
        if order.is_final:
            self.active.pop(order.order_id or 0, None)
        elif (
            order.order_type is OrderType.MARKET
            or order.time_in_force is TimeInForce.IOC
        ):
            self._end(order, Status.CANCELLED)
        else:
            self._rest(order)

    def _rest(self, order: Order) -> None:
        """Put the order's rest into the book."""
        number = order.order_id or 0
        resting = Resting(
            number, order.side, order.price or ZERO, order.remaining_base, order
        )
        self.books[order.pair.name].side(order.side).add(resting)
        self._resting[number] = resting

    def _end(
        self, order: Order, status: Status, cancel_request_id: str | None = None
    ) -> None:
        """End an order that is not filled: out of the book, hold freed, told."""
        now = self.now()
        number = order.order_id or 0
        if (resting := self._resting.pop(number, None)) is not None:
            self.books[order.pair.name].side(order.side).remove(resting)
        self.active.pop(number, None)
        order.status = status
        if self.settlement.keep_hold(order, ZERO):
            self._balance_of_hold(order)
        self.settlement.report(
            order, ExecutionType.CANCELED, now, cancel_request_id=cancel_request_id
        )
        if order.executed_base:
            self.accounts.finalized(order, now)

    @staticmethod
    def _cancel_reject(order: Order, request_id: str, reason: str) -> CancelReject:
        """Tell that an order cannot be cancelled."""
        return CancelReject(
            order.order_id,
            order.client_order_id,
            request_id,
            order.account_id,
            order.status,
            reason,
        )

    def find(self, order_id: int | None, client_order_id: str | None) -> Order | None:
        """Return the order with that id, or the newest one with that client order id."""
        if client_order_id is not None:
            return next(reversed(self.by_client_id.get(client_order_id, [])), None)
        return self.orders.get(order_id) if order_id is not None else None

    def all_orders(self) -> Iterable[Order]:
        """Go through all numbered orders, oldest first."""
        return self.orders.values()
