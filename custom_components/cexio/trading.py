"""The trading desk: every order passes here, and each at most once."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
import logging
import sqlite3
from uuid import uuid4
from weakref import WeakValueDictionary

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
import orjson

from .access import async_check_trader
from .audit import AuditTrail
from .const import CONF_DEFAULT_ACCOUNT_ID, DOMAIN
from .conversion import Converter
from .coordinator import AccountCoordinator, CexioConfigEntry, ReferenceCoordinator
from .database import Database
from .errors import failure, refusal
from .exchange import (
    CexioError,
    NewOrder,
    Order,
    OrderRejectedError,
    OrderStatus,
    OutcomeUnknownError,
    Priority,
    RestClient,
    Stream,
    TransportError,
)
from .executions import Ledger
from .guard_rails import GuardRails
from .market import MarketHub
from .order_changes import Change
from .placements import Outcome, Placement, Placements
from .preview import (
    OrderRequest,
    Preview,
    check_conditions,
    check_fields,
    check_funds,
    work_out,
)
from .representation import canonical

_LOGGER = logging.getLogger(__name__)

# Seconds between the questions what became of an order whose answer was lost.
RESOLVE_DELAYS = (0.5, 1.0, 2.0, 4.0)
# Without reports, what an answer tells of is late when it is older than this.
NOT_LATE = timedelta(minutes=1)
# So long an accepted cancel is waited for before the order is shown as it stands.
CANCEL_PATIENCE = 2.0

META_TRADING = "trading_enabled"


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many orders were asked for, and the changes that told of."""

    questions: int
    changes: list[Change]


