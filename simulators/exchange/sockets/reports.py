"""Frames of the client's events, in the variants that the switches ask for."""

from typing import Any

from simulators.exchange import wire
from simulators.exchange.engine.events import BalanceChange, CancelReject, Report
from simulators.exchange.engine.floor import CLIENT_ID
from simulators.exchange.engine.orders import ExecutionType, Status
from simulators.exchange.engine.reference import Currency
from simulators.exchange.sockets import frames
from simulators.exchange.switches import Switches

_UNWANTED: dict[str, tuple[str, ...]] = {
    "both": (),
    "new": ("lastQuantity", "lastPrice"),
    "old": ("lastAmountCcy1", "lastAmountCcy2"),
}

type Frame = tuple[str, bytes]


def report_frames(event: Report, switches: Switches) -> list[Frame]:
    """Return the frames of an execution report; none for a rejection, of which by default only the reply tells."""
    order, data = event.order, wire.report(event)
    if order.status is Status.REJECTED and not switches.rejected_report:
        return []
    for name in _UNWANTED[switches.last_fields]:
        data.pop(name, None)
    before: list[dict[str, Any]] = []
    if order.execution_type is ExecutionType.NEW and switches.pending_new:
        before.append(
            data
            | {
                "status": "PENDING_NEW",
                "executionType": "PendingNew",
                "executionId": f"{order.execution_id}_0",
            }
        )
    if (
        order.execution_type is ExecutionType.CANCELED
        and event.cancel_request_id is None
    ):
        if order.expire_time is not None and order.expire_time <= order.updated:
            data["executionType"] = switches.expiry_execution_type
        else:
            before, data = _remainder(event, data, switches)
    return [_frame("executionReport", item) for item in (*before, data)]


def _remainder(
    event: Report, data: dict[str, Any], switches: Switches
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what goes before, and the cancel of the rest of an IOC or market order."""
    if switches.remainder != "plain":
        placed = {"OrigClOrdID": event.order.client_order_id}
        data = (
            data
            | placed
            | {"clientOrderId": f"CANCEL_{CLIENT_ID}_{event.order.order_id}"}
        )
    before = []
    if switches.remainder == "pending_cancel":
        before = [
            data
            | {
                "status": "PENDING_CANCEL",
                "executionType": "PendingCancel",
                "executionId": f"{event.order.execution_id}_0",
            }
        ]
    return before, data | {"status": switches.cancelled_spelling}


def cancel_reject_frames(event: CancelReject, switches: Switches) -> list[Frame]:
    """Return the frames of a refused cancel."""
    if event.order_id is None:
        return [_frame("orderCancelReject", wire.cancel_reject(event))]
    if switches.cancel_of_final == "silent":
        return []
    return [
        _frame(
            "orderCancelReject",
            wire.cancel_reject(event)
            | {"cancelRejectReason": switches.cancel_reject_reason},
        )
    ]


def balance_frames(event: BalanceChange, currency: Currency) -> list[Frame]:
    """Return the frame of a balance."""
    return [_frame("account_update", wire.account_update(event, currency.precision))]


def _frame(kind: str, data: dict[str, Any]) -> Frame:
    """Return a frame with its kind."""
    return kind, frames.event(kind, data)
