"""The trading desk: every order passes here, and each at most once."""

import asyncio
from decimal import Decimal
import logging
from uuid import uuid4
from weakref import WeakValueDictionary

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
import orjson

from .const import (
    CONF_ALLOWED_PAIRS,
    CONF_DEFAULT_ACCOUNT_ID,
    CONF_LARGEST_DISTANCE,
    CONF_LARGEST_ORDER_VALUE,
    CONF_TRADERS,
    VALUE_CURRENCY,
)
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
from .market import MarketHub
from .placements import Outcome, Placement, Placements
from .preview import (
    OrderRequest,
    Preview,
    check_conditions,
    check_fields,
    check_funds,
    work_out,
)
from .representation import canonical, plain

_LOGGER = logging.getLogger(__name__)

# Seconds between the questions what became of an order whose answer was lost.
RESOLVE_DELAYS = (0.5, 1.0, 2.0, 4.0)
# So long an accepted cancel is waited for before the order is shown as it stands.
CANCEL_PATIENCE = 2.0

META_TRADING = "trading_enabled"


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
        self._converter = Converter(markets, reference)
        self._placements = Placements(database)
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
        await self._async_check_user(context)
        check_fields(request)
        if (conditions := self._reference.data.pairs.get(request.pair)) is None:
            raise refusal("unknown_pair", pair=request.pair)
        check_conditions(request, conditions)
        if not self.trading_enabled:
            raise refusal("trading_off")
        allowed = self._entry.options.get(CONF_ALLOWED_PAIRS)
        if allowed and request.pair not in allowed:
            raise refusal(
                "pair_not_allowed", pair=request.pair, allowed=", ".join(allowed)
            )
        if not request.account_id:
            raise refusal("no_sub_account")
        preview = work_out(
            request,
            conditions,
            await self._markets.async_book(request.pair),
            await self._async_fee(request.pair),
            lambda currency: self._balances.available(request.account_id, currency),
        )
        self._check_distance(preview)
        await self._async_check_value(preview)
        check_funds(preview)
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
        lock = self._placing.setdefault(client_order_id, asyncio.Lock())
        async with lock:
            return await self._async_place(request, context, client_order_id, comment)

    async def async_cancel(
        self,
        context: Context,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        """Cancel an order and return it as it is known soon after."""
        await self._async_check_user(context)
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

    async def async_resolve_placements(self) -> None:
        """Find out what became of the orders whose answer never came."""
        for placement in await self._placements.async_open():
            client_order_id = placement.client_order_id
            found = await self._rest.get_my_orders(
                client_order_id=client_order_id, priority=Priority.RECOVERY
            )
            await self._ledger.async_apply_orders(found, live_since=None)
            if found:
                await self._placements.async_note(client_order_id, Outcome.PLACED)
            elif placement.is_lost:
                await self._placements.async_note(client_order_id, Outcome.REFUSED)

    async def _async_place(
        self,
        request: OrderRequest,
        context: Context,
        client_order_id: str,
        comment: str | None,
    ) -> Order:
        """Place an order, with the client order id to itself."""
        fields = orjson.dumps(_identity(request)).decode()
        if placement := await self._placements.async_get(client_order_id):
            await self._async_check_user(context)
            if placement.fields != fields:
                raise refusal("client_order_id_used", client_order_id=client_order_id)
            if order := await self._async_repeat(client_order_id, placement):
                return order
        await self.async_preview(request, context)
        await self._placements.async_keep(client_order_id, fields)
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
            placed = _accepted(found)
        except OrderRejectedError as err:
            await self._placements.async_note(client_order_id, Outcome.REFUSED)
            if err.order is not None:
                await self._ledger.async_apply_reply(err.order)
            raise
        except CexioError:
            await self._placements.async_note(client_order_id, Outcome.REFUSED)
            raise
        await self._placements.async_note(client_order_id, Outcome.PLACED)
        await self._ledger.async_apply_reply(placed)
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
        await self._ledger.async_apply_orders(found, live_since=dt_util.utcnow())
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
            await self._placements.async_note(client_order_id, Outcome.PLACED)
            return _accepted(order)
        if placement.outcome is None and placement.is_lost:
            return None
        raise failure(OutcomeUnknownError(), client_order_id=client_order_id)

    async def _async_fee(self, pair: str) -> Decimal | None:
        """Return the fee in force; a preview without one is better than none."""
        try:
            return await self._reference.async_fee_percentage(pair)
        except CexioError as err:
            _LOGGER.debug("The fees could not be asked for: %s", err)
            return None

    async def _async_check_user(self, context: Context) -> None:
        """Refuse users that may not trade; automations have no user and may."""
        if context.user_id is None:
            return
        user = await self._hass.auth.async_get_user(context.user_id)
        if user is not None and (
            user.is_admin or user.id in self._entry.options.get(CONF_TRADERS, ())
        ):
            return
        raise refusal("not_allowed_to_trade", user=(user and user.name) or "")

    def _check_distance(self, preview: Preview) -> None:
        """Refuse a limit price that is too far from the market."""
        largest = self._entry.options.get(CONF_LARGEST_DISTANCE)
        distance = preview.distance_percentage
        if largest and distance is not None and abs(distance) > Decimal(largest):
            raise refusal(
                "price_too_far",
                distance=plain(distance),
                largest=largest,
                market_price=plain(preview.market_price or Decimal()),
            )

    async def _async_check_value(self, preview: Preview) -> None:
        """Refuse an order that is worth too much, or whose worth cannot be told."""
        if not (largest := self._entry.options.get(CONF_LARGEST_ORDER_VALUE)):
            return
        value = await self._converter.async_convert(
            preview.cost, preview.conditions.quote, VALUE_CURRENCY
        )
        if value is None or value > Decimal(largest):
            raise refusal(
                "order_too_large",
                value="?" if value is None else f"{value:.2f}",
                largest=largest,
                currency=VALUE_CURRENCY,
            )


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
