"""Money is never made nor lost, whatever happens."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from simulators.exchange.clock import Clock
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.ledger import CLIENT, OverdrawnError
from simulators.exchange.engine.orders import OrderRequest, OrderType, Side, TimeInForce
from simulators.exchange.venue import Venue

PAIRS = ("BTC-USD", "ETH-BTC", "SHIB-USD")
ACCOUNTS = ("trading", "savings")

fractions = st.decimals("0.0001", "3", places=4)
sizes = st.one_of(fractions, st.decimals("3", "2000", places=1))
sides = st.sampled_from(Side)
factors = st.one_of(
    st.decimals("0.998", "1.002", places=4), st.decimals("0.97", "1.03", places=2)
)
operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"),
            st.sampled_from(ACCOUNTS),
            st.sampled_from(PAIRS),
            sides,
            st.sampled_from(OrderType),
            st.sampled_from([*TimeInForce, None]),
            sizes,
            factors,
            st.booleans(),
        ),
        st.tuples(st.just("take"), st.sampled_from(PAIRS), sides, sizes),
        st.tuples(
            st.just("place"),
            st.sampled_from(PAIRS),
            sides,
            sizes,
            factors,
        ),
        st.tuples(
            st.just("move"),
            st.sampled_from(PAIRS),
            st.decimals("0.95", "1.05", places=3),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("cancel all")),
        st.tuples(st.just("expire")),
        st.tuples(st.just("transfer"), st.sampled_from(["USD", "BTC"]), fractions),
        st.tuples(st.just("withdraw"), st.sampled_from(["USD", "BTC"]), fractions),
        st.tuples(st.just("deposit"), st.sampled_from(["USD", "BTC"]), fractions),
    ),
    min_size=5,
    max_size=40,
)


class Driver:
    """Does to the engine what a drawn operation says."""

    def __init__(self) -> None:
        """Open an exchange without a network."""
        self.clock = Clock(1_800_000_000, frozen=True)
        self.venue = Venue(seed=1, clock=self.clock, pairs=0)
        self.venue.open_accounts()
        for currency in ("USD", "BTC", "ETH", "SHIB"):
            for account in ACCOUNTS:
                amount = Decimal(10**12 if currency == "SHIB" else 10**7)
                self.venue.engine.accounts.fund(CLIENT + account, currency, amount, 0)
        self.engine: Engine = self.venue.engine
        self._number = 0

    def do(self, operation: tuple[Any, ...]) -> None:
        """Carry out one operation; refusals are fine."""
        kind, *rest = operation
        getattr(self, "do_" + kind.replace(" ", "_"))(*rest)

    def do_order(
        self,
        account: str,
        name: str,
        side: Side,
        kind: OrderType,
        time_in_force: TimeInForce | None,
        size: Decimal,
        factor: Decimal,
        by_quote: bool,
    ) -> None:
        """Place an order around the market."""
        pair = self.engine.listing.pairs[name]
        self._number += 1
        price = (pair.price * factor).quantize(Decimal(1).scaleb(-pair.price_precision))
        amount = (pair.base_min * 10 * size).quantize(pair.base_lot_size)
        quote = by_quote and kind is OrderType.MARKET
        self.engine.place(
            OrderRequest(
                account_id=account,
                pair=pair,
                side=side,
                order_type=kind,
                client_order_id=str(self._number),
                client_time=self.clock.now_ms(),
                time_in_force=time_in_force,
                base_amount=None if quote else amount,
                quote_amount=(amount * pair.price).quantize(Decimal("0.00000001"))
                if quote
                else None,
                price=None if kind is OrderType.MARKET else price,
                stop_price=price if kind is OrderType.STOP_LIMIT else None,
                expire_time=self.clock.now_ms() + 1
                if time_in_force is TimeInForce.GTD
                else None,
            )
        )

    def do_take(self, name: str, side: Side, size: Decimal) -> None:
        """Let somebody trade."""
        pair = self.engine.listing.pairs[name]
        self.engine.others_take(
            pair, side, (pair.base_min * 100 * size).quantize(pair.base_lot_size)
        )

    def do_place(self, name: str, side: Side, size: Decimal, factor: Decimal) -> None:
        """Let somebody rest."""
        pair = self.engine.listing.pairs[name]
        price = (pair.price * factor).quantize(Decimal(1).scaleb(-pair.price_precision))
        amount = (pair.base_min * 10 * size).quantize(pair.base_lot_size)
        if amount:
            self.engine.others_place(pair, side, price, amount)

    def do_move(self, name: str, factor: Decimal) -> None:
        """Move the market."""
        pair = self.engine.listing.pairs[name]
        self.venue.market.move(
            name,
            (pair.price * factor).quantize(Decimal(1).scaleb(-pair.price_precision)),
        )

    def do_cancel(self, index: int) -> None:
        """Cancel some order, finished ones too."""
        orders = list(self.engine.all_orders())
        self.venue.cancel(
            orders[index % len(orders)] if orders else None,
            request_id="c",
            client_order_id="?",
        )

    def do_cancel_all(self) -> None:
        """Cancel everything."""
        self.venue.cancel_all(self.engine.open_orders())

    def do_expire(self) -> None:
        """End what has expired."""
        self.clock._base += 1
        self.engine.expire()

    def do_transfer(self, currency: str, amount: Decimal) -> None:
        """Move money between accounts."""
        try:
            self.engine.accounts.transfer(
                "trading", "savings", currency, amount, time=0, client_tx_id=None
            )
        except OverdrawnError:
            return

    def do_withdraw(self, currency: str, amount: Decimal) -> None:
        """Move money to the wallet."""
        try:
            self.engine.accounts.withdraw("trading", currency, amount, time=0)
        except OverdrawnError:
            return

    def do_deposit(self, currency: str, amount: Decimal) -> None:
        """Move money from the wallet."""
        try:
            self.engine.accounts.deposit("savings", currency, amount, time=0)
        except OverdrawnError:
            return


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(operations)
def test_every_currency_is_conserved_and_every_balance_is_explained(
    drawn: list[tuple[Any, ...]],
) -> None:
    """After any operations: all balances add up to zero, equal their entries, and holds equal what orders lock."""
    driver = Driver()
    for operation in drawn:
        driver.do(operation)
    engine, ledger = driver.engine, driver.engine.ledger
    explained: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in ledger.entries:
        explained[entry.account, entry.currency] += entry.amount
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for account in ledger.accounts():
        for currency in ledger.currencies(account):
            total = ledger.total(account, currency)
            assert explained[account, currency] == total
            sums[currency] += total
            if account.startswith(CLIENT):
                assert 0 <= ledger.on_hold(account, currency) <= total
    assert not any(sums.values())
    held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for order in engine.all_orders():
        assert order.is_final == (order.order_id not in engine.active)
        assert order.held >= 0
        assert not (order.is_final and order.held)
        held[CLIENT + order.account_id, order.hold_currency] += order.held
    for (account, currency), amount in held.items():
        assert ledger.on_hold(account, currency) == amount
    for book in engine.books.values():
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid < ask
        for side in (book.bids, book.asks):
            amounts: dict[Decimal, Decimal] = defaultdict(Decimal)
            for resting in side.entries():
                assert resting.remaining > 0
                amounts[resting.price] += resting.remaining
            assert dict(side.top(10_000)) == amounts
    fills: dict[int, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for fill in engine.settlement.fills:
        totals = fills[fill.order_id]
        fills[fill.order_id] = [
            totals[0] + fill.base,
            totals[1] + fill.quote,
            totals[2] + fill.fee,
        ]
    for order in engine.all_orders():
        assert fills[order.order_id or 0] == [
            order.executed_base,
            order.executed_quote,
            order.fee,
        ]
