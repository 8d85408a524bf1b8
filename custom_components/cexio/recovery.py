"""Asking the exchange for what no report told of (websocket.md 4.9)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
import logging
from time import monotonic
from typing import Any

from .coordinator import AccountCoordinator
from .exchange import Order, Priority, RestClient
from .executions import Ledger
from .order_changes import Change, order_key
from .order_outcomes import OrderOutcomes

_LOGGER = logging.getLogger(__name__)

# So long before the last contact is asked as well: a line may have been deaf for half a minute before it was
# given up, and a clock may have been put right by a minute since. What is known already is not told again.
CLOCK_MARGIN = timedelta(minutes=3)
# The exchange keeps no window longer than a year; a little less is always allowed.
LONGEST_ABSENCE = timedelta(days=364)
# More missing orders than this are asked for together.
SINGLE_QUESTIONS = 5
# What is left over is asked for at the next run.
DOUBTFUL_QUESTIONS = 5
# As many orders as one answer may hold (rest.md 4.B.8).
PAGE_SIZE = 1000
# So many pages beyond the first ones are read in one run, all questions together.
FURTHER_PAGES = 4
QUESTION_POINTS = 5
# Open, ended since, missing together and one by one, doubtful, balances.
LARGEST_POINTS = QUESTION_POINTS * (
    4 + FURTHER_PAGES + SINGLE_QUESTIONS + DOUBTFUL_QUESTIONS
)


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
        self._further_pages = 0
        # Up to which creation all that was asked for has been read, None: to the end.
        self._read_until: datetime | None = None
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
        self._questions, self._further_pages = 0, FURTHER_PAGES
        self._read_until = None
        changes = await self._async_recover_orders()
        resolved = await self._outcomes.async_resolve_placements(DOUBTFUL_QUESTIONS)
        self._questions += resolved.questions
        changes += resolved.changes
        await self._ledger.async_note_contact(self._read_until or asked)
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

    @property
    def is_complete(self) -> bool:
        """Whether the last run read all there was; if not, the next one goes on."""
        return self._read_until is None

    async def _async_recover_orders(self) -> list[Change]:
        """Compare the ledger with what the exchange says of open and ended orders."""
        ledger = self._ledger
        # What ends between two answers may be in neither. Reports tell of it; where there are
        # none, the second question has to wait for the first answer.
        turns = asyncio.Semaphore(1 if ledger.live_since is None else 2)

        async def in_turn(ask: Callable[[], Awaitable[list[Order]]]) -> list[Order]:
            """Ask when it is its turn."""
            async with turns:
                return await ask()

        open_orders, ended = await asyncio.gather(
            in_turn(self._async_ask_all),
            in_turn(partial(self._async_ended_since, ledger.contact)),
            return_exceptions=True,
        )
        if isinstance(open_orders, BaseException):
            raise open_orders
        if not ledger.has_baseline:
            await ledger.async_adopt(open_orders)
        known = open_orders if isinstance(ended, BaseException) else open_orders + ended
        changes = await self._async_apply(known)
        if isinstance(ended, BaseException):
            raise ended
        still_open = {order_key(order) for order in open_orders}
        missing = [
            order for order in ledger.open_orders if order_key(order) not in still_open
        ]
        return changes + await self._async_apply(await self._async_find(missing))

    async def _async_ended_since(self, moment: datetime | None) -> list[Order]:
        """Return the orders that were made since a moment and have ended, oldest first."""
        if moment is None:
            return []
        created_from = max(moment - CLOCK_MARGIN, self._now() - LONGEST_ABSENCE)
        return await self._async_ask_all(archived=True, created_from=created_from)

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

    async def _async_ask_all(
        self, *, archived: bool = False, created_from: datetime | None = None
    ) -> list[Order]:
        """Ask for orders, oldest first, page after page as far as one run goes.

        Each page begins where the last one ended: what ends meanwhile displaces nothing.
        """
        found: list[Order] = []
        while True:
            page = await self._async_ask(
                archived=archived,
                created_from=created_from,
                oldest_first=True,
                page_size=PAGE_SIZE,
            )
            found += page
            if len(page) < PAGE_SIZE:
                return found
            newest = page[-1].created
            if not self._further_pages or newest in (None, created_from):
                break
            self._further_pages -= 1
            created_from = newest
        _LOGGER.warning(
            "There are more orders than one recovery reads: %s were read, the next one goes on",
            len(found),
        )
        if newest is not None:
            self._read_until = min(self._read_until or newest, newest)
        return found

    async def _async_ask(self, **criteria: Any) -> list[Order]:
        """Ask for orders, and count the question."""
        self._questions += 1
        return await self._rest.get_my_orders(priority=Priority.RECOVERY, **criteria)
