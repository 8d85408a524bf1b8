"""The trading desk: every order passes here, and each at most once."""

import asyncio
from contextlib import suppress
from decimal import Decimal
import logging
from uuid import uuid4
from weakref import WeakValueDictionary

from homeassistant.core import Context, HomeAssistant
import orjson

from .access import async_check_trader
from .audit import AuditTrail, Request
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
    OutcomeUnknownError,
    Priority,
    RestClient,
    Stream,
    TransportError,
)
from .executions import Ledger
from .guard_rails import GuardRails
from .market import MarketHub
from .order_outcomes import OrderOutcomes, accepted, outcome_of
from .placements import Outcome, Placements
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

META_TRADING = "trading_enabled"
# Seconds that requests under way are waited for when everything is to stop.
STOP_PATIENCE = 5.0


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
        self.outcomes = OrderOutcomes(
            rest=rest,
            stream=stream,
            ledger=ledger,
            placements=self._placements,
            audit=self.audit,
        )
        # A lock lives as long as somebody waits for it or holds it.
        self._placing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Order]] = set()
        self._is_stopped = False
        self.trading_enabled = False

    async def async_load(self) -> None:
        """Read whether trading was switched on."""
        kept = await self._database.async_get_meta(META_TRADING)
        self.trading_enabled = kept == str(True)
        await self._placements.async_load()

    async def async_stop(self) -> None:
        """Take no more orders; let those under way end, and cancels and transfers too.

        An order that takes too long is given up: its outcome is unknown until the next start
        finds it out.
        """
        self._is_stopped = True
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE):
                # Also those that wait for another with the same client order id.
                if self._tasks:
                    await asyncio.wait(self._tasks)
                await self.audit.idle.wait()
        pending = tuple(self._tasks)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

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
        if self._is_stopped:
            raise refusal("entry_not_loaded")
        client_order_id = client_order_id or f"ha-{uuid4().hex}"
        task = self._hass.async_create_task(
            self._async_place_alone(request, context, client_order_id, comment),
            f"{DOMAIN} place order",
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            # Carried through even if the caller is cancelled, as by an automation that
            # starts anew: otherwise it would not be known what became of the order.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            # Not the caller was cancelled: the desk has stopped.
            raise failure(
                OutcomeUnknownError("The entry was unloaded"),
                client_order_id=client_order_id,
            ) from None

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
            order = await self.outcomes.async_ask(order_id, client_order_id)
        if order is None or order.order_id is None:
            raise refusal("unknown_order", order=order_id or client_order_id or "")
        if order.status.is_final:
            return order
        try:
            await self._async_send_cancel(order.order_id)
        except OutcomeUnknownError as err:
            # A cancel has one meaning however often it arrives: what counts is the order.
            _LOGGER.debug("The answer to a cancel was lost: %s", err)
            asked = await self.outcomes.async_ask(order.order_id, None)
            if asked is None or not asked.status.is_final:
                raise
            return asked
        return await self.outcomes.async_await_end(order.order_id) or order

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
                is_kept=True,
            ) as record,
        ):
            order = await self._async_place(
                request, context, client_order_id, comment, record
            )
            record.outcome = f"placed {order.order_id}"
            return order

    async def _async_place(
        self,
        request: OrderRequest,
        context: Context,
        client_order_id: str,
        comment: str | None,
        record: Request,
    ) -> Order:
        """Place an order, or find the one that the client order id stands for."""
        fields = orjson.dumps(_identity(request)).decode()
        if placement := await self._placements.async_get(client_order_id):
            await async_check_trader(self._hass, self._entry, context)
            if placement.fields != fields:
                raise refusal("client_order_id_used", client_order_id=client_order_id)
            if order := await self.outcomes.async_repeat(client_order_id, placement):
                return order
        preview = await self._async_work_out(request, context, Priority.ORDER)
        value = await self._rails.async_value(
            preview, but=client_order_id, priority=Priority.ORDER
        )
        check_funds(preview)
        await self._rails.async_keep(client_order_id, fields, value, record.write)
        new_order = NewOrder(
            **{name: getattr(request, name) for name in request.__slots__},
            client_order_id=client_order_id,
            comment=comment,
        )
        try:
            placed = await self._async_send(new_order)
        except OutcomeUnknownError as err:
            _LOGGER.warning("The answer to order %s was lost", client_order_id)
            if (found := await self.outcomes.async_resolve(client_order_id)) is None:
                raise failure(err, client_order_id=client_order_id) from err
            await self.outcomes.async_note(client_order_id, outcome_of(found))
            placed = accepted(found)
        except OrderRejectedError as err:
            await self.outcomes.async_note(client_order_id, Outcome.REFUSED)
            if err.order is not None:
                await self._ledger.async_apply_reply(err.order)
            raise
        except CexioError:
            await self.outcomes.async_note(client_order_id, Outcome.REFUSED)
            raise
        await self._ledger.async_apply_reply(placed)
        await self.outcomes.async_note(client_order_id, Outcome.PLACED)
        return self._ledger.get(order_id=placed.order_id) or placed

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

    async def _async_fee(self, pair: str, priority: Priority) -> Decimal | None:
        """Return the fee in force; a preview without one is better than none."""
        try:
            return await self._reference.async_fee_percentage(pair, priority)
        except CexioError as err:
            _LOGGER.debug("The fees could not be asked for: %s", err)
            return None


def _identity(request: OrderRequest) -> dict[str, str | None]:
    """Return the fields of a request so that equal orders give equal texts."""
    numbers = ("amount", "quote_amount", "price", "stop_price")
    return request.as_dict() | {
        name: None if (value := getattr(request, name)) is None else canonical(value)
        for name in numbers
    }
