"""Asking the exchange for what no report told of (websocket.md 4.9)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from .coordinator import AccountCoordinator
from .exchange import Order, Priority, RestClient
from .executions import Ledger
from .order_changes import Change, order_key
from .order_outcomes import OrderOutcomes

# So long before the last contact is asked as well: a line may have been deaf for half a minute before it was
# given up, and a clock may have been put right by a minute since. What is known already is not told again.
CLOCK_MARGIN = timedelta(minutes=3)
# The exchange keeps no window longer than a year; a little less is always allowed.
LONGEST_ABSENCE = timedelta(days=364)
# More missing orders than this are asked for together.
SINGLE_QUESTIONS = 5
# What is left over is asked for at the next run.
DOUBTFUL_QUESTIONS = 5
QUESTION_POINTS = 5
# Open, ended since, missing together and one by one, doubtful, balances.
LARGEST_POINTS = QUESTION_POINTS * (4 + SINGLE_QUESTIONS + DOUBTFUL_QUESTIONS)


@dataclass(frozen=True, slots=True)
class Run:
    """How one recovery went."""

    time: datetime
    seconds: float
    points: int
    changes: int
    fills: int

    def as_dict(self) -> dict[str, Any]:
        """Return the run as diagnostics show it."""
        return asdict(self) | {
            "time": self.time.isoformat(),
            "seconds": round(self.seconds, 3),
        }


class Recovery:
    """Compares the ledger with the exchange, for at most LARGEST_POINTS a run."""

    def __init__(
        self,
        *,
        rest: RestClient,
        balances: AccountCoordinator,
        ledger: Ledger,
        outcomes: OrderOutcomes,
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Prepare; nothing is asked yet."""
        self._rest = rest
        self._balances = balances
        self._ledger = ledger
        self._outcomes = outcomes
        self._now = now
        self._clock = clock
        self._questions = 0
        self.runs = 0
        self.last: Run | None = None

    async def async_run(self) -> None:
        """Ask for whatever may have been missed.

        Raises:
            CexioError: The exchange did not answer; what it told before is kept.
            sqlite3.Error: What has to be known first could not be kept.
        """
        # Compared with times that the exchange gave, so that it has to be of its clock.
        asked, began = self._now(), self._clock()
        self._questions = 0
        changes = await self._async_recover_orders()
        resolved = await self._outcomes.async_resolve_placements(DOUBTFUL_QUESTIONS)
        self._questions += resolved.questions
        changes += resolved.changes
        await self._ledger.async_note_contact(asked)
        self._questions += 1
        await self._balances.async_refresh()
        self.runs += 1
        self.last = Run(
            time=asked,
            seconds=self._clock() - began,
            points=self._questions * QUESTION_POINTS,
            changes=len(changes),
            fills=sum(change.fill is not None for change in changes),
        )

    async def _async_recover_orders(self) -> list[Change]:
        """Compare the ledger with what the exchange says of open and ended orders."""
        ledger = self._ledger
        open_orders = await self._async_ask()
        if not ledger.has_baseline:
            await ledger.async_adopt(open_orders)
        changes = await self._async_apply(open_orders)
        if (contact := ledger.contact) is not None:
            changes += await self._async_apply(await self._async_ended_since(contact))
        still_open = {order_key(order) for order in open_orders}
        missing = [
            order for order in ledger.open_orders if order_key(order) not in still_open
        ]
        return changes + await self._async_apply(await self._async_find(missing))

    async def _async_ended_since(self, moment: datetime) -> list[Order]:
        """Return the orders that were made since and have ended, oldest first."""
        created_from = max(moment - CLOCK_MARGIN, self._now() - LONGEST_ABSENCE)
        ended = await self._async_ask(archived=True, created_from=created_from)
        return list(reversed(ended))

    async def _async_find(self, missing: list[Order]) -> list[Order]:
        """Ask what became of orders that are no longer open."""
        found: list[Order] = []
        if len(missing) > SINGLE_QUESTIONS:
            created = [order.created for order in missing if order.created is not None]
            keys = {order_key(order) for order in missing}
            archived = await self._async_ended_since(min(created, default=self._now()))
            found = [order for order in archived if order_key(order) in keys]
            keys -= {order_key(order) for order in found}
            missing = [order for order in missing if order_key(order) in keys]
        for order in missing[:SINGLE_QUESTIONS]:
            found += await self._async_ask(order_id=order.order_id)
        return found

    async def _async_apply(self, orders: list[Order]) -> list[Change]:
        """Keep what the exchange said; return the changes it told of."""
        return await self._ledger.async_apply_orders(
            orders, live_since=self._ledger.live_since
        )

    async def _async_ask(self, **criteria: Any) -> list[Order]:
        """Ask for orders, and count the question."""
        self._questions += 1
        return await self._rest.get_my_orders(priority=Priority.RECOVERY, **criteria)
