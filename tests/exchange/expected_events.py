"""What the events of the reference become: by the key of each example."""

from collections.abc import Callable
from typing import Any

from custom_components.cexio.exchange import ExecutionType, OrderStatus, Side

from .looks import D, moment, report, trade, update

EVENTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "4.2.1/executionReport/0": (
        report,
        (
            ExecutionType.NEW,
            "1521616998836_0_1",
            "17062",
            "1521711134775",
            None,
            OrderStatus.NEW,
            None,
            None,
            D(0),
        ),
    ),
    "4.2.1/executionReport/1": (
        report,
        (
            ExecutionType.TRADE,
            "1521616998836_0_2",
            "17062",
            "1521711134775",
            None,
            OrderStatus.FILLED,
            D("0.01"),
            D("170.63"),
            D("0.60063"),
        ),
    ),
    "4.2.4/executionReport/0": (
        report,
        (
            ExecutionType.PENDING_CANCEL,
            "1521616998877_2_7",
            "17066",
            "1521719532817",
            "cancel_1521719532817",
            OrderStatus.PENDING_CANCEL,
            None,
            None,
            D(0),
        ),
    ),
    "4.4/orderCancelReject/0": (
        lambda e: (
            e.order_id,
            e.client_order_id,
            e.cancel_request_id,
            e.account_id,
            e.order_status,
            e.reason,
        ),
        (
            None,
            "omg_not_an_order_order",
            "cancel_omgorder",
            "",
            OrderStatus.REJECTED,
            "unknown_order",
        ),
    ),
    "4.5/account_update/0": (
        update,
        (
            "hallo",
            "USD",
            D("201.86"),
            D(850),
            D("1051.86"),
            "order",
            "2639",
            moment(2016, 6, 7, 11, 54, 16, ms=900),
        ),
    ),
    "3.27/account_update/0": (
        update,
        (
            "superhat",
            "USD",
            D(18),
            D(0),
            D(18),
            "internalTransfer",
            "672",
            moment(2016, 6, 10, 14, 36, 53, ms=260),
        ),
    ),
    "3.27/account_update/1": (
        update,
        (
            "hallo",
            "USD",
            D(2),
            D(0),
            D(2),
            "internalTransfer",
            "673",
            moment(2016, 3, 1, 13, 36, 31, ms=786),
        ),
    ),
    "4.7/tradeHistorySnapshot/0": (
        lambda e: [trade(item) for item in e.trades],
        [
            (
                "BTC-USD",
                "1678152145734-0",
                moment(2023, 3, 7, 1, 22, 25, ms=734),
                Side.BUY,
                D("22562.1"),
                D("0.00975172"),
            )
        ],
    ),
    "4.7/tradeUpdate/0": (
        trade,
        (
            "BTC-USD",
            "1678176256117-0",
            moment(2023, 3, 7, 8, 4, 16, ms=117),
            Side.BUY,
            D("22615.3"),
            D("0.01"),
        ),
    ),
}