class TradingDesk:
    """Checks, previews, places and cancels orders of one account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        *,
        rest: RestClient,
        stream: Stream,
        database: Database,
        reference: ReferenceCoordinator,
        balances: AccountCoordinator,
        markets: MarketHub,
        ledger: Ledger,
    ) -> None:
        """Prepare a desk; `async_load` makes it ready."""
        self._hass = hass
        self._entry = entry
        self._rest = rest
        self._stream = stream
        self._database = database
        self._reference = reference
        self._balances = balances
        self._markets = markets
        self._ledger = ledger
        self._placements = Placements(database)
        self._rails = GuardRails(entry, Converter(markets, reference), self._placements)
        self.audit = AuditTrail(hass, database)
        # A lock lives as long as somebody waits for it or holds it.
        self._placing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.trading_enabled = False

    async def async_load(self) -> None:
        """Read whether trading was switched on."""
        kept = await self._database.async_get_meta(META_TRADING)
        self.trading_enabled = kept == str(True)

    async def async_set_trading(self, enabled: bool) -> None:
        """Open or close the desk; kept at once, so that no crash opens it again."""
        await self._database.async_set_meta(META_TRADING, str(enabled))
        self.trading_enabled = enabled

    async def async_preview(self, request: OrderRequest, context: Context) -> Preview:
        """Work out what an order would do, or refuse it as placing it would."""
        preview = await self._async_work_out(request, context, Priority.INTERACTIVE)
        if self._rails.has_value_limit:
            await self._rails.async_value(preview)
        check_funds(preview)
        return preview

    async def _async_work_out(
        self, request: OrderRequest, context: Context, priority: Priority
    ) -> Preview:
        """Work out what an order would do, checked but for its worth and the funds."""
        await async_check_trader(self._hass, self._entry, context)
        check_fields(request)
        if (conditions := self._reference.data.pairs.get(request.pair)) is None:
            raise refusal("unknown_pair", pair=request.pair)
        check_conditions(request, conditions)
        if not self.trading_enabled:
            raise refusal("trading_off")
        self._rails.check_pair(request.pair)
        if not request.account_id:
            raise refusal("no_sub_account")
        preview = work_out(
            request,
            conditions,
            await self._markets.async_book(request.pair, priority),
            await self._async_fee(request.pair, priority),
            lambda currency: self._balances.available(request.account_id, currency),
        )
        self._rails.check_distance(preview)
        return preview

    def account_id(self, wanted: str | None) -> str:
        """Return the sub-account that an order uses."""
        if wanted is not None:
            return wanted
        default: str = self._entry.options.get(CONF_DEFAULT_ACCOUNT_ID, "")
        return default

    async def async_place(
        self,
        request: OrderRequest,
        context: Context,
        *,
        client_order_id: str | None = None,
        comment: str | None = None,
    ) -> Order:
        """Place an order; the same client order id never places a second one.

        What is not known after the exchange was asked some times is told as unknown,
        never tried again: the caller repeats the request with the same id.
        """
        client_order_id = client_order_id or f"ha-{uuid4().hex}"
        # Carried through even if the caller is cancelled, as by an automation that
        # starts anew: otherwise it would not be known what became of the order.
        return await asyncio.shield(
            self._hass.async_create_task(
                self._async_place_alone(request, context, client_order_id, comment),
                f"{DOMAIN} place order",
            )
        )

    async def async_cancel(
        self,
        context: Context,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
        comment: str | None = None,
    ) -> Order:
        """Cancel an order and return it as it is known soon after."""
        async with self.audit.async_record(
            "cancel",
            context,
            {"order_id": order_id},
            client_order_id=client_order_id,
            comment=comment,
        ) as record:
            order = await self._async_cancel(context, order_id, client_order_id)
            record.outcome = f"{order.status.name.lower()} {order.order_id}"
            return order

    async def _async_cancel(
        self, context: Context, order_id: str | None, client_order_id: str | None
    ) -> Order:
        """Find the order, send the cancel, and wait for what comes of it."""
        await async_check_trader(self._hass, self._entry, context)
        order = self._ledger.get(order_id=order_id, client_order_id=client_order_id)
        if order is None:
            order = await self._async_ask(order_id, client_order_id)
        if order is None or order.order_id is None:
            raise refusal("unknown_order", order=order_id or client_order_id or "")
        if order.status.is_final:
            return order
        try:
            await self._async_send_cancel(order.order_id)
        except OutcomeUnknownError as err:
            # A cancel has one meaning however often it arrives: what counts is the order.
            _LOGGER.debug("The answer to a cancel was lost: %s", err)
            asked = await self._async_ask(order.order_id, None)
            if asked is None or not asked.status.is_final:
                raise
            return asked
        return await self._async_await_end(order.order_id) or order

    async def async_find(
        self, order_id: str | None, client_order_id: str | None
    ) -> Order | None:
        """Return an order in any state, None when the exchange does not know it."""
        known = self._ledger.get(order_id=order_id, client_order_id=client_order_id)
        if known is not None and (known.status.is_final or self._stream.connected):
            return known
        return await self._async_ask(order_id, client_order_id) or known

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
                outcome = _outcome(found[0])
                await self._async_note(client_order_id, outcome)
                await self.audit.async_settle(
                    client_order_id, f"{outcome.value} {found[0].order_id}"
                )
            elif placement.is_lost:
                await self._async_note(client_order_id, Outcome.REFUSED)
                await self.audit.async_settle(client_order_id, "never placed")
        return Resolved(len(doubtful), changes)

    async def _async_place_alone(
        self,
        request: OrderRequest,
        context: Context,
        client_order_id: str,
        comment: str | None,
    ) -> Order:
        """Place an order, with the client order id to itself, and write down who asked."""
        lock = self._placing.setdefault(client_order_id, asyncio.Lock())
        async with (
            lock,
            self.audit.async_record(
                "place",
                context,
                request.as_dict(),
                client_order_id=client_order_id,
                comment=comment,
            ) as record,
        ):
            order = await self._async_place(request, context, client_order_id, comment)
            record.outcome = f"placed {order.order_id}"
            return order

    async def _async_place(
        self,
        request: OrderRequest,
        context: Context,
        client_order_id: str,
        comment: str | None,
    ) -> Order:
        """Place an order, or find the one that the client order id stands for."""
        fields = orjson.dumps(_identity(request)).decode()
        if placement := await self._placements.async_get(client_order_id):
            await async_check_trader(self._hass, self._entry, context)
            if placement.fields != fields:
                raise refusal("client_order_id_used", client_order_id=client_order_id)
            if order := await self._async_repeat(client_order_id, placement):
                return order
        preview = await self._async_work_out(request, context, Priority.ORDER)
        value = await self._rails.async_value(
            preview, but=client_order_id, priority=Priority.ORDER
        )
        check_funds(preview)
        await self._rails.async_keep(client_order_id, fields, value)
        new_order = NewOrder(
            **{name: getattr(request, name) for name in request.__slots__},
            client_order_id=client_order_id,
            comment=comment,
        )
        try:
            placed = await self._async_send(new_order)
        except OutcomeUnknownError as err:
            _LOGGER.warning("The answer to order %s was lost", client_order_id)
            if (found := await self._async_resolve(client_order_id)) is None:
                raise failure(err, client_order_id=client_order_id) from err
            await self._async_note(client_order_id, _outcome(found))
            placed = _accepted(found)
        except OrderRejectedError as err:
            await self._async_note(client_order_id, Outcome.REFUSED)
            if err.order is not None:
                await self._ledger.async_apply_reply(err.order)
            raise
        except CexioError:
            await self._async_note(client_order_id, Outcome.REFUSED)
            raise
        await self._ledger.async_apply_reply(placed)
        await self._async_note(client_order_id, Outcome.PLACED)
        return self._ledger.get(order_id=placed.order_id) or placed

    async def _async_note(self, client_order_id: str, outcome: Outcome) -> None:
        """Keep what became of a request; if the disk refuses it is found out again."""
        try:
            await self._placements.async_note(client_order_id, outcome)
        except sqlite3.Error as err:
            _LOGGER.debug("The outcome of %s was not kept: %s", client_order_id, err)

    async def _async_send(self, order: NewOrder) -> Order:
        """Send an order once; a stream that surely did not send gives way to REST."""
        if self._stream.connected:
            try:
                return await self._stream.do_my_new_order(order)
            except TransportError as err:
                _LOGGER.debug("Placing over REST: %s", err)
        return await self._rest.do_my_new_order(order)

    async def _async_send_cancel(self, order_id: str) -> None:
        """Send a cancel over what is connected."""
        cancel_request_id = f"ha-cancel-{uuid4().hex}"
        if self._stream.connected:
            try:
                await self._stream.do_cancel_my_order(
                    order_id=order_id, cancel_request_id=cancel_request_id
                )
            except TransportError as err:
                _LOGGER.debug("Cancelling over REST: %s", err)
            else:
                return
        await self._rest.do_cancel_my_order(
            order_id=order_id, cancel_request_id=cancel_request_id
        )

    async def _async_await_end(self, order_id: str) -> Order | None:
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
        return await self._async_ask(order_id, None) or known

    async def _async_ask(
        self, order_id: str | None, client_order_id: str | None
    ) -> Order | None:
        """Ask the exchange for one order and keep what it says."""
        found = await self._rest.get_my_orders(
            order_id=order_id, client_order_id=client_order_id, priority=Priority.ORDER
        )
        if not found:
            return None
        live_since = self._ledger.live_since or dt_util.utcnow() - NOT_LATE
        await self._ledger.async_apply_orders(found, live_since=live_since)
        return self._ledger.get(order_id=found[0].order_id) or found[0]

    async def _async_resolve(self, client_order_id: str) -> Order | None:
        """Ask what became of an order, some times."""
        for delay in RESOLVE_DELAYS:
            await asyncio.sleep(delay)
            if known := self._ledger.get(client_order_id=client_order_id):
                return known
            try:
                if order := await self._async_ask(None, client_order_id):
                    return order
            except CexioError as err:
                _LOGGER.debug("Order %s is still unknown: %s", client_order_id, err)
        return None

    async def _async_repeat(
        self, client_order_id: str, placement: Placement
    ) -> Order | None:
        """Return the order of an earlier request, None when there surely is none."""
        if order := self._ledger.get(client_order_id=client_order_id):
            return _accepted(order)
        if placement.outcome == Outcome.REFUSED:
            return None
        if order := await self._async_ask(None, client_order_id):
            await self._async_note(client_order_id, _outcome(order))
            return _accepted(order)
        if placement.outcome is None and placement.is_lost:
            return None
        raise failure(OutcomeUnknownError(), client_order_id=client_order_id)

    async def _async_fee(self, pair: str, priority: Priority) -> Decimal | None:
        """Return the fee in force; a preview without one is better than none."""
        try:
            return await self._reference.async_fee_percentage(pair, priority)
        except CexioError as err:
            _LOGGER.debug("The fees could not be asked for: %s", err)
            return None


def _outcome(order: Order) -> Outcome:
    """Return what became of the request for an order that the exchange knows."""
    is_rejected = order.status is OrderStatus.REJECTED
    return Outcome.REFUSED if is_rejected else Outcome.PLACED


def _accepted(order: Order) -> Order:
    """Return an order that the exchange did not reject."""
    if order.status is OrderStatus.REJECTED:
        raise OrderRejectedError(
            order.reject_reason or "", code=order.reject_code, order=order
        )
    return order


def _identity(request: OrderRequest) -> dict[str, str | None]:
    """Return the fields of a request so that equal orders give equal texts."""
    numbers = ("amount", "quote_amount", "price", "stop_price")
    return request.as_dict() | {
        name: None if (value := getattr(request, name)) is None else canonical(value)
        for name in numbers
    }
