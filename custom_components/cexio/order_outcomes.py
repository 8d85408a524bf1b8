"""What became of orders: asked or waited for, never assumed and never tried again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
import logging
import sqlite3

from homeassistant.util import dt as dt_util

from .audit import AuditTrail
from .errors import failure
from .exchange import (
    CexioError,
    Order,
    OrderRejectedError,
    OrderStatus,
    OutcomeUnknownError,
    Priority,
    RestClient,
    Stream,
)
from .executions import Ledger
from .order_changes import Change
from .placements import Outcome, Placement, Placements

_LOGGER = logging.getLogger(__name__)

# Seconds between the questions what became of an order whose answer was lost.
RESOLVE_DELAYS = (0.5, 1.0, 2.0, 4.0)
# Without reports, what an answer tells of is late when it is older than this.
NOT_LATE = timedelta(minutes=1)
# So long an accepted cancel is waited for before the order is shown as it stands.
CANCEL_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many orders were asked for, and the changes that told of."""

    questions: int
    changes: list[Change]


class OrderOutcomes:
    """Finds out what became of the orders that were sent, and of the requests for them."""

    def __init__(
        self,
        *,
        rest: RestClient,
        stream: Stream,
        ledger: Ledger,
        placements: Placements,
        audit: AuditTrail,
    ) -> None:
        """Keep who can be asked, and where it is written down."""
        self._rest = rest
        self._stream = stream
        self._ledger = ledger
        self._placements = placements
        self._audit = audit

    async def async_find(
        self, order_id: str | None, client_order_id: str | None
    ) -> Order | None:
        """Return an order in any state, None when the exchange does not know it."""
        known = self._ledger.get(order_id=order_id, client_order_id=client_order_id)
        if known is not None and (known.status.is_final or self._stream.connected):
            return known
        if known is None and await self._async_was_refused(client_order_id):
            return None
        asked = await self.async_ask(order_id, client_order_id, Priority.INTERACTIVE)
        return asked or known

    async def _async_was_refused(self, client_order_id: str | None) -> bool:
        """Tell whether it is written down that a request surely made no order: such a question costs no points."""
        if client_order_id is None:
            return False
        try:
            placement = await self._placements.async_get(client_order_id)
        except sqlite3.Error as err:
            _LOGGER.debug("The request %s can't be read: %s", client_order_id, err)
            return False
        return placement is not None and placement.outcome == Outcome.REFUSED

    async def async_resolve_placements(self, maximum: int) -> Resolved:
        """Find out what became of some orders whose answer never came, oldest first."""
        changes: list[Change] = []
        doubtful = (await self._placements.async_open())[:maximum]
        for placement in doubtful:
            client_order_id = placement.client_order_id
            found = await self._rest.get_my_orders(
                client_order_id=client_order_id, priority=Priority.RECOVERY
            )
            changes += await self._ledger.async_apply_orders(
                found, live_since=self._ledger.live_since
            )
            if found:
                outcome = outcome_of(found[0])
                await self.async_note(client_order_id, outcome)
                await self._audit.async_settle(
                    client_order_id, f"{outcome.value} {found[0].order_id}"
                )
            elif placement.is_lost:
                await self.async_note(client_order_id, Outcome.REFUSED)
                await self._audit.async_settle(client_order_id, "never placed")
        return Resolved(len(doubtful), changes)

    async def async_note(self, client_order_id: str, outcome: Outcome) -> None:
        """Keep what became of a request; if the disk refuses it is found out again."""
        try:
            await self._placements.async_note(client_order_id, outcome)
        except sqlite3.Error as err:
            _LOGGER.debug("The outcome of %s was not kept: %s", client_order_id, err)

    async def async_await_end(self, order_id: str) -> Order | None:
        """Wait for the report that ends an order; ask when none comes."""
        ended = asyncio.Event()

        def listen(order: Order) -> None:
            """Notice the end of this order."""
            if order.order_id == order_id and order.status.is_final:
                ended.set()

        remove = self._ledger.async_listen(listen)
        try:
            known = self._ledger.get(order_id=order_id)
            if self._stream.connected and not (known and known.status.is_final):
                async with asyncio.timeout(CANCEL_PATIENCE):
                    await ended.wait()
        except TimeoutError:
            _LOGGER.debug("No report of the cancelled order %s came", order_id)
        finally:
            remove()
        known = self._ledger.get(order_id=order_id)
        if known is not None and known.status.is_final:
            return known
        return await self.async_ask(order_id, None) or known

    async def async_ask(
        self,
        order_id: str | None,
        client_order_id: str | None,
        priority: Priority = Priority.ORDER,
    ) -> Order | None:
        """Ask the exchange for one order and keep what it says.

        Whoever asks again and again does it as INTERACTIVE: such questions must neither pile
        up nor go before a recovery, which finds out about all orders at once.
        """
        found = await self._rest.get_my_orders(
            order_id=order_id, client_order_id=client_order_id, priority=priority
        )
        if not found:
            return None
        live_since = self._ledger.live_since or dt_util.utcnow() - NOT_LATE
        await self._ledger.async_apply_orders(found, live_since=live_since)
        return self._ledger.get(order_id=found[0].order_id) or found[0]

    async def async_resolve(self, client_order_id: str) -> Order | None:
        """Ask what became of an order, some times."""
        for delay in RESOLVE_DELAYS:
            await asyncio.sleep(delay)
            if known := self._ledger.get(client_order_id=client_order_id):
                return known
            try:
                if order := await self.async_ask(
                    None, client_order_id, Priority.INTERACTIVE
                ):
                    return order
            except CexioError as err:
                _LOGGER.debug("Order %s is still unknown: %s", client_order_id, err)
        return None

    async def async_repeat(
        self, client_order_id: str, placement: Placement
    ) -> Order | None:
        """Return the order of an earlier request, None when there surely is none."""
        if order := self._ledger.get(client_order_id=client_order_id):
            return accepted(order)
        if placement.outcome == Outcome.REFUSED:
            return None
        try:
            order = await self.async_ask(None, client_order_id, Priority.INTERACTIVE)
        except CexioError as err:
            # The first request may have been carried out; this refusal is not its outcome.
            raise failure(
                OutcomeUnknownError(str(err)), client_order_id=client_order_id
            ) from err
        if order is not None:
            await self.async_note(client_order_id, outcome_of(order))
            return accepted(order)
        if placement.outcome is None and placement.is_lost:
            return None
        raise failure(OutcomeUnknownError(), client_order_id=client_order_id)


def outcome_of(order: Order) -> Outcome:
    """Return what became of the request for an order that the exchange knows."""
    is_rejected = order.status is OrderStatus.REJECTED
    return Outcome.REFUSED if is_rejected else Outcome.PLACED


def accepted(order: Order) -> Order:
    """Return an order that the exchange did not reject."""
    if order.status is OrderStatus.REJECTED:
        raise OrderRejectedError(
            order.reject_reason or "", code=order.reject_code, order=order
        )
    return order
