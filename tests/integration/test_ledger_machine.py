"""Any schedule of executions, lost reports, crashes and recoveries: nothing lost, nothing twice."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import tempfile
from types import SimpleNamespace
from typing import Any, cast, override
from unittest.mock import patch

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
import pytest

from custom_components.cexio.database import Database
from custom_components.cexio.exchange import (
    ExecutionReport,
    ExecutionType,
    Order,
    OrderStatus,
    OrderType,
    RestClient,
    Side,
)
from custom_components.cexio.executions import PATIENCE, Ledger
from custom_components.cexio.feed import Feed, FeedEntry
from custom_components.cexio.order_changes import rank
from custom_components.cexio.recovery import Recovery
from custom_components.cexio.representation import order_from_stored

ORDERS = 25
LOT = Decimal("0.01")
PRICES = (Decimal("60000.1"), Decimal(60001), Decimal("60000.37"))


class CrashError(Exception):
    """The process is gone."""


@dataclass
class Model:
    """An order as the exchange knows it."""

    order_id: str
    lots: int
    created: datetime
    updated: datetime
    status: OrderStatus = OrderStatus.NEW
    amount: Decimal = Decimal()
    quote: Decimal = Decimal()
    fee: Decimal = Decimal()
    fills: int = 0

    def state(self) -> Order:
        """Return the order as an answer shows it."""
        return Order(
            order_id=self.order_id,
            client_order_id=f"client-{self.order_id}",
            account_id="trading",
            pair="BTC-USD",
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            status=self.status,
            status_text=self.status.value,
            is_final=self.status.is_final,
            price=PRICES[1],
            requested_amount=self.lots * LOT,
            executed_amount=self.amount,
            executed_quote_amount=self.quote,
            fee_amount=self.fee,
            fee_currency="USD",
            created=self.created,
            updated=self.updated,
        )


@dataclass
class Exchange:
    """What really happened, and the answers that the recovery gets."""

    orders: dict[str, Model] = field(default_factory=dict)
    reports: list[ExecutionReport] = field(default_factory=list)
    told: int = 0

    def report(self, order: Model, kind: ExecutionType, **last: Decimal) -> None:
        """Send a report on its way; it carries no time, as at the real exchange."""
        self.told += 1
        self.reports.append(
            ExecutionReport(
                order=_without_times(order.state()),
                execution_type=kind,
                execution_id=f"1_{self.told}",
                last_amount=last.get("amount"),
                last_quote_amount=last.get("quote"),
            )
        )

    async def get_my_orders(
        self,
        *,
        order_id: str | None = None,
        archived: bool = False,
        created_from: datetime | None = None,
        **_: Any,
    ) -> list[Order]:
        """Answer as the exchange does, oldest first, with all there is."""
        return [
            model.state()
            for model in self.orders.values()
            if (
                model.order_id == order_id
                if order_id is not None
                else model.status.is_final is archived
                and (created_from is None or model.created >= created_from)
            )
        ]


def _without_times(order: Order) -> Order:
    """Return an order as reports show it."""
    return replace(order, created=None, updated=None)


class LedgerMachine(RuleBasedStateMachine):
    """A ledger and a feed on a real file, and an exchange that they may lose sight of."""

    def __init__(self) -> None:
        """Begin with an empty file, connected."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.clock = 0.0
        self.time = patch("homeassistant.util.dt.utcnow", lambda: self.now)
        self.time.start()
        self.exchange = Exchange()
        self.heard: list[FeedEntry] = []
        self.cursor = 0
        self.seen: list[FeedEntry] = []
        self.begin()
        self.connect()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Let the loop turn until something is done."""
        return self.runner.run(work)

    def begin(self) -> None:
        """Start the process: whatever was only in memory is gone."""

        async def open_file() -> None:
            self.database = Database(Path(self.folder.name) / "feed.sqlite")
            await self.database.async_open()
            self.feed = Feed(self.database)
            await self.feed.async_load()
            self.feed.async_listen(self.heard.append)
            self.ledger = Ledger(self.database, self.feed, clock=lambda: self.clock)
            await self.ledger.async_load()
            await self.feed.async_publish_pending()

        self.run(open_file())
        self.recovery = Recovery(
            rest=cast(RestClient, self.exchange),
            balances=cast(Any, SimpleNamespace(async_refresh=_nothing)),
            ledger=self.ledger,
            now=lambda: self.now,
            outcomes=cast(
                Any, SimpleNamespace(async_resolve_placements=_nothing_resolved)
            ),
        )

    def connect(self) -> None:
        """Connect: reports flow from now on, and what was missed is asked for."""
        self.exchange.reports.clear()
        self.ledger.live_since = self.now
        self.risk(self.recovery.async_run())
        self.ledger.postpone()

    def crash(self) -> None:
        """Die and start again."""
        self.run(self.database.async_close())
        self.begin()
        self.connect()

    def risk(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something during which the process may die."""
        try:
            self.run(work)
        except CrashError:
            self.crash()

    def pick(self, number: int) -> Model | None:
        """Return one of the orders that are open at the exchange."""
        found = [
            item for item in self.exchange.orders.values() if not item.status.is_final
        ]
        return found[number % len(found)] if found else None

    def advance(self) -> None:
        """Let a moment pass."""
        self.now += timedelta(milliseconds=7)

    # What happens at the exchange

    @precondition(lambda self: len(self.exchange.orders) < ORDERS)
    @rule(
        lots=st.integers(1, 5),
        at_once=st.integers(0, 3),
        has_reply=st.booleans(),
        shows_latest=st.booleans(),
    )
    def place(
        self, lots: int, at_once: int, has_reply: bool, shows_latest: bool
    ) -> None:
        """Place an order here or elsewhere; it may be executed before the reply comes."""
        self.advance()
        number = str(len(self.exchange.orders) + 1)
        order = Model(number, lots, created=self.now, updated=self.now)
        self.exchange.orders[number] = order
        self.exchange.report(order, ExecutionType.NEW)
        reply = order.state()
        for turn in range(min(at_once, lots)):
            self.execute(order, turn)
        if shows_latest:
            reply = order.state()
        if has_reply:
            self.risk(self.ledger.async_apply_reply(_without_times(reply)))

    @rule(number=st.integers(0, 99), price=st.integers(0, 2))
    def fill(self, number: int, price: int) -> None:
        """Execute a lot of an order."""
        if order := self.pick(number):
            self.advance()
            self.execute(order, price)

    def execute(self, order: Model, turn: int) -> None:
        """Execute one lot and report it."""
        quote = (LOT * PRICES[turn % len(PRICES)]).quantize(Decimal("0.01"))
        order.amount += LOT
        order.quote += quote
        order.fee += (quote * Decimal("0.0025")).quantize(Decimal("0.00000001"))
        order.fills += 1
        order.updated = self.now
        if order.amount == order.lots * LOT:
            order.status = OrderStatus.FILLED
        elif order.status is not OrderStatus.PENDING_CANCEL:
            order.status = OrderStatus.PARTIALLY_FILLED
        self.exchange.report(order, ExecutionType.TRADE, amount=LOT, quote=quote)

    @rule(number=st.integers(0, 99), is_done=st.booleans())
    def cancel(self, number: int, is_done: bool) -> None:
        """Ask for the end of an order; a fill may come before it ends."""
        if order := self.pick(number):
            self.advance()
            order.updated = self.now
            order.status = OrderStatus.PENDING_CANCEL
            self.exchange.report(order, ExecutionType.PENDING_CANCEL)
            if is_done:
                order.status = OrderStatus.CANCELLED
                self.exchange.report(order, ExecutionType.CANCELED)

    @rule(number=st.integers(0, 99))
    def expire(self, number: int) -> None:
        """End an order by its date."""
        if order := self.pick(number):
            self.advance()
            order.updated = self.now
            order.status = OrderStatus.EXPIRED
            self.exchange.report(order, ExecutionType.ORDER_STATUS)

    # What becomes of the reports

    @rule(place=st.sampled_from([0, 0, 0, 0, 1, 2, 5]), again=st.booleans())
    def deliver(self, place: int, again: bool) -> None:
        """Deliver a report, in its turn or not, and perhaps once more later."""
        reports = self.exchange.reports
        if reports:
            report = reports.pop(min(place, len(reports) - 1))
            if again:
                reports.append(report)
            self.risk(self.ledger.async_apply_reports(report))

    @rule()
    def deliver_all(self) -> None:
        """Deliver whatever is on its way, in order."""
        reports, self.exchange.reports = self.exchange.reports, []
        for report in reports:
            self.risk(self.ledger.async_apply_reports(report))

    @rule(count=st.integers(2, 9))
    def deliver_together(self, count: int) -> None:
        """Deliver what came while something else was written: at once."""
        reports = self.exchange.reports[:count]
        del self.exchange.reports[:count]
        self.risk(self.ledger.async_apply_reports(*reports))

    @rule(place=st.integers(0, 3))
    def drop(self, place: int) -> None:
        """Lose a report."""
        if self.exchange.reports:
            self.exchange.reports.pop(min(place, len(self.exchange.reports) - 1))

    # What happens on this side

    @rule(minutes=st.sampled_from([0, 0, 1, 10]))
    def wait(self, minutes: int) -> None:
        """Let time pass, so that nothing waits for reports any more."""
        self.now += timedelta(minutes=minutes, seconds=PATIENCE)
        self.clock += PATIENCE
        self.risk(self.ledger.async_release())

    @rule()
    def slow_timer(self) -> None:
        """Ask beside the stream, to be sure."""
        self.advance()
        self.risk(self.recovery.async_run())

    @rule(
        minutes=st.sampled_from([0, 0, 5, 90]),
        fills=st.lists(st.integers(0, 9), max_size=4),
    )
    def lose_connection(self, minutes: int, fills: list[int]) -> None:
        """Be away for a while, during which things go on."""
        self.ledger.live_since = None
        self.risk(self.ledger.async_release(everything=True))
        for number in fills:
            self.fill(number, number)
        self.now += timedelta(minutes=minutes, milliseconds=1)
        self.connect()

    @rule(fills=st.lists(st.integers(0, 9), max_size=3))
    def kill(self, fills: list[int]) -> None:
        """Die, and come back after some executions."""
        for number in fills:
            self.fill(number, number)
        self.now += timedelta(minutes=3)
        self.crash()

    @rule(is_written=st.booleans())
    def die_at_the_next_write(self, is_written: bool) -> None:
        """Make the next write the last: before it, or between it and its publication."""

        async def die_after(added: Any) -> None:
            raise CrashError

        def die_before(*_: Any, **__: Any) -> None:
            raise CrashError

        if is_written:
            vars(self.feed)["_async_take_in"] = die_after
        else:
            vars(self.feed)["_append"] = die_before

    @rule(limit=st.integers(1, 7))
    def resume(self, limit: int) -> None:
        """Read on as a subscriber does that was away."""
        entries = self.run(self.feed.async_read(self.cursor, limit))
        self.seen += entries
        if entries:
            self.cursor = entries[-1].seq

    # What always holds

    @invariant()
    def rising_without_gaps(self) -> None:
        """Subscribers and listeners hear everything in order, listeners perhaps again."""
        assert [entry.seq for entry in self.seen] == list(range(1, len(self.seen) + 1))
        last = 0
        for entry in self.heard:
            assert entry.seq <= last + 1
            last = max(last, entry.seq)

    @invariant()
    def never_too_much(self) -> None:
        """No id twice, no more than was executed, no status taken back."""
        entries = {entry.seq: entry for entry in self.heard}
        check(self.exchange, list(entries.values()), is_settled=False)

    @override
    def teardown(self) -> None:
        """Settle: after one recovery everything is told, to the last digit."""
        self.crash()
        self.clock += PATIENCE
        self.run(self.ledger.async_release())
        self.run(self.recovery.async_run())
        self.run(self.ledger.async_release(everything=True))
        entries = self.run(self.feed.async_read(0, 100_000))
        assert {entry.seq for entry in self.heard} == {entry.seq for entry in entries}
        check(self.exchange, entries, is_settled=True)
        self.run(self.database.async_close())
        self.runner.close()
        self.time.stop()
        self.folder.cleanup()


