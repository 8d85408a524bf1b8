"""Orders: ask, place, cancel."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.errors import InvalidRequestError
from custom_components.cexio.exchange.models.fields import (
    Wire,
    identifier,
    mapping,
    milliseconds,
    readable,
    rows,
)
from custom_components.cexio.exchange.models.market import Side
from custom_components.cexio.exchange.models.orders import NewOrder, Order, OrderStatus
from custom_components.cexio.exchange.refusals import CLOCK_REJECT_CODE, rejection

from .base import Channel, given

MAXIMUM_PAGE = 1000
LONGEST_WINDOW = timedelta(days=365)


class OrderMethods(Channel):
    """Private methods about orders."""

    async def get_my_orders(
        self,
        *,
        client_order_id: str | None = None,
        order_id: str | None = None,
        pair: str | None = None,
        side: Side | None = None,
        account_ids: Iterable[str] | None = None,
        archived: bool = False,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        oldest_first: bool = False,
        page: int | None = None,
        page_size: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Order]:
        """Return open orders, archived ones, or those with an id (rest.md 4.B.8). 5 points, Read.

        With client_order_id (which goes first) or order_id all else is ignored, and final orders
        are found as well; an unknown id gives an empty list.

        Args:
            client_order_id: The placement's id; every order that ever used it is returned.
            order_id: The exchange's id.
            pair: Such as "BTC-USD", None = all.
            side: None = both.
            account_ids: Without repeats, "" = main, None = all.
            archived: Final orders instead of open ones; created_from is then needed.
            created_from: Created at or after; at most 365 days before created_to.
            created_to: Created before, None = now.
            oldest_first: By creation, instead of the newest first.
            page: From 0.
            page_size: At most and by default 1000.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The exchange does not allow the combination.
            CexioError: As every private read.
        """
        data = given(
            clientOrderId=client_order_id,
            orderId=None if order_id is None else order_number(order_id),
            archived=archived or None,
            pair=pair,
            side=side and side.value,
            accountIds=None if account_ids is None else list(account_ids),
            serverCreateTimestampFrom=created_from and milliseconds(created_from),
            serverCreateTimestampTo=created_to and milliseconds(created_to),
            sortOrder="ASC" if oldest_first else None,
            pageSize=page_size,
            pageNumber=page,
        )
        return await self._ask("get_my_orders", data, _orders, priority)

    async def iter_my_orders(
        self,
        *,
        pair: str | None = None,
        side: Side | None = None,
        account_ids: Iterable[str] | None = None,
        archived: bool = False,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        page_size: int = MAXIMUM_PAGE,
        priority: Priority = Priority.BACKGROUND,
    ) -> AsyncIterator[Order]:
        """Go through orders, oldest first, each once (rest.md 4.B.8). 5 points a page, Read.

        Any length of time: the exchange's limit of 365 days is kept by several requests. Orders
        that end meanwhile displace no others, because each page begins where the last one ended.
        Arguments and errors as get_my_orders.
        """
        accounts = None if account_ids is None else list(account_ids)
        end = created_to or self._clock.exchange_now()
        start, page = created_from, 0
        seen: set[str | None] = set()
        while True:
            stop = end if start is None else min(end, start + LONGEST_WINDOW)
            found = await self.get_my_orders(
                pair=pair,
                side=side,
                account_ids=accounts,
                archived=archived,
                created_from=start,
                created_to=stop,
                oldest_first=True,
                page=page,
                page_size=page_size,
                priority=priority,
            )
            for order in found:
                if order.order_id not in seen:
                    seen.add(order.order_id)
                    yield order
            newest = max(
                (order.created for order in found if order.created), default=None
            )
            if len(found) >= page_size:
                # A page of one single moment has to be turned; all others begin a new first page.
                page = page + 1 if newest in (None, start) else 0
                start = start if page else newest
            elif stop < end:
                start, page = stop, 0
            else:
                return

    async def do_my_new_order(
        self, order: NewOrder, *, priority: Priority = Priority.ORDER
    ) -> Order:
        """Place an order and return its first known state (rest.md 4.B.9). 1 point, Trade.

        It is sent once and never repeated. The exchange places an order with the same
        client_order_id and the same other fields only once.

        Raises:
            OrderRejectedError: Taken and rejected; OrderFundsError when the balance is too small.
            InvalidRequestError: Refused before there was an order.
            OutcomeUnknownError: It may have been placed: ask get_my_orders by client_order_id.
            TransportError: Surely not sent.
            CexioError: As every private request.
        """
        action = "do_my_new_order"
        placed = await self._ask(action, order.to_wire(), Order.from_wire, priority)
        if placed.status is OrderStatus.REJECTED:
            if placed.reject_code == CLOCK_REJECT_CODE:
                await self._suspect_clock()
            raise rejection(placed, action=action)
        return placed

    async def do_cancel_my_order(
        self,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
        cancel_request_id: str,
        priority: Priority = Priority.ORDER,
    ) -> None:
        """Ask for an order to be cancelled (rest.md 4.B.10). 1 point, Trade.

        Returning means that the exchange accepted the request, even for an order that it does not
        know: the outcome is an ExecutionReport, an OrderCancelReject, or read by get_my_orders.

        Args:
            order_id: The exchange's id; exactly one of the two ids.
            client_order_id: The placement's id.
            cancel_request_id: The client's id of this cancel, which reports will carry.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: None or both of the ids.
            OutcomeUnknownError: The request may have been accepted; repeating is harmless.
            CexioError: As every private request.
        """
        data = given(
            orderId=None if order_id is None else order_number(order_id),
            clientOrderId=client_order_id,
            cancelRequestId=cancel_request_id,
        )
        await self.request("do_cancel_my_order", data, priority=priority)

    async def do_cancel_all_orders(
        self,
        account_ids: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.ORDER,
    ) -> list[str]:
        """Ask for all orders to be cancelled; return their client order ids (rest.md 4.B.11).

        5 points, Trade.

        Args:
            account_ids: Only on these accounts, None = on all.
            priority: Who goes first when points are short.

        Raises:
            OutcomeUnknownError: The request may have been accepted; repeating is harmless.
            CexioError: As every private request.
        """
        data = given(accountIds=None if account_ids is None else list(account_ids))
        return await self._ask(
            "do_cancel_all_orders", data, _client_order_ids, priority
        )


def order_number(order_id: str) -> int:
    """Return an order's id as the number that requests want.

    Raises:
        InvalidRequestError: It is no id of the exchange.
    """
    if not order_id.isdecimal():
        raise InvalidRequestError("The order id must be a number")
    return int(order_id)


@readable
def _orders(data: Any) -> list[Order]:
    """Read get_my_orders."""
    return [Order.from_wire(mapping(row)) for row in rows(data)]


@readable
def _client_order_ids(data: Wire) -> list[str]:
    """Read do_cancel_all_orders."""
    return [identifier(row) for row in rows(data["clientOrderIds"])]