def check(exchange: Exchange, entries: list[FeedEntry], *, is_settled: bool) -> None:
    """Compare what was told with what happened."""
    ids = [entry.id for entry in entries]
    assert len(ids) == len(set(ids))
    told: dict[str, list[FeedEntry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.seq):
        told[entry.data["order"]["order_id"]].append(entry)
    for order_id, model in exchange.orders.items():
        orders = [_order(entry) for entry in told[order_id]]
        ranks = [rank(order) for order in orders]
        assert ranks == sorted(ranks)
        fills = [fill for entry in told[order_id] if (fill := entry.data["fill"])]
        sums = [
            sum((Decimal(fill[name]) for fill in fills), Decimal())
            for name in ("amount", "quote_amount", "fee_amount")
        ]
        real = [model.amount, model.quote, model.fee]
        assert all(mine <= theirs for mine, theirs in zip(sums, real, strict=True))
        assert len(fills) <= model.fills
        if is_settled:
            assert sums == real
            if model.status.is_final:
                assert orders[-1].status is model.status


def _order(entry: FeedEntry) -> Order:
    """Return the order that an entry shows."""
    return order_from_stored(
        entry.data["order"] | {"client_id": None, "expire_time": None}
    )


async def _nothing() -> None:
    """Do nothing."""


async def _nothing_resolved(maximum: int) -> Any:
    """Resolve nothing."""
    return SimpleNamespace(questions=0, changes=[])


TestLedgerMachine = pytest.mark.timeout(300)(LedgerMachine.TestCase)
# Two thousand schedules, the same in each run: what is tried must not depend on luck.
TestLedgerMachine.settings = settings(
    derandomize=True,
    max_examples=2000,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
